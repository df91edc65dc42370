-- Handing in a file: claim a place, claim a key, store the bytes elsewhere, finalise; or withdraw.
--
-- An upload under way is a row of `uploads` and nothing else: learners and instructors see a
-- submission only once it is finalised. No lock is held while bytes move.

BEGIN;
INSERT INTO schema_migrations (version) VALUES ('003_uploads');

CREATE TABLE uploads (
    id             uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    user_id        uuid NOT NULL REFERENCES users,
    resource_id    text NOT NULL REFERENCES resources,
    -- multipart: through the service; direct: from the browser straight to the store.
    transport      text NOT NULL CHECK (transport IN ('multipart', 'direct')),
    state          text NOT NULL DEFAULT 'claimed' CONSTRAINT uploads_state_check CHECK (state IN (
        'claimed',      -- under way: counts against the learner's limits
        'finalised',    -- became a submission: counts for as long as the limits look back
        'refused',      -- the file was not acceptable: counts against the limit on refusals
        'abandoned'     -- cut off, crashed or expired: counts against nothing
    )),
    -- What it takes of the learner's volume: an upper bound while under way, then the real size.
    reserved_bytes bigint NOT NULL CHECK (reserved_bytes >= 0),
    claimed_at     timestamptz NOT NULL DEFAULT clock_timestamp(),
    -- After this moment a sweep may settle it.
    expires_at     timestamptz NOT NULL,
    settled_at     timestamptz,
    file_name      text,
    declared_type  text,
    -- The only place a key can come from: two uploads never write the same object.
    object_key     text CONSTRAINT uploads_object_key_unique UNIQUE,
    submission_id  uuid REFERENCES resource_submissions,
    refusal_code   text,
    CONSTRAINT uploads_settled CHECK ((state = 'claimed') = (settled_at IS NULL)),
    CONSTRAINT uploads_submission CHECK ((state = 'finalised') = (submission_id IS NOT NULL))
);
CREATE INDEX uploads_under_way ON uploads (user_id) WHERE state = 'claimed';
CREATE INDEX uploads_settled_lately ON uploads (user_id, settled_at)
    WHERE state IN ('finalised', 'refused');
CREATE INDEX uploads_to_sweep ON uploads (expires_at) WHERE state = 'claimed';

-- Whether this learner may hand in a file for this resource now. Asked before the bytes and again,
-- under the learner's lock, after them.
CREATE FUNCTION check_may_hand_in(p_user uuid, p_resource live_resources) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    IF p_resource.id IS NULL THEN
        PERFORM refuse(404, 'resource_not_found', 'There is no such resource.');
    ELSIF NOT p_resource.requires_upload THEN
        PERFORM refuse(400, 'upload_not_accepted', format(
            'This %s takes no files: %s instead.', p_resource.type,
            CASE p_resource.type WHEN 'quiz' THEN 'answer it' ELSE 'report it as completed' END));
    ELSIF EXISTS (SELECT FROM resource_completions
                  WHERE user_id = p_user AND resource_id = p_resource.id
                    AND status IN ('completed', 'reviewed')) THEN
        PERFORM refuse(409, 'already_passed',
            format('You have already passed this %s, so there is nothing more to hand in.',
                   p_resource.type));
    ELSIF NOT p_resource.allow_resubmission AND EXISTS (
        SELECT FROM resource_submissions
        WHERE user_id = p_user AND resource_id = p_resource.id AND submission_status = 'rejected')
    THEN
        PERFORM refuse(409, 'resubmission_not_allowed', format(
            'Your submission was rejected and this %s takes no second one: ask your instructor.',
            p_resource.type));
    END IF;
END
$$;

CREATE TYPE upload_claim AS (
    upload_id uuid, claimed_at timestamptz, pathway_id text, accepted_file_types text[],
    max_file_bytes bigint,
    -- NULL: claimed. Otherwise which limit stands in the way, and for how long.
    refusal_code text, retry_after_seconds integer,
    uploads_remaining integer, seconds_to_reset integer);

-- Claims a place within the learner's limits. The lock is the learner's `users` row, held for this
-- one short transaction, so the limits are exact however many claims arrive at once.
CREATE FUNCTION claim_upload(
    p_user uuid, p_resource text, p_transport text, p_announced_bytes bigint,
    p_uploads_per_hour integer, p_bytes_per_day bigint, p_refusals_per_hour integer,
    p_lifetime interval) RETURNS upload_claim
LANGUAGE plpgsql AS $$
DECLARE
    resource live_resources;
    claim upload_claim;
    moment timestamptz;
    reserved bigint;
    used record;
    free_at timestamptz;
