-- name: read_standing
-- The learner $1 on the pathway $2 at one moment: their figures, a document of what they did in
-- each module and one of what they did on each resource, with its newest file that still stands.
SELECT
    catalog_state.version AS catalog_version,
    progress.progress_percentage, progress.total_time_spent_minutes, progress.last_accessed_at,
    progress.completed_at,
    (
        SELECT coalesce(json_object_agg(module.module_id, json_build_object(
            'percentage', module.progress_percentage,
            'approval_status', handed_in.approval_status,
            'decided_by_hand', handed_in.decided_by_hand,
            'comments', handed_in.review_comments,
            'decided_at', handed_in.reviewed_at)), '{}')
        FROM module_progress AS module
        LEFT JOIN module_completions AS handed_in
            ON handed_in.user_id = $1 AND handed_in.module_id = module.module_id
        WHERE module.user_id = $1 AND module.pathway_id = $2
    ) AS modules,
    (
        SELECT coalesce(json_object_agg(completion.resource_id, json_build_object(
            'status', completion.status,
            'percentage', completion.progress_percentage,
            'minutes', completion.time_spent_minutes,
            'completed_at', completion.completed_at,
            'last_accessed_at', completion.last_accessed_at,
            'attempt', newest.attempt,
            'file_status', newest.submission_status,
            'comments', newest.review_comments)), '{}')
        FROM resource_completions AS completion
        LEFT JOIN LATERAL (
            SELECT file.attempt, file.submission_status, file.review_comments
            FROM resource_submissions AS file
            WHERE file.user_id = $1 AND file.resource_id = completion.resource_id
              AND file.deleted_at IS NULL AND file.submission_status <> 'superseded'
            ORDER BY file.attempt DESC LIMIT 1
        ) AS newest ON completion.submission_count > 0
        WHERE completion.user_id = $1 AND completion.pathway_id = $2
    ) AS resources
FROM catalog_state
LEFT JOIN user_progress AS progress ON progress.user_id = $1 AND progress.pathway_id = $2

-- name: read_open_files
-- Files of the learner $1 that wait for review, and those that came back and were not handed in
-- anew: the newest of each resource, the one that moved last first.
SELECT newest.id, newest.resource_id, newest.file_name, newest.submission_status,
       newest.review_comments, newest.created_at, newest.reviewed_at
FROM resource_completions AS completion
CROSS JOIN LATERAL (
    SELECT file.* FROM resource_submissions AS file
    WHERE file.user_id = $1 AND file.resource_id = completion.resource_id
      AND file.deleted_at IS NULL AND file.submission_status <> 'superseded'
    ORDER BY file.attempt DESC LIMIT 1
) AS newest
WHERE completion.user_id = $1 AND completion.submission_count > 0
  AND completion.status IN ('in_progress', 'submitted')
  AND newest.submission_status IN ('uploaded', 'rejected')
ORDER BY coalesce(newest.reviewed_at, newest.created_at) DESC
LIMIT 50

-- name: read_returned_modules
-- Modules of the learner $1 that an instructor rejected as a whole, the last one first.
SELECT module_id, review_comments, reviewed_at
FROM module_completions
WHERE user_id = $1 AND approval_status = 'rejected' AND decided_by_hand
ORDER BY reviewed_at DESC
