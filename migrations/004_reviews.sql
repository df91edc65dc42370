-- What an instructor decides: on a submission, on a module; claims on the queue.

BEGIN;
INSERT INTO schema_migrations (version) VALUES ('004_reviews');

-- A lease that tells others who is looking at a submission. Advisory: it never blocks a decision.
CREATE TABLE review_claims (
    submission_id uuid PRIMARY KEY REFERENCES resource_submissions,
    claimed_by    uuid NOT NULL REFERENCES users,
    claimed_until timestamptz NOT NULL
);

-- Nothing that a person could read: spaces, line breaks, characters without a shape.
CREATE FUNCTION is_blank(p_text text) RETURNS boolean
LANGUAGE sql IMMUTABLE AS $$
    SELECT coalesce(p_text, '') !~ '[^\s\u00A0\u00AD\u200B-\u200F\u2028-\u202F\u205F-\u206F\u3000\uFEFF]'
$$;

CREATE FUNCTION refuse_missing_submission(p_submission resource_submissions) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    IF p_submission.id IS NULL THEN
        PERFORM refuse(404, 'submission_not_found', 'There is no such submission.');
    END IF;
END
$$;

-- A later attempt takes every decision before it out of reach, even if it was withdrawn since.
CREATE FUNCTION refuse_when_followed(p_submission resource_submissions) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    later integer;
BEGIN
    SELECT max(attempt) INTO later FROM resource_submissions
    WHERE user_id = p_submission.user_id AND resource_id = p_submission.resource_id
      AND attempt > p_submission.attempt;
    IF later IS NOT NULL THEN
        PERFORM refuse(409, 'later_attempt', format(
            'The learner has handed in attempt %s since, so this decision stays: review that one.',
            later));
    END IF;
END
$$;

CREATE FUNCTION refuse_standing_decision(p_submission resource_submissions) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    reviewer text;
BEGIN
    SELECT full_name INTO reviewer FROM users WHERE id = p_submission.reviewed_by;
    PERFORM refuse(409, 'already_reviewed', format(
        'This submission was already %s%s: that decision stands.', p_submission.submission_status,
        coalesce(' by ' || reviewer, '')));
END
$$;

-- Decides a submission. The first of two reviewers wins; repeating a decision records nothing;
-- changing one is for its reviewer and admins, who say so with p_change.
CREATE FUNCTION review_submission(
    p_reviewer uuid, p_is_admin boolean, p_submission uuid, p_status text, p_comments text,
    p_change boolean) RETURNS resource_submissions
LANGUAGE plpgsql AS $$
DECLARE
    submission resource_submissions := lock_learner_of_submission(p_submission);
    newer integer;
BEGIN
    PERFORM refuse_missing_submission(submission);
    IF submission.user_id = p_reviewer THEN
        PERFORM refuse(403, 'own_work', 'Nobody reviews their own work: leave it to a colleague.');
    ELSIF submission.submission_status = 'superseded' THEN
        SELECT max(attempt) INTO newer FROM resource_submissions
        WHERE user_id = submission.user_id AND resource_id = submission.resource_id;
        PERFORM refuse(409, 'superseded', format(
            'The learner has replaced this file: review attempt %s instead.', newer));
    ELSIF submission.submission_status = p_status
          AND coalesce(p_comments, submission.review_comments)
              IS NOT DISTINCT FROM submission.review_comments THEN
        RETURN submission;
    ELSIF submission.submission_status <> 'uploaded' THEN
        IF NOT p_change OR NOT (p_is_admin OR submission.reviewed_by = p_reviewer) THEN
            PERFORM refuse_standing_decision(submission);
        END IF;
        PERFORM refuse_when_followed(submission);
    END IF;
    IF p_status = 'rejected' AND is_blank(p_comments) THEN
        PERFORM refuse(422, 'comments_required',
            'A rejection needs comments: tell the learner what to change.');
    END IF;
    UPDATE resource_submissions
    SET submission_status = p_status, reviewed_by = p_reviewer, review_comments = p_comments
    WHERE id = p_submission
    RETURNING * INTO submission;
    DELETE FROM review_claims WHERE submission_id = p_submission;
    RETURN submission;
