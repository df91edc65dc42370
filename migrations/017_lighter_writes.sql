-- Hot writes do less: a learner who is there already is locked with one statement, and a record that
-- is there already is updated, not inserted in vain. An insert that turns into an update runs both
-- kinds of triggers, and looks up what only a new record needs.

BEGIN;
INSERT INTO schema_migrations (version) VALUES ('017_lighter_writes');

CREATE OR REPLACE FUNCTION lock_learners(p_users uuid[], p_pathways text[]) RETURNS void
LANGUAGE plpgsql
SET plan_cache_mode = force_generic_plan
SET enable_hashjoin = off SET enable_mergejoin = off SET enable_seqscan = off SET jit = off
AS $$
BEGIN
    IF cardinality(p_users) = 1 THEN
        PERFORM FROM user_progress WHERE user_id = p_users[1] AND pathway_id = p_pathways[1]
        FOR NO KEY UPDATE;
        IF FOUND THEN
            RETURN;
        END IF;
    END IF;

    INSERT INTO user_progress (user_id, pathway_id)
    SELECT DISTINCT pair.user_id, pair.pathway_id
    FROM unnest(p_users, p_pathways) AS pair (user_id, pathway_id)
    WHERE NOT EXISTS (
        SELECT FROM user_progress AS present
        WHERE present.user_id = pair.user_id AND present.pathway_id = pair.pathway_id)
    ORDER BY pair.user_id, pair.pathway_id
    ON CONFLICT DO NOTHING;

    PERFORM FROM user_progress
    WHERE (user_id, pathway_id) IN (SELECT * FROM unnest(p_users, p_pathways))
    ORDER BY user_id, pathway_id
    FOR NO KEY UPDATE;
END
$$;

CREATE OR REPLACE FUNCTION learner_start(p_user uuid, p_resource text, p_notes text)
RETURNS learner_write
LANGUAGE plpgsql AS $$
DECLARE
    resource live_resources := lock_learner_on_resource(p_user, p_resource);
BEGIN
    UPDATE resource_completions
    SET last_accessed_at = clock_timestamp(), notes = coalesce(p_notes, notes)
    WHERE user_id = p_user AND resource_id = p_resource;
    IF NOT FOUND THEN
        INSERT INTO resource_completions AS completion (user_id, resource_id, notes)
        VALUES (p_user, p_resource, p_notes)
        ON CONFLICT (user_id, resource_id) DO UPDATE SET
            last_accessed_at = clock_timestamp(), notes = coalesce(p_notes, completion.notes);
    END IF;
    RETURN learner_write_result(p_user, resource);
END
$$;

CREATE OR REPLACE FUNCTION learner_complete(p_user uuid, p_resource text, p_client_graded boolean)
RETURNS learner_write
LANGUAGE plpgsql AS $$
DECLARE
    resource live_resources := lock_learner_on_resource(p_user, p_resource);
    present_status text;
BEGIN
    SELECT status INTO present_status FROM resource_completions
    WHERE user_id = p_user AND resource_id = p_resource;
    IF present_status IN ('completed', 'reviewed') IS NOT TRUE AND NOT completes_by_word(
        resource.type, resource.requires_upload, resource.metadata, p_client_graded)
    THEN
        PERFORM refuse_completion_by_word(resource, present_status, false);
    END IF;
    UPDATE resource_completions
    SET status = CASE status WHEN 'reviewed' THEN 'reviewed' ELSE 'completed' END,
        last_accessed_at = clock_timestamp()
    WHERE user_id = p_user AND resource_id = p_resource;
    IF NOT FOUND THEN
        INSERT INTO resource_completions AS completion (user_id, resource_id, status)
        VALUES (p_user, p_resource, 'completed')
        ON CONFLICT (user_id, resource_id) DO UPDATE SET
            status = CASE completion.status WHEN 'reviewed' THEN 'reviewed' ELSE 'completed' END,
            last_accessed_at = clock_timestamp();
    END IF;
    RETURN learner_write_result(p_user, resource);
END
$$;

CREATE OR REPLACE FUNCTION learner_report(
    p_user uuid, p_resource text, p_status text, p_percentage integer, p_minutes integer,
    p_notes text, p_metadata jsonb, p_client_graded boolean)
RETURNS learner_write
LANGUAGE plpgsql AS $$
DECLARE
    ranks CONSTANT text[] := ARRAY['not_started', 'in_progress', 'submitted', 'completed', 'reviewed'];
    resource live_resources := lock_learner_on_resource(p_user, p_resource);
    by_word boolean := completes_by_word(
        resource.type, resource.requires_upload, resource.metadata, p_client_graded);
    present resource_completions;
    present_rank integer;
    reported resource_completions;
BEGIN
    SELECT * INTO present FROM resource_completions
    WHERE user_id = p_user AND resource_id = p_resource;
    present_rank := array_position(ranks, coalesce(present.status, 'not_started'));

    IF array_position(ranks, p_status) > present_rank
       AND (p_status IN ('submitted', 'reviewed') OR (p_status = 'completed' AND NOT by_word)) THEN
        PERFORM refuse_completion_by_word(resource, present.status, by_word);
    END IF;
    reported.status := CASE
        WHEN by_word AND present_rank < array_position(ranks, 'completed')
             AND (p_status = 'completed' OR p_percentage = 100) IS TRUE THEN 'completed'
        ELSE coalesce(present.status, 'in_progress') END;
    reported.progress_percentage := greatest(present.progress_percentage, p_percentage, 0);
    reported.time_spent_minutes := greatest(present.time_spent_minutes, p_minutes, 0);
    reported.notes := coalesce(p_notes, present.notes);
    reported.metadata := merged_metadata(coalesce(present.metadata, '{}'), p_metadata);

    IF present.id IS NOT NULL THEN
        UPDATE resource_completions
        SET status = reported.status, progress_percentage = reported.progress_percentage,
            time_spent_minutes = reported.time_spent_minutes, notes = reported.notes,
            metadata = reported.metadata, last_accessed_at = clock_timestamp()
        WHERE id = present.id;
    ELSE
        INSERT INTO resource_completions
            (user_id, resource_id, status, progress_percentage, time_spent_minutes, notes, metadata)
        VALUES (p_user, p_resource, reported.status, reported.progress_percentage,
                reported.time_spent_minutes, reported.notes, reported.metadata)
        ON CONFLICT (user_id, resource_id) DO UPDATE SET
            status = excluded.status, progress_percentage = excluded.progress_percentage,
            time_spent_minutes = excluded.time_spent_minutes, notes = excluded.notes,
            metadata = excluded.metadata, last_accessed_at = clock_timestamp();
    END IF;
    RETURN learner_write_result(p_user, resource);
END
$$;

COMMIT;
