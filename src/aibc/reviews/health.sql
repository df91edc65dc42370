-- How pathways fare, for staff. Titles and order come from the catalog that the process holds, so
-- these statements only count. $1 is where figures are of one pathway its live resources' ids.

-- name: overview
-- A row per pathway: its learners, how far they are, how many are quiet for longer than $1, and
-- what waits for review.
WITH learners AS (
    SELECT pathway_id, count(*) AS learners,
           count(*) FILTER (WHERE completed_at IS NOT NULL) AS completed,
           round(avg(progress_percentage))::integer AS mean_percentage,
           count(*) FILTER (
               WHERE completed_at IS NULL AND last_accessed_at < clock_timestamp() - $1::interval
           ) AS quiet
    FROM user_progress
    GROUP BY pathway_id
), waiting AS (
    SELECT modules.pathway_id, count(*) AS waiting, min(submission.created_at) AS oldest
    FROM resource_submissions AS submission
    JOIN resources ON resources.id = submission.resource_id
    JOIN modules ON modules.id = resources.module_id
    WHERE submission.submission_status = 'uploaded' AND submission.deleted_at IS NULL
    GROUP BY modules.pathway_id
)
SELECT pathway_id, coalesce(learners, 0) AS learners, coalesce(completed, 0) AS completed,
       coalesce(mean_percentage, 0) AS mean_percentage, coalesce(quiet, 0) AS quiet,
       coalesce(waiting, 0) AS waiting, oldest
FROM learners FULL JOIN waiting USING (pathway_id)

-- name: learners_of_pathway
SELECT count(*) AS learners, count(*) FILTER (WHERE completed_at IS NOT NULL) AS completed,
       coalesce(round(avg(progress_percentage)), 0)::integer AS mean_percentage
FROM user_progress
WHERE pathway_id = $1

-- name: funnel
-- Of each resource: who has begun it, handed something in or finished it, and is done. Work that
-- was sent back counts as handed in and not as done.
SELECT resource_id, count(*) AS started,
       count(*) FILTER (WHERE status <> 'in_progress' OR submission_count > 0) AS handed_in,
       count(*) FILTER (WHERE status IN ('completed', 'reviewed')) AS done
FROM resource_completions
WHERE resource_id = ANY ($1::text[])
GROUP BY resource_id

-- name: stuck_learners
-- Active learners of pathway $2 who have not completed it and have either done nothing for longer
-- than $3, or have had work sent back for that long without trying again. The longest quiet come
-- first, from behind $4 (time) and $5 (learner); $6 how many. `total` counts all from there on.
WITH sent_back AS (
    SELECT submission.user_id, count(*) AS sent_back, min(submission.reviewed_at) AS sent_back_at
    FROM resource_submissions AS submission
    WHERE submission.resource_id = ANY ($1::text[])
      AND submission.submission_status = 'rejected'
      AND submission.deleted_at IS NULL
      AND submission.reviewed_at < clock_timestamp() - $3::interval
      AND NOT EXISTS (
          SELECT FROM resource_submissions AS later
          WHERE later.user_id = submission.user_id
            AND later.resource_id = submission.resource_id
            AND later.attempt > submission.attempt
            AND later.deleted_at IS NULL
      )
    GROUP BY submission.user_id
)
SELECT count(*) OVER () AS total, progress.user_id, users.full_name, users.email,
       progress.progress_percentage, progress.current_module_id, progress.last_accessed_at,
       coalesce(sent_back.sent_back, 0) AS sent_back, sent_back.sent_back_at
FROM user_progress AS progress
JOIN users ON users.id = progress.user_id AND users.account_status = 'active'
LEFT JOIN sent_back ON sent_back.user_id = progress.user_id
WHERE progress.pathway_id = $2
  AND progress.completed_at IS NULL
  AND (progress.last_accessed_at < clock_timestamp() - $3::interval OR sent_back.user_id IS NOT NULL)
  AND (progress.last_accessed_at, progress.user_id) > ($4::timestamptz, $5::uuid)
ORDER BY progress.last_accessed_at, progress.user_id
LIMIT $6

-- name: waiting_times
-- How long submissions waited for their decision: a row per calendar week (UTC) of the last eight,
-- and one of the last 30 days, whose week is NULL. $1 NULL: of all resources.
WITH decided AS (
    SELECT decision.created_at, date_trunc('week', decision.created_at, 'UTC') AS week,
           extract(epoch FROM decision.created_at - submission.created_at)::float8 / 3600 AS hours
    FROM submission_decisions AS decision
    JOIN resource_submissions AS submission ON submission.id = decision.submission_id
    WHERE decision.created_at >= date_trunc('week', clock_timestamp(), 'UTC') - interval '7 weeks'
      AND decision.action = 'decided'
      AND ($1::text[] IS NULL OR submission.resource_id = ANY ($1))
), lately AS (
    SELECT NULL::timestamptz AS week, count(*) AS decisions,
           percentile_cont(ARRAY[0.5, 0.9]) WITHIN GROUP (ORDER BY hours) AS percentiles
    FROM decided
    WHERE created_at >= clock_timestamp() - interval '30 days'
), by_week AS (
    SELECT week, count(*) AS decisions,
           percentile_cont(ARRAY[0.5, 0.9]) WITHIN GROUP (ORDER BY hours) AS percentiles
    FROM decided
    GROUP BY week
), weeks AS (
    SELECT generate_series(
        date_trunc('week', clock_timestamp(), 'UTC') - interval '7 weeks',
        date_trunc('week', clock_timestamp(), 'UTC'), interval '1 week') AS week
), answer AS (
    SELECT week, decisions, percentiles FROM lately
    UNION ALL
    SELECT weeks.week, coalesce(by_week.decisions, 0), by_week.percentiles
    FROM weeks LEFT JOIN by_week USING (week)
)
SELECT week, decisions, percentiles[1] AS p50, percentiles[2] AS p90
FROM answer
ORDER BY week NULLS FIRST

-- name: waiting_now
SELECT count(*) AS waiting, min(created_at) AS oldest
FROM resource_submissions
WHERE submission_status = 'uploaded' AND deleted_at IS NULL
  AND resource_id = ANY ($1::text[])

-- name: quizzes
SELECT resource_id, count(*) AS attempts, count(DISTINCT user_id) AS learners,
       count(DISTINCT user_id) FILTER (WHERE passed) AS learners_passed,
       round(avg(score), 1)::float8 AS mean_score
FROM quiz_standings
WHERE resource_id = ANY ($1::text[])
GROUP BY resource_id
