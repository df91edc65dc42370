-- name: recounted_pathways
-- Where this transaction has recounted the learners: it holds all of them, and the rows it wrote
-- carry its number.
SELECT DISTINCT pathway_id FROM user_progress WHERE xmin = pg_current_xact_id()::xid

-- name: next_learners
SELECT DISTINCT user_id FROM user_progress
WHERE pathway_id = ANY ($1::text[]) AND user_id > $2
ORDER BY user_id
LIMIT $3

-- name: figures_of_learners
-- The figures of the learners $1 on the pathways $2: a row per pathway, with module NULL, and one
-- per module they have touched.
SELECT user_id, pathway_id, NULL AS module_id, progress_percentage, completed_modules,
       completed_at IS NOT NULL AS first_completed, NULL AS approval_status
FROM user_progress
WHERE user_id = ANY ($1::uuid[]) AND pathway_id = ANY ($2::text[])
UNION ALL
SELECT progress.user_id, progress.pathway_id, progress.module_id, progress.progress_percentage,
       NULL, NULL, completion.approval_status
FROM module_progress AS progress
LEFT JOIN module_completions AS completion USING (user_id, module_id)
WHERE progress.user_id = ANY ($1) AND progress.pathway_id = ANY ($2)
