-- What a learner reports about a resource: start, progress, complete, un-complete.
--
-- One call is one hot write: it takes the learner's lock, checks, writes, lets the triggers
-- recount, and returns the record with the figures as they stand after it.

BEGIN;
INSERT INTO schema_migrations (version) VALUES ('002_learner_writes');

CREATE TYPE learner_write AS (
    id uuid, user_id uuid, resource_id text, module_id text, pathway_id text, status text,
    progress_percentage smallint, time_spent_minutes integer, started_at timestamptz,
    completed_at timestamptz, last_accessed_at timestamptz, submission_required boolean,
    submission_count integer, notes text, metadata jsonb,
    module_progress smallint, module_completed boolean, pathway_progress smallint);

-- Finds the live resource, locks the learner on its pathway and reads the resource again, because
-- it may have moved while the lock was awaited.
CREATE FUNCTION lock_learner_on_resource(p_user uuid, p_resource text) RETURNS live_resources
LANGUAGE plpgsql AS $$
DECLARE
    resource live_resources;
    locked_pathway text;
BEGIN
    LOOP
        SELECT * INTO resource FROM live_resources WHERE id = p_resource;
        IF NOT FOUND THEN
            PERFORM refuse(404, 'resource_not_found', 'There is no such resource.');
        END IF;
        IF resource.pathway_id = locked_pathway THEN
            RETURN resource;
        END IF;
        locked_pathway := resource.pathway_id;
        PERFORM lock_learners(ARRAY[p_user], ARRAY[locked_pathway]);
    END LOOP;
END
$$;

-- Whether the learner's word completes it: nothing to hand in and no key on the server to grade by.
CREATE FUNCTION completes_by_word(
    p_type text, p_requires_upload boolean, p_metadata jsonb, p_client_graded boolean)
RETURNS boolean
LANGUAGE sql IMMUTABLE AS $$
    SELECT NOT p_requires_upload AND (
        p_type <> 'quiz' OR p_client_graded
        OR p_metadata ->> 'grading' IS NOT DISTINCT FROM 'client'
        OR jsonb_array_length(
            CASE jsonb_typeof(p_metadata -> 'questions') WHEN 'array' THEN p_metadata -> 'questions'
                 ELSE '[]' END) = 0)
$$;

CREATE FUNCTION refuse_completion_by_word(
    p_resource live_resources, p_status text, p_by_word boolean) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    IF p_resource.requires_upload AND p_status = 'submitted' THEN
        PERFORM refuse(409, 'awaiting_review',
            'Your file is waiting for review: an instructor''s pass completes this ' || p_resource.type || '.');
    ELSIF p_resource.requires_upload THEN
        PERFORM refuse(409, 'upload_required', format(
            'This %s is completed by handing in a file: upload it, and an instructor reviews it.',
            p_resource.type));
    ELSIF p_resource.type = 'quiz' AND NOT p_by_word THEN
        PERFORM refuse(409, 'quiz_required',
            'This quiz is completed by passing it: send your answers as an attempt.');
    END IF;
    PERFORM refuse(409, 'status_not_allowed', format(
        'This %s is completed by reporting it as completed.', p_resource.type));
END
$$;

CREATE FUNCTION is_server_owned_key(p_key text) RETURNS boolean
LANGUAGE sql IMMUTABLE AS $$ SELECT starts_with(p_key, 'quiz_') OR p_key = 'selected_answers' $$;

-- Merges what a client sends into what is kept: at the top level, null deletes a key.
CREATE FUNCTION merged_metadata(p_kept jsonb, p_sent jsonb) RETURNS jsonb
LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
    merged jsonb;
    from_client jsonb;
BEGIN
    IF p_sent IS NULL THEN
        RETURN p_kept;
    END IF;
    IF EXISTS (SELECT FROM jsonb_object_keys(p_sent) AS key WHERE is_server_owned_key(key)) THEN
        PERFORM refuse(422, 'metadata_key_reserved',
            'Keys that start with quiz_ and selected_answers are set by grading: leave them out.');
    END IF;
    merged := (p_kept || p_sent) - ARRAY(
        SELECT key FROM jsonb_each(p_sent) WHERE jsonb_typeof(value) = 'null');
    from_client := merged - ARRAY(
        SELECT key FROM jsonb_object_keys(merged) AS key WHERE is_server_owned_key(key));
    IF octet_length(from_client::text) > 16384 THEN
        PERFORM refuse(422, 'metadata_too_large',
            'The metadata of one resource may hold at most 16 KiB: send less or delete keys.');
    END IF;
    RETURN merged;
END
$$;

-- The record with the figures around it, read after the triggers have run.
CREATE FUNCTION learner_write_result(p_user uuid, p_resource live_resources) RETURNS learner_write
LANGUAGE sql STABLE AS $$
    SELECT completion.id, completion.user_id, completion.resource_id, completion.module_id,
           completion.pathway_id, completion.status, completion.progress_percentage,
           completion.time_spent_minutes, completion.started_at, completion.completed_at,
           completion.last_accessed_at, p_resource.requires_upload, completion.submission_count,
           completion.notes, completion.metadata,
           coalesce(module.progress_percentage, 0::smallint),
           EXISTS (SELECT FROM module_completions AS handed_in
                   WHERE handed_in.user_id = p_user AND handed_in.module_id = p_resource.module_id),
           pathway.progress_percentage
    FROM resource_completions AS completion
    JOIN user_progress AS pathway
        ON pathway.user_id = p_user AND pathway.pathway_id = completion.pathway_id
    LEFT JOIN module_progress AS module
        ON module.user_id = p_user AND module.module_id = completion.module_id
    WHERE completion.user_id = p_user AND completion.resource_id = p_resource.id
