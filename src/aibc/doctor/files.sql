-- Rows against objects of the store.

-- name: count_submissions
SELECT count(*)
FROM resource_submissions AS submission
JOIN resources ON resources.id = submission.resource_id
JOIN modules ON modules.id = resources.module_id
WHERE ($1::uuid IS NULL OR submission.user_id = $1)
  AND ($2::text IS NULL OR modules.pathway_id = $2)

-- name: next_submissions
-- Every file ever finalised, withdrawn ones too: files are kept for ever.
SELECT submission.id, submission.user_id, users.email, submission.resource_id, submission.attempt,
       submission.object_key, submission.gcs_url, submission.file_size_bytes, submission.crc32c,
       submission.sha256, modules.pathway_id, modules.id AS module_id
FROM resource_submissions AS submission
LEFT JOIN users ON users.id = submission.user_id
JOIN resources ON resources.id = submission.resource_id
JOIN modules ON modules.id = resources.module_id
WHERE submission.id > $1
  AND ($2::uuid IS NULL OR submission.user_id = $2)
  AND ($3::text IS NULL OR modules.pathway_id = $3)
ORDER BY submission.id
LIMIT $4

-- name: fill_sha256
UPDATE resource_submissions SET sha256 = $2 WHERE id = $1 AND sha256 IS NULL RETURNING id

-- name: unnamed_objects
-- Of the objects $1, those that no submission names, with what became of the upload that made them.
SELECT object.key, uploads.state
FROM unnest($1::text[]) AS object (key)
LEFT JOIN uploads ON uploads.object_key = object.key
WHERE NOT EXISTS (SELECT FROM resource_submissions WHERE object_key = object.key)
ORDER BY object.key
