-- Statements of the catalog. The three imports take all rows of one table at once, as a JSON
-- array, and leave a row that is the same untouched, so that the catalog's version and every
-- cache that hangs on it stay where they are. migrations/sample_data.sql is made of them too.

-- name: allow_time
-- Recounting the learners of a large pathway may take longer than a request ever may.
SELECT set_config('statement_timeout', $1, true), set_config('lock_timeout', $1, true)

-- name: lock_catalog
-- Imports queue here: each one sees what the one before it wrote.
SELECT version FROM catalog_state WHERE id FOR UPDATE

-- name: catalog_version
SELECT version FROM catalog_state WHERE id

-- name: read_caller_and_version
-- The columns that a hot read is admitted by, with the version of the catalog to answer from.
SELECT
    users.role AS caller_role, users.account_status AS caller_status,
    catalog_state.version AS catalog_version
FROM sessions
JOIN users ON users.id = sessions.user_id
CROSS JOIN catalog_state
WHERE sessions.id = $1
    AND sessions.user_id = $2
    AND sessions.revoked_at IS NULL
    AND sessions.expires_at > clock_timestamp()

-- name: import_pathways
-- A pathway that is not among the rows stays as it is: files may be imported one at a time.
WITH incoming AS (
    SELECT * FROM jsonb_to_recordset($1::text::jsonb) AS row_of_file (
        id text, title text, short_title text, instructor text, description text, color text,
        accent text, order_index integer, is_published boolean
    )
), before AS (
    SELECT stored.id, stored.removed_at FROM pathways AS stored JOIN incoming USING (id)
), saved AS (
    INSERT INTO pathways AS stored (
        id, title, short_title, instructor, description, color, accent, order_index, is_published
    )
    SELECT
        id, title, short_title, instructor, description, color, accent, order_index, is_published
    FROM incoming
    ON CONFLICT (id) DO UPDATE SET
        title = excluded.title,
        short_title = excluded.short_title,
        instructor = excluded.instructor,
        description = excluded.description,
        color = excluded.color,
        accent = excluded.accent,
        order_index = excluded.order_index,
        is_published = excluded.is_published,
        removed_at = NULL
    WHERE (
        stored.title, stored.short_title, stored.instructor, stored.description, stored.color,
        stored.accent, stored.order_index, stored.is_published, stored.removed_at
    ) IS DISTINCT FROM (
        excluded.title, excluded.short_title, excluded.instructor, excluded.description,
        excluded.color, excluded.accent, excluded.order_index, excluded.is_published, NULL
    )
    RETURNING stored.id
), outcomes AS (
    SELECT
        incoming.id,
        CASE
            WHEN before.id IS NULL THEN 'added'
            WHEN before.removed_at IS NOT NULL THEN 'returned'
            WHEN saved.id IS NOT NULL THEN 'changed'
            ELSE 'unchanged'
        END AS outcome
    FROM incoming LEFT JOIN before USING (id) LEFT JOIN saved USING (id)
)
SELECT outcome, array_agg(id ORDER BY id) AS ids FROM outcomes GROUP BY outcome ORDER BY outcome

-- name: import_modules
-- $2 names the pathways that were imported: a module of theirs that is not among the rows is
-- marked removed.
WITH incoming AS (
    SELECT * FROM jsonb_to_recordset($1::text::jsonb) AS row_of_file (
        id text, pathway_id text, title text, description text, order_index integer,
        duration_minutes integer, is_published boolean
    )
), before AS (
    SELECT stored.id, stored.pathway_id, stored.removed_at
    FROM modules AS stored JOIN incoming USING (id)
), saved AS (
    INSERT INTO modules AS stored (
        id, pathway_id, title, description, order_index, duration_minutes, is_published
    )
    SELECT id, pathway_id, title, description, order_index, duration_minutes, is_published
    FROM incoming
    ON CONFLICT (id) DO UPDATE SET
        pathway_id = excluded.pathway_id,
        title = excluded.title,
        description = excluded.description,
        order_index = excluded.order_index,
        duration_minutes = excluded.duration_minutes,
        is_published = excluded.is_published,
        removed_at = NULL
    WHERE (
        stored.pathway_id, stored.title, stored.description, stored.order_index,
        stored.duration_minutes, stored.is_published, stored.removed_at
    ) IS DISTINCT FROM (
        excluded.pathway_id, excluded.title, excluded.description, excluded.order_index,
        excluded.duration_minutes, excluded.is_published, NULL
    )
    RETURNING stored.id
), removed AS (
    UPDATE modules AS stored SET removed_at = clock_timestamp()
    WHERE stored.pathway_id = ANY ($2::text[])
        AND stored.removed_at IS NULL
        AND NOT EXISTS (SELECT FROM incoming WHERE incoming.id = stored.id)
    RETURNING stored.id
), outcomes AS (
    SELECT
        incoming.id,
        CASE
            WHEN before.id IS NULL THEN 'added'
            WHEN before.removed_at IS NOT NULL THEN 'returned'
            WHEN before.pathway_id <> incoming.pathway_id THEN 'moved'
            WHEN saved.id IS NOT NULL THEN 'changed'
            ELSE 'unchanged'
        END AS outcome
    FROM incoming LEFT JOIN before USING (id) LEFT JOIN saved USING (id)
    UNION ALL
    SELECT id, 'removed' FROM removed
)
SELECT outcome, array_agg(id ORDER BY id) AS ids FROM outcomes GROUP BY outcome ORDER BY outcome

