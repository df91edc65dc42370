-- Hot reads: one statement each. The first row begins with the caller's role and state as they are
-- now, the version of the catalog that all rows belong to, and the learner's version, which moves
-- with all that they show of the learner; without a session there is no row. A statement named for a
-- version answers that much alone. Ids are text where many rows are written: the driver makes objects
-- of UUIDs.
-- $1 session, $2 learner.

-- name: pathway_version
-- Of what a learner did in the pathway $3.
SELECT
    users.role AS caller_role, users.account_status AS caller_status,
    catalog_state.version AS catalog_version, progress.version AS learner_version
FROM sessions
JOIN users ON users.id = sessions.user_id
CROSS JOIN catalog_state
LEFT JOIN user_progress AS progress ON progress.user_id = $2 AND progress.pathway_id = $3
WHERE sessions.id = $1 AND sessions.user_id = $2 AND sessions.revoked_at IS NULL
  AND sessions.expires_at > clock_timestamp()

-- name: module_version
-- Of what a learner did in the pathway of the module $3.
SELECT
    users.role AS caller_role, users.account_status AS caller_status,
    catalog_state.version AS catalog_version, progress.version AS learner_version
FROM sessions
JOIN users ON users.id = sessions.user_id
CROSS JOIN catalog_state
LEFT JOIN modules ON modules.id = $3
LEFT JOIN user_progress AS progress
    ON progress.user_id = $2 AND progress.pathway_id = modules.pathway_id
WHERE sessions.id = $1 AND sessions.user_id = $2 AND sessions.revoked_at IS NULL
  AND sessions.expires_at > clock_timestamp()

-- name: completion_version
-- Of what a learner did in the pathway where their record on the resource $3 is.
SELECT
    users.role AS caller_role, users.account_status AS caller_status,
    catalog_state.version AS catalog_version, progress.version AS learner_version
FROM sessions
JOIN users ON users.id = sessions.user_id
CROSS JOIN catalog_state
LEFT JOIN resource_completions AS completion
    ON completion.user_id = $2 AND completion.resource_id = $3
LEFT JOIN user_progress AS progress
    ON progress.user_id = $2 AND progress.pathway_id = completion.pathway_id
WHERE sessions.id = $1 AND sessions.user_id = $2 AND sessions.revoked_at IS NULL
  AND sessions.expires_at > clock_timestamp()

-- name: overview_version
-- Of what a learner did anywhere, and the day (UTC), which a streak depends on. The sum moves when
-- any part of it does, because none ever goes back.
SELECT
    users.role AS caller_role, users.account_status AS caller_status,
    catalog_state.version AS catalog_version,
    concat_ws('/', (SELECT coalesce(sum(version), 0) FROM user_progress WHERE user_id = $2),
              coalesce(streak.version, 0), (statement_timestamp() AT TIME ZONE 'UTC')::date
             ) AS learner_version
FROM sessions
JOIN users ON users.id = sessions.user_id
CROSS JOIN catalog_state
LEFT JOIN user_streaks AS streak ON streak.user_id = $2
WHERE sessions.id = $1 AND sessions.user_id = $2 AND sessions.revoked_at IS NULL
  AND sessions.expires_at > clock_timestamp()

-- name: read_pathway_resources
-- A row of the caller and the versions, then what the learner did in the pathway $3: a row per
-- completion and submission, newest first. Names that follow from the resource are left out.
WITH caller AS (
    SELECT users.role, users.account_status, catalog_state.version AS catalog_version,
           progress.version AS learner_version
    FROM sessions
    JOIN users ON users.id = sessions.user_id
    CROSS JOIN catalog_state
    LEFT JOIN user_progress AS progress ON progress.user_id = $2 AND progress.pathway_id = $3
    WHERE sessions.id = $1 AND sessions.user_id = $2 AND sessions.revoked_at IS NULL
      AND sessions.expires_at > clock_timestamp()
)
SELECT
    NULL AS caller_role, NULL AS caller_status, NULL::bigint AS catalog_version,
    NULL::bigint AS learner_version,
    completion.resource_id, completion.id::text, completion.status,
    completion.progress_percentage, completion.time_spent_minutes, completion.started_at,
    completion.completed_at, completion.last_accessed_at, completion.submission_count,
    completion.notes, completion.metadata,
    submission.id::text AS submission_id, submission.attempt AS submission_attempt,
    submission.file_name AS submission_file_name,
    submission.file_size_bytes AS submission_file_size_bytes,
    submission.file_type AS submission_file_type, submission.sha256 AS submission_sha256,
    submission.crc32c AS submission_crc32c, submission.gcs_url AS submission_gcs_url,
    submission.submission_status AS submission_submission_status,
    submission.reviewed_by::text AS submission_reviewed_by,
    submission.reviewed_at AS submission_reviewed_at,
    submission.review_comments AS submission_review_comments,
    submission.grade AS submission_grade, submission.notes AS submission_notes,
    submission.created_at AS submission_created_at,
    submission.updated_at AS submission_updated_at, submission.metadata AS submission_metadata
