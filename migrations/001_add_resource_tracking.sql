-- Resources, what learners do with them, and the triggers that roll all of it up.
--
-- Rolled-up figures are recounted, never incremented. Each statement that touches a source table
-- (completions, submissions, decisions, catalog) fires one statement-level trigger, which takes
-- the learner's lock (their user_progress row) and then, in a statement of its own and so with a
-- fresh snapshot, recounts exactly the modules and pathways it touched.

BEGIN;
INSERT INTO schema_migrations (version) VALUES ('001_add_resource_tracking');

CREATE TABLE resources (
    id                  text PRIMARY KEY
        CONSTRAINT resources_slug_check CHECK (id ~ '^[a-z0-9]+(-[a-z0-9]+)*$' AND length(id) <= 80),
    module_id           text NOT NULL REFERENCES modules,
    type                text NOT NULL CONSTRAINT resources_type_check
        CHECK (type IN ('video', 'article', 'exercise', 'project', 'quiz')),
    title               text NOT NULL,
    description         text NOT NULL DEFAULT '',
    order_index         integer NOT NULL DEFAULT 0,
    duration_minutes    integer NOT NULL DEFAULT 0 CHECK (duration_minutes >= 0),
    requires_upload     boolean NOT NULL DEFAULT false,
    -- Exact types or `image/*`; empty stands for the default list.
    accepted_file_types text[] NOT NULL DEFAULT '{}',
    max_file_size_mb    integer NOT NULL DEFAULT 50 CHECK (max_file_size_mb BETWEEN 1 AND 50),
    allow_resubmission  boolean NOT NULL DEFAULT true,
    url                 text,
    metadata            jsonb NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(metadata) = 'object'),
    is_required         boolean NOT NULL DEFAULT true,
    is_published        boolean NOT NULL DEFAULT true,
    removed_at          timestamptz,
    created_at          timestamptz NOT NULL DEFAULT clock_timestamp(),
    updated_at          timestamptz NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT resources_upload_type CHECK (NOT requires_upload OR type IN ('exercise', 'project'))
);
CREATE INDEX resources_of_module ON resources (module_id, order_index);
CREATE TRIGGER resources_touch BEFORE UPDATE ON resources
    FOR EACH ROW EXECUTE FUNCTION touch_updated_at();

-- One learner's record on one resource. "Not started" is the absence of a row.
CREATE TABLE resource_completions (
    id                  uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    user_id             uuid NOT NULL REFERENCES users,
    resource_id         text NOT NULL REFERENCES resources,
    -- Where the resource stands today; kept true by the triggers.
    module_id           text NOT NULL,
    pathway_id          text NOT NULL,
    status              text NOT NULL DEFAULT 'in_progress' CONSTRAINT resource_completions_status_check
        CHECK (status IN ('in_progress', 'submitted', 'completed', 'reviewed')),
    progress_percentage smallint NOT NULL DEFAULT 0 CHECK (progress_percentage BETWEEN 0 AND 100),
    time_spent_minutes  integer NOT NULL DEFAULT 0 CHECK (time_spent_minutes BETWEEN 0 AND 100000),
    started_at          timestamptz NOT NULL DEFAULT clock_timestamp(),
    completed_at        timestamptz,
    last_accessed_at    timestamptz NOT NULL DEFAULT clock_timestamp(),
    -- Submissions ever finalised, withdrawn ones too.
    submission_count    integer NOT NULL DEFAULT 0 CHECK (submission_count >= 0),
    notes               text CHECK (length(notes) <= 5000),
    metadata            jsonb NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(metadata) = 'object'),
    CONSTRAINT resource_completions_once UNIQUE (user_id, resource_id),
    CONSTRAINT resource_completions_percentage
        CHECK ((status = 'in_progress') = (progress_percentage < 100)),
    CONSTRAINT resource_completions_completed_at
        CHECK ((status IN ('completed', 'reviewed')) = (completed_at IS NOT NULL))
) WITH (fillfactor = 80);
CREATE INDEX resource_completions_of_pathway ON resource_completions (user_id, pathway_id);
CREATE INDEX resource_completions_of_resource ON resource_completions (resource_id);

-- One finalised file. Rows are kept for ever; a withdrawn one is marked deleted.
CREATE TABLE resource_submissions (
    id                uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    user_id           uuid NOT NULL REFERENCES users,
    resource_id       text NOT NULL REFERENCES resources,
    attempt           integer NOT NULL CHECK (attempt > 0),
    -- Its place among the learner's hand-ins and the decisions on them.
    sequence          bigint NOT NULL DEFAULT nextval('event_sequence'),
    file_name         text NOT NULL CHECK (length(file_name) BETWEEN 1 AND 255),
    file_size_bytes   bigint NOT NULL CHECK (file_size_bytes > 0),
    file_type         text NOT NULL,
    -- Hexadecimal. NULL: the bytes went straight to the bucket and no deep check has read them yet.
    sha256            text CHECK (sha256 ~ '^[0-9a-f]{64}$'),
    -- Base64 of the big-endian checksum, as Google Cloud Storage writes it.
    crc32c            text NOT NULL,
    -- gs://bucket/key or local://key: a name, not a link.
    gcs_url           text NOT NULL CHECK (gcs_url ~ '^(gs://[^/]+|local:/)/.'),
    object_key        text NOT NULL
        GENERATED ALWAYS AS (regexp_replace(gcs_url, '^(gs://[^/]+/|local://)', '')) STORED,
    submission_status text NOT NULL DEFAULT 'uploaded'
        CONSTRAINT resource_submissions_status_check
        CHECK (submission_status IN ('uploaded', 'approved', 'rejected', 'superseded')),
    reviewed_by       uuid REFERENCES users,
    reviewed_at       timestamptz,
    review_comments   text CHECK (length(review_comments) <= 10000),
    grade             text,
    -- The decision's place in the order of events.
    decided_sequence  bigint,
    notes             text CHECK (length(notes) <= 5000),
    metadata          jsonb NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(metadata) = 'object'),
    created_at        timestamptz NOT NULL DEFAULT clock_timestamp(),
    updated_at        timestamptz NOT NULL DEFAULT clock_timestamp(),
    deleted_at        timestamptz,
    CONSTRAINT resource_submissions_attempt UNIQUE (user_id, resource_id, attempt),
    CONSTRAINT resource_submissions_object UNIQUE (object_key),
    CONSTRAINT resource_submissions_own_work CHECK (reviewed_by <> user_id),
    CONSTRAINT resource_submissions_grade CHECK (
        grade IS NOT DISTINCT FROM
        CASE submission_status WHEN 'approved' THEN 'pass' WHEN 'rejected' THEN 'fail' END
    ),
    CONSTRAINT resource_submissions_decided CHECK (
        (submission_status IN ('approved', 'rejected')) = (reviewed_at IS NOT NULL)
        AND (reviewed_at IS NOT NULL OR (reviewed_by IS NULL AND review_comments IS NULL))
    ),
    CONSTRAINT resource_submissions_withdrawn
        CHECK (deleted_at IS NULL OR submission_status = 'uploaded')
);
-- At most one waiting for review per learner and resource.
CREATE UNIQUE INDEX resource_submissions_one_waiting ON resource_submissions (user_id, resource_id)
    WHERE submission_status = 'uploaded' AND deleted_at IS NULL;
