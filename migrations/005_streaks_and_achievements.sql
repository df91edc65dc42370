-- Days of activity, achievements, and what a learner does to a pathway as a whole.
--
-- Streaks and achievements follow from what is recorded elsewhere. Their triggers run after the
-- roll-ups, so the learner's lock is held by then; what counts across pathways is settled under
-- the learner's row of user_streaks, the last lock that any write takes.

BEGIN;
INSERT INTO schema_migrations (version) VALUES ('005_streaks_and_achievements');

ALTER TABLE achievements ADD CONSTRAINT achievements_requirement_type_check CHECK (
    requirement_type IN ('resources_completed', 'quizzes_passed', 'files_handed_in',
        'submissions_passed', 'modules_approved', 'pathways_completed', 'hours_on_one_pathway',
        'streak_days'));

INSERT INTO achievements
    (id, name, description, icon, category, requirement_type, requirement_value)
VALUES
    ('first-step', 'First step', 'Complete your first resource.',
     'footprints', 'progress', 'resources_completed', 1),
    ('steady-worker', 'Steady worker', 'Complete 25 resources.',
     'list-checks', 'progress', 'resources_completed', 25),
    ('hundred-resources', 'Three figures', 'Complete 100 resources.',
     'mountain', 'progress', 'resources_completed', 100),
    ('first-module', 'Chapter closed', 'Have your first module approved.',
     'book-check', 'progress', 'modules_approved', 1),
    ('five-modules', 'Page turner', 'Have five modules approved.',
     'library', 'progress', 'modules_approved', 5),
    ('twenty-modules', 'Well read', 'Have 20 modules approved.',
     'graduation-cap', 'progress', 'modules_approved', 20),
    ('first-pathway', 'End of the road', 'Complete a whole pathway.',
     'flag', 'progress', 'pathways_completed', 1),
    ('three-pathways', 'Explorer', 'Complete three pathways.',
     'compass', 'progress', 'pathways_completed', 3),
    ('first-quiz', 'Quick thinker', 'Pass your first quiz.',
     'lightbulb', 'quizzes', 'quizzes_passed', 1),
    ('ten-quizzes', 'Quiz master', 'Pass ten quizzes.',
     'brain', 'quizzes', 'quizzes_passed', 10),
    ('first-hand-in', 'Out of the drawer', 'Hand in your first file.',
     'upload', 'projects', 'files_handed_in', 1),
    ('first-pass', 'Seal of approval', 'Have your first submission passed by an instructor.',
     'badge-check', 'projects', 'submissions_passed', 1),
    ('ten-passes', 'Portfolio', 'Have work for ten resources passed by an instructor.',
     'briefcase', 'projects', 'submissions_passed', 10),
    ('ten-hours', 'Deep work', 'Spend ten hours on one pathway.',
     'hourglass', 'dedication', 'hours_on_one_pathway', 10),
    ('streak-3', 'Warming up', 'Learn on three days in a row.',
     'flame', 'dedication', 'streak_days', 3),
    ('streak-7', 'A whole week', 'Learn on seven days in a row.',
     'calendar-check', 'dedication', 'streak_days', 7),
    ('streak-30', 'Unstoppable', 'Learn on 30 days in a row.',
     'trophy', 'dedication', 'streak_days', 30);

-- Makes the missing rows, then locks all in one order.
CREATE FUNCTION lock_streaks(p_users uuid[]) RETURNS void
LANGUAGE plpgsql SET plan_cache_mode = force_generic_plan AS $$
BEGIN
    INSERT INTO user_streaks (user_id)
    SELECT DISTINCT given.user_id FROM unnest(p_users) AS given (user_id)
    WHERE NOT EXISTS (SELECT FROM user_streaks AS present WHERE present.user_id = given.user_id)
    ORDER BY given.user_id
    ON CONFLICT DO NOTHING;
    PERFORM FROM user_streaks WHERE user_id = ANY (p_users) ORDER BY user_id FOR NO KEY UPDATE;
END
$$;

-- Awards what the learners have come to deserve, once; nothing is ever taken back. Two acts on two
-- pathways at once each see their own half only, so the second waits here and then sees side.
CREATE FUNCTION award_achievements(p_users uuid[], p_types text[]) RETURNS void
LANGUAGE plpgsql SET plan_cache_mode = force_generic_plan AS $$
DECLARE
    candidates uuid[];
