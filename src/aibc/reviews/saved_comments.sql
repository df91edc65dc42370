-- What an instructor ($1) writes again and again. Nobody reads or changes those of somebody else.

-- name: list_saved_comments
SELECT id, body FROM saved_comments WHERE user_id = $1 ORDER BY created_at, id

-- name: save_comment
-- Keeps a comment ($2), the one that is there if it is the same. No row: $3 are kept already.
WITH same AS (
    SELECT id, body FROM saved_comments WHERE user_id = $1 AND body = $2 LIMIT 1
), added AS (
    INSERT INTO saved_comments (user_id, body)
    SELECT $1, $2
    WHERE NOT EXISTS (SELECT FROM same)
      AND (SELECT count(*) FROM saved_comments WHERE user_id = $1) < $3
    RETURNING id, body
)
SELECT * FROM same UNION ALL SELECT * FROM added

-- name: change_saved_comment
UPDATE saved_comments SET body = $3 WHERE user_id = $1 AND id = $2 RETURNING id, body

-- name: forget_saved_comment
DELETE FROM saved_comments WHERE user_id = $1 AND id = $2 RETURNING id
