-- Who is asking, what there is to learn, and the rolled-up figures of each learner.
--
-- Functions refuse with SQLSTATE ZBnnn: nnn is the HTTP status, the constraint's name the stable
-- code, the message one sentence for the person who asked.

BEGIN;

CREATE TABLE IF NOT EXISTS schema_migrations (
    version    text PRIMARY KEY,
    applied_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
INSERT INTO schema_migrations (version) VALUES ('000_base');

-- Functions common to every table.

CREATE FUNCTION refuse(status int, code text, sentence text) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION USING ERRCODE = 'ZB' || status, CONSTRAINT = code, MESSAGE = sentence;
END
$$;

-- Attached to tables whose rows are evidence. Grants would not stop an operator who connects as
-- a superuser; a trigger does.
CREATE FUNCTION refuse_removal() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    PERFORM refuse(409, 'kept_for_ever', format('Rows of %s are kept for ever.', TG_TABLE_NAME));
    RETURN NULL;
END
$$;

CREATE FUNCTION refuse_rewriting() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    PERFORM refuse(409, 'append_only', format('Rows of %s are never changed.', TG_TABLE_NAME));
    RETURN NULL;
END
$$;

CREATE FUNCTION touch_updated_at() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    NEW.updated_at := clock_timestamp();
    RETURN NEW;
END
$$;

-- Accounts.

CREATE TABLE users (
    id                   uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    email                text NOT NULL CHECK (length(email) BETWEEN 3 AND 320),
    -- NFKC and case folded: two spellings of one address are one account.
    email_key            text NOT NULL,
    full_name            text NOT NULL CHECK (length(full_name) BETWEEN 1 AND 200),
    -- NULL: signs in by an identity provider only.
    password_hash        text,
    email_verified       boolean NOT NULL DEFAULT false,
    role                 text NOT NULL DEFAULT 'student'
        CONSTRAINT users_role_check CHECK (role IN ('student', 'instructor', 'admin')),
    account_status       text NOT NULL DEFAULT 'active'
        CONSTRAINT users_account_status_check CHECK (account_status IN ('active', 'suspended')),
    onboarding_completed boolean NOT NULL DEFAULT false,
    is_demo              boolean NOT NULL DEFAULT false,
    created_at           timestamptz NOT NULL DEFAULT clock_timestamp(),
    updated_at           timestamptz NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT users_email_key_unique UNIQUE (email_key)
);
CREATE INDEX users_newest ON users (created_at, id);
CREATE TRIGGER users_touch BEFORE UPDATE ON users FOR EACH ROW EXECUTE FUNCTION touch_updated_at();

-- A session is one sign-in and the family of refresh tokens that follow from it.
CREATE TABLE sessions (
    id         uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    user_id    uuid NOT NULL REFERENCES users,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    expires_at timestamptz NOT NULL,
    revoked_at timestamptz
);
CREATE INDEX sessions_of_user ON sessions (user_id) WHERE revoked_at IS NULL;

CREATE TABLE refresh_tokens (
    token_hash    bytea PRIMARY KEY CHECK (length(token_hash) = 32),
    session_id    uuid NOT NULL REFERENCES sessions ON DELETE CASCADE,
    issued_at     timestamptz NOT NULL DEFAULT clock_timestamp(),
    expires_at    timestamptz NOT NULL,
    first_used_at timestamptz,
    uses          integer NOT NULL DEFAULT 0 CHECK (uses >= 0)
);
CREATE INDEX refresh_tokens_of_session ON refresh_tokens (session_id);

-- Wrong passwords, per e-mail and address; address '' counts the e-mail as a whole. A row is
-- written whether or not an account exists, so that nobody learns which e-mails do.
CREATE TABLE sign_in_failures (
    email_key      text NOT NULL,
    address        text NOT NULL,
    failures       integer NOT NULL DEFAULT 0 CHECK (failures >= 0),
    last_failed_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    locked_until   timestamptz,
    PRIMARY KEY (email_key, address)
);

CREATE TABLE signup_attempts (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    address    text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX signup_attempts_recent ON signup_attempts (address, created_at);

-- Sensitive acts of people and commands. actor_id NULL: somebody at the command line.
CREATE TABLE audit_log (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    actor_id   uuid REFERENCES users,
    action     text NOT NULL,
    subject_id uuid,
    old_value  jsonb,
    new_value  jsonb,
    request_id text,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE TRIGGER audit_log_keep BEFORE DELETE OR TRUNCATE ON audit_log
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_removal();
CREATE TRIGGER audit_log_append_only BEFORE UPDATE ON audit_log
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_rewriting();

-- Catalog.

-- One row. Every change to the catalog moves the version and, by locking this row, queues behind
-- the change before it.
CREATE TABLE catalog_state (
    id      boolean PRIMARY KEY DEFAULT true CHECK (id),
    version bigint NOT NULL DEFAULT 1
);
INSERT INTO catalog_state DEFAULT VALUES;

CREATE TABLE pathways (
    id           text PRIMARY KEY
        CONSTRAINT pathways_slug_check CHECK (id ~ '^[a-z0-9]+(-[a-z0-9]+)*$' AND length(id) <= 80),
    title        text NOT NULL,
    short_title  text NOT NULL,
    instructor   text NOT NULL DEFAULT '',
    description  text NOT NULL DEFAULT '',
    color        text NOT NULL DEFAULT 'from-slate-500 to-slate-600',
    accent       text NOT NULL DEFAULT '#475569' CHECK (accent ~ '^#[0-9a-f]{6}$'),
    order_index  integer NOT NULL DEFAULT 0,
    is_published boolean NOT NULL DEFAULT true,
    removed_at   timestamptz,
    created_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
    updated_at   timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE TRIGGER pathways_touch BEFORE UPDATE ON pathways
    FOR EACH ROW EXECUTE FUNCTION touch_updated_at();

CREATE TABLE modules (
    id               text PRIMARY KEY
        CONSTRAINT modules_slug_check CHECK (id ~ '^[a-z0-9]+(-[a-z0-9]+)*$' AND length(id) <= 80),
    pathway_id       text NOT NULL REFERENCES pathways,
    title            text NOT NULL,
    description      text NOT NULL DEFAULT '',
    order_index      integer NOT NULL DEFAULT 0,
    duration_minutes integer NOT NULL DEFAULT 0 CHECK (duration_minutes >= 0),
    is_published     boolean NOT NULL DEFAULT true,
    removed_at       timestamptz,
    created_at       timestamptz NOT NULL DEFAULT clock_timestamp(),
    updated_at       timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX modules_of_pathway ON modules (pathway_id, order_index);
CREATE TRIGGER modules_touch BEFORE UPDATE ON modules
    FOR EACH ROW EXECUTE FUNCTION touch_updated_at();

-- Rolled-up figures.

-- Decisions, hand-ins and uploads are put in order by one sequence, read while the learner's
-- lock is held: two of one learner never share or swap a place.
CREATE SEQUENCE event_sequence;

-- One learner on one pathway. This row is also the learner's lock: whoever writes a completion,
-- submission or module row of the learner holds it FOR NO KEY UPDATE first, several of them in
-- the order of (user_id, pathway_id).
CREATE TABLE user_progress (
    id                       uuid NOT NULL DEFAULT gen_random_uuid() UNIQUE,
    user_id                  uuid NOT NULL REFERENCES users,
    -- This reference also holds back a catalog change while a first row is being made.
    pathway_id               text NOT NULL REFERENCES pathways,
    current_module_id        text REFERENCES modules,
    progress_percentage      smallint NOT NULL DEFAULT 0
        CHECK (progress_percentage BETWEEN 0 AND 100),
    completed_modules        integer NOT NULL DEFAULT 0 CHECK (completed_modules >= 0),
    total_time_spent_minutes bigint NOT NULL DEFAULT 0 CHECK (total_time_spent_minutes >= 0),
    -- Moved by every change to anything of this learner on this pathway.
    version                  bigint NOT NULL DEFAULT 0,
    started_at               timestamptz NOT NULL DEFAULT clock_timestamp(),
    last_accessed_at         timestamptz NOT NULL DEFAULT clock_timestamp(),
    -- When it first reached 100 %, kept from then on.
    completed_at             timestamptz,
    PRIMARY KEY (user_id, pathway_id)
) WITH (fillfactor = 80);
CREATE INDEX user_progress_of_pathway ON user_progress (pathway_id, user_id);

-- One learner in one module they have touched; no row means 0 %.
CREATE TABLE module_progress (
    user_id             uuid NOT NULL REFERENCES users,
    module_id           text NOT NULL REFERENCES modules,
    pathway_id          text NOT NULL,
    progress_percentage smallint NOT NULL CHECK (progress_percentage BETWEEN 0 AND 100),
    PRIMARY KEY (user_id, module_id)
) WITH (fillfactor = 80);
CREATE INDEX module_progress_of_module ON module_progress (module_id, user_id);

-- A module handed in: the row exists from the hand-in until the hand-in no longer stands.
CREATE TABLE module_completions (
    id                 uuid NOT NULL UNIQUE,
    user_id            uuid NOT NULL REFERENCES users,
    pathway_id         text NOT NULL,
    module_id          text NOT NULL REFERENCES modules,
    completed_at       timestamptz NOT NULL,
    time_spent_minutes bigint NOT NULL DEFAULT 0 CHECK (time_spent_minutes >= 0),
    approval_status    text NOT NULL
        CONSTRAINT module_completions_status_check
        CHECK (approval_status IN ('pending', 'approved', 'rejected')),
    -- Whether a person decided the status or the figures did.
    decided_by_hand    boolean NOT NULL,
    reviewed_by        uuid REFERENCES users,
    reviewed_at        timestamptz,
    review_comments    text CHECK (length(review_comments) <= 10000),
    PRIMARY KEY (user_id, module_id),
    CONSTRAINT module_completions_own_work CHECK (reviewed_by <> user_id)
);
CREATE INDEX module_completions_of_pathway ON module_completions (user_id, pathway_id);
CREATE INDEX module_completions_waiting ON module_completions (completed_at, id)
    WHERE approval_status = 'pending';

-- Everything that ever decided over a module, in order; never changed, never removed.
CREATE TABLE module_decisions (
    sequence           bigint PRIMARY KEY DEFAULT nextval('event_sequence'),
    user_id            uuid NOT NULL REFERENCES users,
    pathway_id         text NOT NULL,
    -- NULL for what happens to the pathway as a whole.
    module_id          text REFERENCES modules,
    kind               text NOT NULL CONSTRAINT module_decisions_kind_check CHECK (kind IN (
        'handed_in',                -- the learner's POST, with its minutes
        'decided',                  -- approved or rejected by a person
        'undone',                   -- takes the decision named by `undoes` back
        'automatic',                -- the figures changed the status; NULL status: the row went
        'first_approved',           -- milestone, once per module
        'pathway_completed'         -- milestone, once per pathway
    )),
    approval_status    text CHECK (approval_status IN ('pending', 'approved', 'rejected')),
    decided_by         uuid REFERENCES users,
    review_comments    text CHECK (length(review_comments) <= 10000),
    time_spent_minutes bigint CHECK (time_spent_minutes >= 0),
    -- The resources counted when the figures approved.
    resource_ids       text[],
    undoes             bigint REFERENCES module_decisions,
    created_at         timestamptz NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT module_decisions_own_work CHECK (decided_by <> user_id),
    CONSTRAINT module_decisions_shape CHECK (
        (kind = 'pathway_completed') = (module_id IS NULL)
        AND (kind <> 'decided' OR approval_status IN ('approved', 'rejected') IS TRUE)
        AND (kind = 'undone') = (undoes IS NOT NULL)
    )
);
CREATE INDEX module_decisions_of_module ON module_decisions (user_id, module_id, sequence DESC);
CREATE UNIQUE INDEX module_decisions_first_approved ON module_decisions (user_id, module_id)
    WHERE kind = 'first_approved';
CREATE UNIQUE INDEX module_decisions_pathway_completed ON module_decisions (user_id, pathway_id)
    WHERE kind = 'pathway_completed';
CREATE UNIQUE INDEX module_decisions_undone_once ON module_decisions (undoes)
    WHERE undoes IS NOT NULL;
CREATE TRIGGER module_decisions_keep BEFORE DELETE OR TRUNCATE ON module_decisions
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_removal();
CREATE TRIGGER module_decisions_append_only BEFORE UPDATE ON module_decisions
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_rewriting();

-- Achievements and streaks.

CREATE TABLE achievements (
    id                text PRIMARY KEY,
    name              text NOT NULL,
    description       text NOT NULL,
    icon              text NOT NULL,
    category          text NOT NULL,
    requirement_type  text NOT NULL,
    requirement_value integer NOT NULL CHECK (requirement_value > 0)
);

CREATE TABLE user_achievements (
    user_id        uuid NOT NULL REFERENCES users,
    achievement_id text NOT NULL REFERENCES achievements,
    earned_at      timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (user_id, achievement_id)
);

-- Days are days of UTC.
CREATE TABLE user_streaks (
    user_id            uuid PRIMARY KEY REFERENCES users,
    current_streak     integer NOT NULL DEFAULT 0 CHECK (current_streak >= 0),
    longest_streak     integer NOT NULL DEFAULT 0 CHECK (longest_streak >= current_streak),
    last_activity_date date,
    updated_at         timestamptz NOT NULL DEFAULT clock_timestamp()
);

COMMIT;
