-- Comparing what is stored with a recount, and mending it. A statement sees one moment, and so
-- never half of what a learner is writing; nothing here waits for anybody but `hold_learner`.

-- name: allow_time
SELECT set_config('statement_timeout', $1, true), set_config('lock_timeout', $1, true)

-- name: next_learners
SELECT id FROM users WHERE id > $1 ORDER BY id LIMIT $2

-- name: count_learners
SELECT count(*) FROM users

-- name: compare
-- Every stored figure of the learners $1 that a recount says otherwise, on the pathway $2 or on
-- all. `stored` NULL: it is missing; `truth` NULL: it should not be there.
WITH completion AS MATERIALIZED (
    SELECT completion.*, resources.module_id AS true_module, modules.pathway_id AS true_pathway
    FROM resource_completions AS completion
    JOIN resources ON resources.id = completion.resource_id
    JOIN modules ON modules.id = resources.module_id
    WHERE completion.user_id = ANY ($1::uuid[])
), submitted AS MATERIALIZED (
    SELECT user_id, resource_id, count(*) AS submissions
    FROM resource_submissions WHERE user_id = ANY ($1)
    GROUP BY user_id, resource_id
), touched AS (
    SELECT user_id, true_module AS module_id FROM completion
    UNION
    SELECT user_id, module_id FROM module_progress WHERE user_id = ANY ($1)
    UNION
    SELECT user_id, module_id FROM module_completions WHERE user_id = ANY ($1)
    UNION
    SELECT user_id, module_id FROM module_decisions
    WHERE user_id = ANY ($1) AND module_id IS NOT NULL
), state AS MATERIALIZED (
    SELECT state.*
    FROM (SELECT array_agg(user_id) AS users, array_agg(module_id) AS modules FROM touched) AS given
    CROSS JOIN LATERAL module_states(given.users, given.modules) AS state
), module_figures AS (
    SELECT progress.user_id, progress.pathway_id, count(live.id) AS modules,
           coalesce(sum(state.progress_percentage), 0) AS total,
           count(*) FILTER (WHERE state.approval_status = 'approved') AS approved
    FROM user_progress AS progress
    LEFT JOIN live_modules AS live ON live.pathway_id = progress.pathway_id
    LEFT JOIN state ON state.user_id = progress.user_id AND state.module_id = live.id
    WHERE progress.user_id = ANY ($1)
    GROUP BY progress.user_id, progress.pathway_id
), pathway_figures AS (
    SELECT user_id, pathway_id, approved,
           CASE
               WHEN modules = 0 THEN 0
               WHEN total = 100 * modules AND approved < modules THEN 99
               ELSE total / modules
           END AS percentage
    FROM module_figures
), spent AS (
    SELECT user_id, true_pathway AS pathway_id, sum(time_spent_minutes) AS minutes,
           max(last_accessed_at) AS last_accessed_at
    FROM completion GROUP BY user_id, true_pathway
), difference AS (
    SELECT completion.user_id, completion.true_pathway AS pathway_id,
           completion.true_module AS module_id, completion.resource_id, figure.*
    FROM completion
    LEFT JOIN submitted USING (user_id, resource_id)
    CROSS JOIN LATERAL (VALUES
        ('completion_module', completion.module_id, completion.true_module),
        ('completion_pathway', completion.pathway_id, completion.true_pathway),
        ('submission_count', completion.submission_count::text,
         coalesce(submitted.submissions, 0)::text)
    ) AS figure (name, stored, truth)

    UNION ALL
    SELECT submitted.user_id, modules.pathway_id, modules.id, submitted.resource_id,
           'completion', NULL, 'present'
    FROM submitted
    JOIN resources ON resources.id = submitted.resource_id
    JOIN modules ON modules.id = resources.module_id
    LEFT JOIN completion USING (user_id, resource_id)
    WHERE completion.id IS NULL

    UNION ALL
    SELECT completion.user_id, completion.true_pathway, completion.true_module,
           completion.resource_id, 'quiz_record',
           (SELECT jsonb_object_agg(kept.key, kept.value) FROM jsonb_each(completion.metadata) AS kept
            WHERE record.content ? kept.key)::text,
           record.content::text
    FROM (SELECT DISTINCT user_id, resource_id FROM quiz_attempts WHERE user_id = ANY ($1)) AS tried
    JOIN completion USING (user_id, resource_id)
    CROSS JOIN LATERAL (SELECT quiz_record(user_id, resource_id) AS content) AS record

    UNION ALL
    SELECT tried.user_id, modules.pathway_id, modules.id, tried.resource_id,
           'quiz_completion', NULL, 'present'
    FROM (SELECT DISTINCT user_id, resource_id FROM quiz_attempts WHERE user_id = ANY ($1)) AS tried
    JOIN resources ON resources.id = tried.resource_id
    JOIN modules ON modules.id = resources.module_id
    LEFT JOIN completion USING (user_id, resource_id)
    WHERE completion.id IS NULL

    UNION ALL
    SELECT state.user_id, state.pathway_id, state.module_id, NULL, figure.*
    FROM state
    LEFT JOIN module_progress AS progress USING (user_id, module_id)
    LEFT JOIN module_completions AS row_of USING (user_id, module_id)
    LEFT JOIN module_decisions AS milestone
        ON milestone.user_id = state.user_id AND milestone.module_id = state.module_id
        AND milestone.kind = 'first_approved'
    CROSS JOIN LATERAL (VALUES
        ('module_percentage', progress.progress_percentage::text,
         state.progress_percentage::text),
        ('module_percentage_pathway', progress.pathway_id,
         CASE WHEN progress.user_id IS NOT NULL THEN state.pathway_id END),
        ('module_approval', row_of.approval_status, state.approval_status),
        -- What was recorded last has to be what stands; the figures' approval after a decision by
        -- hand is a change of its own.
        ('module_history',
         CASE WHEN state.step = 3 AND state.last_kind = 'decided'
              THEN state.last_status || ' by hand' ELSE state.last_status END,
         state.approval_status),
        ('module_first_approved', CASE WHEN milestone.sequence IS NOT NULL THEN 'recorded' END,
         CASE WHEN milestone.sequence IS NOT NULL OR state.approval_status = 'approved'
              THEN 'recorded' END)
    ) AS figure (name, stored, truth)

    UNION ALL
    SELECT state.user_id, state.pathway_id, state.module_id, NULL, figure.*
    FROM state
    JOIN module_completions AS row_of USING (user_id, module_id)
    CROSS JOIN LATERAL (VALUES
        ('module_row_id', row_of.id::text, module_completion_id(state.user_id, state.module_id)::text),
        ('module_row_pathway', row_of.pathway_id, state.pathway_id),
        ('module_handed_in_at', row_of.completed_at::text, state.handed_in_at::text),
        ('module_minutes', row_of.time_spent_minutes::text, state.time_spent_minutes::text),
        ('module_by_hand', row_of.decided_by_hand::text, (state.step = 1)::text),
        ('module_reviewer', row_of.reviewed_by::text, state.reviewed_by::text),
        ('module_reviewed_at', row_of.reviewed_at::text, state.reviewed_at::text),
        ('module_comments', row_of.review_comments, state.review_comments)
    ) AS figure (name, stored, truth)
    WHERE state.approval_status IS NOT NULL AND state.last_status IS NOT NULL

    UNION ALL
    SELECT progress.user_id, progress.pathway_id, NULL, NULL, figure.*
    FROM user_progress AS progress
    JOIN pathway_figures AS recounted USING (user_id, pathway_id)
    LEFT JOIN spent USING (user_id, pathway_id)
    LEFT JOIN module_decisions AS milestone
        ON milestone.user_id = progress.user_id AND milestone.pathway_id = progress.pathway_id
        AND milestone.kind = 'pathway_completed'
    CROSS JOIN LATERAL (VALUES
        ('pathway_percentage', progress.progress_percentage::text, recounted.percentage::text),
        ('pathway_modules', progress.completed_modules::text, recounted.approved::text),
        ('pathway_minutes', progress.total_time_spent_minutes::text,
         coalesce(spent.minutes, 0)::text),
        ('pathway_last_accessed_at', progress.last_accessed_at::text,
         greatest(progress.last_accessed_at, spent.last_accessed_at)::text),
        ('pathway_completed_at', progress.completed_at::text, milestone.created_at::text),
        ('pathway_first_completed', CASE WHEN milestone.sequence IS NOT NULL THEN 'recorded' END,
         CASE WHEN milestone.sequence IS NOT NULL OR recounted.percentage = 100
              THEN 'recorded' END)
    ) AS figure (name, stored, truth)

    UNION ALL
    SELECT missing.user_id, missing.pathway_id, NULL, NULL, 'pathway_row', NULL, 'present'
    FROM (
        SELECT user_id, true_pathway AS pathway_id FROM completion
        UNION
        SELECT user_id, pathway_id FROM state
        EXCEPT
        SELECT user_id, pathway_id FROM user_progress WHERE user_id = ANY ($1)
    ) AS missing
)
SELECT difference.*, users.email
FROM difference LEFT JOIN users ON users.id = difference.user_id
WHERE stored IS DISTINCT FROM truth AND ($2::text IS NULL OR pathway_id = $2)
ORDER BY user_id, pathway_id, module_id NULLS FIRST, resource_id NULLS FIRST, name

