-- name: read_caller
-- Whether the session of a verified token stands, with the account's role and state as they are
-- now. A hot read joins the same two tables and answers the same two columns.
SELECT users.role AS caller_role, users.account_status AS caller_status
FROM sessions
JOIN users ON users.id = sessions.user_id
WHERE sessions.id = $1
  AND sessions.user_id = $2
  AND sessions.revoked_at IS NULL
  AND sessions.expires_at > clock_timestamp()
