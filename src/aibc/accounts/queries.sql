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

-- name: read_own_profile
-- The caller's own account, and the caller, in one.
SELECT users.id, users.email, users.full_name, users.email_verified, users.created_at,
       users.account_status, users.onboarding_completed, users.role,
       users.role AS caller_role, users.account_status AS caller_status
FROM sessions
JOIN users ON users.id = sessions.user_id
WHERE sessions.id = $1
  AND sessions.user_id = $2
  AND sessions.revoked_at IS NULL
  AND sessions.expires_at > clock_timestamp()

-- name: read_visitor
-- The same for a page, with the name it greets and the address it shows.
SELECT users.full_name, users.email,
       users.role AS caller_role, users.account_status AS caller_status
FROM sessions
JOIN users ON users.id = sessions.user_id
WHERE sessions.id = $1
  AND sessions.user_id = $2
  AND sessions.revoked_at IS NULL
  AND sessions.expires_at > clock_timestamp()

-- name: open_page_session
-- A session without refresh tokens: its cookie lives as long as it does.
INSERT INTO sessions (id, user_id, expires_at)
VALUES ($1, $2, clock_timestamp() + $3::interval)

-- name: look_at_sign_in
-- The account of an e-mail, if any, and for how many seconds a sign-in from an address is locked.
SELECT users.id, users.password_hash, locks.seconds
FROM (
    SELECT ceil(extract(epoch FROM max(locked_until) - clock_timestamp()))::int AS seconds
    FROM sign_in_failures
    WHERE email_key = $1 AND address IN ('', $2) AND locked_until > clock_timestamp()
) AS locks
LEFT JOIN users ON users.email_key = $1

-- name: hold_failures
-- Makes and locks the two counters of a sign-in: of the e-mail, and of the e-mail from an address.
-- Always in this order, so that two sign-ins wait for each other instead of for ever.
INSERT INTO sign_in_failures AS standing (email_key, address)
VALUES ($1, ''), ($1, $2)
ON CONFLICT (email_key, address) DO UPDATE SET failures = standing.failures
RETURNING ceil(extract(epoch FROM locked_until - clock_timestamp()))::int AS seconds

-- name: count_failure
-- One more wrong password in both counters. A count that lies further back than a lock lasts, or
-- whose lock is over, starts again.
-- $3 how long a lock lasts, $4 the limit from one address, $5 the limit of the e-mail.
WITH counted AS (
    SELECT
        address,
        CASE
            WHEN last_failed_at <= clock_timestamp() - $3::interval THEN 1
            WHEN locked_until <= clock_timestamp() THEN 1
            ELSE failures + 1
        END AS failures,
        CASE address WHEN '' THEN $5::int ELSE $4::int END AS highest
    FROM sign_in_failures
    WHERE email_key = $1 AND address IN ('', $2)
)
UPDATE sign_in_failures
SET failures = counted.failures,
    last_failed_at = clock_timestamp(),
    locked_until = CASE
        WHEN counted.failures >= counted.highest THEN clock_timestamp() + $3::interval
    END
FROM counted
WHERE sign_in_failures.email_key = $1
  AND sign_in_failures.address = counted.address

-- name: clear_failures
-- The right password: the address starts anew. The e-mail's own count stays, or somebody who
-- knows one password could guess from everywhere between his own sign-ins.
DELETE FROM sign_in_failures
WHERE email_key = $1 AND (address = $2 OR (address = '' AND failures = 0))

-- name: hold_account
-- The account, if its password is still the one that was verified; held so that a change of
-- password waits, and then ends the session that is about to begin.
SELECT account_status FROM users
WHERE id = $1 AND password_hash = $2
FOR SHARE

-- name: open_session
WITH session AS (
    INSERT INTO sessions (id, user_id, expires_at)
    VALUES ($1, $2, clock_timestamp() + $4::interval)
    RETURNING id, expires_at
)
INSERT INTO refresh_tokens (token_hash, session_id, expires_at)
SELECT $3, id, expires_at FROM session

-- name: hold_refresh_token
-- A refresh token with its family, both held: uses of one family happen one after another.
-- $2 how many uses of one token are fine, $3 for how long after the first.
SELECT
    sessions.id AS session_id,
    sessions.user_id,
    users.account_status,
    (
        sessions.revoked_at IS NULL
        AND sessions.expires_at > clock_timestamp()
        AND refresh_tokens.expires_at > clock_timestamp()
    ) AS stands,
    (
        refresh_tokens.uses = 0
        OR (
            refresh_tokens.uses < $2::int
            AND refresh_tokens.first_used_at > clock_timestamp() - $3::interval
        )
    ) AS is_usable
FROM refresh_tokens
JOIN sessions ON sessions.id = refresh_tokens.session_id
JOIN users ON users.id = sessions.user_id
WHERE refresh_tokens.token_hash = $1
FOR NO KEY UPDATE OF sessions, refresh_tokens

