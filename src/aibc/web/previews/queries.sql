-- name: previewed_files
-- What a link made for $1 shows of the submissions $2, asked at each use: a withdrawal, a suspension
-- or a lost role ends it at once. Oldest attempt first; two files have to be attempts of one learner
-- at one resource. Always one row at least, of NULLs beside the moment where there is nothing to see.
SELECT clock.moment, file.*
FROM (SELECT clock_timestamp() AS moment) AS clock
LEFT JOIN (
    SELECT submission.attempt, submission.file_name, submission.file_type,
           submission.file_size_bytes, submission.object_key,
           count(*) OVER (PARTITION BY submission.user_id, submission.resource_id) AS together
    FROM resource_submissions AS submission
    JOIN users AS viewer ON viewer.id = $1
    WHERE submission.id = ANY ($2::uuid[]) AND submission.deleted_at IS NULL
      AND viewer.account_status = 'active'
      AND (submission.user_id = viewer.id OR viewer.role IN ('instructor', 'admin'))
) AS file ON file.together = cardinality($2::uuid[])
ORDER BY file.attempt
