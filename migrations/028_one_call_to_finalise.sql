-- Finalising an upload is one call. The status of its resource is asked by a function of its own,
-- which sees what the triggers have done; and where nothing waits, nothing is superseded in vain: an
-- update of no rows would still run every trigger of submissions.

BEGIN;
INSERT INTO schema_migrations (version) VALUES ('028_one_call_to_finalise');

CREATE OR REPLACE FUNCTION finalise_upload(
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

    IF EXISTS (SELECT FROM resource_submissions
               WHERE user_id = p_user AND resource_id = upload.resource_id
                 AND submission_status = 'uploaded' AND deleted_at IS NULL) THEN
        UPDATE resource_submissions SET submission_status = 'superseded'
        WHERE user_id = p_user AND resource_id = upload.resource_id
          AND submission_status = 'uploaded' AND deleted_at IS NULL;
    END IF;
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

-- VOLATILE on purpose: so it sees what the statement that calls it has already done.
CREATE FUNCTION completion_status(p_user uuid, p_resource text) RETURNS text
LANGUAGE plpgsql VOLATILE AS $$
BEGIN
    RETURN (SELECT status FROM resource_completions
            WHERE user_id = p_user AND resource_id = p_resource);
END
$$;

COMMIT;
