-- name: has_no_catalog
SELECT NOT EXISTS (SELECT FROM pathways);

-- name: has_no_users
SELECT NOT EXISTS (SELECT FROM users);

-- name: list_demo_emails
-- A suspended demo account lets nobody in.
SELECT email FROM users WHERE is_demo AND account_status = 'active' ORDER BY created_at;