BEGIN
    PERFORM FROM users WHERE id = p_user FOR NO KEY UPDATE;
    SELECT * INTO resource FROM live_resources WHERE id = p_resource;
    PERFORM check_may_hand_in(p_user, resource);

    moment := clock_timestamp();
    claim.pathway_id := resource.pathway_id;
    claim.accepted_file_types := resource.accepted_file_types;
    claim.max_file_bytes := resource.max_file_size_mb * 1048576::bigint;
    reserved := least(coalesce(p_announced_bytes, claim.max_file_bytes), claim.max_file_bytes);

    SELECT count(*) FILTER (WHERE state = 'claimed' OR hour) AS uploads,
           coalesce(sum(reserved_bytes), 0) AS bytes,
           min(settled_at) FILTER (WHERE hour) AS oldest_in_hour
    INTO used
    FROM (
        SELECT state, reserved_bytes, settled_at, settled_at > moment - interval '1 hour' AS hour
        FROM uploads
        WHERE user_id = p_user AND (
            state = 'claimed'
            OR (state = 'finalised' AND settled_at > moment - interval '24 hours'))
    ) AS recent;
    claim.seconds_to_reset := seconds_until(
        coalesce(used.oldest_in_hour, moment) + interval '1 hour', moment);

    SELECT settled_at + interval '1 hour' INTO free_at FROM uploads
    WHERE user_id = p_user AND state = 'refused' AND settled_at > moment - interval '1 hour'
    ORDER BY settled_at DESC OFFSET p_refusals_per_hour - 1 LIMIT 1;
    IF FOUND THEN
        claim.refusal_code := 'too_many_refused_files';
    ELSIF used.uploads >= p_uploads_per_hour THEN
        claim.refusal_code := 'upload_limit_reached';
        free_at := used.oldest_in_hour + interval '1 hour';
    ELSIF used.bytes + reserved > p_bytes_per_day THEN
        claim.refusal_code := 'upload_volume_reached';
        free_at := volume_free_at(p_user, used.bytes + reserved - p_bytes_per_day, moment);
    ELSE
        INSERT INTO uploads (user_id, resource_id, transport, reserved_bytes, claimed_at, expires_at)
        VALUES (p_user, p_resource, p_transport, reserved, moment, moment + p_lifetime)
        RETURNING id, claimed_at INTO claim.upload_id, claim.claimed_at;
        used.uploads := used.uploads + 1;
    END IF;
    IF claim.refusal_code IS NOT NULL THEN
        claim.retry_after_seconds := seconds_until(free_at, moment);
    END IF;
    claim.uploads_remaining := greatest(p_uploads_per_hour - used.uploads, 0);
    RETURN claim;
END
$$;

-- Whole seconds until then, at least one; a minute when only uploads under way stand in the way.
CREATE FUNCTION seconds_until(p_then timestamptz, p_now timestamptz) RETURNS integer
LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE WHEN p_then IS NULL THEN 60
                ELSE greatest(ceil(extract(epoch FROM p_then - p_now))::integer, 1) END
$$;

-- When so many bytes of the last 24 hours' uploads will have left the window.
CREATE FUNCTION volume_free_at(p_user uuid, p_bytes numeric, p_now timestamptz) RETURNS timestamptz
LANGUAGE sql STABLE AS $$
    SELECT min(settled_at) + interval '24 hours' FROM (
        SELECT settled_at, sum(reserved_bytes) OVER (ORDER BY settled_at, id) AS freed
        FROM uploads
        WHERE user_id = p_user AND state = 'finalised'
          AND settled_at > p_now - interval '24 hours'
    ) AS leaving
    WHERE freed >= p_bytes
$$;

-- Gives the upload the first of the wanted keys that nobody has. NULL: all are taken.
CREATE FUNCTION claim_object_key(
    p_upload uuid, p_file_name text, p_declared_type text, p_keys text[]) RETURNS text
LANGUAGE plpgsql AS $$
DECLARE
    wanted text;
BEGIN
    FOREACH wanted IN ARRAY p_keys LOOP
        CONTINUE WHEN EXISTS (SELECT FROM resource_submissions WHERE object_key = wanted);
        BEGIN
            UPDATE uploads
            SET object_key = wanted, file_name = p_file_name, declared_type = p_declared_type
            WHERE id = p_upload AND state = 'claimed';
            IF NOT FOUND THEN
                PERFORM refuse(409, 'upload_over', 'This upload is over: start a new one.');
            END IF;
            RETURN wanted;
        EXCEPTION WHEN unique_violation THEN
            NULL;
        END;
    END LOOP;
    RETURN NULL;
END
$$;