-- The review queue, oldest first; also what counts it.
CREATE INDEX resource_submissions_queue ON resource_submissions (created_at, id)
    WHERE submission_status = 'uploaded' AND deleted_at IS NULL;
CREATE INDEX resource_submissions_of_resource ON resource_submissions (resource_id);

-- Every decision on a submission, changes and undoings too; never changed, never removed.
CREATE TABLE submission_decisions (
    sequence          bigint PRIMARY KEY,
    submission_id     uuid NOT NULL REFERENCES resource_submissions,
    user_id           uuid NOT NULL REFERENCES users,
    action            text NOT NULL CHECK (action IN ('decided', 'changed', 'undone')),
    submission_status text NOT NULL,
    grade             text,
    review_comments   text,
    decided_by        uuid REFERENCES users,
    created_at        timestamptz NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT submission_decisions_own_work CHECK (decided_by <> user_id)
);
CREATE INDEX submission_decisions_of_submission ON submission_decisions (submission_id, sequence);

CREATE TRIGGER resource_submissions_keep BEFORE DELETE OR TRUNCATE ON resource_submissions
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_removal();
CREATE TRIGGER submission_decisions_keep BEFORE DELETE OR TRUNCATE ON submission_decisions
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_removal();
CREATE TRIGGER submission_decisions_append_only BEFORE UPDATE ON submission_decisions
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_rewriting();
-- The lock of a learner must outlive everything that is locked by it.
CREATE TRIGGER user_progress_keep BEFORE DELETE OR TRUNCATE ON user_progress
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_removal();

CREATE VIEW live_modules AS
SELECT modules.id, modules.pathway_id, modules.title, modules.order_index
FROM modules
JOIN pathways ON pathways.id = modules.pathway_id
WHERE modules.is_published AND modules.removed_at IS NULL
  AND pathways.is_published AND pathways.removed_at IS NULL;

CREATE VIEW live_resources AS
SELECT resources.*, live_modules.pathway_id
FROM resources
JOIN live_modules ON live_modules.id = resources.module_id
WHERE resources.is_published AND resources.removed_at IS NULL;

CREATE VIEW counted_resources AS
SELECT id, module_id, pathway_id FROM live_resources WHERE is_required;

-- A completion always says where its resource stands and what was handed in for it, and shows the
-- percentage its status has, whoever writes it.
CREATE FUNCTION resource_completions_settle() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' THEN
        IF (NEW.user_id, NEW.resource_id) IS DISTINCT FROM (OLD.user_id, OLD.resource_id) THEN
            PERFORM refuse(409, 'completion_moved',
                'A completion stays with its learner and its resource.');
        END IF;
        IF (OLD.status, NEW.status) IN (('completed', 'submitted'), ('reviewed', 'completed')) THEN
            PERFORM refuse(409, 'status_not_allowed',
                format('A completion cannot go from %s to %s.', OLD.status, NEW.status));
        END IF;
    END IF;
    IF TG_OP = 'INSERT' OR (NEW.module_id, NEW.pathway_id) IS DISTINCT FROM (OLD.module_id, OLD.pathway_id)
    THEN
        SELECT resources.module_id, modules.pathway_id INTO NEW.module_id, NEW.pathway_id
        FROM resources JOIN modules ON modules.id = resources.module_id
        WHERE resources.id = NEW.resource_id;
    END IF;
    IF TG_OP = 'INSERT' OR NEW.submission_count IS DISTINCT FROM OLD.submission_count THEN
        SELECT count(*) INTO NEW.submission_count FROM resource_submissions AS submission
        WHERE submission.user_id = NEW.user_id AND submission.resource_id = NEW.resource_id;
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
CREATE TRIGGER resource_completions_settle BEFORE INSERT OR UPDATE ON resource_completions
    FOR EACH ROW EXECUTE FUNCTION resource_completions_settle();