FROM caller
CROSS JOIN resource_completions AS completion
LEFT JOIN resource_submissions AS submission
    ON submission.user_id = $2 AND submission.resource_id = completion.resource_id
    AND submission.deleted_at IS NULL AND completion.submission_count > 0
WHERE completion.user_id = $2 AND completion.pathway_id = $3
UNION ALL
SELECT
    role, account_status, catalog_version, learner_version,
    NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL,
    NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL
FROM caller
ORDER BY caller_role, submission_attempt DESC

-- name: read_module_resources
-- The same for the module $3.
WITH caller AS (
    SELECT users.role, users.account_status, catalog_state.version AS catalog_version,
           progress.version AS learner_version, modules.pathway_id
    FROM sessions
    JOIN users ON users.id = sessions.user_id
    CROSS JOIN catalog_state
    LEFT JOIN modules ON modules.id = $3
    LEFT JOIN user_progress AS progress
        ON progress.user_id = $2 AND progress.pathway_id = modules.pathway_id
    WHERE sessions.id = $1 AND sessions.user_id = $2 AND sessions.revoked_at IS NULL
      AND sessions.expires_at > clock_timestamp()
)
SELECT
    NULL AS caller_role, NULL AS caller_status, NULL::bigint AS catalog_version,
    NULL::bigint AS learner_version,
    completion.resource_id, completion.id::text, completion.status,
    completion.progress_percentage, completion.time_spent_minutes, completion.started_at,
    completion.completed_at, completion.last_accessed_at, completion.submission_count,
    completion.notes, completion.metadata,
    submission.id::text AS submission_id, submission.attempt AS submission_attempt,
    submission.file_name AS submission_file_name,
    submission.file_size_bytes AS submission_file_size_bytes,
    submission.file_type AS submission_file_type, submission.sha256 AS submission_sha256,
    submission.crc32c AS submission_crc32c, submission.gcs_url AS submission_gcs_url,
    submission.submission_status AS submission_submission_status,
    submission.reviewed_by::text AS submission_reviewed_by,
    submission.reviewed_at AS submission_reviewed_at,
    submission.review_comments AS submission_review_comments,
    submission.grade AS submission_grade, submission.notes AS submission_notes,
    submission.created_at AS submission_created_at,
    submission.updated_at AS submission_updated_at, submission.metadata AS submission_metadata
FROM caller
CROSS JOIN resource_completions AS completion
LEFT JOIN resource_submissions AS submission
    ON submission.user_id = $2 AND submission.resource_id = completion.resource_id
    AND submission.deleted_at IS NULL AND completion.submission_count > 0
WHERE completion.user_id = $2 AND completion.pathway_id = caller.pathway_id AND completion.module_id = $3
UNION ALL
SELECT
    role, account_status, catalog_version, learner_version,
    NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL,
    NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL
FROM caller
ORDER BY caller_role, submission_attempt DESC

-- name: read_completion
-- The learner's record on the resource $3.
SELECT
    users.role AS caller_role, users.account_status AS caller_status,
    catalog_state.version AS catalog_version, progress.version AS learner_version,
    completion.id::text, completion.user_id::text, completion.resource_id, completion.module_id,
    completion.pathway_id, completion.status, completion.progress_percentage,
    completion.time_spent_minutes, completion.started_at, completion.completed_at,
    completion.last_accessed_at, completion.submission_count, completion.notes,
    completion.metadata