END
$$;

-- Returns a submission to the queue within a minute of its decision.
CREATE FUNCTION undo_review(p_actor uuid, p_is_admin boolean, p_submission uuid)
RETURNS resource_submissions
LANGUAGE plpgsql AS $$
DECLARE
    submission resource_submissions := lock_learner_of_submission(p_submission);
BEGIN
    PERFORM refuse_missing_submission(submission);
    IF submission.reviewed_at IS NULL THEN
        PERFORM refuse(409, 'not_reviewed', 'There is no decision to undo on this submission.');
    ELSIF submission.user_id = p_actor THEN
        PERFORM refuse(403, 'own_work', 'Nobody decides on their own work.');
    ELSIF NOT (p_is_admin OR submission.reviewed_by = p_actor) THEN
        PERFORM refuse_standing_decision(submission);
    ELSIF submission.reviewed_at < clock_timestamp() - interval '60 seconds' THEN
        PERFORM refuse(409, 'undo_too_late',
            'A decision can be undone within 60 seconds: change it instead.');
    END IF;
    PERFORM refuse_when_followed(submission);
    PERFORM set_config('aibc.acting_user', p_actor::text, true);
    UPDATE resource_submissions SET submission_status = 'uploaded' WHERE id = p_submission
    RETURNING * INTO submission;
    RETURN submission;
END
$$;

-- Takes or renews a claim for 15 minutes.
CREATE FUNCTION claim_review(p_reviewer uuid, p_submission uuid) RETURNS review_claims
LANGUAGE plpgsql AS $$
DECLARE
    claim review_claims;
    holder text;
BEGIN
    IF NOT EXISTS (SELECT FROM resource_submissions
                   WHERE id = p_submission AND deleted_at IS NULL) THEN
        PERFORM refuse(404, 'submission_not_found', 'There is no such submission.');
    ELSIF NOT EXISTS (SELECT FROM resource_submissions
                      WHERE id = p_submission AND submission_status = 'uploaded') THEN
        PERFORM refuse(409, 'not_waiting', 'This submission is not waiting for review any more.');
    ELSIF EXISTS (SELECT FROM resource_submissions
                  WHERE id = p_submission AND user_id = p_reviewer) THEN
        PERFORM refuse(403, 'own_work', 'Nobody reviews their own work: leave it to a colleague.');
    END IF;
    INSERT INTO review_claims AS present (submission_id, claimed_by, claimed_until)
    VALUES (p_submission, p_reviewer, clock_timestamp() + interval '15 minutes')
    ON CONFLICT (submission_id) DO UPDATE
    SET claimed_by = excluded.claimed_by, claimed_until = excluded.claimed_until
    WHERE present.claimed_by = p_reviewer OR present.claimed_until <= clock_timestamp()
    RETURNING * INTO claim;
    IF NOT FOUND THEN
        SELECT users.full_name INTO holder
        FROM review_claims JOIN users ON users.id = claimed_by WHERE submission_id = p_submission;
        PERFORM refuse(409, 'claimed_by_another',
            format('%s is reviewing this submission.', coalesce(holder, 'Somebody else')));
    END IF;
    RETURN claim;
END
$$;

CREATE FUNCTION refuse_missing_module(p_pathway text, p_module text) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM live_modules WHERE id = p_module AND pathway_id = p_pathway) THEN
        PERFORM refuse(404, 'module_not_found', 'There is no such module in this pathway.');
    END IF;
END
$$;

-- The learner hands in a module. Answers the standing row when it waits or is approved already.
CREATE FUNCTION hand_in_module(p_user uuid, p_pathway text, p_module text, p_minutes integer)
RETURNS module_completions
LANGUAGE plpgsql AS $$
DECLARE
    completion module_completions;
    missing text;
