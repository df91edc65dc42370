-- Uploaded catalogs that wait for their confirmation; each for a day.

-- name: keep_draft
WITH outdated AS (
    DELETE FROM catalog_drafts WHERE created_at < clock_timestamp() - interval '1 day'
)
INSERT INTO catalog_drafts (author_id, files, catalog_version, forecast)
VALUES ($1, $2, $3, $4)
RETURNING id

-- name: read_draft
SELECT draft.id, draft.forecast, draft.created_at, author.full_name AS author_name,
       draft.catalog_version = catalog_state.version AS is_current,
       (SELECT array_agg(file ->> 'name' ORDER BY place)
        FROM jsonb_array_elements(draft.files) WITH ORDINALITY AS one (file, place)) AS file_names
FROM catalog_drafts AS draft
JOIN users AS author ON author.id = draft.author_id
CROSS JOIN catalog_state
WHERE draft.id = $1
  AND draft.imported_at IS NULL
  AND draft.created_at >= clock_timestamp() - interval '1 day'

-- name: files_of_draft
SELECT files FROM catalog_drafts
WHERE id = $1 AND imported_at IS NULL AND created_at >= clock_timestamp() - interval '1 day'

-- name: take_draft
-- Of two who confirm at once, the second finds it taken.
UPDATE catalog_drafts SET imported_at = clock_timestamp()
WHERE id = $1 AND imported_at IS NULL
RETURNING catalog_version

-- name: drop_draft
DELETE FROM catalog_drafts WHERE id = $1 AND imported_at IS NULL
