-- Versions that move with everything a learner's hot reads show, so that an unchanged version means
-- unchanged bytes: user_progress.version with what happens on one pathway, user_streaks.version with
-- streak and achievements, catalog_state.version with the curriculum and what can be achieved.
--
-- Who writes does not matter: each moves in the transaction of the change, under a row lock that is
-- held until it commits, and no row that bears a version can be removed.

BEGIN;
INSERT INTO schema_migrations (version) VALUES ('016_learner_versions');

-- After the present one, and by the clock: a database that was taken back to yesterday does not give
-- numbers again that somebody's browser remembers.
CREATE FUNCTION next_version(p_present bigint) RETURNS bigint
LANGUAGE sql VOLATILE AS $$
    SELECT greatest(p_present + 1, (extract(epoch FROM clock_timestamp()) * 1000000)::bigint)
$$;

CREATE FUNCTION move_version() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    NEW.version := next_version(OLD.version);
    RETURN NEW;
END
$$;

ALTER TABLE user_progress ALTER COLUMN version SET DEFAULT next_version(0);
ALTER TABLE user_streaks ADD COLUMN version bigint NOT NULL DEFAULT next_version(0);

CREATE TRIGGER user_progress_version BEFORE UPDATE ON user_progress
    FOR EACH ROW EXECUTE FUNCTION move_version();
CREATE TRIGGER user_streaks_version BEFORE UPDATE ON user_streaks
    FOR EACH ROW EXECUTE FUNCTION move_version();
-- Whoever sets a version that is not the next, as after a restore, knows why.
CREATE TRIGGER catalog_state_version BEFORE UPDATE ON catalog_state
    FOR EACH ROW WHEN (NEW.version = OLD.version + 1) EXECUTE FUNCTION move_version();
CREATE TRIGGER user_streaks_keep BEFORE DELETE OR TRUNCATE ON user_streaks
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_removal();

CREATE FUNCTION user_achievements_changed() RETURNS trigger
LANGUAGE plpgsql AS $$
DECLARE
    user_ids uuid[];
BEGIN
    IF TG_OP = 'INSERT' THEN
        SELECT array_agg(user_id) INTO user_ids FROM new_rows;
    ELSIF TG_OP = 'DELETE' THEN
        SELECT array_agg(user_id) INTO user_ids FROM old_rows;
    ELSE
        SELECT array_agg(user_id) INTO user_ids
        FROM (SELECT user_id FROM new_rows UNION SELECT user_id FROM old_rows) AS touched;
    END IF;
    IF user_ids IS NOT NULL THEN
        PERFORM lock_streaks(user_ids);
        UPDATE user_streaks SET version = version WHERE user_id = ANY (user_ids);
    END IF;
    RETURN NULL;
END
$$;

CREATE TRIGGER user_achievements_inserted AFTER INSERT ON user_achievements
    REFERENCING NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION user_achievements_changed();
CREATE TRIGGER user_achievements_updated AFTER UPDATE ON user_achievements
    REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION user_achievements_changed();
CREATE TRIGGER user_achievements_deleted AFTER DELETE ON user_achievements
    REFERENCING OLD TABLE AS old_rows
    FOR EACH STATEMENT EXECUTE FUNCTION user_achievements_changed();

CREATE FUNCTION achievements_changed() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    UPDATE catalog_state SET version = version + 1;
    RETURN NULL;
END
$$;

CREATE TRIGGER achievements_changed AFTER INSERT OR UPDATE OR DELETE ON achievements
    FOR EACH STATEMENT EXECUTE FUNCTION achievements_changed();

-- A decision, a withdrawal and a newer file move the version by the recount that follows them. What
-- moves no figure is shown all the same: a checksum found later, a note, a file that was superseded.
CREATE FUNCTION resource_submissions_shown() RETURNS trigger
LANGUAGE plpgsql SET plan_cache_mode = force_generic_plan SET enable_hashjoin = off
    SET enable_mergejoin = off SET enable_seqscan = off SET jit = off AS $$
DECLARE
    user_ids uuid[];
    pathway_ids text[];
BEGIN
    SELECT array_agg(new_rows.user_id), array_agg(modules.pathway_id) INTO user_ids, pathway_ids
    FROM new_rows
    JOIN resources ON resources.id = new_rows.resource_id
    JOIN modules ON modules.id = resources.module_id;
    IF user_ids IS NOT NULL THEN
        PERFORM lock_learners(user_ids, pathway_ids);
        UPDATE user_progress SET version = version
        WHERE (user_id, pathway_id) IN (SELECT * FROM unnest(user_ids, pathway_ids));
    END IF;
    RETURN NULL;
END
$$;

CREATE TRIGGER resource_submissions_shown AFTER UPDATE ON resource_submissions
    REFERENCING NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION resource_submissions_shown();

-- Emptying a table fires none of the triggers that follow its rows.
CREATE FUNCTION refuse_truncation() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    PERFORM refuse(409, 'not_truncated', format(
        'Rows of %s are removed with DELETE, so that figures follow.', TG_TABLE_NAME));
    RETURN NULL;
END
$$;

CREATE TRIGGER resource_completions_whole BEFORE TRUNCATE ON resource_completions
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_truncation();
CREATE TRIGGER module_completions_whole BEFORE TRUNCATE ON module_completions
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_truncation();
CREATE TRIGGER module_progress_whole BEFORE TRUNCATE ON module_progress
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_truncation();
CREATE TRIGGER user_achievements_whole BEFORE TRUNCATE ON user_achievements
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_truncation();
CREATE TRIGGER achievements_whole BEFORE TRUNCATE ON achievements
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_truncation();

COMMIT;