-- name: rotate_refresh_token
-- $1 the token used, $2 its session, $3 the token that follows, $4 how long that lives.
WITH used AS (
    UPDATE refresh_tokens
    SET uses = uses + 1, first_used_at = coalesce(first_used_at, clock_timestamp())
    WHERE token_hash = $1
), extended AS (
    UPDATE sessions SET expires_at = clock_timestamp() + $4::interval
    WHERE id = $2
    RETURNING id, expires_at
)
INSERT INTO refresh_tokens (token_hash, session_id, expires_at)
SELECT $3, id, expires_at FROM extended

-- name: revoke_session
UPDATE sessions SET revoked_at = clock_timestamp() WHERE id = $1 AND revoked_at IS NULL

-- name: revoke_sessions_of_user
UPDATE sessions SET revoked_at = clock_timestamp() WHERE user_id = $1 AND revoked_at IS NULL

-- name: queue_signups
-- Sign-ups from one address wait for each other until the end of the transaction.
SELECT pg_advisory_xact_lock(1095320131, hashtext($1))

-- name: claim_signup
-- Counts one more sign-up of an address within the hour, or, at the limit, answers the seconds
-- until the next is free.
WITH recent AS (
    SELECT created_at FROM signup_attempts
    WHERE address = $1 AND created_at > clock_timestamp() - interval '1 hour'
    ORDER BY created_at DESC
    LIMIT $2::int
), standing AS (
    SELECT count(*) AS attempts, min(created_at) AS oldest FROM recent
), claimed AS (
    INSERT INTO signup_attempts (address)
    SELECT $1 FROM standing WHERE attempts < $2::int
)
SELECT CASE
    WHEN attempts >= $2::int
    THEN greatest(1, ceil(extract(epoch FROM oldest + interval '1 hour' - clock_timestamp())))::int
END
FROM standing

-- name: create_user
INSERT INTO users (email, email_key, full_name, password_hash, email_verified, role, is_demo)
VALUES ($1, $2, $3, $4, $5, $6, $7)
ON CONFLICT (email_key) DO NOTHING
RETURNING id, email, full_name, email_verified, created_at, account_status,
          onboarding_completed, role

-- name: count_users
SELECT count(*) FROM users
WHERE ($1 = '' OR strpos(lower(full_name), lower($1)) > 0 OR strpos(lower(email), lower($1)) > 0)
  AND ($2::text IS NULL OR role = $2)
  AND ($3::text IS NULL OR account_status = $3)

-- name: list_users
SELECT id, email, full_name, email_verified, created_at, account_status, onboarding_completed, role
FROM users
WHERE ($1 = '' OR strpos(lower(full_name), lower($1)) > 0 OR strpos(lower(email), lower($1)) > 0)
  AND ($2::text IS NULL OR role = $2)
  AND ($3::text IS NULL OR account_status = $3)
ORDER BY created_at DESC, id
LIMIT $4 OFFSET $5

-- name: hold_admins
-- Every administrator who can act, held in one order: two demotions at once are judged one after
-- the other, the second by what the first has left.
SELECT id FROM users
WHERE role = 'admin' AND account_status = 'active'
ORDER BY id
FOR NO KEY UPDATE

-- name: changes_of_account
SELECT audit_log.action, audit_log.old_value, audit_log.new_value, audit_log.created_at,
       audit_log.actor_id, actor.full_name AS actor_name
FROM audit_log
LEFT JOIN users AS actor ON actor.id = audit_log.actor_id
WHERE audit_log.subject_id = $1
ORDER BY audit_log.id DESC
LIMIT $2

-- name: forget_expired
-- What no longer says anything: sessions over for a month, counters and sign-ups out of their time.
WITH ended AS (
    DELETE FROM sessions
    WHERE least(expires_at, revoked_at) < clock_timestamp() - interval '30 days'
    RETURNING 1
), tokens AS (
    DELETE FROM refresh_tokens WHERE expires_at < clock_timestamp() RETURNING 1
), counters AS (
    DELETE FROM sign_in_failures
    WHERE last_failed_at < clock_timestamp() - interval '1 day'
      AND coalesce(locked_until, last_failed_at) < clock_timestamp()
    RETURNING 1
), signups AS (
    DELETE FROM signup_attempts WHERE created_at < clock_timestamp() - interval '1 hour'
    RETURNING 1
)
SELECT
    (SELECT count(*) FROM ended) AS sessions,
    (SELECT count(*) FROM tokens) AS tokens,
    (SELECT count(*) FROM counters) AS counters,
    (SELECT count(*) FROM signups) AS signups

-- name: list_demo_emails
-- A suspended demo account lets nobody in.
SELECT email FROM users WHERE is_demo AND account_status = 'active' ORDER BY created_at
