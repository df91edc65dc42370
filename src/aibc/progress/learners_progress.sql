-- How far learners are, as staff look at it.

-- name: progress_of_learners
-- For each of the learners $1 who has begun anything: pathways begun and completed, modules
-- approved, and when they were last here.
SELECT user_id, count(*) AS pathways, count(completed_at) AS pathways_completed,
       sum(completed_modules)::int AS modules, max(last_accessed_at) AS last_accessed_at
FROM user_progress
WHERE user_id = ANY ($1::uuid[])
GROUP BY user_id

-- name: modules_of_learner
-- The learner $1: a row for each live module of each pathway they have touched, the pathway touched
-- last first; one row without a module where none is live.
SELECT progress.pathway_id, pathways.title AS pathway_title,
       progress.progress_percentage AS pathway_percentage, progress.completed_modules,
       progress.total_time_spent_minutes, progress.started_at, progress.last_accessed_at,
       progress.completed_at AS pathway_completed_at,
       modules.id AS module_id, modules.title AS module_title,
       coalesce(module.progress_percentage, 0) AS progress_percentage,
       completion.id AS completion_id, completion.approval_status, completion.decided_by_hand,
       completion.completed_at, completion.reviewed_at, completion.review_comments,
       reviewer.full_name AS reviewed_by_name
FROM user_progress AS progress
JOIN pathways ON pathways.id = progress.pathway_id
LEFT JOIN live_modules AS modules ON modules.pathway_id = progress.pathway_id
LEFT JOIN module_progress AS module
    ON module.user_id = progress.user_id AND module.module_id = modules.id
LEFT JOIN module_completions AS completion
    ON completion.user_id = progress.user_id AND completion.module_id = modules.id
LEFT JOIN users AS reviewer ON reviewer.id = completion.reviewed_by
WHERE progress.user_id = $1
ORDER BY progress.last_accessed_at DESC, progress.pathway_id, modules.order_index, modules.id

-- name: quizzes_of_learner
-- Every quiz the learner $1 has attempted, the latest first, with the attempts as they count today.
-- `attempts_left` is NULL where the quiz sets no limit.
SELECT resources.id AS resource_id, resources.title AS resource_title,
       modules.title AS module_title, modules.pathway_id, pathways.short_title AS pathway_title,
       quiz_attempts_left($1, resources.id, resources.metadata) AS attempts_left,
       taken.attempts, taken.best, taken.passed,
       (SELECT count(*) FROM quiz_grants
        WHERE user_id = $1 AND resource_id = resources.id) AS granted
FROM (
    SELECT standing.resource_id, max(standing.score) AS best, bool_or(standing.passed) AS passed,
           max(standing.submitted_at) AS latest,
           jsonb_agg(jsonb_build_object(
               'attempt', standing.attempt, 'score', standing.score,
               'passing_score', standing.passing_score, 'passed', standing.passed,
               'correct', cardinality(standing.correct_questions), 'total', standing.total,
               'submitted_at', to_char(standing.submitted_at AT TIME ZONE 'UTC',
                                       'YYYY-MM-DD"T"HH24:MI:SS"Z"')
           ) ORDER BY standing.attempt DESC) AS attempts
    FROM quiz_standings AS standing
    WHERE standing.user_id = $1
    GROUP BY standing.resource_id
) AS taken
JOIN resources ON resources.id = taken.resource_id
JOIN modules ON modules.id = resources.module_id
JOIN pathways ON pathways.id = modules.pathway_id
ORDER BY taken.latest DESC
