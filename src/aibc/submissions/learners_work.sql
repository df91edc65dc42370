-- The files of learners, as staff look at them.

-- name: submissions_of_learner
-- Of the learner $1, the newest first; $2 the sequence to go on behind, $3 how many, $4 the module
-- alone or NULL. Also where the resource has gone since.
SELECT submission.id, submission.sequence, submission.attempt, submission.file_name,
       submission.file_type, submission.file_size_bytes, submission.submission_status,
       submission.created_at, submission.reviewed_at, submission.review_comments,
       reviewer.full_name AS reviewed_by_name,
       resources.id AS resource_id, resources.title AS resource_title,
       resources.type AS resource_type, modules.title AS module_title,
       modules.pathway_id, pathways.short_title AS pathway_title
FROM resource_submissions AS submission
JOIN resources ON resources.id = submission.resource_id
JOIN modules ON modules.id = resources.module_id
JOIN pathways ON pathways.id = modules.pathway_id
LEFT JOIN users AS reviewer ON reviewer.id = submission.reviewed_by
WHERE submission.user_id = $1 AND submission.deleted_at IS NULL
  AND ($2::bigint IS NULL OR submission.sequence < $2)
  AND ($4::text IS NULL OR resources.module_id = $4)
ORDER BY submission.sequence DESC
LIMIT $3

-- name: work_of_learners
-- For each of the learners $1 who has handed anything in: how many files, and how many wait.
SELECT user_id, count(*) AS handed_in,
       count(*) FILTER (WHERE submission_status = 'uploaded') AS waiting
FROM resource_submissions
WHERE user_id = ANY ($1::uuid[]) AND deleted_at IS NULL
GROUP BY user_id
