-- Requests that may be repeated without being done twice: Idempotency-Key on upload and finalize.
--
-- A key belongs to one learner and one route for 24 hours. While its request runs, the request holds
-- a short lease that it renews; a request that died lets go by falling silent. Once it changed
-- something its answer is kept beside the key, and a repeat is told the same.

BEGIN;
INSERT INTO schema_migrations (version) VALUES ('013_idempotency_keys');

CREATE TABLE idempotency_keys (
    user_id       uuid NOT NULL REFERENCES users,
    route         text NOT NULL CHECK (route IN ('upload', 'finalize')),
    key           text NOT NULL CONSTRAINT idempotency_keys_key_check CHECK (key ~ '^[!-~]{1,255}$'),
    -- What the request was about, as far as it is known before its body is read.
    target        text NOT NULL,
    -- The request that runs, by a number it drew when it came.
    holder        uuid NOT NULL,
    leased_until  timestamptz NOT NULL,
    -- Its claim. Once that is finalised the key is never free again, whatever becomes of the request.
    upload_id     uuid REFERENCES uploads,
    answer_status integer,
    -- json, not jsonb: what was said is said again letter for letter.
    answer        json,
    -- Of the form, as far as it was read.
    digest        text,
    expires_at    timestamptz NOT NULL,
    PRIMARY KEY (user_id, route, key),
    CONSTRAINT idempotency_keys_answered CHECK ((answer IS NULL) = (answer_status IS NULL))
);
CREATE INDEX idempotency_keys_to_sweep ON idempotency_keys (expires_at);

CREATE TYPE idempotency_standing AS (
    -- taken: go on. running, differs: refuse. answered: say `answer`. finished: of `submission_id`,
    -- but whoever handed it in was gone before the answer could be kept.
    standing text, answer_status integer, answer json, digest text, submission_id uuid);

CREATE FUNCTION take_idempotency_key(
    p_user uuid, p_route text, p_key text, p_target text, p_holder uuid, p_upload uuid,
    p_lease interval, p_kept interval) RETURNS idempotency_standing
LANGUAGE plpgsql AS $$
DECLARE
    moment timestamptz := clock_timestamp();
    own_upload uuid;
    held idempotency_keys;
    made uuid;
BEGIN
    SELECT id INTO own_upload FROM uploads WHERE id = p_upload AND user_id = p_user;
    DELETE FROM idempotency_keys
    WHERE user_id = p_user AND route = p_route AND key = p_key AND expires_at <= moment;
    LOOP
        INSERT INTO idempotency_keys
            (user_id, route, key, target, holder, leased_until, upload_id, expires_at)
        VALUES (p_user, p_route, p_key, p_target, p_holder, moment + p_lease, own_upload,
                moment + p_kept)
        ON CONFLICT DO NOTHING;
        IF FOUND THEN
            RETURN ROW('taken', NULL, NULL, NULL, NULL)::idempotency_standing;
        END IF;
        SELECT * INTO held FROM idempotency_keys
        WHERE user_id = p_user AND route = p_route AND key = p_key FOR UPDATE;
        EXIT WHEN FOUND;  -- otherwise it was let go in this very moment
    END LOOP;
    IF held.target <> p_target THEN
        RETURN ROW('differs', NULL, NULL, NULL, NULL)::idempotency_standing;
    ELSIF held.answer IS NOT NULL THEN
        RETURN ROW('answered', held.answer_status, held.answer, held.digest, NULL)
            ::idempotency_standing;
    END IF;
    SELECT submission_id INTO made FROM uploads WHERE id = held.upload_id;
    IF made IS NULL AND held.leased_until > clock_timestamp() THEN
        RETURN ROW('running', NULL, NULL, NULL, NULL)::idempotency_standing;
    ELSIF made IS NULL AND p_route = 'upload' AND held.upload_id IS NOT NULL THEN
        -- Its request is gone. Should it be only slow, it finds its upload over.
        PERFORM settle_upload(held.upload_id, 'abandoned', NULL);
        SELECT submission_id INTO made FROM uploads WHERE id = held.upload_id;
    END IF;
    IF made IS NOT NULL THEN
        RETURN ROW('finished', NULL, NULL, NULL, made)::idempotency_standing;
    END IF;
    UPDATE idempotency_keys
    SET holder = p_holder, upload_id = own_upload, leased_until = clock_timestamp() + p_lease
    WHERE user_id = p_user AND route = p_route AND key = p_key;
    RETURN ROW('taken', NULL, NULL, NULL, NULL)::idempotency_standing;
END
$$;

-- Lets go of the key of a request that failed. What changed something, a refused file, is kept as the
-- answer; what changed nothing, or was refused before it could be told from another,
-- leaves the key as new; a finalised upload keeps its key.
CREATE FUNCTION release_idempotency_key(
    p_user uuid, p_route text, p_key text, p_holder uuid, p_status integer, p_answer json,
    p_digest text)
RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    held idempotency_keys;
    outcome text;
BEGIN
    SELECT * INTO held FROM idempotency_keys
    WHERE user_id = p_user AND route = p_route AND key = p_key AND holder = p_holder
      AND answer IS NULL FOR UPDATE;
    IF NOT FOUND THEN
        RETURN;
    END IF;
    SELECT state INTO outcome FROM uploads WHERE id = held.upload_id;
    IF outcome = 'refused' AND (p_route = 'finalize' OR p_digest IS NOT NULL) THEN
        UPDATE idempotency_keys
        SET answer_status = p_status, answer = p_answer, digest = p_digest
        WHERE user_id = p_user AND route = p_route AND key = p_key;
    ELSIF outcome IS DISTINCT FROM 'finalised' THEN
        DELETE FROM idempotency_keys
        WHERE user_id = p_user AND route = p_route AND key = p_key;
    END IF;
END
$$;

COMMIT;