$$;

CREATE FUNCTION learner_start(p_user uuid, p_resource text, p_notes text) RETURNS learner_write
LANGUAGE plpgsql AS $$
DECLARE
    resource live_resources := lock_learner_on_resource(p_user, p_resource);
BEGIN
    INSERT INTO resource_completions AS completion (user_id, resource_id, notes)
    VALUES (p_user, p_resource, p_notes)
    ON CONFLICT (user_id, resource_id) DO UPDATE SET
        last_accessed_at = clock_timestamp(), notes = coalesce(p_notes, completion.notes);
    RETURN learner_write_result(p_user, resource);
END
$$;

-- NULL for what was not sent. p_client_graded: the whole service leaves grading to its client.
CREATE FUNCTION learner_report(
    p_user uuid, p_resource text, p_status text, p_percentage integer, p_minutes integer,
    p_notes text, p_metadata jsonb, p_client_graded boolean) RETURNS learner_write
LANGUAGE plpgsql AS $$
DECLARE
    ranks CONSTANT text[] := ARRAY['not_started', 'in_progress', 'submitted', 'completed', 'reviewed'];
    resource live_resources := lock_learner_on_resource(p_user, p_resource);
    by_word boolean := completes_by_word(
        resource.type, resource.requires_upload, resource.metadata, p_client_graded);
    present resource_completions;
    present_rank integer;
    completes boolean;
BEGIN
    SELECT * INTO present FROM resource_completions
    WHERE user_id = p_user AND resource_id = p_resource;
    present_rank := array_position(ranks, coalesce(present.status, 'not_started'));

    IF array_position(ranks, p_status) > present_rank
       AND (p_status IN ('submitted', 'reviewed') OR (p_status = 'completed' AND NOT by_word)) THEN
        PERFORM refuse_completion_by_word(resource, present.status, by_word);
    END IF;
    completes := by_word AND present_rank < array_position(ranks, 'completed')
        AND (p_status = 'completed' OR p_percentage = 100) IS TRUE;

    INSERT INTO resource_completions AS completion
        (user_id, resource_id, status, progress_percentage, time_spent_minutes, notes, metadata)
    VALUES (p_user, p_resource,
            CASE WHEN completes THEN 'completed' ELSE coalesce(present.status, 'in_progress') END,
            greatest(present.progress_percentage, p_percentage, 0),
            greatest(present.time_spent_minutes, p_minutes, 0),
            coalesce(p_notes, present.notes),
            merged_metadata(coalesce(present.metadata, '{}'), p_metadata))
    ON CONFLICT (user_id, resource_id) DO UPDATE SET
        status = excluded.status, progress_percentage = excluded.progress_percentage,
        time_spent_minutes = excluded.time_spent_minutes, notes = excluded.notes,
        metadata = excluded.metadata, last_accessed_at = clock_timestamp();
    RETURN learner_write_result(p_user, resource);
END
$$;

CREATE FUNCTION learner_complete(p_user uuid, p_resource text, p_client_graded boolean)
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
    INSERT INTO resource_completions AS completion (user_id, resource_id, status)
    VALUES (p_user, p_resource, 'completed')
    ON CONFLICT (user_id, resource_id) DO UPDATE SET
        status = CASE completion.status WHEN 'reviewed' THEN 'reviewed' ELSE 'completed' END,
        last_accessed_at = clock_timestamp();
    RETURN learner_write_result(p_user, resource);
END
$$;

CREATE FUNCTION learner_uncomplete(p_user uuid, p_resource text) RETURNS learner_write
LANGUAGE plpgsql AS $$
DECLARE
    resource live_resources := lock_learner_on_resource(p_user, p_resource);
    present_status text;
BEGIN
    IF resource.type NOT IN ('video', 'article') THEN
        PERFORM refuse(400, 'not_reversible',
            'Only a video or an article can be marked as not completed.');
    END IF;
    SELECT status INTO present_status FROM resource_completions
    WHERE user_id = p_user AND resource_id = p_resource;
    IF present_status IS DISTINCT FROM 'completed' THEN
        PERFORM refuse(400, 'not_completed',
            format('You have not completed this %s, so there is nothing to undo.', resource.type));
    END IF;
    IF EXISTS (SELECT FROM module_completions
               WHERE user_id = p_user AND module_id = resource.module_id) THEN
        PERFORM refuse(403, 'module_handed_in',
            'This module is handed in already, so its resources stay completed.');
    END IF;
    UPDATE resource_completions
    SET status = 'in_progress', progress_percentage = 0, last_accessed_at = clock_timestamp()
    WHERE user_id = p_user AND resource_id = p_resource;
    RETURN learner_write_result(p_user, resource);
END
$$;

COMMIT;