-- name: hold_learner
-- Until the transaction ends nobody writes anything of the learner's.
SELECT FROM user_progress WHERE user_id = $1 ORDER BY user_id, pathway_id FOR NO KEY UPDATE

-- name: make_and_hold_rows
-- The same, with the rows that are missing.
SELECT lock_learners(array_agg(place.user_id), array_agg(place.pathway_id))
FROM (
    SELECT user_id, pathway_id FROM user_progress WHERE user_id = $1
    UNION
    SELECT done.user_id, modules.pathway_id
    FROM (
        SELECT user_id, resource_id FROM resource_completions WHERE user_id = $1
        UNION
        SELECT user_id, resource_id FROM resource_submissions WHERE user_id = $1
        UNION
        SELECT user_id, resource_id FROM quiz_attempts WHERE user_id = $1
    ) AS done
    JOIN resources ON resources.id = done.resource_id
    JOIN modules ON modules.id = resources.module_id
    UNION
    SELECT touched.user_id, modules.pathway_id
    FROM (
        SELECT user_id, module_id FROM module_progress WHERE user_id = $1
        UNION
        SELECT user_id, module_id FROM module_decisions WHERE user_id = $1
    ) AS touched
    JOIN modules ON modules.id = touched.module_id
) AS place

-- name: mend_completions
UPDATE resource_completions AS completion
SET module_id = resources.module_id, pathway_id = modules.pathway_id,
    submission_count = submitted.submissions
