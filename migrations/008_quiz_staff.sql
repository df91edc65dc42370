-- Quizzes as staff see them, live or not: one more attempt for a learner, and the regrading of past
-- attempts when a key was wrong.

BEGIN;
INSERT INTO schema_migrations (version) VALUES ('008_quiz_staff');

CREATE FUNCTION quiz_of_resource(p_resource text) RETURNS resources
LANGUAGE plpgsql STABLE AS $$
DECLARE
    resource resources;
BEGIN
    SELECT * INTO resource FROM resources WHERE id = p_resource;
    IF NOT FOUND THEN
        PERFORM refuse(404, 'resource_not_found', 'There is no such resource.');
    END IF;
    PERFORM refuse_unless_quiz(resource.type);
    RETURN resource;
END
$$;

CREATE TYPE quiz_grant_result AS (
    resource_id text, user_id uuid, attempts_used integer, attempts_left integer);

-- Grants one more attempt. The learner's lock, where there is a row to lock, keeps an attempt that
-- is being made at this moment out of the figures answered.
CREATE FUNCTION grant_quiz_attempt(p_actor uuid, p_user uuid, p_resource text)
RETURNS quiz_grant_result
LANGUAGE plpgsql AS $$
DECLARE
    resource resources := quiz_of_resource(p_resource);
    used integer;
BEGIN
    IF NOT EXISTS (SELECT FROM users WHERE id = p_user) THEN
        PERFORM refuse(404, 'user_not_found', 'There is no such user.');
    ELSIF p_user = p_actor THEN
        PERFORM refuse(403, 'own_work', 'Nobody grants themselves an attempt: ask a colleague.');
    ELSIF jsonb_typeof(resource.metadata -> 'maxAttempts') IS DISTINCT FROM 'number' THEN
        PERFORM refuse(409, 'attempts_unlimited',
            'This quiz may be taken as often as the learner likes: there is nothing to grant.');
    END IF;
    PERFORM FROM user_progress
    JOIN modules ON modules.id = resource.module_id AND modules.pathway_id = user_progress.pathway_id
    WHERE user_progress.user_id = p_user
    FOR NO KEY UPDATE OF user_progress;
    INSERT INTO quiz_grants (user_id, resource_id, granted_by) VALUES (p_user, p_resource, p_actor);
    SELECT count(*) INTO used FROM quiz_attempts
    WHERE user_id = p_user AND resource_id = p_resource;
    RETURN (p_resource, p_user, used, quiz_attempts_left(p_user, p_resource, resource.metadata));
END
$$;

-- The quiz that an attempt is regraded by: the questions it was asked, each as it stands today if
-- it still exists. The passing score is never raised above the one the learner was told.
CREATE FUNCTION corrected_quiz(p_taken jsonb, p_present jsonb) RETURNS jsonb
LANGUAGE sql IMMUTABLE AS $$
    SELECT p_taken || jsonb_build_object(
        'passingScore', least(quiz_passing_score(p_taken), quiz_passing_score(p_present)),
        'questions', (
            SELECT jsonb_agg(coalesce(present.question, taken.question) ORDER BY taken.place)
            FROM quiz_key(p_taken) AS taken
            LEFT JOIN quiz_key(p_present) AS present USING (question_id)))
$$;

-- The corrected quizzes of those snapshots that today's quiz would grade or explain otherwise.
CREATE FUNCTION corrected_snapshots(p_resource text, p_present jsonb)
RETURNS TABLE (outdated_id bigint, quiz jsonb)
LANGUAGE sql STABLE AS $$
    SELECT snapshot.id, corrected.quiz
    FROM quiz_snapshots AS snapshot
    CROSS JOIN LATERAL (SELECT corrected_quiz(snapshot.quiz, p_present) AS quiz) AS corrected
    WHERE snapshot.resource_id = p_resource
      AND (corrected.quiz -> 'questions', quiz_passing_score(corrected.quiz))
          IS DISTINCT FROM (snapshot.quiz -> 'questions', quiz_passing_score(snapshot.quiz))
$$;

-- What the present key makes of every attempt that stands by another. A result that passed is
-- never lowered: `kept` says that it stays as it is.
CREATE FUNCTION corrected_attempts(p_resource text, p_present jsonb)
RETURNS TABLE (
    attempt_id uuid, user_id uuid, outdated_id bigint, score_before smallint,
    passed_before boolean, score smallint, passing_score smallint, passed boolean,
    correct_questions text[], total integer, kept boolean, changed boolean)
