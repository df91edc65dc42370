-- name: grant_attempt
-- One more attempt: $1 who grants, $2 learner, $3 quiz.
SELECT * FROM grant_quiz_attempt($1, $2, $3)

-- name: allow_time
-- For the rest of the transaction: a quiz of thousands takes longer than a statement usually may.
SELECT set_config('statement_timeout', $1, true)

-- name: regrade
-- $1 who asks, $2 quiz, $3 whether to report only.
SELECT regrade_quiz($1, $2, $3) AS report

-- name: quiz_statistics
-- What learners chose in the quiz $1, judged by its present key. $2: whether to look at first
-- attempts only. An attempt says something about those of today's questions that it was asked.
WITH quiz AS MATERIALIZED (
    SELECT * FROM quiz_of_resource($1)
), key AS MATERIALIZED (
    SELECT one.* FROM quiz CROSS JOIN LATERAL quiz_key(quiz.metadata) AS one
), attempt AS MATERIALIZED (
    SELECT present.id, present.user_id, present.answers, present.snapshot_id, present.score,
           present.passed
    FROM quiz_standings AS present
    WHERE present.resource_id = $1 AND (NOT $2::boolean OR present.attempt = 1)
), asked AS MATERIALIZED (
    SELECT snapshot.id AS snapshot_id, one.question_id
    FROM quiz_snapshots AS snapshot CROSS JOIN LATERAL quiz_key(snapshot.quiz) AS one
    WHERE snapshot.resource_id = $1
), answer AS MATERIALIZED (
    SELECT attempt.id, key.question_id, key.points, chosen.options,
           key.correct_ids <> '{}' AND chosen.options = key.correct_ids AS correct
    FROM attempt
    JOIN asked USING (snapshot_id)
    JOIN key USING (question_id)
    CROSS JOIN LATERAL (SELECT chosen_options(attempt.answers -> key.question_id) AS options)
        AS chosen
), total AS MATERIALIZED (
    SELECT id, sum(points) AS possible, coalesce(sum(points) FILTER (WHERE correct), 0) AS earned
    FROM answer GROUP BY id
), figures AS (
    SELECT answer.question_id, count(*) AS asked, count(*) FILTER (WHERE answer.correct) AS correct,
           count(*) FILTER (WHERE answer.options = '{}') AS blank,
           -- With the score in the other questions: with the whole score every question would
           -- agree a little with itself.
           corr(answer.correct::integer::float8,
                (total.earned - CASE WHEN answer.correct THEN answer.points ELSE 0 END)::float8
                / nullif(total.possible - answer.points, 0)) AS discrimination
    FROM answer JOIN total USING (id)
    GROUP BY answer.question_id
), chosen AS (
    SELECT answer.question_id, option.id AS option_id, count(*) AS chosen
    FROM answer CROSS JOIN LATERAL unnest(answer.options) AS option (id)
    GROUP BY answer.question_id, option.id
)
SELECT quiz.id AS resource_id, quiz.title,
       (SELECT count(*) FROM attempt) AS attempts,
       (SELECT count(DISTINCT user_id) FROM attempt) AS learners,
       (SELECT count(DISTINCT user_id) FROM attempt WHERE passed) AS learners_passed,
       (SELECT round(avg(passed::integer), 3)::float8 FROM attempt) AS pass_rate,
       (SELECT round(avg(score), 1)::float8 FROM attempt) AS mean_score,
       (SELECT coalesce(jsonb_agg(jsonb_build_object(
                'question_id', key.question_id, 'question', key.question ->> 'question',
                'type', key.question ->> 'type', 'points', key.points,
                'asked', coalesce(figures.asked, 0), 'correct', coalesce(figures.correct, 0),
                'blank', coalesce(figures.blank, 0),
                'discrimination', round(figures.discrimination::numeric, 3)::float8,
                'options', (
                    SELECT coalesce(jsonb_agg(jsonb_build_object(
                        'option_id', option.value ->> 'id', 'text', option.value ->> 'text',
                        'is_correct', option.value ->> 'id' = ANY (key.correct_ids),
                        'chosen', coalesce(chosen.chosen, 0)) ORDER BY option.place), '[]')
                    FROM jsonb_array_elements(json_list(key.question -> 'options'))
                        WITH ORDINALITY AS option (value, place)
                    LEFT JOIN chosen ON chosen.question_id = key.question_id
                        AND chosen.option_id = option.value ->> 'id')) ORDER BY key.place), '[]')
        FROM key LEFT JOIN figures USING (question_id)) AS questions
FROM quiz