-- The submission's state machine: what was handed in never changes, a decision is stamped, a
-- superseded or withdrawn one is over.
CREATE FUNCTION resource_submissions_settle() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        NEW.attempt := coalesce(NEW.attempt, 1 + (
            SELECT count(*) FROM resource_submissions AS earlier
            WHERE earlier.user_id = NEW.user_id AND earlier.resource_id = NEW.resource_id));
    ELSE
        IF (NEW.id, NEW.user_id, NEW.resource_id, NEW.attempt, NEW.sequence, NEW.file_name,
            NEW.file_size_bytes, NEW.file_type, NEW.crc32c, NEW.gcs_url, NEW.created_at)
           IS DISTINCT FROM
           (OLD.id, OLD.user_id, OLD.resource_id, OLD.attempt, OLD.sequence, OLD.file_name,
            OLD.file_size_bytes, OLD.file_type, OLD.crc32c, OLD.gcs_url, OLD.created_at)
           OR (OLD.sha256 IS NOT NULL AND NEW.sha256 IS DISTINCT FROM OLD.sha256)
        THEN
            PERFORM refuse(409, 'submission_rewritten', 'What was handed in cannot be changed.');
        END IF;
        IF OLD.deleted_at IS NOT NULL
           AND (NEW.deleted_at, NEW.submission_status) IS DISTINCT FROM
               (OLD.deleted_at, OLD.submission_status)
           OR OLD.submission_status = 'superseded' AND NEW.submission_status <> 'superseded'
           OR NEW.submission_status = 'superseded'
               AND OLD.submission_status NOT IN ('uploaded', 'superseded')
        THEN
            PERFORM refuse(409, 'status_not_allowed', format(
                'A submission that is %s cannot become %s.',
                CASE WHEN OLD.deleted_at IS NULL THEN OLD.submission_status ELSE 'withdrawn' END,
                NEW.submission_status));
        END IF;
        NEW.updated_at := clock_timestamp();
    END IF;
    IF NEW.submission_status IN ('approved', 'rejected') THEN
        IF TG_OP = 'INSERT' OR (NEW.submission_status, NEW.review_comments) IS DISTINCT FROM
                               (OLD.submission_status, OLD.review_comments) THEN
            NEW.decided_sequence := nextval('event_sequence');
            NEW.reviewed_at := CASE WHEN TG_OP = 'INSERT'
                THEN coalesce(NEW.reviewed_at, clock_timestamp()) ELSE clock_timestamp() END;
        END IF;
        NEW.grade := CASE NEW.submission_status WHEN 'approved' THEN 'pass' ELSE 'fail' END;
    ELSE
        NEW.decided_sequence := NULL;
        NEW.reviewed_at := NULL;
        NEW.reviewed_by := NULL;
        NEW.review_comments := NULL;
        NEW.grade := NULL;
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER resource_submissions_settle BEFORE INSERT OR UPDATE ON resource_submissions
    FOR EACH ROW EXECUTE FUNCTION resource_submissions_settle();

-- Locks learners on pathways: makes the missing rows, then locks all in one order.
--
-- This function and the recounts run for one learner thousands of times a minute and for many
-- learners now and then. Planning takes longer than running, so their plans are made once; and a
-- plan made while the tables were small must not read them whole for ever, so it may only walk
-- from the given pairs along indexes.
CREATE FUNCTION lock_learners(p_users uuid[], p_pathways text[]) RETURNS void
LANGUAGE plpgsql
SET plan_cache_mode = force_generic_plan
SET enable_hashjoin = off SET enable_mergejoin = off SET enable_seqscan = off SET jit = off
AS $$
BEGIN
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

-- The id of a module completion follows from whose and which it is, so a row that returns is the
-- row that went.
CREATE FUNCTION module_completion_id(p_user uuid, p_module text) RETURNS uuid
LANGUAGE sql IMMUTABLE AS $$
    SELECT overlay(overlay(md5('module_completion:' || p_user || ':' || p_module)
        PLACING '8' FROM 13) PLACING '8' FROM 17)::uuid
$$;

-- What each given learner's state in each given module is, as a function of completions,
-- submissions, catalog and decisions alone. `step` is the first rule that matched:
--   1  the newest decision by hand stands
--   2  handed in again after a rejection by hand
--   3  the figures approve
--   4  the figures reject: a file's newest submission is rejected
--   5  all handed in, waiting
--   6  not handed in: no row
CREATE FUNCTION module_states(p_users uuid[], p_modules text[])
RETURNS TABLE (
    user_id uuid, module_id text, pathway_id text, progress_percentage smallint, step integer,
    approval_status text, reviewed_by uuid, reviewed_at timestamptz, review_comments text,
    handed_in_at timestamptz, time_spent_minutes bigint, posted_minutes bigint,
    approved_ids text[], last_kind text, last_status text)
