-- name: attempt_quiz
-- Grade and keep an attempt: $1 learner, $2 quiz, $3 answers, $4 whether clients grade here.
SELECT * FROM learner_attempt_quiz($1, $2, $3, $4)

-- name: read_quiz_attempts
-- Own attempts, newest first: $1 learner, $2 quiz, $3 the attempt to begin before, $4 how many.
SELECT * FROM learner_quiz_attempts($1, $2, $3, $4)
