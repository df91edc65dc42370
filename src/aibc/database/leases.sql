-- name: take_lease
-- Takes the lease, or keeps one's own. No row: somebody else holds it.
INSERT INTO leases AS present (name, holder, expires_at)
VALUES ($1, $2, clock_timestamp() + $3::interval)
ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, expires_at = excluded.expires_at
WHERE present.holder = excluded.holder OR present.expires_at <= clock_timestamp()
RETURNING true