LANGUAGE sql STABLE AS $$
WITH pair AS (
    SELECT DISTINCT given.user_id, given.module_id
    FROM unnest(p_users, p_modules) AS given (user_id, module_id)
), figures AS (
    SELECT pair.user_id, pair.module_id, modules.pathway_id,
           count(counted.id) AS counted,
           count(*) FILTER (WHERE completion.status IN ('completed', 'reviewed')) AS done,
           count(*) FILTER (WHERE completion.status <> 'in_progress') AS handed_in,
           coalesce(array_agg(counted.id ORDER BY counted.id) FILTER (WHERE counted.id IS NOT NULL),
                    '{}') AS counted_ids,
           coalesce(array_agg(counted.id) FILTER (
               WHERE counted.id IS NOT NULL
                 AND completion.status IN ('completed', 'reviewed') IS NOT TRUE), '{}') AS undone_ids
    FROM pair
    JOIN modules ON modules.id = pair.module_id
    LEFT JOIN counted_resources AS counted ON counted.module_id = pair.module_id
    LEFT JOIN resource_completions AS completion
        ON completion.user_id = pair.user_id AND completion.resource_id = counted.id
    GROUP BY pair.user_id, pair.module_id, modules.pathway_id
), evidence AS (
    SELECT figures.*,
           hand.sequence AS hand_sequence, hand.approval_status AS hand_status,
           hand.decided_by AS hand_by, hand.created_at AS hand_at,
           hand.review_comments AS hand_comments,
           last_state.kind AS last_kind, last_state.approval_status AS last_status,
           approval.resource_ids AS approved_ids,
           posts.last_sequence AS last_post, posts.last_at AS last_post_at,
           uploads.last_sequence AS last_upload, uploads.last_at AS last_upload_at,
           appearance.created_at AS appeared_at,
           least(posts.first_sequence, uploads.first_sequence, appearance.first_sequence)
               AS first_hand_in,
           CASE WHEN posts.last_sequence > coalesce(appearance.sequence, 0)
                THEN posts.last_minutes ELSE appearance.time_spent_minutes END AS minutes,
           CASE WHEN posts.last_sequence > coalesce(last_state.sequence, 0)
                THEN posts.last_minutes END AS posted_minutes
    FROM figures
    LEFT JOIN LATERAL (
        SELECT decision.* FROM module_decisions AS decision
        WHERE decision.user_id = figures.user_id AND decision.module_id = figures.module_id
          AND decision.kind = 'decided'
          AND NOT EXISTS (SELECT FROM module_decisions AS undoing
                          WHERE undoing.undoes = decision.sequence)
        ORDER BY decision.sequence DESC LIMIT 1
    ) AS hand ON true
    LEFT JOIN LATERAL (
        SELECT decision.sequence, decision.kind, decision.approval_status
        FROM module_decisions AS decision
        WHERE decision.user_id = figures.user_id AND decision.module_id = figures.module_id
          AND decision.kind IN ('decided', 'automatic')
        ORDER BY decision.sequence DESC LIMIT 1
    ) AS last_state ON true
    LEFT JOIN LATERAL (
        SELECT decision.resource_ids FROM module_decisions AS decision
        WHERE decision.user_id = figures.user_id AND decision.module_id = figures.module_id
          AND decision.kind = 'automatic' AND decision.approval_status = 'approved'
        ORDER BY decision.sequence DESC LIMIT 1
    ) AS approval ON true
    CROSS JOIN LATERAL (
        SELECT min(decision.sequence) AS first_sequence, max(decision.sequence) AS last_sequence,
               max(decision.created_at) AS last_at,
               (array_agg(decision.time_spent_minutes ORDER BY decision.sequence DESC))[1]
                   AS last_minutes
        FROM module_decisions AS decision
        WHERE decision.user_id = figures.user_id AND decision.module_id = figures.module_id
          AND decision.kind = 'handed_in'
    ) AS posts
    -- Where the figures made the row appear, they noted the minutes spent until then.
    CROSS JOIN LATERAL (
        SELECT min(decision.sequence) AS first_sequence, max(decision.sequence) AS sequence,
               max(decision.created_at) AS created_at,
               (array_agg(decision.time_spent_minutes ORDER BY decision.sequence DESC))[1]
                   AS time_spent_minutes
        FROM module_decisions AS decision
        WHERE decision.user_id = figures.user_id AND decision.module_id = figures.module_id
          AND decision.kind = 'automatic' AND decision.time_spent_minutes IS NOT NULL
    ) AS appearance
    CROSS JOIN LATERAL (
        SELECT min(submission.sequence) AS first_sequence,
               max(submission.sequence) AS last_sequence,
               max(submission.created_at) AS last_at
        FROM unnest(figures.counted_ids) AS counted (id)
        JOIN resource_submissions AS submission
            ON submission.user_id = figures.user_id AND submission.resource_id = counted.id
        WHERE submission.deleted_at IS NULL
    ) AS uploads
), matched AS (
    SELECT evidence.*,
           rejection.reviewed_by AS rejected_by, rejection.reviewed_at AS rejected_at,
           rejection.review_comments AS rejection_comments,
           CASE
               WHEN hand_status = 'approved' THEN 1
               WHEN hand_status = 'rejected'
                    AND greatest(last_post, last_upload) > hand_sequence THEN 2
               WHEN hand_status = 'rejected' AND first_hand_in < hand_sequence THEN 1
               WHEN counted > 0 AND done = counted THEN 3
               WHEN approved_ids IS NOT NULL AND NOT approved_ids && undone_ids THEN 3
               WHEN rejection.id IS NOT NULL AND last_status IS NOT NULL THEN 4
               WHEN counted > 0 AND handed_in = counted THEN 5
               WHEN counted = 0 AND last_post IS NOT NULL THEN 5
               ELSE 6
           END AS step
    FROM evidence
    -- Among the files whose newest submission is rejected, the rejection decided last; after a
    -- rejection of the module by hand only files handed in after it are heard.
    LEFT JOIN LATERAL (
        SELECT newest.* FROM (
            SELECT DISTINCT ON (submission.resource_id) submission.*
            FROM unnest(evidence.counted_ids) AS counted (id)
            JOIN resource_submissions AS submission
                ON submission.user_id = evidence.user_id AND submission.resource_id = counted.id
            WHERE submission.deleted_at IS NULL AND submission.submission_status <> 'superseded'
            ORDER BY submission.resource_id, submission.attempt DESC
        ) AS newest
        WHERE newest.submission_status = 'rejected'
          AND (evidence.hand_status IS DISTINCT FROM 'rejected'
               OR newest.sequence > evidence.hand_sequence)
        ORDER BY newest.decided_sequence DESC LIMIT 1
    ) AS rejection ON evidence.last_upload IS NOT NULL
), decided AS (
    SELECT matched.*,
           CASE step
               WHEN 1 THEN hand_status
               WHEN 2 THEN CASE WHEN rejected_at IS NULL THEN 'pending' ELSE 'rejected' END
               WHEN 3 THEN 'approved' WHEN 4 THEN 'rejected' WHEN 5 THEN 'pending'
           END AS status
    FROM matched
)
SELECT user_id, module_id, pathway_id,
       CASE
           WHEN step = 1 AND status = 'approved' THEN 100
           WHEN counted = 0 THEN CASE WHEN status = 'approved' THEN 100 ELSE 0 END
           ELSE 100 * done / counted
       END::smallint,
       step, status,
       CASE WHEN step = 1 THEN hand_by WHEN status = 'rejected' THEN rejected_by END,
       CASE WHEN step = 1 THEN hand_at WHEN status = 'rejected' THEN rejected_at END,
       CASE WHEN step = 1 THEN hand_comments WHEN status = 'rejected' THEN rejection_comments END,
       coalesce(greatest(last_post_at, last_upload_at, appeared_at), hand_at),
       coalesce(minutes, 0), posted_minutes,
       -- An approval that returns after the curriculum grew names what the one before it named.
       CASE WHEN step = 3 THEN CASE WHEN done = counted AND counted > 0 THEN counted_ids
                                    ELSE approved_ids END END,
       last_kind, last_status
FROM decided
$$;

-- Brings every derived figure of the given learners in the given modules up to date. The caller
-- holds the learners' locks.
CREATE FUNCTION recount_modules(p_users uuid[], p_modules text[]) RETURNS void
LANGUAGE plpgsql
SET plan_cache_mode = force_generic_plan
SET enable_hashjoin = off SET enable_mergejoin = off SET enable_seqscan = off SET jit = off
AS $$
DECLARE
    any_appeared boolean;
