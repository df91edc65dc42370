-- Rules that constraints and triggers keep. They can still be broken: by a restore that left
-- triggers out, by a switch somebody forgot, by a disk.

-- name: applied_migrations
SELECT version FROM schema_migrations ORDER BY version

-- name: has_migrations
SELECT to_regclass('schema_migrations') IS NOT NULL

-- name: switched_off
-- Triggers that do not fire, constraints never checked and indexes that are not used.
SELECT 'trigger' AS kind, tgname::text AS name, tgrelid::regclass::text AS on_table
FROM pg_trigger
JOIN pg_class ON pg_class.oid = tgrelid
WHERE relnamespace = current_schema()::regnamespace AND tgenabled <> 'O'
UNION ALL
SELECT 'constraint', conname::text, conrelid::regclass::text
FROM pg_constraint
WHERE connamespace = current_schema()::regnamespace AND NOT convalidated
UNION ALL
SELECT 'index', indexrelid::regclass::text, indrelid::regclass::text
FROM pg_index
JOIN pg_class ON pg_class.oid = indexrelid
WHERE relnamespace = current_schema()::regnamespace AND NOT (indisvalid AND indisready)
ORDER BY kind, on_table, name

-- name: broken_rules
-- Rows that break a rule, for the learner $1 and the pathway $2 or for all; at most $3.
WITH newest AS (
    SELECT DISTINCT ON (user_id, resource_id) user_id, resource_id, attempt, submission_status
    FROM resource_submissions
    WHERE deleted_at IS NULL AND submission_status <> 'superseded'
      AND ($1::uuid IS NULL OR user_id = $1)
    ORDER BY user_id, resource_id, attempt DESC
), broken AS (
    SELECT 'owner_missing' AS rule, owned.user_id, NULL AS resource_id, owned.place AS subject
    FROM (
        SELECT DISTINCT user_id, 'resource_completions' AS place FROM resource_completions
        UNION ALL SELECT DISTINCT user_id, 'resource_submissions' FROM resource_submissions
        UNION ALL SELECT DISTINCT user_id, 'uploads' FROM uploads
        UNION ALL SELECT DISTINCT user_id, 'module_completions' FROM module_completions
        UNION ALL SELECT DISTINCT user_id, 'module_progress' FROM module_progress
        UNION ALL SELECT DISTINCT user_id, 'module_decisions' FROM module_decisions
        UNION ALL SELECT DISTINCT user_id, 'user_progress' FROM user_progress
    ) AS owned
    WHERE NOT EXISTS (SELECT FROM users WHERE users.id = owned.user_id)

    UNION ALL
    SELECT 'resource_missing', named.user_id, named.resource_id, named.place
    FROM (
        SELECT user_id, resource_id, 'resource_completions' AS place FROM resource_completions
        UNION ALL SELECT user_id, resource_id, 'resource_submissions' FROM resource_submissions
    ) AS named
    WHERE NOT EXISTS (SELECT FROM resources WHERE resources.id = named.resource_id)

    UNION ALL
    SELECT 'two_waiting', user_id, resource_id, count(*)::text
    FROM resource_submissions
    WHERE submission_status = 'uploaded' AND deleted_at IS NULL
    GROUP BY user_id, resource_id HAVING count(*) > 1

    UNION ALL
    SELECT 'attempt_twice', user_id, resource_id, attempt::text
    FROM resource_submissions
    GROUP BY user_id, resource_id, attempt HAVING count(*) > 1

    UNION ALL
    SELECT 'own_work', user_id, resource_id, 'submission ' || id
    FROM resource_submissions WHERE reviewed_by = user_id
    UNION ALL
    SELECT 'own_work', decision.user_id, submission.resource_id, 'submission ' || submission.id
    FROM submission_decisions AS decision
    LEFT JOIN resource_submissions AS submission ON submission.id = decision.submission_id
    WHERE decision.decided_by = decision.user_id
    UNION ALL
    SELECT 'own_work', user_id, NULL, 'module ' || module_id
    FROM module_decisions WHERE decided_by = user_id

    UNION ALL
    SELECT 'decision_incomplete', user_id, resource_id, 'submission ' || id
    FROM resource_submissions
    WHERE (submission_status IN ('approved', 'rejected')) <> (reviewed_at IS NOT NULL)
       OR (submission_status IN ('approved', 'rejected')) <> (decided_sequence IS NOT NULL)
       OR grade IS DISTINCT FROM
          CASE submission_status WHEN 'approved' THEN 'pass' WHEN 'rejected' THEN 'fail' END

    UNION ALL
    SELECT 'decision_unrecorded', user_id, resource_id, 'submission ' || id
    FROM resource_submissions AS submission
    WHERE decided_sequence IS NOT NULL AND NOT EXISTS (
        SELECT FROM submission_decisions AS decision
        WHERE decision.sequence = submission.decided_sequence
          AND decision.submission_id = submission.id)

    UNION ALL
    SELECT 'superseded_by_nothing', user_id, resource_id, 'attempt ' || attempt
    FROM resource_submissions AS submission
    WHERE submission_status = 'superseded' AND NOT EXISTS (
        SELECT FROM resource_submissions AS later
        WHERE later.user_id = submission.user_id AND later.resource_id = submission.resource_id
          AND later.attempt > submission.attempt)

    UNION ALL
    SELECT 'completion_contradicts_itself', user_id, resource_id, status
    FROM resource_completions
    WHERE (status = 'in_progress') <> (progress_percentage < 100)
       OR (status IN ('completed', 'reviewed')) <> (completed_at IS NOT NULL)

    UNION ALL
    SELECT 'completion_behind_file', newest.user_id, newest.resource_id,
           format('attempt %s is %s, the record %s', newest.attempt, newest.submission_status,
                  completion.status)
    FROM newest JOIN resource_completions AS completion USING (user_id, resource_id)
    WHERE (newest.submission_status = 'uploaded' AND completion.status = 'in_progress')
       OR (newest.submission_status = 'approved'
           AND completion.status NOT IN ('completed', 'reviewed'))
)
SELECT broken.*, users.email, modules.pathway_id, modules.id AS module_id
FROM broken
LEFT JOIN users ON users.id = broken.user_id
LEFT JOIN resources ON resources.id = broken.resource_id
LEFT JOIN modules ON modules.id = resources.module_id
WHERE ($1::uuid IS NULL OR broken.user_id = $1)
  AND ($2::text IS NULL OR modules.pathway_id = $2)
ORDER BY rule, broken.user_id, broken.resource_id, subject
LIMIT $3

-- name: uploads_under_way
-- `overdue`: a sweep should have settled it.
SELECT count(*) FILTER (WHERE expires_at > clock_timestamp()) AS under_way,
       count(*) FILTER (WHERE expires_at <= clock_timestamp() - interval '10 minutes') AS overdue
FROM uploads WHERE state = 'claimed'
