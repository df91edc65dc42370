-- Hot writes: one statement each. It reads the caller's role and state as they are now, and calls the
-- function that locks, checks, writes and answers the figures for nobody else than a caller who is
-- admitted: an expression behind WHEN is not evaluated before its condition holds, and a volatile
-- function nowhere else. Without a session there is no row; of somebody who is not admitted only the
-- caller's own columns are filled.
-- $1 session, $2 learner, $3 the roles that are admitted, $4 resource.

-- name: start
WITH caller AS (
    SELECT users.role AS caller_role, users.account_status AS caller_status
    FROM sessions JOIN users ON users.id = sessions.user_id
    WHERE sessions.id = $1 AND sessions.user_id = $2
      AND sessions.revoked_at IS NULL AND sessions.expires_at > clock_timestamp()
), act AS MATERIALIZED (
    SELECT caller.*, CASE WHEN caller_status = 'active' AND caller_role = ANY ($3::text[])
                          THEN learner_start($2, $4, $5) END AS written
    FROM caller
)
SELECT caller_role, caller_status, (written).* FROM act

-- name: report
WITH caller AS (
    SELECT users.role AS caller_role, users.account_status AS caller_status
    FROM sessions JOIN users ON users.id = sessions.user_id
    WHERE sessions.id = $1 AND sessions.user_id = $2
      AND sessions.revoked_at IS NULL AND sessions.expires_at > clock_timestamp()
), act AS MATERIALIZED (
    SELECT caller.*, CASE WHEN caller_status = 'active' AND caller_role = ANY ($3::text[])
                          THEN learner_report($2, $4, $5, $6, $7, $8, $9, $10) END AS written
    FROM caller
)
SELECT caller_role, caller_status, (written).* FROM act

-- name: complete
WITH caller AS (
    SELECT users.role AS caller_role, users.account_status AS caller_status
    FROM sessions JOIN users ON users.id = sessions.user_id
    WHERE sessions.id = $1 AND sessions.user_id = $2
      AND sessions.revoked_at IS NULL AND sessions.expires_at > clock_timestamp()
), act AS MATERIALIZED (
    SELECT caller.*, CASE WHEN caller_status = 'active' AND caller_role = ANY ($3::text[])
                          THEN learner_complete($2, $4, $5) END AS written
    FROM caller
)
SELECT caller_role, caller_status, (written).* FROM act