BEGIN
    SELECT array_agg(DISTINCT given.user_id) INTO candidates
    FROM unnest(p_users) AS given (user_id)
    WHERE EXISTS (
        SELECT FROM achievements
        WHERE requirement_type = ANY (p_types) AND NOT EXISTS (
            SELECT FROM user_achievements AS earned
            WHERE earned.user_id = given.user_id AND earned.achievement_id = achievements.id));
    IF candidates IS NULL THEN
        RETURN;
    END IF;
    PERFORM lock_streaks(candidates);

    INSERT INTO user_achievements (user_id, achievement_id)
    SELECT reached.user_id, achievements.id
    FROM (
        SELECT candidate.user_id, requirement.type, CASE requirement.type
            WHEN 'resources_completed' THEN (
                SELECT count(*) FROM resource_completions AS completion
                WHERE completion.user_id = candidate.user_id
                  AND completion.status IN ('completed', 'reviewed'))
            WHEN 'quizzes_passed' THEN (
                SELECT count(*) FROM resource_completions AS completion
                JOIN resources ON resources.id = completion.resource_id
                WHERE completion.user_id = candidate.user_id AND resources.type = 'quiz'
                  AND completion.status IN ('completed', 'reviewed'))
            WHEN 'files_handed_in' THEN (
                SELECT sum(completion.submission_count) FROM resource_completions AS completion
                WHERE completion.user_id = candidate.user_id)
            WHEN 'submissions_passed' THEN (
                SELECT count(*) FROM resource_completions AS completion
                WHERE completion.user_id = candidate.user_id AND completion.status = 'reviewed')
            WHEN 'modules_approved' THEN (
                SELECT sum(progress.completed_modules) FROM user_progress AS progress
                WHERE progress.user_id = candidate.user_id)
            WHEN 'pathways_completed' THEN (
                SELECT count(progress.completed_at) FROM user_progress AS progress
                WHERE progress.user_id = candidate.user_id)
            WHEN 'hours_on_one_pathway' THEN (
                SELECT max(progress.total_time_spent_minutes) / 60 FROM user_progress AS progress
                WHERE progress.user_id = candidate.user_id)
            WHEN 'streak_days' THEN (
                SELECT streak.longest_streak FROM user_streaks AS streak
                WHERE streak.user_id = candidate.user_id)
            END AS figure
        FROM unnest(candidates) AS candidate (user_id)
        CROSS JOIN unnest(p_types) AS requirement (type)
        OFFSET 0
    ) AS reached
    JOIN achievements ON achievements.requirement_type = reached.type
        AND achievements.requirement_value <= reached.figure
    ORDER BY reached.user_id, achievements.id
    ON CONFLICT DO NOTHING;
END
$$;

-- Something became done, was handed in or passed. Named to fire after the roll-ups.
CREATE FUNCTION resource_completions_watched() RETURNS trigger
LANGUAGE plpgsql AS $$
DECLARE
    done uuid[];
    handed_in uuid[];
BEGIN
    IF TG_OP = 'INSERT' THEN
        SELECT array_agg(user_id) FILTER (WHERE status IN ('completed', 'reviewed')),
               array_agg(user_id) FILTER (WHERE submission_count > 0)
        INTO done, handed_in FROM new_rows;
    ELSE
        SELECT array_agg(new_rows.user_id) FILTER (
                   WHERE new_rows.status IN ('completed', 'reviewed')
                     AND new_rows.status <> old_rows.status),
               array_agg(new_rows.user_id) FILTER (
                   WHERE new_rows.submission_count > old_rows.submission_count)
        INTO done, handed_in FROM new_rows JOIN old_rows USING (id);
    END IF;
    IF handed_in IS NOT NULL THEN
        PERFORM award_achievements(handed_in, ARRAY['files_handed_in']);
    END IF;
    IF done IS NOT NULL THEN
        PERFORM award_achievements(done, ARRAY[
            'resources_completed', 'quizzes_passed', 'submissions_passed']);
    END IF;
    RETURN NULL;
END
$$;
CREATE TRIGGER resource_completions_watched_inserts AFTER INSERT ON resource_completions
    REFERENCING NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION resource_completions_watched();
CREATE TRIGGER resource_completions_watched_updates AFTER UPDATE ON resource_completions
    REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION resource_completions_watched();

-- Records that the learners were active today (UTC). Writes once a day.
CREATE FUNCTION note_activity(p_users uuid[]) RETURNS void
LANGUAGE plpgsql SET plan_cache_mode = force_generic_plan AS $$
DECLARE
    today CONSTANT date := (clock_timestamp() AT TIME ZONE 'UTC')::date;
    first_today uuid[];