CREATE FUNCTION settle_upload(p_upload uuid, p_state text, p_refusal_code text) RETURNS boolean
LANGUAGE plpgsql AS $$
BEGIN
    UPDATE uploads
    SET state = p_state, settled_at = clock_timestamp(), refusal_code = p_refusal_code
    WHERE id = p_upload AND state = 'claimed';
    RETURN FOUND;
END
$$;

-- Makes a submission of an upload whose bytes are safe in the store. Called again for a finalised
-- upload it answers the same submission.
CREATE FUNCTION finalise_upload(
    p_user uuid, p_upload uuid, p_size bigint, p_type text, p_sha256 text, p_crc32c text,
    p_gcs_url text, p_notes text) RETURNS resource_submissions
LANGUAGE plpgsql AS $$
DECLARE
    upload uploads;
    resource live_resources;
    submission resource_submissions;
BEGIN
    SELECT * INTO upload FROM uploads WHERE id = p_upload AND user_id = p_user;
    IF NOT FOUND THEN
        PERFORM refuse(404, 'upload_not_found', 'There is no such upload.');
    END IF;
    resource := lock_learner_on_resource(p_user, upload.resource_id);
    SELECT * INTO upload FROM uploads WHERE id = p_upload FOR UPDATE;
    IF upload.state = 'finalised' THEN
        SELECT * INTO submission FROM resource_submissions WHERE id = upload.submission_id;
        RETURN submission;
    ELSIF upload.state <> 'claimed' THEN
        PERFORM refuse(409, 'upload_over', 'This upload is over: start a new one.');
    END IF;
    PERFORM check_may_hand_in(p_user, resource);

    UPDATE resource_submissions SET submission_status = 'superseded'
    WHERE user_id = p_user AND resource_id = upload.resource_id
      AND submission_status = 'uploaded' AND deleted_at IS NULL;
    INSERT INTO resource_submissions
        (user_id, resource_id, file_name, file_size_bytes, file_type, sha256, crc32c, gcs_url, notes)
    VALUES (p_user, upload.resource_id, upload.file_name, p_size, p_type, p_sha256, p_crc32c,
            p_gcs_url, p_notes)
    RETURNING * INTO submission;
    UPDATE uploads
    SET state = 'finalised', settled_at = clock_timestamp(), reserved_bytes = p_size,
        submission_id = submission.id
    WHERE id = p_upload;
    RETURN submission;
END
$$;

-- Takes back a submission that waits for review. The file stays; the row leaves every list.
CREATE FUNCTION withdraw_submission(p_user uuid, p_submission uuid) RETURNS timestamptz
LANGUAGE plpgsql AS $$
DECLARE
    submission resource_submissions;
BEGIN
    submission := lock_learner_of_submission(p_submission);
    IF submission.user_id IS DISTINCT FROM p_user THEN
        PERFORM refuse(404, 'submission_not_found', 'There is no such submission.');
    ELSIF submission.submission_status <> 'uploaded' THEN
        PERFORM refuse(409, 'not_waiting', format(
            'This submission is %s: only one that waits for review can be withdrawn.',
            submission.submission_status));
    ELSIF EXISTS (
        SELECT FROM module_completions AS module
        JOIN resources ON resources.module_id = module.module_id
        WHERE module.user_id = p_user AND resources.id = submission.resource_id
          AND module.decided_by_hand AND module.approval_status = 'approved') THEN
        PERFORM refuse(409, 'module_approved',
            'An instructor has approved this module, so what you handed in for it stays.');
    END IF;
    UPDATE resource_submissions SET deleted_at = clock_timestamp() WHERE id = p_submission
    RETURNING * INTO submission;
    RETURN submission.deleted_at;
END
$$;

-- Locks the author on the pathway where the resource stands, live or not, and reads the submission
-- again. Without the author's lock a decision and a new upload could cross.
CREATE FUNCTION lock_learner_of_submission(p_submission uuid) RETURNS resource_submissions
LANGUAGE plpgsql AS $$
DECLARE
    author uuid;
    pathway text;
    locked_pathway text;
    submission resource_submissions;
BEGIN
    LOOP
        SELECT present.user_id, modules.pathway_id INTO author, pathway
        FROM resource_submissions AS present
        JOIN resources ON resources.id = present.resource_id
        JOIN modules ON modules.id = resources.module_id
        WHERE present.id = p_submission AND present.deleted_at IS NULL;
        EXIT WHEN NOT FOUND OR pathway = locked_pathway;
        locked_pathway := pathway;
        PERFORM lock_learners(ARRAY[author], ARRAY[locked_pathway]);
    END LOOP;
    SELECT * INTO submission FROM resource_submissions
    WHERE id = p_submission AND deleted_at IS NULL;
    RETURN submission;
END
$$;

COMMIT;
