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

-- name: reviewed_module
-- One learner's completion of a module with all their names. $1 its id.
SELECT completion.id, completion.user_id, completion.pathway_id, completion.module_id,
       completion.completed_at, completion.time_spent_minutes, completion.approval_status,
       completion.decided_by_hand, completion.reviewed_by, completion.reviewed_at,
       completion.review_comments, reviewer.full_name AS reviewed_by_name,
       learner.full_name AS user_name, learner.email AS user_email,
       pathways.title AS pathway_title, modules.title AS module_title,
       round(extract(epoch FROM clock_timestamp() - completion.completed_at) / 3600, 2)::float8
           AS hours_waiting
FROM module_completions AS completion
JOIN users AS learner ON learner.id = completion.user_id
JOIN pathways ON pathways.id = completion.pathway_id
JOIN modules ON modules.id = completion.module_id
LEFT JOIN users AS reviewer ON reviewer.id = completion.reviewed_by
WHERE completion.id = $1

-- name: module_history
-- Everything that decided over the module $2 of the learner $1, the newest first.
SELECT decision.kind, decision.approval_status, decision.review_comments, decision.created_at,
       actor.full_name AS decided_by_name
FROM module_decisions AS decision
LEFT JOIN users AS actor ON actor.id = decision.decided_by
WHERE decision.user_id = $1 AND decision.module_id = $2
ORDER BY decision.sequence DESC
LIMIT 100

-- name: undo_module_decision
SELECT * FROM undo_module_decision($1, $2, $3)

-- name: module_events
-- Everything that ever decided over the module of completion $1, in order. No row: no such
-- completion.
SELECT decision.kind, decision.approval_status, decision.review_comments, decision.decided_by,
       reviewer.full_name AS decided_by_name, decision.time_spent_minutes, decision.created_at
FROM module_completions AS completion
JOIN module_decisions AS decision
    ON decision.user_id = completion.user_id AND decision.module_id = completion.module_id
LEFT JOIN users AS reviewer ON reviewer.id = decision.decided_by
WHERE completion.id = $1
ORDER BY decision.sequence
