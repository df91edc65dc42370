-- Periodic jobs: whoever holds the lease of a job runs it, on whichever machine.

BEGIN;
INSERT INTO schema_migrations (version) VALUES ('006_leases');

CREATE TABLE leases (
    name       text PRIMARY KEY,
    -- A process, by a number it drew when it started.
    holder     uuid NOT NULL,
    expires_at timestamptz NOT NULL
);

COMMIT;