BEGIN
    WITH state AS MATERIALIZED (
        SELECT *, approval_status IS NOT NULL AND last_status IS NULL AS appears
        FROM module_states(p_users, p_modules)
    ), change AS (
        INSERT INTO module_decisions
            (user_id, pathway_id, module_id, kind, approval_status, resource_ids, time_spent_minutes)
        SELECT user_id, pathway_id, module_id, 'automatic', approval_status,
               state.approved_ids,
               CASE WHEN appears THEN coalesce(posted_minutes, (
                   SELECT sum(completion.time_spent_minutes)
                   FROM resource_completions AS completion
                   WHERE completion.user_id = state.user_id
                     AND completion.pathway_id = state.pathway_id
                     AND completion.module_id = state.module_id), 0) END
        FROM state
        WHERE approval_status IS DISTINCT FROM last_status
           OR (step = 3 AND last_kind = 'decided')
    ), milestone AS (
        INSERT INTO module_decisions (user_id, pathway_id, module_id, kind)
        SELECT user_id, pathway_id, module_id, 'first_approved' FROM state
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
               CASE WHEN appears THEN '-infinity' ELSE handed_in_at END, time_spent_minutes,
               approval_status, step = 1, reviewed_by, reviewed_at, review_comments
        FROM state WHERE approval_status IS NOT NULL
        ON CONFLICT (user_id, module_id) DO UPDATE SET
            pathway_id = excluded.pathway_id, completed_at = excluded.completed_at,
            time_spent_minutes = excluded.time_spent_minutes,
            approval_status = excluded.approval_status,
            decided_by_hand = excluded.decided_by_hand, reviewed_by = excluded.reviewed_by,
            reviewed_at = excluded.reviewed_at, review_comments = excluded.review_comments
        WHERE completion IS DISTINCT FROM excluded
    ), percentage AS (
        INSERT INTO module_progress AS progress
            (user_id, module_id, pathway_id, progress_percentage)
        SELECT user_id, module_id, pathway_id, progress_percentage FROM state
        ON CONFLICT (user_id, module_id) DO UPDATE SET
            pathway_id = excluded.pathway_id, progress_percentage = excluded.progress_percentage
        WHERE progress IS DISTINCT FROM excluded
    )
    SELECT bool_or(appears) INTO any_appeared FROM state;

    -- A row that has just appeared was handed in at the moment that its change was recorded.
    IF any_appeared THEN
        UPDATE module_completions AS completion
        SET completed_at = appearance.created_at,
            time_spent_minutes = appearance.time_spent_minutes
        FROM unnest(p_users, p_modules) AS given (user_id, module_id)
        CROSS JOIN LATERAL (
            SELECT decision.created_at, decision.time_spent_minutes
            FROM module_decisions AS decision
            WHERE decision.user_id = given.user_id AND decision.module_id = given.module_id
              AND decision.kind = 'automatic' AND decision.time_spent_minutes IS NOT NULL
            ORDER BY decision.sequence DESC LIMIT 1
        ) AS appearance
        WHERE completion.user_id = given.user_id AND completion.module_id = given.module_id
          AND completion.completed_at = '-infinity';
    END IF;
END
$$;

-- The figures of whole pathways, from the figures of their modules. The caller holds the locks.
CREATE FUNCTION recount_pathways(p_users uuid[], p_pathways text[]) RETURNS void
LANGUAGE plpgsql
SET plan_cache_mode = force_generic_plan
SET enable_hashjoin = off SET enable_mergejoin = off SET enable_seqscan = off SET jit = off
AS $$
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
    )
    UPDATE user_progress AS progress
    SET progress_percentage = figures.percentage,
        completed_modules = figures.approved,
        total_time_spent_minutes = coalesce(spent.minutes, 0),
        last_accessed_at = greatest(progress.last_accessed_at, spent.last_accessed_at),
        completed_at = (
            SELECT milestone.created_at FROM module_decisions AS milestone
            WHERE milestone.user_id = progress.user_id
              AND milestone.pathway_id = progress.pathway_id
              AND milestone.kind = 'pathway_completed'),
        version = progress.version + 1
    FROM figures
    CROSS JOIN LATERAL (
        SELECT sum(completion.time_spent_minutes) AS minutes,
               max(completion.last_accessed_at) AS last_accessed_at
        FROM resource_completions AS completion
        WHERE completion.user_id = figures.user_id
          AND completion.pathway_id = figures.pathway_id
    ) AS spent
    WHERE progress.user_id = figures.user_id AND progress.pathway_id = figures.pathway_id;

    INSERT INTO module_decisions (user_id, pathway_id, kind)
    SELECT progress.user_id, progress.pathway_id, 'pathway_completed'
    FROM unnest(p_users, p_pathways) AS given (user_id, pathway_id)
    JOIN user_progress AS progress USING (user_id, pathway_id)
    WHERE progress.progress_percentage = 100 AND progress.completed_at IS NULL
    ON CONFLICT (user_id, pathway_id) WHERE kind = 'pathway_completed' DO NOTHING;
    IF FOUND THEN
        UPDATE user_progress AS progress SET completed_at = (
            SELECT milestone.created_at FROM module_decisions AS milestone
            WHERE milestone.user_id = progress.user_id
              AND milestone.pathway_id = progress.pathway_id
              AND milestone.kind = 'pathway_completed')
        FROM unnest(p_users, p_pathways) AS given (user_id, pathway_id)
        WHERE progress.user_id = given.user_id AND progress.pathway_id = given.pathway_id
          AND progress.progress_percentage = 100 AND progress.completed_at IS NULL;
    END IF;
END
$$;

-- Lock, then recount the modules whose figures may have changed and the pathways touched.
CREATE FUNCTION roll_up(
    p_users uuid[], p_pathways text[], p_module_users uuid[], p_modules text[]) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    IF p_users IS NULL THEN
        RETURN;
    END IF;
    PERFORM lock_learners(p_users, p_pathways);
    IF p_module_users IS NOT NULL THEN
        PERFORM recount_modules(p_module_users, p_modules);
    END IF;
    PERFORM recount_pathways(p_users, p_pathways);
END
$$;

