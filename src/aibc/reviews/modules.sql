-- name: pending_modules
-- Modules that wait for approval, oldest first, of pathway $1 or of all (NULL), with the exact
-- total. $2 limit, $3 offset. One row of NULLs beside the total when the page is empty.
SELECT waiting.total_pending, item.*
FROM (
    SELECT count(*) AS total_pending FROM module_completions
    WHERE approval_status = 'pending' AND ($1::text IS NULL OR pathway_id = $1)
) AS waiting
LEFT JOIN LATERAL (
    SELECT page.id, page.user_id, learner.email AS user_email, learner.full_name AS user_name,
           page.pathway_id, pathways.title AS pathway_title, page.module_id,
           modules.title AS module_title, page.completed_at,
           round(extract(epoch FROM clock_timestamp() - page.completed_at) / 3600, 2)::float8
               AS hours_waiting
    FROM (
        SELECT * FROM module_completions
        WHERE approval_status = 'pending' AND ($1::text IS NULL OR pathway_id = $1)
        ORDER BY completed_at, id
        LIMIT $2 OFFSET $3
    ) AS page
    JOIN users AS learner ON learner.id = page.user_id
    JOIN pathways ON pathways.id = page.pathway_id
    JOIN modules ON modules.id = page.module_id
) AS item ON true
ORDER BY item.completed_at, item.id

-- name: decide_module
SELECT * FROM decide_module($1, $2, $3, $4, $5, $6)