FROM resources
JOIN modules ON modules.id = resources.module_id
CROSS JOIN LATERAL (
    SELECT count(*) AS submissions FROM resource_submissions AS submission
    WHERE submission.user_id = $1 AND submission.resource_id = resources.id
) AS submitted
WHERE completion.user_id = $1 AND resources.id = completion.resource_id
  AND ($2::text IS NULL OR modules.pathway_id = $2)
  AND (completion.module_id, completion.pathway_id, completion.submission_count)
      IS DISTINCT FROM (resources.module_id, modules.pathway_id, submitted.submissions)

-- name: return_completions
-- Records of what was handed in that have gone: they follow from the files again.
SELECT follow_submissions(array_agg(lost.user_id), array_agg(lost.resource_id), false)
FROM (
    SELECT DISTINCT submission.user_id, submission.resource_id
    FROM resource_submissions AS submission
    JOIN resources ON resources.id = submission.resource_id
    JOIN modules ON modules.id = resources.module_id
    WHERE submission.user_id = $1 AND ($2::text IS NULL OR modules.pathway_id = $2)
      AND NOT EXISTS (
          SELECT FROM resource_completions AS completion
          WHERE completion.user_id = $1 AND completion.resource_id = submission.resource_id)
) AS lost

-- name: mend_quiz_records
UPDATE resource_completions AS completion
SET metadata = completion.metadata || record.content
FROM (SELECT DISTINCT user_id, resource_id FROM quiz_attempts WHERE user_id = $1) AS tried
JOIN resources ON resources.id = tried.resource_id
JOIN modules ON modules.id = resources.module_id
CROSS JOIN LATERAL (SELECT quiz_record(tried.user_id, tried.resource_id) AS content) AS record
WHERE completion.user_id = $1 AND completion.resource_id = tried.resource_id
  AND ($2::text IS NULL OR modules.pathway_id = $2)
  AND completion.metadata || record.content <> completion.metadata

