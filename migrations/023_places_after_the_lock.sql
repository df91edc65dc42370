-- A record inserted past the write functions looks up its module and pathway before it waits for the
-- learner's lock. If the one it waits for moves the module, the record would keep the old place: what
-- was asked before the lock is asked again after it.

BEGIN;
INSERT INTO schema_migrations (version) VALUES ('023_places_after_the_lock');

CREATE OR REPLACE FUNCTION resource_completions_inserted() RETURNS trigger
LANGUAGE plpgsql AS $$
DECLARE
    user_ids uuid[];
    module_ids text[];
    pathway_ids text[];
    misplaced uuid[];
BEGIN
    SELECT array_agg(user_id), array_agg(module_id), array_agg(pathway_id)
    INTO user_ids, module_ids, pathway_ids
    FROM (SELECT DISTINCT user_id, module_id, pathway_id FROM new_rows) AS touched;
    PERFORM roll_up(user_ids, pathway_ids, user_ids, module_ids);

    SELECT array_agg(new_rows.id) INTO misplaced
    FROM new_rows
    JOIN resources ON resources.id = new_rows.resource_id
    JOIN modules ON modules.id = resources.module_id
    WHERE (new_rows.module_id, new_rows.pathway_id)
        IS DISTINCT FROM (resources.module_id, modules.pathway_id);
    IF misplaced IS NOT NULL THEN
        UPDATE resource_completions AS completion
        SET module_id = resources.module_id, pathway_id = modules.pathway_id
        FROM resources JOIN modules ON modules.id = resources.module_id
        WHERE completion.id = ANY (misplaced) AND resources.id = completion.resource_id;
    END IF;
    RETURN NULL;
END
$$;

COMMIT;