-- The same for given modules of given learners, wherever the modules stand today.
CREATE FUNCTION recount(p_users uuid[], p_modules text[]) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    pathway_ids text[];
BEGIN
    SELECT array_agg(modules.pathway_id ORDER BY given.place) INTO pathway_ids
    FROM unnest(p_modules) WITH ORDINALITY AS given (id, place)
    JOIN modules ON modules.id = given.id;
    PERFORM roll_up(p_users, pathway_ids, p_users, p_modules);
END
$$;

CREATE FUNCTION resource_completions_inserted() RETURNS trigger
LANGUAGE plpgsql AS $$
DECLARE
    user_ids uuid[];
    module_ids text[];
    pathway_ids text[];
BEGIN
    SELECT array_agg(user_id), array_agg(module_id), array_agg(pathway_id)
    INTO user_ids, module_ids, pathway_ids
    FROM (SELECT DISTINCT user_id, module_id, pathway_id FROM new_rows) AS touched;
    PERFORM roll_up(user_ids, pathway_ids, user_ids, module_ids);
    RETURN NULL;
END
$$;

CREATE FUNCTION resource_completions_deleted() RETURNS trigger
LANGUAGE plpgsql AS $$
DECLARE
    user_ids uuid[];
    module_ids text[];
    pathway_ids text[];
BEGIN
    SELECT array_agg(user_id), array_agg(module_id), array_agg(pathway_id)
    INTO user_ids, module_ids, pathway_ids
    FROM (SELECT DISTINCT user_id, module_id, pathway_id FROM old_rows) AS touched;
    PERFORM roll_up(user_ids, pathway_ids, user_ids, module_ids);
    RETURN NULL;
END
$$;

-- Most updates report time or percentage only and leave every module as it was. Old and new rows
-- are subtracted, not joined: a join planned for one row would compare all with all for thousands.
CREATE FUNCTION resource_completions_updated() RETURNS trigger
LANGUAGE plpgsql AS $$
DECLARE
    user_ids uuid[];
    pathway_ids text[];
    module_user_ids uuid[];
    module_ids text[];
BEGIN
    SELECT array_agg(user_id), array_agg(pathway_id) INTO user_ids, pathway_ids
    FROM (SELECT user_id, pathway_id FROM new_rows UNION SELECT user_id, pathway_id FROM old_rows)
        AS touched;
    SELECT array_agg(user_id), array_agg(module_id) INTO module_user_ids, module_ids
    FROM (
        SELECT user_id, module_id FROM (
            SELECT id, user_id, module_id, pathway_id, status FROM new_rows
            EXCEPT SELECT id, user_id, module_id, pathway_id, status FROM old_rows) AS now
        UNION
        SELECT user_id, module_id FROM (
            SELECT id, user_id, module_id, pathway_id, status FROM old_rows
            EXCEPT SELECT id, user_id, module_id, pathway_id, status FROM new_rows) AS before
    ) AS changed;
    PERFORM roll_up(user_ids, pathway_ids, module_user_ids, module_ids);
    RETURN NULL;
END
$$;

CREATE TRIGGER resource_completions_inserted AFTER INSERT ON resource_completions
    REFERENCING NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION resource_completions_inserted();
CREATE TRIGGER resource_completions_updated AFTER UPDATE ON resource_completions
    REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION resource_completions_updated();
CREATE TRIGGER resource_completions_deleted AFTER DELETE ON resource_completions
    REFERENCING OLD TABLE AS old_rows
    FOR EACH STATEMENT EXECUTE FUNCTION resource_completions_deleted();

-- Brings completions in line with the newest submission that still stands. The caller names the
-- (learner, resource) pairs whose submissions changed; p_by_learner says whose act it was.
CREATE FUNCTION follow_submissions(p_users uuid[], p_resources text[], p_by_learner boolean)
RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    pathway_ids text[];
    module_ids text[];
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

    -- A changed comment leaves every completion as it was and still shows on the module.
    PERFORM recount(p_users, module_ids);
END
$$;

CREATE FUNCTION resource_submissions_inserted() RETURNS trigger
LANGUAGE plpgsql AS $$
DECLARE
    user_ids uuid[];
    resource_ids text[];
BEGIN
    INSERT INTO submission_decisions
        (sequence, submission_id, user_id, action, submission_status, grade, review_comments,
         decided_by)
    SELECT decided_sequence, id, user_id, 'decided', submission_status, grade, review_comments,
           reviewed_by
    FROM new_rows WHERE submission_status IN ('approved', 'rejected');

    SELECT array_agg(user_id), array_agg(resource_id) INTO user_ids, resource_ids
    FROM (SELECT DISTINCT user_id, resource_id FROM new_rows) AS touched;
    PERFORM follow_submissions(user_ids, resource_ids, true);
    RETURN NULL;
END
$$;

CREATE FUNCTION resource_submissions_updated() RETURNS trigger
LANGUAGE plpgsql AS $$
DECLARE
    user_ids uuid[];
    resource_ids text[];
    by_learner boolean;
BEGIN
    -- Who takes a decision back is not on the row any more; the undoing function says it.
    INSERT INTO submission_decisions
        (sequence, submission_id, user_id, action, submission_status, grade, review_comments,
         decided_by)
    SELECT coalesce(new_rows.decided_sequence, nextval('event_sequence')), new_rows.id,
           new_rows.user_id,
           CASE
               WHEN new_rows.decided_sequence IS NULL THEN 'undone'
               WHEN old_rows.decided_sequence IS NULL THEN 'decided'
               ELSE 'changed'
           END,
           new_rows.submission_status, new_rows.grade, new_rows.review_comments,
           coalesce(new_rows.reviewed_by,
                    nullif(current_setting('aibc.acting_user', true), '')::uuid)
    FROM new_rows JOIN old_rows USING (id)
    WHERE new_rows.decided_sequence IS DISTINCT FROM old_rows.decided_sequence
    ORDER BY new_rows.id;

    -- A superseded submission changes nothing by itself: the newer one that took its place does,
    -- in the next statement.
    SELECT array_agg(user_id), array_agg(resource_id), bool_or(withdrawn)
    INTO user_ids, resource_ids, by_learner
    FROM (
        SELECT new_rows.user_id, new_rows.resource_id,
               bool_or(new_rows.deleted_at IS NOT NULL) AS withdrawn
        FROM new_rows JOIN old_rows USING (id)
        WHERE new_rows.submission_status <> 'superseded'
          AND (new_rows.submission_status, new_rows.deleted_at, new_rows.decided_sequence)
              IS DISTINCT FROM
              (old_rows.submission_status, old_rows.deleted_at, old_rows.decided_sequence)
        GROUP BY new_rows.user_id, new_rows.resource_id
    ) AS touched;
    PERFORM follow_submissions(user_ids, resource_ids, by_learner);
    RETURN NULL;
