-- What moves no figure of a module does not recount it. To the rules a record in progress is the same
-- as none, so a new one in a module whose figures are there already moves the pathway's minutes
-- alone. And a decision that changes the status of a record has recounted the module by that change:
-- only one that leaves it, as with another comment, has to say so.

BEGIN;
INSERT INTO schema_migrations (version) VALUES ('026_no_recount_in_vain');

CREATE OR REPLACE FUNCTION resource_completions_inserted() RETURNS trigger
LANGUAGE plpgsql AS $$
DECLARE
    one record;
    user_ids uuid[];
    module_ids text[];
    pathway_ids text[];
    misplaced uuid[];
    is_counted boolean := false;
BEGIN
    SELECT (SELECT count(*) FROM new_rows) AS touched, user_id, module_id, pathway_id, status
    INTO one FROM new_rows;
    IF NOT FOUND THEN
        RETURN NULL;
    END IF;
    IF one.touched = 1 AND one.status = 'in_progress' THEN
        PERFORM lock_learners(ARRAY[one.user_id], ARRAY[one.pathway_id]);
        SELECT true INTO is_counted FROM module_progress
        WHERE user_id = one.user_id AND module_id = one.module_id AND pathway_id = one.pathway_id;
    END IF;
    IF is_counted THEN
        PERFORM recount_minutes(one.user_id, one.pathway_id);
    ELSE
        SELECT array_agg(user_id), array_agg(module_id), array_agg(pathway_id)
        INTO user_ids, module_ids, pathway_ids
        FROM (SELECT DISTINCT user_id, module_id, pathway_id FROM new_rows) AS touched;
        PERFORM roll_up(user_ids, pathway_ids, user_ids, module_ids);
    END IF;

    SELECT array_agg(new_rows.id) INTO misplaced
    FROM new_rows
    JOIN resources ON resources.id = new_rows.resource_id
    JOIN modules ON modules.id = resources.module_id
    WHERE (new_rows.module_id, new_rows.pathway_id)
        IS DISTINCT FROM (resources.module_id, modules.pathway_id);
    IF misplaced IS NOT NULL THEN
        UPDATE resource_completions AS completion
        SET module_id = resources.module_id, pathway_id = modules.pathway_id
        FROM resources JOIN modules ON modules.id = resources.module_id
        WHERE completion.id = ANY (misplaced) AND resources.id = completion.resource_id;
    END IF;
    RETURN NULL;
END
$$;

CREATE OR REPLACE FUNCTION follow_submissions(
    p_users uuid[], p_resources text[], p_by_learner boolean)
RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    pathway_ids text[];
    module_ids text[];
    status_before text;
    status_after text;
BEGIN
    IF p_users IS NULL THEN
        RETURN;
    END IF;
    SELECT array_agg(modules.pathway_id ORDER BY given.place),
           array_agg(modules.id ORDER BY given.place)
    INTO pathway_ids, module_ids
    FROM unnest(p_resources) WITH ORDINALITY AS given (id, place)
    JOIN resources ON resources.id = given.id
    JOIN modules ON modules.id = resources.module_id;
    PERFORM lock_learners(p_users, pathway_ids);
    SELECT status INTO status_before FROM resource_completions
    WHERE user_id = p_users[1] AND resource_id = p_resources[1];

    INSERT INTO resource_completions AS completion
        (user_id, resource_id, status, progress_percentage, submission_count)
    SELECT given.user_id, given.resource_id,
           CASE newest.submission_status
               WHEN 'uploaded' THEN 'submitted' WHEN 'approved' THEN 'reviewed' ELSE 'in_progress'
           END,
           99, counted.submissions
    FROM unnest(p_users, p_resources) AS given (user_id, resource_id)
    CROSS JOIN LATERAL (
        SELECT count(*) AS submissions FROM resource_submissions AS submission
        WHERE submission.user_id = given.user_id AND submission.resource_id = given.resource_id
    ) AS counted
    LEFT JOIN LATERAL (
        SELECT submission.submission_status FROM resource_submissions AS submission
        WHERE submission.user_id = given.user_id AND submission.resource_id = given.resource_id
          AND submission.deleted_at IS NULL AND submission.submission_status <> 'superseded'
        ORDER BY submission.attempt DESC LIMIT 1
    ) AS newest ON true
    ON CONFLICT (user_id, resource_id) DO UPDATE SET
        -- What was completed by word stays done while a file for it waits.
        status = CASE WHEN completion.status = 'completed' AND excluded.status = 'submitted'
                      THEN completion.status ELSE excluded.status END,
        progress_percentage = excluded.progress_percentage,
        submission_count = excluded.submission_count,
        last_accessed_at = CASE WHEN p_by_learner THEN clock_timestamp()
                                ELSE completion.last_accessed_at END;

    SELECT status INTO status_after FROM resource_completions
    WHERE user_id = p_users[1] AND resource_id = p_resources[1];
    IF cardinality(p_users) = 1 AND status_before <> status_after THEN
        RETURN;  -- that change has recounted the module
    END IF;
    -- A changed comment leaves every completion as it was and still shows on the module.
    PERFORM recount(p_users, module_ids);
END
$$;

COMMIT;