LANGUAGE sql STABLE AS $$
    WITH corrected AS MATERIALIZED (
        SELECT one.*, row_number() OVER (ORDER BY one.outdated_id)::integer AS number
        FROM corrected_snapshots(p_resource, p_present) AS one
    ), standing AS MATERIALIZED (
        SELECT present.*, corrected.number, row_number() OVER (ORDER BY present.id) AS place
        FROM quiz_standings AS present
        JOIN corrected ON corrected.outdated_id = present.snapshot_id
        WHERE present.resource_id = p_resource
    )
    SELECT standing.id, standing.user_id, standing.snapshot_id, standing.score, standing.passed,
           graded.score, graded.passing_score, graded.passed, graded.correct_questions,
           graded.total, standing.passed AND graded.score < standing.score,
           (graded.score, graded.passed, graded.correct_questions)
               IS DISTINCT FROM (standing.score, standing.passed, standing.correct_questions)
    FROM graded_answers(
        (SELECT array_agg(one.quiz ORDER BY one.number) FROM corrected AS one),
        (SELECT array_agg(one.number ORDER BY one.place) FROM standing AS one),
        (SELECT array_agg(one.answers ORDER BY one.place) FROM standing AS one)) AS graded
    JOIN standing ON standing.place = graded.place
$$;

-- How many attempts and learners a regrade by the present key would move, from what to what.
CREATE FUNCTION regrade_report(p_resource text, p_present jsonb) RETURNS jsonb
LANGUAGE sql STABLE AS $$
    WITH corrected AS MATERIALIZED (
        SELECT * FROM corrected_attempts(p_resource, p_present)
    ), moved AS MATERIALIZED (
        SELECT * FROM corrected WHERE changed AND NOT kept
    ), change AS (
        SELECT score_before, score, passed_before, passed, count(*) AS attempts,
               count(DISTINCT user_id) AS learners
        FROM moved GROUP BY score_before, score, passed_before, passed
    )
    SELECT jsonb_build_object(
        'attempts', (SELECT count(*) FROM quiz_attempts WHERE resource_id = p_resource),
        'learners', (SELECT count(DISTINCT user_id) FROM quiz_attempts
                     WHERE resource_id = p_resource),
        'attempts_changed', (SELECT count(*) FROM moved),
        'learners_changed', (SELECT count(DISTINCT user_id) FROM moved),
        'learners_newly_passed', (
            SELECT count(DISTINCT user_id) FROM moved
            WHERE passed AND user_id NOT IN (
                SELECT user_id FROM quiz_standings WHERE resource_id = p_resource AND passed)),
        'passes_kept', (SELECT count(*) FROM corrected WHERE kept),
        'changes', coalesce((
            SELECT jsonb_agg(jsonb_build_object(
                'score_from', score_before, 'score_to', score, 'passed_from', passed_before,
                'passed_to', passed, 'attempts', attempts, 'learners', learners)
                ORDER BY score_before, score, passed_before, passed)
            FROM change), '[]'))
$$;

-- Regrades every attempt by the present key and reports what changed. A dry run only reports.
-- Repeated, it finds nothing more to do.
CREATE FUNCTION regrade_quiz(p_actor uuid, p_resource text, p_dry_run boolean) RETURNS jsonb
LANGUAGE plpgsql AS $$
DECLARE
    resource resources;
    report jsonb;
BEGIN
    IF NOT p_dry_run THEN
        -- Changes of the catalog lock this row before they lock learners, so they wait here.
        PERFORM FROM catalog_state FOR SHARE;
    END IF;
    resource := quiz_of_resource(p_resource);
    IF p_dry_run THEN
        RETURN regrade_report(p_resource, resource.metadata);
    END IF;
    PERFORM lock_learners(array_agg(learner.user_id), array_agg(modules.pathway_id))
    FROM (SELECT DISTINCT user_id FROM quiz_attempts WHERE resource_id = p_resource) AS learner
    JOIN modules ON modules.id = resource.module_id;

    report := regrade_report(p_resource, resource.metadata);
    WITH remembered AS MATERIALIZED (
        SELECT outdated_id, remember_quiz(p_resource, quiz) AS snapshot_id
        FROM corrected_snapshots(p_resource, resource.metadata)
    )
    INSERT INTO quiz_regrades
        (attempt_id, snapshot_id, score, passing_score, passed, correct_questions, total,
         regraded_by)
    SELECT attempt_id, remembered.snapshot_id, score, passing_score, passed, correct_questions,
           total, p_actor
    FROM corrected_attempts(p_resource, resource.metadata)
    JOIN remembered USING (outdated_id)
    WHERE NOT kept;
    RETURN report;
END
$$;

COMMIT;
