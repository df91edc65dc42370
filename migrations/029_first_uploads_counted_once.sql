-- A first upload recounts its module once.
--
-- Handing in makes or moves the learner's record, and that recounts the module already, unless the
-- record kept its status or began in progress. Without a record before, the comparison of the two was
-- unknown, and the module was counted a second time.

BEGIN;
INSERT INTO schema_migrations (version) VALUES ('029_first_uploads_counted_once');

CREATE OR REPLACE FUNCTION follow_submissions(p_users uuid[], p_resources text[], p_by_learner boolean) RETURNS void
    LANGUAGE plpgsql
    AS $$
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
    IF cardinality(p_users) = 1
       AND (status_before <> status_after
            OR (status_before IS NULL AND status_after <> 'in_progress')) THEN
        RETURN;  -- that change has recounted the module
    END IF;
    -- A changed comment leaves every completion as it was and still shows on the module.
    PERFORM recount(p_users, module_ids);
END
$$;

COMMIT;
