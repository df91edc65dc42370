-- A decision by hand on a module can be taken back within a minute, as one on a submission can.

BEGIN;
INSERT INTO schema_migrations (version) VALUES ('012_module_second_thoughts');

-- Takes back the newest decision by hand: what stood before it stands again. Something handed in
-- since, withdrawn or not, keeps it: the learner has acted on it.
CREATE FUNCTION undo_module_decision(p_actor uuid, p_is_admin boolean, p_completion uuid)
RETURNS module_completions
LANGUAGE plpgsql AS $$
DECLARE
    completion module_completions;
    locked_pathway text;
    decision module_decisions;
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
    ELSIF completion.user_id = p_actor THEN
        PERFORM refuse(403, 'own_work', 'Nobody decides on their own module.');
    ELSIF NOT completion.decided_by_hand THEN
        PERFORM refuse(409, 'not_decided', 'There is no decision by hand to undo on this module.');
    ELSIF NOT (p_is_admin OR completion.reviewed_by = p_actor) THEN
        SELECT full_name INTO reviewer FROM users WHERE id = completion.reviewed_by;
        PERFORM refuse(409, 'already_decided', format(
            'This module was already %s%s: that decision stands.', completion.approval_status,
            coalesce(' by ' || reviewer, '')));
    ELSIF completion.reviewed_at < clock_timestamp() - interval '60 seconds' THEN
        PERFORM refuse(409, 'undo_too_late',
            'A decision can be undone within 60 seconds: change it instead.');
    END IF;

    SELECT * INTO decision FROM module_decisions AS newest
    WHERE newest.user_id = completion.user_id AND newest.module_id = completion.module_id
      AND newest.kind = 'decided'
      AND NOT EXISTS (SELECT FROM module_decisions AS undoing
                      WHERE undoing.undoes = newest.sequence)
    ORDER BY newest.sequence DESC LIMIT 1;
    IF EXISTS (
        SELECT FROM resource_submissions AS later
        JOIN resources ON resources.id = later.resource_id
        WHERE later.user_id = completion.user_id AND resources.module_id = completion.module_id
          AND later.sequence > decision.sequence
    ) THEN
        PERFORM refuse(409, 'later_attempt',
            'The learner has handed in a file since, so this decision stays: change it instead.');
    END IF;

    INSERT INTO module_decisions (user_id, pathway_id, module_id, kind, decided_by, undoes)
    VALUES (completion.user_id, completion.pathway_id, completion.module_id, 'undone', p_actor,
            decision.sequence);
    SELECT * INTO completion FROM module_completions WHERE id = p_completion;
    IF NOT FOUND THEN
        PERFORM refuse(409, 'nothing_to_return_to',
            'The learner has taken back what was handed in, so this decision stays: change it '
            'instead.');
    END IF;
    RETURN completion;
END
$$;

COMMIT;
