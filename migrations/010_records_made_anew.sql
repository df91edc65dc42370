-- A completion that somebody deleted and that is made anew knows the attempts made before it, as it
-- knows the files handed in before it.

BEGIN;
INSERT INTO schema_migrations (version) VALUES ('010_records_made_anew');

-- What a completion says of the attempts at its quiz. NULL: there are none.
CREATE FUNCTION quiz_record(p_user uuid, p_resource text) RETURNS jsonb
LANGUAGE sql STABLE AS $$
    SELECT jsonb_strip_nulls(jsonb_build_object(
               'quiz_score', max(standing.score), 'quiz_passed', bool_or(standing.passed),
               'quiz_attempts', count(*),
               'quiz_completed_at', to_char(
                   min(standing.passed_at) AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')))
           || jsonb_build_object('selected_answers',
               (array_agg(standing.answers ORDER BY standing.attempt DESC))[1])
    FROM quiz_standings AS standing
    WHERE standing.user_id = p_user AND standing.resource_id = p_resource
    HAVING count(*) > 0
$$;

-- A completion always says where its resource stands, what was handed in for it and what became of
-- its quiz, and shows the percentage its status has, whoever writes it.
CREATE OR REPLACE FUNCTION resource_completions_settle() RETURNS trigger
LANGUAGE plpgsql AS $$
DECLARE
    is_quiz boolean;
BEGIN
    IF TG_OP = 'INSERT' THEN
        SELECT resources.module_id, modules.pathway_id, (
            SELECT count(*) FROM resource_submissions AS submission
            WHERE submission.user_id = NEW.user_id AND submission.resource_id = NEW.resource_id),
            resources.type = 'quiz'
        INTO NEW.module_id, NEW.pathway_id, NEW.submission_count, is_quiz
        FROM resources JOIN modules ON modules.id = resources.module_id
        WHERE resources.id = NEW.resource_id;
        IF is_quiz THEN
            NEW.metadata := NEW.metadata || coalesce(quiz_record(NEW.user_id, NEW.resource_id), '{}');
        END IF;
    ELSE
        IF (NEW.user_id, NEW.resource_id) IS DISTINCT FROM (OLD.user_id, OLD.resource_id) THEN
            PERFORM refuse(409, 'completion_moved',
                'A completion stays with its learner and its resource.');
        END IF;
        IF (OLD.status, NEW.status) IN (('completed', 'submitted'), ('reviewed', 'completed')) THEN
            PERFORM refuse(409, 'status_not_allowed',
                format('A completion cannot go from %s to %s.', OLD.status, NEW.status));
        END IF;
        IF (NEW.module_id, NEW.pathway_id) IS DISTINCT FROM (OLD.module_id, OLD.pathway_id) THEN
            SELECT resources.module_id, modules.pathway_id INTO NEW.module_id, NEW.pathway_id
            FROM resources JOIN modules ON modules.id = resources.module_id
            WHERE resources.id = NEW.resource_id;
        END IF;
        IF NEW.submission_count IS DISTINCT FROM OLD.submission_count THEN
            SELECT count(*) INTO NEW.submission_count FROM resource_submissions AS submission
            WHERE submission.user_id = NEW.user_id AND submission.resource_id = NEW.resource_id;
        END IF;
    END IF;
    IF NEW.status = 'in_progress' THEN
        NEW.progress_percentage := least(NEW.progress_percentage, 99);
    ELSE
        NEW.progress_percentage := 100;
    END IF;
    IF NEW.status IN ('completed', 'reviewed') THEN
        NEW.completed_at := coalesce(NEW.completed_at, clock_timestamp());
    ELSE
        NEW.completed_at := NULL;
    END IF;
    RETURN NEW;
END
$$;

-- Brings each given learner's completion of each given quiz in line with the attempts, whoever
-- wrote them. A pass completes; nothing here takes a completion back.
CREATE OR REPLACE FUNCTION follow_quiz_attempts(
    p_users uuid[], p_resources text[], p_by_learner boolean) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    pathway_ids text[];
BEGIN
    IF p_users IS NULL THEN
        RETURN;
    END IF;
    SELECT array_agg(modules.pathway_id ORDER BY given.place) INTO pathway_ids
    FROM unnest(p_resources) WITH ORDINALITY AS given (id, place)
    JOIN resources ON resources.id = given.id
    JOIN modules ON modules.id = resources.module_id;
    PERFORM lock_learners(p_users, pathway_ids);

    INSERT INTO resource_completions AS completion (user_id, resource_id, status, metadata)
    SELECT given.user_id, given.resource_id,
           CASE WHEN record.content -> 'quiz_passed' = 'true' THEN 'completed'
                ELSE 'in_progress' END,
           record.content
    FROM unnest(p_users, p_resources) AS given (user_id, resource_id)
    CROSS JOIN LATERAL (
        SELECT quiz_record(given.user_id, given.resource_id) AS content OFFSET 0
    ) AS record
    ON CONFLICT (user_id, resource_id) DO UPDATE SET
        status = CASE WHEN excluded.status = 'completed' AND completion.status <> 'reviewed'
                      THEN 'completed' ELSE completion.status END,
        metadata = completion.metadata || excluded.metadata,
        last_accessed_at = CASE WHEN p_by_learner THEN clock_timestamp()
                                ELSE completion.last_accessed_at END
    WHERE p_by_learner OR completion.metadata || excluded.metadata <> completion.metadata
        OR (excluded.status = 'completed' AND completion.status NOT IN ('completed', 'reviewed'));
END
$$;

COMMIT;