END
$$;

CREATE TRIGGER resource_submissions_inserted AFTER INSERT ON resource_submissions
    REFERENCING NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION resource_submissions_inserted();
CREATE TRIGGER resource_submissions_updated AFTER UPDATE ON resource_submissions
    REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION resource_submissions_updated();

CREATE FUNCTION module_decisions_inserted() RETURNS trigger
LANGUAGE plpgsql AS $$
DECLARE
    user_ids uuid[];
    module_ids text[];
BEGIN
    SELECT array_agg(user_id), array_agg(module_id) INTO user_ids, module_ids
    FROM (SELECT DISTINCT user_id, module_id FROM new_rows
          WHERE kind IN ('handed_in', 'decided', 'undone')) AS touched;
    PERFORM recount(user_ids, module_ids);
    RETURN NULL;
END
$$;
CREATE TRIGGER module_decisions_inserted AFTER INSERT ON module_decisions
    REFERENCING NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION module_decisions_inserted();

-- Derived tables written by somebody's own SQL are put right at once. Writes of the roll-up
-- itself come from inside triggers and are left alone.
CREATE FUNCTION derived_figures_inserted() RETURNS trigger
LANGUAGE plpgsql AS $$
DECLARE
    user_ids uuid[];
    module_ids text[];
BEGIN
    SELECT array_agg(user_id), array_agg(module_id) INTO user_ids, module_ids FROM new_rows;
    PERFORM recount(user_ids, module_ids);
    RETURN NULL;
END
$$;

CREATE FUNCTION derived_figures_changed() RETURNS trigger
LANGUAGE plpgsql AS $$
DECLARE
    user_ids uuid[];
    module_ids text[];
BEGIN
    SELECT array_agg(user_id), array_agg(module_id) INTO user_ids, module_ids FROM old_rows;
    PERFORM recount(user_ids, module_ids);
    RETURN NULL;
END
$$;

CREATE FUNCTION user_progress_written() RETURNS trigger
LANGUAGE plpgsql AS $$
DECLARE
    user_ids uuid[];
    pathway_ids text[];
BEGIN
    SELECT array_agg(user_id), array_agg(pathway_id) INTO user_ids, pathway_ids FROM new_rows;
    PERFORM roll_up(user_ids, pathway_ids, NULL, NULL);
    RETURN NULL;
END
$$;

CREATE TRIGGER module_completions_inserted AFTER INSERT ON module_completions
    REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT
    WHEN (pg_trigger_depth() = 0) EXECUTE FUNCTION derived_figures_inserted();
CREATE TRIGGER module_completions_updated AFTER UPDATE ON module_completions
    REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT
    WHEN (pg_trigger_depth() = 0) EXECUTE FUNCTION derived_figures_changed();
CREATE TRIGGER module_completions_deleted AFTER DELETE ON module_completions
    REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT
    WHEN (pg_trigger_depth() = 0) EXECUTE FUNCTION derived_figures_changed();
CREATE TRIGGER module_progress_inserted AFTER INSERT ON module_progress
    REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT
    WHEN (pg_trigger_depth() = 0) EXECUTE FUNCTION derived_figures_inserted();
CREATE TRIGGER module_progress_updated AFTER UPDATE ON module_progress
    REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT
    WHEN (pg_trigger_depth() = 0) EXECUTE FUNCTION derived_figures_changed();
CREATE TRIGGER module_progress_deleted AFTER DELETE ON module_progress
    REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT
    WHEN (pg_trigger_depth() = 0) EXECUTE FUNCTION derived_figures_changed();
CREATE TRIGGER user_progress_inserted AFTER INSERT ON user_progress
    REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT
    WHEN (pg_trigger_depth() = 0) EXECUTE FUNCTION user_progress_written();
CREATE TRIGGER user_progress_updated AFTER UPDATE ON user_progress
    REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT
    WHEN (pg_trigger_depth() = 0) EXECUTE FUNCTION user_progress_written();

-- A change to the catalog queues behind the change before it (catalog_state), holds back learners
-- who are just arriving (their first row refers to the pathway) and locks those who are there.
CREATE FUNCTION follow_catalog(
    p_touched bigint, p_pathways text[], p_modules text[], p_moved_resources text[]) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    user_ids uuid[];
    pathway_ids text[];
    module_user_ids uuid[];
    module_ids text[];
BEGIN
    IF p_touched = 0 THEN
        RETURN;
    END IF;
    UPDATE catalog_state SET version = version + 1;
    IF p_pathways IS NULL THEN
        RETURN;
    END IF;
    PERFORM FROM pathways WHERE id = ANY (p_pathways) ORDER BY id FOR UPDATE;

    -- Learners with something in a module that changed belong to the pathway it stands in now.
    SELECT array_agg(touched.user_id), array_agg(touched.pathway_id) INTO user_ids, pathway_ids
    FROM (
        SELECT user_id, pathway_id FROM user_progress WHERE pathway_id = ANY (p_pathways)
        UNION
        SELECT progress.user_id, modules.pathway_id
        FROM module_progress AS progress JOIN modules ON modules.id = progress.module_id
        WHERE progress.module_id = ANY (p_modules)
        UNION
        SELECT completion.user_id, modules.pathway_id
        FROM resource_completions AS completion
        JOIN resources ON resources.id = completion.resource_id
        JOIN modules ON modules.id = resources.module_id
        WHERE completion.resource_id = ANY (p_moved_resources)
    ) AS touched;
    IF user_ids IS NULL THEN
        RETURN;
    END IF;
    PERFORM lock_learners(user_ids, pathway_ids);

    UPDATE resource_completions AS completion
    SET module_id = resources.module_id, pathway_id = modules.pathway_id
    FROM resources JOIN modules ON modules.id = resources.module_id
    WHERE resources.id = completion.resource_id
      AND completion.resource_id = ANY (p_moved_resources)
      AND (completion.module_id, completion.pathway_id)
          IS DISTINCT FROM (resources.module_id, modules.pathway_id);

    SELECT array_agg(user_id), array_agg(module_id) INTO module_user_ids, module_ids
    FROM module_progress WHERE module_id = ANY (p_modules);
    PERFORM roll_up(user_ids, pathway_ids, module_user_ids, module_ids);
