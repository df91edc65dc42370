-- name: attempt_quiz
-- Grade and keep an attempt: $1 learner, $2 quiz, $3 answers, $4 whether clients grade here.
SELECT * FROM learner_attempt_quiz($1, $2, $3, $4)

-- name: read_attempted_quiz
-- The quiz as it was when the learner $1 took their attempt $3 at the quiz $2. With its key.
SELECT snapshot.quiz
FROM quiz_attempts AS attempt
JOIN quiz_snapshots AS snapshot ON snapshot.id = attempt.snapshot_id
WHERE attempt.user_id = $1 AND attempt.resource_id = $2 AND attempt.attempt = $3

-- name: read_attempts_left
-- NULL: as many as they like. $1 learner, $2 quiz.
SELECT quiz_attempts_left($1, id, metadata) FROM resources WHERE id = $2

-- name: read_quiz_attempts
-- Own attempts, newest first: $1 learner, $2 quiz, $3 the attempt to begin before, $4 how many.
SELECT * FROM learner_quiz_attempts($1, $2, $3, $4)