FROM sessions
JOIN users ON users.id = sessions.user_id
CROSS JOIN catalog_state
LEFT JOIN resource_completions AS completion
    ON completion.user_id = $2 AND completion.resource_id = $3
LEFT JOIN user_progress AS progress
    ON progress.user_id = $2 AND progress.pathway_id = completion.pathway_id
WHERE sessions.id = $1 AND sessions.user_id = $2 AND sessions.revoked_at IS NULL
  AND sessions.expires_at > clock_timestamp()

-- name: read_pathway_progress
-- The learner's figures on the pathway $3: a row per module they have touched.
SELECT
    users.role AS caller_role, users.account_status AS caller_status,
    catalog_state.version AS catalog_version, progress.version AS learner_version,
    progress.id, progress.user_id, progress.pathway_id, progress.current_module_id,
    progress.progress_percentage, progress.completed_modules, progress.total_time_spent_minutes,
    progress.started_at, progress.last_accessed_at, progress.completed_at,
    module.module_id, module.progress_percentage AS module_progress_percentage,
    handed_in.completed_at AS module_completed_at,
    handed_in.approval_status AS module_approval_status,
    handed_in.review_comments AS module_review_comments
FROM sessions
JOIN users ON users.id = sessions.user_id
CROSS JOIN catalog_state
LEFT JOIN user_progress AS progress ON progress.user_id = $2 AND progress.pathway_id = $3
LEFT JOIN module_progress AS module ON module.user_id = $2 AND module.pathway_id = $3
LEFT JOIN module_completions AS handed_in
    ON handed_in.user_id = $2 AND handed_in.module_id = module.module_id
WHERE sessions.id = $1 AND sessions.user_id = $2 AND sessions.revoked_at IS NULL
  AND sessions.expires_at > clock_timestamp()

-- name: read_overview
-- Everything about the learner across pathways: a row per pathway they have touched, one at least.
-- A streak is broken once a whole day (UTC) has passed without activity.
SELECT
    users.role AS caller_role, users.account_status AS caller_status,
    catalog_state.version AS catalog_version,
    concat_ws('/', (SELECT coalesce(sum(version), 0) FROM user_progress WHERE user_id = $2),
              coalesce(streak.version, 0), (statement_timestamp() AT TIME ZONE 'UTC')::date
             ) AS learner_version,
    CASE WHEN streak.last_activity_date >= (statement_timestamp() AT TIME ZONE 'UTC')::date - 1
         THEN streak.current_streak ELSE 0 END AS current_streak,
    coalesce(streak.longest_streak, 0) AS longest_streak,
    streak.last_activity_date, streak.updated_at,
    progress.id, progress.user_id, progress.pathway_id, progress.current_module_id,
    progress.progress_percentage, progress.completed_modules, progress.total_time_spent_minutes,
    progress.started_at, progress.last_accessed_at, progress.completed_at,
    (
        SELECT json_agg(json_build_object(
            'id', achievements.id, 'name', achievements.name,
            'description', achievements.description, 'icon', achievements.icon,
            'category', achievements.category,
            'requirement_type', achievements.requirement_type,
            'requirement_value', achievements.requirement_value,
            'earned', earned.earned_at IS NOT NULL,
            'earned_at', to_char(earned.earned_at AT TIME ZONE 'UTC',
                                 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')
        ) ORDER BY achievements.category, achievements.requirement_type,
                   achievements.requirement_value, achievements.id)
        FROM achievements
        LEFT JOIN user_achievements AS earned
            ON earned.user_id = $2 AND earned.achievement_id = achievements.id
    ) AS achievements
FROM sessions
JOIN users ON users.id = sessions.user_id
CROSS JOIN catalog_state
LEFT JOIN user_streaks AS streak ON streak.user_id = $2
LEFT JOIN user_progress AS progress ON progress.user_id = $2
WHERE sessions.id = $1 AND sessions.user_id = $2 AND sessions.revoked_at IS NULL
  AND sessions.expires_at > clock_timestamp()