-- name: return_quiz_completions
-- Records of quizzes that have gone: they follow from the attempts again.
SELECT follow_quiz_attempts(array_agg(lost.user_id), array_agg(lost.resource_id), false)
FROM (
    SELECT DISTINCT attempt.user_id, attempt.resource_id
    FROM quiz_attempts AS attempt
    JOIN resources ON resources.id = attempt.resource_id
    JOIN modules ON modules.id = resources.module_id
    WHERE attempt.user_id = $1 AND ($2::text IS NULL OR modules.pathway_id = $2)
      AND NOT EXISTS (
          SELECT FROM resource_completions AS completion
          WHERE completion.user_id = $1 AND completion.resource_id = attempt.resource_id)
) AS lost

-- name: mend_row_ids
UPDATE module_completions SET id = module_completion_id(user_id, module_id)
WHERE user_id = $1 AND ($2::text IS NULL OR pathway_id = $2)
  AND id <> module_completion_id(user_id, module_id)

-- name: mend_modules
SELECT recount_modules(array_agg(touched.user_id), array_agg(touched.module_id))
FROM (
    SELECT user_id, module_id FROM resource_completions WHERE user_id = $1
    UNION
    SELECT user_id, module_id FROM module_progress WHERE user_id = $1
    UNION
    SELECT user_id, module_id FROM module_completions WHERE user_id = $1
    UNION
    SELECT user_id, module_id FROM module_decisions WHERE user_id = $1 AND module_id IS NOT NULL
) AS touched
JOIN modules ON modules.id = touched.module_id
WHERE $2::text IS NULL OR modules.pathway_id = $2

-- name: mend_pathways
SELECT recount_pathways(array_agg(user_id), array_agg(pathway_id))
FROM user_progress WHERE user_id = $1 AND ($2::text IS NULL OR pathway_id = $2)

-- name: missing_achievements
-- What the learners $1 have come to deserve by their figures and were not awarded.
WITH done AS (
    SELECT completion.user_id,
           count(*) FILTER (WHERE completion.status IN ('completed', 'reviewed')) AS resources,
           count(*) FILTER (WHERE completion.status IN ('completed', 'reviewed')
                              AND resources.type = 'quiz') AS quizzes,
           count(*) FILTER (WHERE completion.status = 'reviewed') AS passes,
           sum(completion.submission_count) AS files
    FROM resource_completions AS completion
    JOIN resources ON resources.id = completion.resource_id
    WHERE completion.user_id = ANY ($1::uuid[])
    GROUP BY completion.user_id
), reached AS (
    SELECT user_id, sum(completed_modules) AS modules, count(completed_at) AS pathways,
           max(total_time_spent_minutes) / 60 AS hours
    FROM user_progress WHERE user_id = ANY ($1)
    GROUP BY user_id
)
SELECT users.id AS user_id, users.email, achievements.id, achievements.name
FROM users
LEFT JOIN done ON done.user_id = users.id
LEFT JOIN reached ON reached.user_id = users.id
LEFT JOIN user_streaks AS streak ON streak.user_id = users.id
CROSS JOIN LATERAL (VALUES
    ('resources_completed', done.resources),
    ('quizzes_passed', done.quizzes),
    ('submissions_passed', done.passes),
    ('files_handed_in', done.files),
    ('modules_approved', reached.modules),
    ('pathways_completed', reached.pathways),
    ('hours_on_one_pathway', reached.hours),
    ('streak_days', streak.longest_streak)
) AS figure (requirement_type, value)
JOIN achievements
    ON achievements.requirement_type = figure.requirement_type
    AND achievements.requirement_value <= figure.value
WHERE users.id = ANY ($1) AND NOT EXISTS (
    SELECT FROM user_achievements AS earned
    WHERE earned.user_id = users.id AND earned.achievement_id = achievements.id)
ORDER BY users.id, achievements.id

-- name: award_achievements
SELECT award_achievements(ARRAY[$1::uuid], array_agg(DISTINCT requirement_type)) FROM achievements
