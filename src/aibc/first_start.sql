-- name: has_no_catalog
SELECT NOT EXISTS (SELECT FROM pathways);

-- name: has_no_users
SELECT NOT EXISTS (SELECT FROM users);