END
$$;

-- Pathways, modules and resources each note what changed in a way that counts; anything else
-- (a title, a link) only moves the catalog's version.
CREATE FUNCTION resources_changed() RETURNS trigger
LANGUAGE plpgsql AS $$
DECLARE
    touched bigint;
    pathway_ids text[];
    module_ids text[];
    moved_ids text[];
BEGIN
    IF TG_OP = 'INSERT' THEN
        SELECT count(*), array_agg(DISTINCT module_id) INTO touched, module_ids FROM new_rows;
    ELSIF TG_OP = 'DELETE' THEN
        SELECT count(*), array_agg(DISTINCT module_id) INTO touched, module_ids FROM old_rows;
    ELSE
        SELECT count(*) INTO touched FROM new_rows;
        SELECT array_agg(DISTINCT place.module_id),
               array_agg(DISTINCT new_rows.id) FILTER (WHERE new_rows.module_id <> old_rows.module_id)
        INTO module_ids, moved_ids
        FROM new_rows JOIN old_rows USING (id)
        CROSS JOIN LATERAL (VALUES (new_rows.module_id), (old_rows.module_id)) AS place (module_id)
        WHERE (new_rows.module_id, new_rows.is_required, new_rows.is_published,
               new_rows.removed_at IS NULL)
            IS DISTINCT FROM (old_rows.module_id, old_rows.is_required, old_rows.is_published,
                              old_rows.removed_at IS NULL);
    END IF;
    SELECT array_agg(DISTINCT pathway_id) INTO pathway_ids
    FROM modules WHERE id = ANY (module_ids);
    PERFORM follow_catalog(touched, pathway_ids, module_ids, moved_ids);
    RETURN NULL;
END
$$;

CREATE FUNCTION modules_changed() RETURNS trigger
LANGUAGE plpgsql AS $$
DECLARE
    touched bigint;
    pathway_ids text[];
    module_ids text[];
    moved_ids text[];
BEGIN
    IF TG_OP = 'INSERT' THEN
        SELECT count(*), array_agg(DISTINCT pathway_id) INTO touched, pathway_ids FROM new_rows;
    ELSIF TG_OP = 'DELETE' THEN
        SELECT count(*), array_agg(DISTINCT pathway_id) INTO touched, pathway_ids FROM old_rows;
    ELSE
        SELECT count(*) INTO touched FROM new_rows;
        SELECT array_agg(DISTINCT place.pathway_id), array_agg(DISTINCT new_rows.id)
        INTO pathway_ids, module_ids
        FROM new_rows JOIN old_rows USING (id)
        CROSS JOIN LATERAL (VALUES (new_rows.pathway_id), (old_rows.pathway_id))
            AS place (pathway_id)
        WHERE (new_rows.pathway_id, new_rows.is_published, new_rows.removed_at IS NULL)
            IS DISTINCT FROM (old_rows.pathway_id, old_rows.is_published,
                              old_rows.removed_at IS NULL);
        SELECT array_agg(resources.id) INTO moved_ids
        FROM new_rows JOIN old_rows USING (id) JOIN resources ON resources.module_id = new_rows.id
        WHERE new_rows.pathway_id <> old_rows.pathway_id;
    END IF;
    PERFORM follow_catalog(touched, pathway_ids, module_ids, moved_ids);
    RETURN NULL;
END
$$;

CREATE FUNCTION pathways_changed() RETURNS trigger
LANGUAGE plpgsql AS $$
DECLARE
    touched bigint;
    pathway_ids text[];
    module_ids text[];
BEGIN
    IF TG_OP = 'INSERT' THEN
        SELECT count(*) INTO touched FROM new_rows;
    ELSIF TG_OP = 'DELETE' THEN
        SELECT count(*) INTO touched FROM old_rows;
    ELSE
        SELECT count(*) INTO touched FROM new_rows;
        SELECT array_agg(DISTINCT new_rows.id), array_agg(modules.id)
        INTO pathway_ids, module_ids
        FROM new_rows JOIN old_rows USING (id)
        LEFT JOIN modules ON modules.pathway_id = new_rows.id
        WHERE (new_rows.is_published, new_rows.removed_at IS NULL)
            IS DISTINCT FROM (old_rows.is_published, old_rows.removed_at IS NULL);
    END IF;
    PERFORM follow_catalog(touched, pathway_ids, module_ids, NULL);
    RETURN NULL;
END
$$;

CREATE TRIGGER resources_inserted AFTER INSERT ON resources
    REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION resources_changed();
CREATE TRIGGER resources_updated AFTER UPDATE ON resources
    REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION resources_changed();
CREATE TRIGGER resources_deleted AFTER DELETE ON resources
    REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION resources_changed();
CREATE TRIGGER modules_inserted AFTER INSERT ON modules
    REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION modules_changed();
CREATE TRIGGER modules_updated AFTER UPDATE ON modules
    REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION modules_changed();
CREATE TRIGGER modules_deleted AFTER DELETE ON modules
    REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION modules_changed();
CREATE TRIGGER pathways_inserted AFTER INSERT ON pathways
    REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION pathways_changed();
CREATE TRIGGER pathways_updated AFTER UPDATE ON pathways
    REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION pathways_changed();
CREATE TRIGGER pathways_deleted AFTER DELETE ON pathways
    REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION pathways_changed();

COMMIT;
