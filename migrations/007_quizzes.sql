-- Quizzes: graded here by the key that stands in the resource's metadata, every attempt kept with
-- the quiz as it was, regraded when a key was wrong.
--
-- Attempts, regrades and grants are only ever added. What an attempt counts for now is its newest
-- regrade, or itself; triggers bring the learner's completion in line with that.

BEGIN;
INSERT INTO schema_migrations (version) VALUES ('007_quizzes');

-- A quiz as it stood when somebody took it, or as a regrade corrected it. Attempts at the same
-- quiz share a row; `id` is the version of the key that graded them.
CREATE TABLE quiz_snapshots (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    resource_id text NOT NULL REFERENCES resources,
    quiz        jsonb NOT NULL CHECK (jsonb_typeof(quiz) = 'object'),
    digest      bytea NOT NULL CHECK (length(digest) = 32),
    created_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT quiz_snapshots_once UNIQUE (resource_id, digest)
);

CREATE TABLE quiz_attempts (
    id                uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    user_id           uuid NOT NULL REFERENCES users,
    resource_id       text NOT NULL REFERENCES resources,
    attempt           integer NOT NULL CHECK (attempt > 0),
    snapshot_id       bigint NOT NULL REFERENCES quiz_snapshots,
    -- By question id, as sent: an option's id, or a list of them.
    answers           jsonb NOT NULL CHECK (jsonb_typeof(answers) = 'object'),
    score             smallint NOT NULL CHECK (score BETWEEN 0 AND 100),
    passing_score     smallint NOT NULL CHECK (passing_score BETWEEN 0 AND 100),
    passed            boolean NOT NULL,
    -- Ids of the questions answered right.
    correct_questions text[] NOT NULL,
    total             integer NOT NULL CHECK (total > 0),
    submitted_at      timestamptz NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT quiz_attempts_once UNIQUE (user_id, resource_id, attempt),
    CONSTRAINT quiz_attempts_passed CHECK (passed = (score >= passing_score)),
    CONSTRAINT quiz_attempts_correct CHECK (cardinality(correct_questions) <= total)
);
CREATE INDEX quiz_attempts_of_resource ON quiz_attempts (resource_id);

-- What a corrected key made of an attempt.
CREATE TABLE quiz_regrades (
    sequence          bigint PRIMARY KEY DEFAULT nextval('event_sequence'),
    attempt_id        uuid NOT NULL REFERENCES quiz_attempts,
    snapshot_id       bigint NOT NULL REFERENCES quiz_snapshots,
    score             smallint NOT NULL CHECK (score BETWEEN 0 AND 100),
    passing_score     smallint NOT NULL CHECK (passing_score BETWEEN 0 AND 100),
    passed            boolean NOT NULL,
    correct_questions text[] NOT NULL,
    total             integer NOT NULL CHECK (total > 0),
    regraded_by       uuid REFERENCES users,
    created_at        timestamptz NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT quiz_regrades_passed CHECK (passed = (score >= passing_score)),
    CONSTRAINT quiz_regrades_correct CHECK (cardinality(correct_questions) <= total)
);
CREATE INDEX quiz_regrades_of_attempt ON quiz_regrades (attempt_id, sequence DESC);

-- One more attempt for one learner.
CREATE TABLE quiz_grants (
    sequence    bigint PRIMARY KEY DEFAULT nextval('event_sequence'),
    user_id     uuid NOT NULL REFERENCES users,
    resource_id text NOT NULL REFERENCES resources,
    granted_by  uuid NOT NULL REFERENCES users,
    created_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT quiz_grants_own_work CHECK (granted_by <> user_id)
);
CREATE INDEX quiz_grants_of_learner ON quiz_grants (user_id, resource_id);

CREATE TRIGGER quiz_snapshots_keep BEFORE DELETE OR TRUNCATE ON quiz_snapshots
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_removal();
CREATE TRIGGER quiz_snapshots_append_only BEFORE UPDATE ON quiz_snapshots
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_rewriting();
CREATE TRIGGER quiz_attempts_keep BEFORE DELETE OR TRUNCATE ON quiz_attempts
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_removal();
CREATE TRIGGER quiz_attempts_append_only BEFORE UPDATE ON quiz_attempts
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_rewriting();
CREATE TRIGGER quiz_regrades_keep BEFORE DELETE OR TRUNCATE ON quiz_regrades
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_removal();
CREATE TRIGGER quiz_regrades_append_only BEFORE UPDATE ON quiz_regrades
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_rewriting();
CREATE TRIGGER quiz_grants_keep BEFORE DELETE OR TRUNCATE ON quiz_grants
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_removal();
CREATE TRIGGER quiz_grants_append_only BEFORE UPDATE ON quiz_grants
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_rewriting();