BEGIN
    SELECT array_agg(DISTINCT given.user_id) INTO first_today
    FROM unnest(p_users) AS given (user_id)
    WHERE NOT EXISTS (SELECT FROM user_streaks AS present
                      WHERE present.user_id = given.user_id AND last_activity_date >= today);
    IF first_today IS NULL THEN
        RETURN;
    END IF;
    PERFORM lock_streaks(first_today);
    UPDATE user_streaks AS present
    SET current_streak = reached.days, longest_streak = greatest(present.longest_streak, reached.days),
        last_activity_date = today, updated_at = clock_timestamp()
    FROM (
        SELECT user_id,
               CASE WHEN last_activity_date = today - 1 THEN current_streak + 1 ELSE 1 END AS days
        FROM user_streaks
        WHERE user_id = ANY (first_today) AND (last_activity_date < today) IS NOT FALSE
    ) AS reached
    WHERE present.user_id = reached.user_id;
    PERFORM award_achievements(first_today, ARRAY['streak_days']);
END
$$;

-- A learner's own act moves the time of last access on its pathway; a review or a change of the
-- curriculum does not. What became of each row is new minus old, because a join planned for one
-- learner would compare all with all for thousands.
CREATE FUNCTION user_progress_watched() RETURNS trigger
LANGUAGE plpgsql AS $$
DECLARE
    user_ids uuid[];
    first_today uuid[];
    advanced uuid[];
BEGIN
    SELECT array_agg(change.user_id),
           array_agg(change.user_id)
               FILTER (WHERE change.accessed > 0
                         AND NOT EXISTS (
                             SELECT FROM user_streaks
                             WHERE user_streaks.user_id = change.user_id
                               AND last_activity_date >= (clock_timestamp() AT TIME ZONE 'UTC')::date)),
           array_agg(change.user_id)
               FILTER (WHERE change.modules > 0 OR change.completions <> 0 OR change.hours > 0)
    INTO user_ids, first_today, advanced
    FROM (
        SELECT side.user_id,
               sum(sign * extract(epoch FROM side.last_accessed_at)) AS accessed,
               sum(sign * side.completed_modules) AS modules,
               sum(sign * (side.completed_at IS NOT NULL)::integer) AS completions,
               sum(sign * (side.total_time_spent_minutes / 60)) AS hours
        FROM (SELECT 1 AS sign, new_rows.* FROM new_rows
              UNION ALL SELECT -1, old_rows.* FROM old_rows) AS side
        GROUP BY side.id, side.user_id
    ) AS change;
    IF cardinality(user_ids) > 1 AND coalesce(first_today, advanced) IS NOT NULL THEN
        -- All at once and in order, for whatever the rest of this statement awards them.
        PERFORM lock_streaks(user_ids);
    END IF;
    IF first_today IS NOT NULL THEN
        PERFORM note_activity(first_today);
    END IF;
    IF advanced IS NOT NULL THEN
        PERFORM award_achievements(advanced, ARRAY[
            'modules_approved', 'pathways_completed', 'hours_on_one_pathway']);
    END IF;
    RETURN NULL;
END
$$;
CREATE TRIGGER user_progress_watched AFTER UPDATE ON user_progress
    REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION user_progress_watched();

-- Starts a pathway, or returns to it; with a module, that is where the learner stands from now on.
CREATE FUNCTION learner_enter_pathway(p_user uuid, p_pathway text, p_module text)
RETURNS user_progress
LANGUAGE plpgsql AS $$
DECLARE
    progress user_progress;
BEGIN
    IF NOT EXISTS (SELECT FROM pathways
                   WHERE id = p_pathway AND is_published AND removed_at IS NULL) THEN
        PERFORM refuse(404, 'pathway_not_found', 'There is no such pathway.');
    END IF;
    PERFORM lock_learners(ARRAY[p_user], ARRAY[p_pathway]);
    IF p_module IS NOT NULL THEN
        PERFORM refuse_missing_module(p_pathway, p_module);
    END IF;
    UPDATE user_progress
    SET last_accessed_at = clock_timestamp(),
        current_module_id = coalesce(p_module, current_module_id)
    WHERE user_id = p_user AND pathway_id = p_pathway;
    SELECT * INTO progress FROM user_progress
    WHERE user_id = p_user AND pathway_id = p_pathway;
    RETURN progress;
END
$$;

-- Hands in a module. The learner was active even where the row that stands is the answer.
CREATE FUNCTION learner_hand_in_module(
    p_user uuid, p_pathway text, p_module text, p_minutes integer) RETURNS module_completions
LANGUAGE plpgsql AS $$
DECLARE
    completion module_completions := hand_in_module(p_user, p_pathway, p_module, p_minutes);
BEGIN
    PERFORM note_activity(ARRAY[p_user]);
    RETURN completion;
END
$$;

-- Learners who were here before their achievements.
DO $$
BEGIN
    PERFORM award_achievements(array_agg(DISTINCT user_id), ARRAY[
        'resources_completed', 'quizzes_passed', 'files_handed_in', 'submissions_passed',
        'modules_approved', 'pathways_completed', 'hours_on_one_pathway'])
    FROM user_progress;
END
$$;

COMMIT;
