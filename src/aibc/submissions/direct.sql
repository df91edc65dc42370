-- name: direct_upload
-- A learner's ($2) direct upload ($1) and what its resource takes now.
SELECT uploads.id, uploads.state, uploads.object_key, uploads.file_name, uploads.declared_type,
       uploads.reserved_bytes, uploads.submission_id, resources.accepted_file_types
FROM uploads
JOIN resources ON resources.id = uploads.resource_id
WHERE uploads.id = $1 AND uploads.user_id = $2 AND uploads.transport = 'direct'

-- name: receiving_upload
-- Where the bytes of a direct upload go, with the time by which its link is judged.
SELECT state, object_key, file_name, clock_timestamp() AS moment
FROM uploads
WHERE id = $1 AND transport = 'direct'
