-- name: pending_page
-- A page of what waits, oldest first, with the caller's admission ($1 session, $2 user) and the
-- exact total. $3, $4: the last item of the page before, NULL for the start; $5 limit, $6 offset; $7
-- pathway, $8 module, $9 type, where NULL matches all. One row of NULLs beside caller and total when
-- the page is empty.
-- Counted and paged by the index of what waits alone, from whichever end is nearer; only the rows of
-- the page are looked up. LIMIT 1 keeps each look-up one, because a join would be planned for other
-- numbers of rows than there are; IS TRUE keeps the filter a hashed list for the same reason.
WITH caller AS (
    SELECT users.role AS caller_role, users.account_status AS caller_status
    FROM sessions JOIN users ON users.id = sessions.user_id
    WHERE sessions.id = $1 AND sessions.user_id = $2
      AND sessions.revoked_at IS NULL AND sessions.expires_at > clock_timestamp()
), wanted AS (
    SELECT resources.id
    FROM resources JOIN modules ON modules.id = resources.module_id
    WHERE ($7::text IS NULL OR modules.pathway_id = $7)
      AND ($8::text IS NULL OR resources.module_id = $8)
      AND ($9::text IS NULL OR resources.type = $9)
), total AS MATERIALIZED (
    SELECT CASE WHEN coalesce($7, $8, $9) IS NULL
        THEN (SELECT count(*) FROM resource_submissions
              WHERE submission_status = 'uploaded' AND deleted_at IS NULL)
        ELSE (SELECT count(*) FROM resource_submissions
              WHERE submission_status = 'uploaded' AND deleted_at IS NULL
                AND (resource_id IN (SELECT id FROM wanted)) IS TRUE)
        END AS waiting
), share AS MATERIALIZED (
    SELECT $3::timestamptz IS NULL AND $6::bigint > waiting / 2 AS from_the_end,
           greatest(least($5::bigint, waiting - $6), 0) AS items, greatest(waiting - $6 - $5, 0) AS behind
    FROM total
), page AS (
    (SELECT created_at, id FROM resource_submissions
     WHERE submission_status = 'uploaded' AND deleted_at IS NULL
       AND (created_at, id) > (coalesce($3::timestamptz, '-infinity'),
                               coalesce($4, '00000000-0000-0000-0000-000000000000'::uuid))
       AND (coalesce($7, $8, $9) IS NULL OR (resource_id IN (SELECT id FROM wanted)) IS TRUE)
     ORDER BY created_at, id
     LIMIT (SELECT CASE WHEN from_the_end THEN 0 ELSE $5 END FROM share) OFFSET $6)
    UNION ALL
    (SELECT created_at, id FROM resource_submissions
     WHERE submission_status = 'uploaded' AND deleted_at IS NULL
       AND (coalesce($7, $8, $9) IS NULL OR (resource_id IN (SELECT id FROM wanted)) IS TRUE)
     ORDER BY created_at DESC, id DESC
     LIMIT (SELECT CASE WHEN from_the_end THEN items ELSE 0 END FROM share)
     OFFSET (SELECT behind FROM share))
)
SELECT caller.*, total.waiting AS total_pending, item.*
FROM caller CROSS JOIN total
LEFT JOIN LATERAL (
    SELECT page.id::text, submission.user_id::text, author.email AS user_email,
           author.full_name AS user_name, submission.resource_id, place.title AS resource_title,
           place.type AS resource_type, modules.pathway_id, place.module_id, submission.attempt,
           submission.file_name, submission.file_type, submission.file_size_bytes,
           submission.gcs_url, submission.submission_status, page.created_at,
           round(date_part('epoch', clock_timestamp() - page.created_at) / 36) / 100
               AS hours_waiting,
           claim.claimed_by::text, claim.claimed_by_name, claim.claimed_until
    FROM page
    CROSS JOIN LATERAL (
        SELECT user_id, resource_id, attempt, file_name, file_type, file_size_bytes, gcs_url,
               submission_status
        FROM resource_submissions WHERE id = page.id LIMIT 1
    ) AS submission
    CROSS JOIN LATERAL (
        SELECT email, full_name FROM users WHERE id = submission.user_id LIMIT 1
    ) AS author
    CROSS JOIN LATERAL (
        SELECT title, type, module_id FROM resources WHERE id = submission.resource_id LIMIT 1
    ) AS place
    JOIN modules ON modules.id = place.module_id
    LEFT JOIN LATERAL (
        SELECT claimed_by, holder.full_name AS claimed_by_name, claimed_until
        FROM review_claims JOIN users AS holder ON holder.id = claimed_by
        WHERE submission_id = page.id AND claimed_until > clock_timestamp() LIMIT 1
    ) AS claim ON true
) AS item ON true
ORDER BY item.created_at, item.id::uuid

-- name: review_submission
SELECT * FROM review_submission($1, $2, $3, $4, $5, $6)

-- name: undo_review
SELECT * FROM undo_review($1, $2, $3)

-- name: claim_review
SELECT claim.submission_id, claim.claimed_by, users.full_name AS claimed_by_name,
       claim.claimed_until
FROM claim_review($1, $2) AS claim JOIN users ON users.id = claim.claimed_by

-- name: release_claim
-- Gives up the caller's own claim ($2). No row: no such submission. Otherwise who else holds it.
WITH released AS (
    DELETE FROM review_claims WHERE submission_id = $1 AND claimed_by = $2
)
SELECT (SELECT users.full_name FROM review_claims JOIN users ON users.id = claimed_by
        WHERE submission_id = $1 AND claimed_by <> $2 AND claimed_until > clock_timestamp()) AS holder
FROM resource_submissions WHERE id = $1 AND deleted_at IS NULL

-- name: submission_history
-- Every decision in order, withdrawn submissions too. No row: no such submission; one row of
-- NULLs: none decided yet.
SELECT decision.action, decision.submission_status, decision.grade, decision.review_comments,
       decision.decided_by, reviewer.full_name AS decided_by_name, decision.created_at
FROM resource_submissions AS submission
LEFT JOIN submission_decisions AS decision ON decision.submission_id = submission.id
LEFT JOIN users AS reviewer ON reviewer.id = decision.decided_by
WHERE submission.id = $1
ORDER BY decision.sequence

-- name: recount_module
-- Recounts one learner ($1) in one module ($2). No row: they never touched its pathway, so there
-- is nothing to count.
SELECT recount(ARRAY[progress.user_id], ARRAY[modules.id])
FROM modules
JOIN user_progress AS progress ON progress.pathway_id = modules.pathway_id
WHERE progress.user_id = $1 AND modules.id = $2

-- name: module_completion
SELECT id, user_id, pathway_id, module_id, completed_at, time_spent_minutes, approval_status,
       reviewed_by, reviewed_at, review_comments
FROM module_completions WHERE user_id = $1 AND module_id = $2
