-- What an instructor works through: the next of the queue, and one submission with all around it.

-- name: queue_counts
-- What a page of the queue asks again and again: how many wait, how many of them came after $1,
-- how many modules wait, and the moment to count from next time. $2 pathway, $3 module, $4 type,
-- where NULL matches all; modules have no type, and none of theirs waits under one.
WITH wanted AS (
    SELECT resources.id
    FROM resources JOIN modules ON modules.id = resources.module_id
    WHERE ($2::text IS NULL OR modules.pathway_id = $2)
      AND ($3::text IS NULL OR resources.module_id = $3)
      AND ($4::text IS NULL OR resources.type = $4)
)
SELECT waiting.submissions, waiting.new, modules.count AS modules, clock_timestamp() AS moment
FROM (
    SELECT count(*) AS submissions, count(*) FILTER (WHERE created_at > $1) AS new
    FROM resource_submissions
    WHERE submission_status = 'uploaded' AND deleted_at IS NULL
      AND (coalesce($2, $3, $4) IS NULL OR (resource_id IN (SELECT id FROM wanted)) IS TRUE)
) AS waiting
CROSS JOIN (
    SELECT count(*) FROM module_completions WHERE approval_status = 'pending'
) AS modules

-- name: claim_next
-- Claims for $1 the oldest submission behind $2 (from the start where that is NULL) that is not
-- their own, nor $6, and that nobody else holds. $3 pathway, $4 module, $5 type, where NULL matches
-- all.
-- A row without `claimed`: somebody else was quicker, so ask again. No row: there is none.
WITH wanted AS (
    SELECT resources.id
    FROM resources JOIN modules ON modules.id = resources.module_id
    WHERE ($3::text IS NULL OR modules.pathway_id = $3)
      AND ($4::text IS NULL OR resources.module_id = $4)
      AND ($5::text IS NULL OR resources.type = $5)
), next AS MATERIALIZED (
    SELECT submission.id
    FROM resource_submissions AS submission
    WHERE submission.submission_status = 'uploaded' AND submission.deleted_at IS NULL
      AND (submission.created_at, submission.id) > (
          coalesce((SELECT created_at FROM resource_submissions WHERE id = $2), '-infinity'),
          coalesce($2, '00000000-0000-0000-0000-000000000000'::uuid))
      AND submission.user_id <> $1 AND submission.id IS DISTINCT FROM $6
      AND (coalesce($3, $4, $5) IS NULL
           OR (submission.resource_id IN (SELECT id FROM wanted)) IS TRUE)
      AND NOT EXISTS (
          SELECT FROM review_claims
          WHERE submission_id = submission.id AND claimed_by <> $1
            AND claimed_until > clock_timestamp())
    ORDER BY submission.created_at, submission.id
    LIMIT 1
), claimed AS (
    INSERT INTO review_claims AS present (submission_id, claimed_by, claimed_until)
    SELECT next.id, $1, clock_timestamp() + interval '15 minutes' FROM next
    ON CONFLICT (submission_id) DO UPDATE
    SET claimed_by = excluded.claimed_by, claimed_until = excluded.claimed_until
    WHERE present.claimed_by = $1 OR present.claimed_until <= clock_timestamp()
    RETURNING submission_id
)
SELECT next.id, claimed.submission_id IS NOT NULL AS claimed
FROM next LEFT JOIN claimed ON claimed.submission_id = next.id

-- name: previous_waiting
-- The submission that waits just before $2 in the queue and that $1 may decide. Filters as above.
SELECT submission.id
FROM resource_submissions AS submission
JOIN resources ON resources.id = submission.resource_id
JOIN modules ON modules.id = resources.module_id
WHERE submission.submission_status = 'uploaded' AND submission.deleted_at IS NULL
  AND (submission.created_at, submission.id)
      < ((SELECT created_at FROM resource_submissions WHERE id = $2), $2)
  AND submission.user_id <> $1
  AND ($3::text IS NULL OR modules.pathway_id = $3)
  AND ($4::text IS NULL OR resources.module_id = $4)
  AND ($5::text IS NULL OR resources.type = $5)
  AND NOT EXISTS (
      SELECT FROM review_claims
      WHERE submission_id = submission.id AND claimed_by <> $1
        AND claimed_until > clock_timestamp())
