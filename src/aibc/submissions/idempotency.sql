-- name: take_key
SELECT * FROM take_idempotency_key($1, $2, $3, $4, $5, $6, $7, $8)

-- name: name_upload
-- The upload that the request claimed. No row: another request has taken the key over.
UPDATE idempotency_keys SET upload_id = $5
WHERE user_id = $1 AND route = $2 AND key = $3 AND holder = $4
RETURNING true

-- name: renew_lease
UPDATE idempotency_keys SET leased_until = clock_timestamp() + $5::interval
WHERE user_id = $1 AND route = $2 AND key = $3 AND holder = $4

-- name: keep_answer
UPDATE idempotency_keys SET answer_status = $5, answer = $6, digest = $7
WHERE user_id = $1 AND route = $2 AND key = $3 AND holder = $4

-- name: release_key
SELECT release_idempotency_key($1, $2, $3, $4, $5, $6, $7)

-- name: forget_keys
DELETE FROM idempotency_keys WHERE expires_at <= clock_timestamp()