-- name: import_resources
-- Runs after the modules, so a resource belongs to a pathway through where its module now stands.
WITH incoming AS (
    SELECT * FROM jsonb_to_recordset($1::text::jsonb) AS row_of_file (
        id text, module_id text, type text, title text, description text, order_index integer,
        duration_minutes integer, requires_upload boolean, accepted_file_types text[],
        max_file_size_mb integer, allow_resubmission boolean, url text, metadata jsonb,
        is_required boolean, is_published boolean
    )
), before AS (
    SELECT stored.id, stored.module_id, stored.removed_at
    FROM resources AS stored JOIN incoming USING (id)
), saved AS (
    INSERT INTO resources AS stored (
        id, module_id, type, title, description, order_index, duration_minutes, requires_upload,
        accepted_file_types, max_file_size_mb, allow_resubmission, url, metadata, is_required,
        is_published
    )
    SELECT
        id, module_id, type, title, description, order_index, duration_minutes, requires_upload,
        accepted_file_types, max_file_size_mb, allow_resubmission, url, metadata, is_required,
        is_published
    FROM incoming
    ON CONFLICT (id) DO UPDATE SET
        module_id = excluded.module_id,
        type = excluded.type,
        title = excluded.title,
        description = excluded.description,
        order_index = excluded.order_index,
        duration_minutes = excluded.duration_minutes,
        requires_upload = excluded.requires_upload,
        accepted_file_types = excluded.accepted_file_types,
        max_file_size_mb = excluded.max_file_size_mb,
        allow_resubmission = excluded.allow_resubmission,
        url = excluded.url,
        metadata = excluded.metadata,
        is_required = excluded.is_required,
        is_published = excluded.is_published,
        removed_at = NULL
    WHERE (
        stored.module_id, stored.type, stored.title, stored.description, stored.order_index,
        stored.duration_minutes, stored.requires_upload, stored.accepted_file_types,
        stored.max_file_size_mb, stored.allow_resubmission, stored.url, stored.metadata,
        stored.is_required, stored.is_published, stored.removed_at
    ) IS DISTINCT FROM (
        excluded.module_id, excluded.type, excluded.title, excluded.description,
        excluded.order_index, excluded.duration_minutes, excluded.requires_upload,
        excluded.accepted_file_types, excluded.max_file_size_mb, excluded.allow_resubmission,
        excluded.url, excluded.metadata, excluded.is_required, excluded.is_published, NULL
    )
    RETURNING stored.id
), removed AS (
    UPDATE resources AS stored SET removed_at = clock_timestamp()
    FROM modules
    WHERE modules.id = stored.module_id
        AND modules.pathway_id = ANY ($2::text[])
        AND stored.removed_at IS NULL
        AND NOT EXISTS (SELECT FROM incoming WHERE incoming.id = stored.id)
    RETURNING stored.id
), outcomes AS (
    SELECT
        incoming.id,
        CASE
            WHEN before.id IS NULL THEN 'added'
            WHEN before.removed_at IS NOT NULL THEN 'returned'
            WHEN before.module_id <> incoming.module_id THEN 'moved'
            WHEN saved.id IS NOT NULL THEN 'changed'
            ELSE 'unchanged'
        END AS outcome
    FROM incoming LEFT JOIN before USING (id) LEFT JOIN saved USING (id)
    UNION ALL
    SELECT id, 'removed' FROM removed
)
SELECT outcome, array_agg(id ORDER BY id) AS ids FROM outcomes GROUP BY outcome ORDER BY outcome

-- name: load_catalog
-- Everything that is not removed and the version it belongs to, seen at one moment.
SELECT
    (SELECT version FROM catalog_state WHERE id) AS version,
    (
        SELECT coalesce(json_agg(row_of_table ORDER BY order_index, id), '[]')
        FROM (
            SELECT
                id, title, short_title, instructor, description, color, accent, order_index,
                is_published,
                to_char(created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS created_at,
                to_char(updated_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS updated_at
            FROM pathways WHERE removed_at IS NULL
        ) AS row_of_table
    ) AS pathways,
    (
        SELECT coalesce(json_agg(row_of_table ORDER BY order_index, id), '[]')
        FROM (
            SELECT
                id, pathway_id, title, description, order_index, duration_minutes, is_published,
                to_char(created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS created_at,
                to_char(updated_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS updated_at
            FROM modules WHERE removed_at IS NULL
        ) AS row_of_table
    ) AS modules,
    (
        SELECT coalesce(json_agg(row_of_table ORDER BY order_index, id), '[]')
        FROM (
            SELECT
                id, module_id, type, title, description, order_index, duration_minutes,
                requires_upload, accepted_file_types, max_file_size_mb, allow_resubmission, url,
                metadata, is_required, is_published,
                to_char(created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS created_at,
                to_char(updated_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS updated_at
            FROM resources WHERE removed_at IS NULL
        ) AS row_of_table
    ) AS resources
