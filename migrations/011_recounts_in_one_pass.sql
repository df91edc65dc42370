-- A recount writes each row once: the moment at which a module appears or a pathway is completed is
-- read beforehand, instead of being copied in by a second update.

BEGIN;
INSERT INTO schema_migrations (version) VALUES ('011_recounts_in_one_pass');

-- Brings every derived figure of the given learners in the given modules up to date. The caller
-- holds the learners' locks, so `moment` is after all that was recorded before.
CREATE OR REPLACE FUNCTION recount_modules(p_users uuid[], p_modules text[]) RETURNS void
LANGUAGE plpgsql
SET plan_cache_mode = force_generic_plan
SET enable_hashjoin = off SET enable_mergejoin = off SET enable_seqscan = off SET jit = off
AS $$
DECLARE
    moment CONSTANT timestamptz := clock_timestamp();
BEGIN
    WITH state AS MATERIALIZED (
        SELECT current.*, appearing.minutes AS appearing_minutes
        FROM module_states(p_users, p_modules) AS current
        -- A row that appears notes the minutes spent until then.
        LEFT JOIN LATERAL (
            SELECT coalesce(current.posted_minutes, (
                SELECT sum(completion.time_spent_minutes)
                FROM resource_completions AS completion
                WHERE completion.user_id = current.user_id
                  AND completion.pathway_id = current.pathway_id
                  AND completion.module_id = current.module_id), 0) AS minutes
        ) AS appearing ON current.approval_status IS NOT NULL AND current.last_status IS NULL
    ), change AS (
        INSERT INTO module_decisions
            (user_id, pathway_id, module_id, kind, approval_status, resource_ids,
             time_spent_minutes, created_at)
        SELECT user_id, pathway_id, module_id, 'automatic', approval_status, approved_ids,
               appearing_minutes, moment
        FROM state
        WHERE approval_status IS DISTINCT FROM last_status
           OR (step = 3 AND last_kind = 'decided')
    ), milestone AS (
        INSERT INTO module_decisions (user_id, pathway_id, module_id, kind, created_at)
        SELECT user_id, pathway_id, module_id, 'first_approved', moment FROM state
        WHERE approval_status = 'approved'
        ON CONFLICT (user_id, module_id) WHERE kind = 'first_approved' DO NOTHING
    ), gone AS (
        DELETE FROM module_completions AS completion USING state
        WHERE completion.user_id = state.user_id AND completion.module_id = state.module_id
          AND state.approval_status IS NULL
    ), handed_in AS (
        INSERT INTO module_completions AS completion
            (id, user_id, pathway_id, module_id, completed_at, time_spent_minutes,
             approval_status, decided_by_hand, reviewed_by, reviewed_at, review_comments)
        SELECT module_completion_id(user_id, module_id), user_id, pathway_id, module_id,
               CASE WHEN appearing_minutes IS NULL THEN handed_in_at
                    ELSE greatest(handed_in_at, moment) END,
               coalesce(appearing_minutes, time_spent_minutes),
               approval_status, step = 1, reviewed_by, reviewed_at, review_comments
        FROM state WHERE approval_status IS NOT NULL
        ON CONFLICT (user_id, module_id) DO UPDATE SET
            pathway_id = excluded.pathway_id, completed_at = excluded.completed_at,
            time_spent_minutes = excluded.time_spent_minutes,
            approval_status = excluded.approval_status,
            decided_by_hand = excluded.decided_by_hand, reviewed_by = excluded.reviewed_by,
            reviewed_at = excluded.reviewed_at, review_comments = excluded.review_comments
        WHERE completion IS DISTINCT FROM excluded
    )
    INSERT INTO module_progress AS progress (user_id, module_id, pathway_id, progress_percentage)
    SELECT user_id, module_id, pathway_id, progress_percentage FROM state
    ON CONFLICT (user_id, module_id) DO UPDATE SET
        pathway_id = excluded.pathway_id, progress_percentage = excluded.progress_percentage
    WHERE progress IS DISTINCT FROM excluded;
END
$$;

-- The figures of whole pathways, from the figures of their modules. The caller holds the locks.
CREATE OR REPLACE FUNCTION recount_pathways(p_users uuid[], p_pathways text[]) RETURNS void
LANGUAGE plpgsql
SET plan_cache_mode = force_generic_plan
SET enable_hashjoin = off SET enable_mergejoin = off SET enable_seqscan = off SET jit = off
AS $$
DECLARE
    moment CONSTANT timestamptz := clock_timestamp();
    any_completed boolean;
BEGIN
    WITH pair AS (
        SELECT DISTINCT given.user_id, given.pathway_id
        FROM unnest(p_users, p_pathways) AS given (user_id, pathway_id)
    ), module_figures AS (
        SELECT pair.user_id, pair.pathway_id, count(live.id) AS modules,
               coalesce(sum(progress.progress_percentage), 0) AS total,
               count(*) FILTER (WHERE completion.approval_status = 'approved') AS approved
        FROM pair
        LEFT JOIN live_modules AS live ON live.pathway_id = pair.pathway_id
        LEFT JOIN module_progress AS progress
            ON progress.user_id = pair.user_id AND progress.module_id = live.id
        LEFT JOIN module_completions AS completion
            ON completion.user_id = pair.user_id AND completion.module_id = live.id
        GROUP BY pair.user_id, pair.pathway_id
    ), figures AS (
        SELECT user_id, pathway_id, approved,
               CASE
                   WHEN modules = 0 THEN 0
                   WHEN total = 100 * modules AND approved < modules THEN 99
                   ELSE total / modules
               END AS percentage
        FROM module_figures
    ), written AS (
        UPDATE user_progress AS progress
        SET progress_percentage = figures.percentage,
            completed_modules = figures.approved,
            total_time_spent_minutes = coalesce(spent.minutes, 0),
            last_accessed_at = greatest(progress.last_accessed_at, spent.last_accessed_at),
            completed_at = coalesce((
                SELECT milestone.created_at FROM module_decisions AS milestone
                WHERE milestone.user_id = progress.user_id
                  AND milestone.pathway_id = progress.pathway_id
                  AND milestone.kind = 'pathway_completed'),
                CASE WHEN figures.percentage = 100 THEN moment END),
            version = progress.version + 1
        FROM figures
        CROSS JOIN LATERAL (
            SELECT sum(completion.time_spent_minutes) AS minutes,
                   max(completion.last_accessed_at) AS last_accessed_at
            FROM resource_completions AS completion
            WHERE completion.user_id = figures.user_id
              AND completion.pathway_id = figures.pathway_id
        ) AS spent
        WHERE progress.user_id = figures.user_id AND progress.pathway_id = figures.pathway_id
        RETURNING progress.completed_at = moment AS completed
    )
    SELECT bool_or(completed) INTO any_completed FROM written;

    IF any_completed THEN
        INSERT INTO module_decisions (user_id, pathway_id, kind, created_at)
        SELECT DISTINCT progress.user_id, progress.pathway_id, 'pathway_completed', moment
        FROM unnest(p_users, p_pathways) AS given (user_id, pathway_id)
        JOIN user_progress AS progress USING (user_id, pathway_id)
        WHERE progress.completed_at = moment
        ON CONFLICT (user_id, pathway_id) WHERE kind = 'pathway_completed' DO NOTHING;
    END IF;
END
$$;

COMMIT;
