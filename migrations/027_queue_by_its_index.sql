-- The queue is counted and paged by its index alone, filters by curriculum too. For that the table's
-- newest pages must be known to be visible to all, so they are vacuumed long before a fifth of a
-- large table is new.

BEGIN;
INSERT INTO schema_migrations (version) VALUES ('027_queue_by_its_index');

DROP INDEX resource_submissions_queue;
CREATE INDEX resource_submissions_queue ON resource_submissions (created_at, id)
    INCLUDE (resource_id)
    WHERE submission_status = 'uploaded' AND deleted_at IS NULL;

ALTER TABLE resource_submissions SET (
    autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_insert_scale_factor = 0.01);

COMMIT;
