-- A report of minutes counts minutes. What leaves a record's place and status as it was can move no
-- percentage and approve nothing: of the pathway's figures only its minutes and the last access
-- follow, recounted from the records under the learner's lock like everything else. And whoever
-- writes one row is spared the questions that only many rows raise.

BEGIN;
INSERT INTO schema_migrations (version) VALUES ('024_minutes_by_themselves');

-- Of a learner who is locked.
CREATE FUNCTION recount_minutes(p_user uuid, p_pathway text) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    UPDATE user_progress AS progress
    SET total_time_spent_minutes = coalesce(spent.minutes, 0),
        last_accessed_at = greatest(progress.last_accessed_at, spent.last_accessed_at),
        version = progress.version + 1
    FROM (
        SELECT sum(completion.time_spent_minutes) AS minutes,
               max(completion.last_accessed_at) AS last_accessed_at
        FROM resource_completions AS completion
        WHERE completion.user_id = p_user AND completion.pathway_id = p_pathway
    ) AS spent
    WHERE progress.user_id = p_user AND progress.pathway_id = p_pathway;
END
$$;

CREATE OR REPLACE FUNCTION resource_completions_updated() RETURNS trigger
LANGUAGE plpgsql AS $$
DECLARE
    one record;
    user_ids uuid[];
    pathway_ids text[];
    module_user_ids uuid[];
    module_ids text[];
BEGIN
    SELECT (SELECT count(*) FROM new_rows) AS touched, now.user_id, now.pathway_id,
           (now.id, now.module_id, now.pathway_id, now.status)
               = (before.id, before.module_id, before.pathway_id, before.status) AS stays
    INTO one FROM new_rows AS now CROSS JOIN old_rows AS before;
    IF one.touched = 1 AND one.stays THEN
        PERFORM FROM user_progress
        WHERE user_id = one.user_id AND pathway_id = one.pathway_id
        FOR NO KEY UPDATE;
        IF FOUND THEN
            PERFORM recount_minutes(one.user_id, one.pathway_id);
            RETURN NULL;
        END IF;
    END IF;

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

CREATE OR REPLACE FUNCTION resource_completions_watched() RETURNS trigger
LANGUAGE plpgsql AS $$
DECLARE
    one record;
    done uuid[];
    handed_in uuid[];
BEGIN
    IF TG_OP = 'INSERT' THEN
        SELECT array_agg(user_id) FILTER (WHERE status IN ('completed', 'reviewed')),
               array_agg(user_id) FILTER (WHERE submission_count > 0)
        INTO done, handed_in FROM new_rows;
    ELSE
        SELECT (SELECT count(*) FROM new_rows) AS touched,
               (now.status, now.submission_count) = (before.status, before.submission_count) AS stays
        INTO one FROM new_rows AS now CROSS JOIN old_rows AS before;
        IF one.touched = 1 AND one.stays THEN
            RETURN NULL;
        END IF;
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

CREATE OR REPLACE FUNCTION user_progress_watched() RETURNS trigger
LANGUAGE plpgsql AS $$
DECLARE
    today CONSTANT date := (clock_timestamp() AT TIME ZONE 'UTC')::date;
    one record;
    user_ids uuid[];
    first_today uuid[];
    advanced uuid[];
BEGIN
    SELECT (SELECT count(*) FROM new_rows) AS touched, now.user_id,
           now.last_accessed_at > before.last_accessed_at AND NOT EXISTS (
               SELECT FROM user_streaks AS streak
               WHERE streak.user_id = now.user_id AND streak.last_activity_date >= today
           ) AS is_first_today,
           now.completed_modules > before.completed_modules
               OR (now.completed_at IS NULL) <> (before.completed_at IS NULL)
               OR now.total_time_spent_minutes / 60 > before.total_time_spent_minutes / 60
               AS is_advanced
    INTO one FROM new_rows AS now CROSS JOIN old_rows AS before;
    IF one.touched = 1 THEN
        IF one.is_first_today THEN
            first_today := ARRAY[one.user_id];
        END IF;
        IF one.is_advanced THEN
            advanced := ARRAY[one.user_id];
        END IF;
    ELSIF one.touched > 1 THEN
        SELECT array_agg(change.user_id),
               array_agg(change.user_id)
                   FILTER (WHERE change.accessed > 0
                             AND NOT EXISTS (
                                 SELECT FROM user_streaks
                                 WHERE user_streaks.user_id = change.user_id
                                   AND last_activity_date >= today)),
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
        IF coalesce(first_today, advanced) IS NOT NULL THEN
            -- All at once and in order, for whatever the rest of this statement awards them.
            PERFORM lock_streaks(user_ids);
        END IF;
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

COMMIT;
