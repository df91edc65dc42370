-- name: claim_upload
SELECT * FROM claim_upload($1, $2, $3, $4, $5, $6, $7, $8)

-- name: claim_object_key
SELECT claim_object_key($1, $2, $3, $4)

-- name: finalise_upload
-- The submission, and the status of its resource after the triggers.
SELECT submission.*,
       completion_status(submission.user_id, submission.resource_id) AS resource_status
FROM finalise_upload($1, $2, $3, $4, $5, $6, $7, $8) AS submission

-- name: settle_upload
SELECT settle_upload($1, $2, $3)

-- name: receipt_of_submission
-- A submission as it stands, with the status of its resource.
SELECT submission.*, completion.status AS resource_status
FROM resource_submissions AS submission
JOIN resource_completions AS completion USING (user_id, resource_id)
WHERE submission.id = $1

-- name: own_submissions
-- A learner's ($1) files for a resource ($2), newest first, also where it is no longer live. No
-- row: no such resource; one row of NULLs: nothing handed in that still stands.
SELECT submission.*
FROM resources
LEFT JOIN resource_submissions AS submission
    ON submission.resource_id = resources.id AND submission.user_id = $1
   AND submission.deleted_at IS NULL
WHERE resources.id = $2
  AND (EXISTS (SELECT FROM live_resources AS live WHERE live.id = resources.id)
       OR EXISTS (SELECT FROM resource_submissions AS own
                  WHERE own.resource_id = resources.id AND own.user_id = $1))
ORDER BY submission.attempt DESC

-- name: all_own_submissions
-- All that a learner ($1) handed in and that still stands, newest first, also where the resource was
-- taken down: $2 rows from $3 on.
SELECT submission.id, submission.attempt, submission.file_name, submission.file_size_bytes,
       submission.submission_status, submission.created_at, submission.review_comments,
       resources.id AS resource_id, resources.title AS resource_title,
       EXISTS (SELECT FROM live_resources AS live WHERE live.id = resources.id) AS is_live
FROM resource_submissions AS submission
JOIN resources ON resources.id = submission.resource_id
WHERE submission.user_id = $1 AND submission.deleted_at IS NULL
ORDER BY submission.created_at DESC, submission.id
LIMIT $2 OFFSET $3

-- name: uploads_left
-- How many more of $2 an hour the learner $1 may hand in now: what claim_upload would count.
SELECT greatest($2::integer - count(*)::integer, 0)
FROM uploads
WHERE user_id = $1 AND (
    state = 'claimed' OR (state = 'finalised' AND settled_at > clock_timestamp() - interval '1 hour'))

-- name: downloadable_submission
-- What $2 may download: their own, or anybody's where $3 says staff.
SELECT id, file_name, object_key, clock_timestamp() AS moment
FROM resource_submissions
WHERE id = $1 AND deleted_at IS NULL AND (user_id = $2 OR $3)

-- name: linked_file
-- What a link made for $2 leads to, asked at each use: a withdrawal, a suspension or a lost role
-- ends it at once. Always one row, of NULLs beside the moment where there is nothing to see.
SELECT clock.moment, file.*
FROM (SELECT clock_timestamp() AS moment) AS clock
LEFT JOIN (
    SELECT submission.file_name, submission.file_type, submission.file_size_bytes,
           submission.sha256, submission.crc32c, submission.object_key
    FROM resource_submissions AS submission
    JOIN users AS reader ON reader.id = $2
    WHERE submission.id = $1 AND submission.deleted_at IS NULL
      AND reader.account_status = 'active'
      AND (submission.user_id = reader.id OR reader.role IN ('instructor', 'admin'))
) AS file ON true

-- name: withdraw_submission
SELECT withdraw_submission($1, $2)

-- name: expired_uploads
-- Uploads whose time is over, in batches: their process crashed or their direct upload never came.
SELECT id, object_key FROM uploads
WHERE state = 'claimed' AND expires_at <= clock_timestamp()
ORDER BY expires_at
LIMIT $1
