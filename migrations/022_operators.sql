-- What the pages of operators keep and look up: uploaded catalogs between their dry run and their
-- import, the changes of one account, the decisions of the last weeks.

BEGIN;
INSERT INTO schema_migrations (version) VALUES ('022_operators');

-- The files exactly as they were read, so that what is imported is what the dry run was about.
CREATE TABLE catalog_drafts (
    id              uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    author_id       uuid NOT NULL REFERENCES users (id),
    files           jsonb NOT NULL,
    catalog_version bigint NOT NULL,
    forecast        jsonb NOT NULL,
    created_at      timestamptz NOT NULL DEFAULT clock_timestamp(),
    imported_at     timestamptz,
    CONSTRAINT catalog_drafts_files_check CHECK (jsonb_typeof(files) = 'array')
);
CREATE INDEX catalog_drafts_oldest ON catalog_drafts (created_at);

CREATE INDEX audit_log_of_subject ON audit_log (subject_id, id);

-- Decisions are only ever added, at the end of this index.
CREATE INDEX submission_decisions_recent ON submission_decisions (created_at);

COMMIT;