BEGIN
    PERFORM refuse_missing_module(p_pathway, p_module);
    PERFORM lock_learners(ARRAY[p_user], ARRAY[p_pathway]);
    -- It may have gone or moved while the lock was awaited.
    PERFORM refuse_missing_module(p_pathway, p_module);
    SELECT * INTO completion FROM module_completions
    WHERE user_id = p_user AND module_id = p_module;
    IF completion.approval_status IN ('pending', 'approved') THEN
        RETURN completion;
    END IF;
    SELECT string_agg(format('“%s”', live_resources.title), ', ' ORDER BY live_resources.order_index)
    INTO missing
    FROM live_resources
    LEFT JOIN resource_completions AS present
        ON present.user_id = p_user AND present.resource_id = live_resources.id
    WHERE live_resources.module_id = p_module AND live_resources.is_required
      AND coalesce(present.status, 'in_progress') = 'in_progress';
    IF missing IS NOT NULL THEN
        PERFORM refuse(400, 'module_not_finished',
            format('This module still needs %s.', missing));
    END IF;
    INSERT INTO module_decisions (user_id, pathway_id, module_id, kind, time_spent_minutes)
    VALUES (p_user, p_pathway, p_module, 'handed_in', coalesce(p_minutes::bigint, (
        SELECT coalesce(sum(time_spent_minutes), 0) FROM resource_completions
        WHERE user_id = p_user AND pathway_id = p_pathway AND module_id = p_module)));
    SELECT * INTO completion FROM module_completions
    WHERE user_id = p_user AND module_id = p_module;
    RETURN completion;
END
$$;

-- Decides a module by hand. What stands automatically, any staff may decide; what a person
-- decided is repeated freely and changed only by that person or an admin who says so.
CREATE FUNCTION decide_module(
    p_reviewer uuid, p_is_admin boolean, p_completion uuid, p_status text, p_comments text,
    p_change boolean) RETURNS module_completions
LANGUAGE plpgsql AS $$
DECLARE
    completion module_completions;
    locked_pathway text;
    reviewer text;
BEGIN
    LOOP
        SELECT * INTO completion FROM module_completions WHERE id = p_completion;
        EXIT WHEN NOT FOUND OR completion.pathway_id = locked_pathway;
        locked_pathway := completion.pathway_id;
        PERFORM lock_learners(ARRAY[completion.user_id], ARRAY[locked_pathway]);
    END LOOP;
    IF completion.id IS NULL THEN
        PERFORM refuse(404, 'module_completion_not_found', 'There is no such module completion.');
    ELSIF completion.user_id = p_reviewer THEN
        PERFORM refuse(403, 'own_work', 'Nobody decides on their own module.');
    ELSIF completion.decided_by_hand AND completion.approval_status = p_status
          AND coalesce(p_comments, completion.review_comments)
              IS NOT DISTINCT FROM completion.review_comments THEN
        RETURN completion;
    ELSIF completion.decided_by_hand
          AND NOT (p_change AND (p_is_admin OR completion.reviewed_by = p_reviewer)) THEN
        SELECT full_name INTO reviewer FROM users WHERE id = completion.reviewed_by;
        PERFORM refuse(409, 'already_decided', format(
            'This module was already %s%s: that decision stands.', completion.approval_status,
            coalesce(' by ' || reviewer, '')));
    END IF;
    IF p_status = 'rejected' AND is_blank(p_comments) THEN
        PERFORM refuse(422, 'comments_required',
            'A rejection needs comments: tell the learner what to change.');
    END IF;
    INSERT INTO module_decisions
        (user_id, pathway_id, module_id, kind, approval_status, decided_by, review_comments)
    VALUES (completion.user_id, completion.pathway_id, completion.module_id, 'decided', p_status,
            p_reviewer, p_comments);
    SELECT * INTO completion FROM module_completions WHERE id = p_completion;
    RETURN completion;
END
$$;

COMMIT;
