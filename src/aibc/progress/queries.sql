-- Hot writes: one call each of a function that locks, checks, writes and answers the figures.

-- name: start
SELECT * FROM learner_start($1, $2, $3)

-- name: report
SELECT * FROM learner_report($1, $2, $3, $4, $5, $6, $7, $8)

-- name: complete
SELECT * FROM learner_complete($1, $2, $3)

-- name: uncomplete
SELECT * FROM learner_uncomplete($1, $2)

-- name: enter_pathway
SELECT * FROM learner_enter_pathway($1, $2, $3)

-- name: hand_in_module
SELECT * FROM learner_hand_in_module($1, $2, $3, $4)
