-- Who is on a pathway already is found and locked in one step, and the resource is read once, after
-- it. What a write answers is planned once a session: a function in SQL would be planned anew with
-- every call.

BEGIN;
INSERT INTO schema_migrations (version) VALUES ('025_learners_found_and_locked');

CREATE OR REPLACE FUNCTION lock_learner_on_resource(p_user uuid, p_resource text)
RETURNS live_resources
LANGUAGE plpgsql AS $$
DECLARE
    resource live_resources;
    locked_pathway text;
BEGIN
    SELECT progress.pathway_id INTO locked_pathway
    FROM resources
    JOIN modules ON modules.id = resources.module_id
    JOIN user_progress AS progress
        ON progress.user_id = p_user AND progress.pathway_id = modules.pathway_id
    WHERE resources.id = p_resource
    FOR NO KEY UPDATE OF progress;

    LOOP
        SELECT * INTO resource FROM live_resources WHERE id = p_resource;
        IF NOT FOUND THEN
            PERFORM refuse(404, 'resource_not_found', 'There is no such resource.');
        END IF;
        -- While the lock was waited for, the resource may have moved to another pathway.
        IF resource.pathway_id = locked_pathway THEN
            RETURN resource;
        END IF;
        locked_pathway := resource.pathway_id;
        PERFORM lock_learners(ARRAY[p_user], ARRAY[locked_pathway]);
    END LOOP;
END
$$;

CREATE OR REPLACE FUNCTION learner_write_result(p_user uuid, p_resource live_resources)
RETURNS learner_write
LANGUAGE plpgsql STABLE AS $$
DECLARE
    written learner_write;
BEGIN
    SELECT completion.id, completion.user_id, completion.resource_id, completion.module_id,
           completion.pathway_id, completion.status, completion.progress_percentage,
           completion.time_spent_minutes, completion.started_at, completion.completed_at,
           completion.last_accessed_at, p_resource.requires_upload, completion.submission_count,
           completion.notes, completion.metadata,
           coalesce(module.progress_percentage, 0::smallint),
           EXISTS (SELECT FROM module_completions AS handed_in
                   WHERE handed_in.user_id = p_user AND handed_in.module_id = p_resource.module_id),
           pathway.progress_percentage
    INTO written
    FROM resource_completions AS completion
    JOIN user_progress AS pathway
        ON pathway.user_id = p_user AND pathway.pathway_id = completion.pathway_id
    LEFT JOIN module_progress AS module
        ON module.user_id = p_user AND module.module_id = completion.module_id
    WHERE completion.user_id = p_user AND completion.resource_id = p_resource.id;
    RETURN written;
END
$$;

COMMIT;