-- What each attempt counts for now.
CREATE VIEW quiz_standings AS
SELECT attempt.id, attempt.user_id, attempt.resource_id, attempt.attempt, attempt.answers,
       attempt.submitted_at,
       coalesce(regrade.snapshot_id, attempt.snapshot_id) AS snapshot_id,
       coalesce(regrade.score, attempt.score) AS score,
       coalesce(regrade.passing_score, attempt.passing_score) AS passing_score,
       coalesce(regrade.passed, attempt.passed) AS passed,
       coalesce(regrade.correct_questions, attempt.correct_questions) AS correct_questions,
       coalesce(regrade.total, attempt.total) AS total,
       CASE
           WHEN attempt.passed THEN attempt.submitted_at
           WHEN regrade.passed THEN (
               SELECT min(passing.created_at) FROM quiz_regrades AS passing
               WHERE passing.attempt_id = attempt.id AND passing.passed)
       END AS passed_at
FROM quiz_attempts AS attempt
LEFT JOIN LATERAL (
    SELECT newest.* FROM quiz_regrades AS newest
    WHERE newest.attempt_id = attempt.id
    ORDER BY newest.sequence DESC LIMIT 1
) AS regrade ON true;

-- Reading a quiz. Metadata is checked when the catalog is imported; what somebody typed into the
-- table by hand must still not make these fail, so anything of another shape counts as absent.

CREATE FUNCTION json_list(p_value jsonb) RETURNS jsonb
LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE jsonb_typeof(p_value) WHEN 'array' THEN p_value ELSE '[]' END
$$;

CREATE FUNCTION json_whole_number(p_value jsonb, p_lowest integer, p_highest integer)
RETURNS integer
LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE jsonb_typeof(p_value) WHEN 'number' THEN
        greatest(p_lowest, least(p_highest, trunc(p_value::numeric)))::integer END
$$;

CREATE FUNCTION quiz_passing_score(p_quiz jsonb) RETURNS smallint
LANGUAGE sql IMMUTABLE AS $$
    SELECT coalesce(json_whole_number(p_quiz -> 'passingScore', 0, 100), 70)::smallint
$$;

-- The questions in order, each with its key. Lists of option ids are sorted and hold no id twice.
CREATE FUNCTION quiz_key(p_quiz jsonb)
RETURNS TABLE (
    place bigint, question_id text, takes_many boolean, points integer, option_ids text[],
    correct_ids text[], explanation text, question jsonb)
LANGUAGE sql IMMUTABLE AS $$
    SELECT question.place, question.value ->> 'id', question.value ->> 'type' = 'multiple-select',
           coalesce(json_whole_number(question.value -> 'points', 1, 1000), 1),
           coalesce(options.ids, '{}'), coalesce(options.correct_ids, '{}'),
           question.value ->> 'explanation', question.value
    FROM jsonb_array_elements(json_list(p_quiz -> 'questions'))
        WITH ORDINALITY AS question (value, place)
    CROSS JOIN LATERAL (
        SELECT array_agg(DISTINCT option ->> 'id' COLLATE "C") AS ids,
               array_agg(DISTINCT option ->> 'id' COLLATE "C")
                   FILTER (WHERE option -> 'isCorrect' = 'true') AS correct_ids
        FROM jsonb_array_elements(json_list(question.value -> 'options')) AS option
    ) AS options
$$;

CREATE FUNCTION listed_options(p_list jsonb) RETURNS text[]
LANGUAGE sql IMMUTABLE AS $$
    SELECT coalesce(array_agg(DISTINCT option COLLATE "C"), '{}')
    FROM jsonb_array_elements_text(p_list) AS option
    WHERE option <> ''
$$;