ORDER BY submission.created_at DESC, submission.id DESC
LIMIT 1

-- name: reviewed_submission
-- One submission with its learner, its place in the curriculum, who holds it and who decided it,
-- whether that can be undone, and the newest attempt ever handed in (withdrawn ones count).
SELECT submission.id, submission.user_id, submission.resource_id, submission.attempt,
       submission.file_name, submission.file_type, submission.file_size_bytes, submission.sha256,
       submission.crc32c, submission.notes, submission.submission_status, submission.created_at,
       submission.reviewed_by, submission.reviewed_at, submission.review_comments,
       reviewer.full_name AS reviewed_by_name,
       greatest(0, ceil(60 - extract(epoch FROM clock_timestamp() - submission.reviewed_at)))::int
           AS undo_seconds,
       learner.full_name AS user_name, learner.email AS user_email,
       resources.title AS resource_title, resources.type AS resource_type,
       resources.description AS resource_description, resources.url AS resource_url,
       modules.id AS module_id, modules.title AS module_title,
       pathways.id AS pathway_id, pathways.title AS pathway_title,
       claim.claimed_by, claim.claimed_until, holder.full_name AS claimed_by_name,
       round(extract(epoch FROM clock_timestamp() - submission.created_at) / 3600, 2)::float8
           AS hours_waiting,
       (SELECT max(attempt) FROM resource_submissions AS other
        WHERE other.user_id = submission.user_id AND other.resource_id = submission.resource_id)
           AS newest_attempt,
       clock_timestamp() AS moment
FROM resource_submissions AS submission
JOIN users AS learner ON learner.id = submission.user_id
JOIN resources ON resources.id = submission.resource_id
JOIN modules ON modules.id = resources.module_id
JOIN pathways ON pathways.id = modules.pathway_id
LEFT JOIN users AS reviewer ON reviewer.id = submission.reviewed_by
LEFT JOIN review_claims AS claim
    ON claim.submission_id = submission.id AND claim.claimed_until > clock_timestamp()
LEFT JOIN users AS holder ON holder.id = claim.claimed_by
WHERE submission.id = $1 AND submission.deleted_at IS NULL

-- name: other_attempts
-- The other files of the same learner for the same resource as $1, newest first.
SELECT other.id, other.attempt, other.file_name, other.file_type, other.file_size_bytes,
       other.notes, other.submission_status, other.created_at, other.reviewed_at,
       other.review_comments, reviewer.full_name AS reviewed_by_name
FROM resource_submissions AS submission
JOIN resource_submissions AS other
    ON other.user_id = submission.user_id AND other.resource_id = submission.resource_id
   AND other.id <> submission.id AND other.deleted_at IS NULL
LEFT JOIN users AS reviewer ON reviewer.id = other.reviewed_by
WHERE submission.id = $1
ORDER BY other.attempt DESC

-- name: undoable_decision
-- What $1 decided on $2 less than a minute ago and can still take back. No row: nothing.
SELECT submission.id, submission.submission_status, learner.full_name AS user_name,
       resources.title AS resource_title,
       ceil(60 - extract(epoch FROM clock_timestamp() - submission.reviewed_at))::int AS seconds
FROM resource_submissions AS submission
JOIN users AS learner ON learner.id = submission.user_id
JOIN resources ON resources.id = submission.resource_id
WHERE submission.id = $2 AND submission.reviewed_by = $1 AND submission.deleted_at IS NULL
  AND submission.reviewed_at > clock_timestamp() - interval '60 seconds'
