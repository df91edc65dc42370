-- Comments that an instructor writes again and again, kept to be put in with one key.

BEGIN;
INSERT INTO schema_migrations (version) VALUES ('021_saved_comments');

CREATE TABLE saved_comments (
    id         uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    user_id    uuid NOT NULL REFERENCES users,
    body       text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT saved_comments_body CHECK (length(body) BETWEEN 1 AND 10000)
);
CREATE INDEX saved_comments_of_user ON saved_comments (user_id, created_at, id);

COMMIT;