-- The ids in an answer, sorted and none twice. Blank: nothing, null, "" or an empty list. Most
-- answers are one id; the planner expands this expression, which spares a call for each of those.
CREATE FUNCTION chosen_options(p_answer jsonb) RETURNS text[]
LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE jsonb_typeof(p_answer)
        WHEN 'string' THEN array_remove(ARRAY[p_answer #>> '{}'], '')
        WHEN 'array' THEN listed_options(p_answer)
        ELSE '{}'
    END
$$;

-- Grades answers, set by set, each by the quiz that its number names. A question is right as a
-- whole or not at all; a right answer to one without a key is impossible.
CREATE FUNCTION graded_answers(p_quizzes jsonb[], p_numbers integer[], p_answers jsonb[])
RETURNS TABLE (
    place bigint, score smallint, passing_score smallint, passed boolean,
    correct_questions text[], total integer)
LANGUAGE sql IMMUTABLE AS $$
    WITH key AS MATERIALIZED (
        SELECT quiz.number, quiz_passing_score(quiz.content) AS passing_score, one.place,
               one.question_id, one.points, one.correct_ids
        FROM unnest(p_quizzes) WITH ORDINALITY AS quiz (content, number)
        CROSS JOIN LATERAL quiz_key(quiz.content) AS one
    ), answered AS (
        SELECT given.place, key.passing_score, key.question_id, key.points,
               key.place AS question_place,
               key.correct_ids <> '{}'
                   AND chosen_options(given.answers -> key.question_id) = key.correct_ids AS correct
        FROM unnest(p_numbers, p_answers) WITH ORDINALITY AS given (number, answers, place)
        JOIN key ON key.number = given.number
    )
    SELECT answered.place,
           (100 * coalesce(sum(points) FILTER (WHERE correct), 0) / sum(points))::smallint,
           answered.passing_score,
           100 * coalesce(sum(points) FILTER (WHERE correct), 0)
               >= answered.passing_score * sum(points),
           coalesce(array_agg(question_id ORDER BY question_place) FILTER (WHERE correct), '{}'),
           count(*)::integer
    FROM answered
    GROUP BY answered.place, answered.passing_score
$$;

CREATE FUNCTION quiz_digest(p_quiz jsonb) RETURNS bytea
LANGUAGE sql STABLE AS $$ SELECT sha256(convert_to(p_quiz::text, 'UTF8')) $$;

-- The snapshot of a quiz: the one that exists, or a new one.
CREATE FUNCTION remember_quiz(p_resource text, p_quiz jsonb) RETURNS bigint
LANGUAGE plpgsql AS $$
DECLARE
    content_digest bytea := quiz_digest(p_quiz);
    snapshot bigint;
BEGIN
    LOOP
        SELECT id INTO snapshot FROM quiz_snapshots
        WHERE resource_id = p_resource AND digest = content_digest;
        EXIT WHEN FOUND;
        INSERT INTO quiz_snapshots (resource_id, quiz, digest)
        VALUES (p_resource, p_quiz, content_digest)
        ON CONFLICT (resource_id, digest) DO NOTHING;
    END LOOP;
    RETURN snapshot;
END
$$;

-- NULL: as many as the learner likes.
CREATE FUNCTION quiz_attempts_left(p_user uuid, p_resource text, p_quiz jsonb) RETURNS integer
LANGUAGE sql STABLE AS $$
    SELECT greatest(0, json_whole_number(p_quiz -> 'maxAttempts', 1, 1000000)
        + (SELECT count(*) FROM quiz_grants WHERE user_id = p_user AND resource_id = p_resource)
        - (SELECT count(*) FROM quiz_attempts WHERE user_id = p_user AND resource_id = p_resource)
        )::integer
    WHERE jsonb_typeof(p_quiz -> 'maxAttempts') = 'number'
$$;

-- Completions follow attempts.

-- Brings each given learner's completion of each given quiz in line with the attempts, whoever
-- wrote them. A pass completes; nothing here takes a completion back.
CREATE FUNCTION follow_quiz_attempts(p_users uuid[], p_resources text[], p_by_learner boolean)
RETURNS void
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
           CASE WHEN record.passed THEN 'completed' ELSE 'in_progress' END,
           jsonb_strip_nulls(jsonb_build_object(
               'quiz_score', record.score, 'quiz_passed', record.passed,
               'quiz_attempts', record.attempts,
               'quiz_completed_at', to_char(
                   record.passed_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')))
           || jsonb_build_object('selected_answers', record.answers)
    FROM unnest(p_users, p_resources) AS given (user_id, resource_id)
    CROSS JOIN LATERAL (
        SELECT max(standing.score) AS score, bool_or(standing.passed) AS passed,
               count(*) AS attempts, min(standing.passed_at) AS passed_at,
               (array_agg(standing.answers ORDER BY standing.attempt DESC))[1] AS answers
        FROM quiz_standings AS standing
        WHERE standing.user_id = given.user_id AND standing.resource_id = given.resource_id
    ) AS record
    ON CONFLICT (user_id, resource_id) DO UPDATE SET
        status = CASE WHEN excluded.status = 'completed' AND completion.status <> 'reviewed'
                      THEN 'completed' ELSE completion.status END,
        metadata = completion.metadata || excluded.metadata,
        last_accessed_at = CASE WHEN p_by_learner THEN clock_timestamp()
                                ELSE completion.last_accessed_at END
    WHERE p_by_learner OR NOT completion.metadata @> excluded.metadata
        OR (excluded.status = 'completed' AND completion.status NOT IN ('completed', 'reviewed'));
END
$$;

CREATE FUNCTION quiz_attempts_inserted() RETURNS trigger
LANGUAGE plpgsql AS $$
DECLARE
    user_ids uuid[];
    resource_ids text[];
BEGIN
    SELECT array_agg(user_id), array_agg(resource_id) INTO user_ids, resource_ids
    FROM (SELECT DISTINCT user_id, resource_id FROM new_rows) AS touched;
    PERFORM follow_quiz_attempts(user_ids, resource_ids, true);
    RETURN NULL;
END
$$;

CREATE FUNCTION quiz_regrades_inserted() RETURNS trigger
LANGUAGE plpgsql AS $$
DECLARE
    user_ids uuid[];
    resource_ids text[];
BEGIN
    SELECT array_agg(user_id), array_agg(resource_id) INTO user_ids, resource_ids
    FROM (SELECT DISTINCT attempt.user_id, attempt.resource_id
          FROM new_rows JOIN quiz_attempts AS attempt ON attempt.id = new_rows.attempt_id
         ) AS touched;
    PERFORM follow_quiz_attempts(user_ids, resource_ids, false);
    RETURN NULL;
END
$$;

CREATE TRIGGER quiz_attempts_inserted AFTER INSERT ON quiz_attempts
    REFERENCING NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION quiz_attempts_inserted();
CREATE TRIGGER quiz_regrades_inserted AFTER INSERT ON quiz_regrades
    REFERENCING NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION quiz_regrades_inserted();

-- What a learner does.

CREATE FUNCTION refuse_unless_quiz(p_type text) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    IF p_type <> 'quiz' THEN
        PERFORM refuse(400, 'not_a_quiz', format(
            'This is %s, not a quiz.', CASE WHEN p_type IN ('article', 'exercise') THEN 'an ' || p_type
                                            ELSE 'a ' || p_type END));
    END IF;
END
$$;

-- Refuses answers that do not fit the quiz, naming the first that does not.
CREATE FUNCTION check_quiz_answers(p_quiz jsonb, p_answers jsonb) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    answer record;
    unknown_option text;
BEGIN
    FOR answer IN
        SELECT left(sent.question_id, 100) AS sent_id, sent.value, key.*
        FROM jsonb_each(p_answers) AS sent (question_id, value)
        LEFT JOIN quiz_key(p_quiz) AS key ON key.question_id = sent.question_id
        ORDER BY key.place NULLS FIRST, sent.question_id
    LOOP
        IF answer.question_id IS NULL THEN
            PERFORM refuse(422, 'unknown_question', format(
                'This quiz has no question “%s”: load it again, it may have changed.',
                answer.sent_id));
        ELSIF jsonb_typeof(answer.value) = 'array' AND NOT answer.takes_many THEN
            PERFORM refuse(422, 'one_option_only', format(
                'Question “%s” takes one option: send its id, not a list.', answer.sent_id));
        ELSIF jsonb_typeof(answer.value) NOT IN ('string', 'array', 'null')
              OR jsonb_path_exists(answer.value, 'strict $[*] ? (@.type() <> "string")', '{}', true)
        THEN
            PERFORM refuse(422, 'answer_malformed', format(
                'The answer to question “%s” must be an option''s id or a list of them.',
                answer.sent_id));
        END IF;
        SELECT chosen INTO unknown_option FROM unnest(chosen_options(answer.value)) AS chosen
        WHERE chosen <> ALL (answer.option_ids) LIMIT 1;
        IF FOUND THEN
            PERFORM refuse(422, 'unknown_option', format(
                'Question “%s” has no option “%s”: load the quiz again, it may have changed.',
                answer.sent_id, left(unknown_option, 100)));
        END IF;
    END LOOP;
END
$$;

-- The learner's attempts, newest first, as the learner may read them at this moment: right or
-- wrong from the start, the right options after a pass, explanations also when no attempt is left.
CREATE FUNCTION quiz_attempts_of(
    p_user uuid, p_resource text, p_quiz jsonb, p_before integer, p_limit integer)
RETURNS TABLE (
    attempt integer, score smallint, passed boolean, passing_score smallint, correct integer,
    total integer, attempts_left integer, submitted_at timestamptz, answers jsonb, results jsonb)
LANGUAGE sql STABLE AS $$
    WITH learner AS MATERIALIZED (
        SELECT quiz_attempts_left(p_user, p_resource, p_quiz) AS attempts_left,
               EXISTS (SELECT FROM quiz_standings AS standing
                       WHERE standing.user_id = p_user AND standing.resource_id = p_resource
                         AND standing.passed) AS has_passed
    ), page AS MATERIALIZED (
        SELECT standing.* FROM quiz_standings AS standing
        WHERE standing.user_id = p_user AND standing.resource_id = p_resource
          AND (p_before IS NULL OR standing.attempt < p_before)
        ORDER BY standing.attempt DESC
        LIMIT p_limit
    ), key AS MATERIALIZED (
        SELECT snapshot.id AS snapshot_id, one.place, one.question_id, one.correct_ids,
               one.explanation
        FROM quiz_snapshots AS snapshot
        CROSS JOIN LATERAL quiz_key(snapshot.quiz) AS one
        WHERE snapshot.id IN (SELECT page.snapshot_id FROM page)
    )
    SELECT page.attempt, page.score, page.passed, page.passing_score,
           cardinality(page.correct_questions), page.total, learner.attempts_left,
           page.submitted_at, page.answers, (
        SELECT jsonb_agg(jsonb_strip_nulls(jsonb_build_object(
                   'question_id', key.question_id,
                   'correct', key.question_id = ANY (page.correct_questions),
                   'correct_option_ids',
                       CASE WHEN learner.has_passed THEN to_jsonb(key.correct_ids) END,
                   'explanation',
                       CASE WHEN learner.has_passed OR learner.attempts_left = 0
                            THEN key.explanation END)) ORDER BY key.place)
        FROM key WHERE key.snapshot_id = page.snapshot_id)
    FROM page CROSS JOIN learner
    ORDER BY page.attempt DESC
$$;

CREATE TYPE quiz_attempt_result AS (
    attempt integer, score smallint, passed boolean, passing_score smallint, correct integer,
    total integer, attempts_left integer, submitted_at timestamptz, answers jsonb, results jsonb);

-- Grades an attempt and keeps it. p_client_graded: the whole service leaves grading to its client.
CREATE FUNCTION learner_attempt_quiz(
    p_user uuid, p_resource text, p_answers jsonb, p_client_graded boolean)
RETURNS quiz_attempt_result
LANGUAGE plpgsql AS $$
DECLARE
    resource live_resources := lock_learner_on_resource(p_user, p_resource);
    result quiz_attempt_result;
BEGIN
    PERFORM refuse_unless_quiz(resource.type);
    IF completes_by_word(resource.type, false, resource.metadata, p_client_graded) THEN
        PERFORM refuse(409, 'not_graded_here',
            'This quiz is not graded by the service: complete it with a POST to …/complete.');
    ELSIF quiz_attempts_left(p_user, p_resource, resource.metadata) = 0 THEN
        PERFORM refuse(409, 'no_attempts_left',
            'You have no attempt at this quiz left: ask an instructor to grant you one more.');
    END IF;
    PERFORM check_quiz_answers(resource.metadata, p_answers);

    INSERT INTO quiz_attempts
        (user_id, resource_id, attempt, snapshot_id, answers, score, passing_score, passed,
         correct_questions, total)
    SELECT p_user, p_resource, 1 + (
               SELECT count(*) FROM quiz_attempts
               WHERE user_id = p_user AND resource_id = p_resource),
           remember_quiz(p_resource, resource.metadata), p_answers, graded.score,
           graded.passing_score, graded.passed, graded.correct_questions, graded.total
    FROM graded_answers(ARRAY[resource.metadata], ARRAY[1], ARRAY[p_answers]) AS graded;

    SELECT * INTO result FROM quiz_attempts_of(p_user, p_resource, resource.metadata, NULL, 1);
    RETURN result;
END
$$;

-- Own history, newest first: the page before the attempt p_before.
CREATE FUNCTION learner_quiz_attempts(
    p_user uuid, p_resource text, p_before integer, p_limit integer)
RETURNS SETOF quiz_attempt_result
LANGUAGE plpgsql STABLE AS $$
DECLARE
    resource live_resources;
BEGIN
    SELECT * INTO resource FROM live_resources WHERE id = p_resource;
    IF NOT FOUND THEN
        PERFORM refuse(404, 'resource_not_found', 'There is no such resource.');
    END IF;
    PERFORM refuse_unless_quiz(resource.type);
    RETURN QUERY SELECT *
        FROM quiz_attempts_of(p_user, p_resource, resource.metadata, p_before, p_limit);
END
$$;

COMMIT;
