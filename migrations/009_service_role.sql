-- A role for the service that may do its work and nothing else.

BEGIN;
INSERT INTO schema_migrations (version) VALUES ('009_service_role');

-- Gives an existing role what the service needs: no right to change the schema, to delete what is
-- kept for ever, or to rewrite what is append-only. Which tables these are is read from the triggers
-- that refuse the same to everybody else. Called again after a migration it covers new tables.
CREATE FUNCTION grant_service_role(p_role text) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    kept record;
BEGIN
    EXECUTE format('GRANT USAGE ON SCHEMA %I TO %I', current_schema(), p_role);
    EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA %I TO %I',
                   current_schema(), p_role);
    EXECUTE format('GRANT USAGE ON ALL SEQUENCES IN SCHEMA %I TO %I', current_schema(), p_role);
    EXECUTE format('REVOKE INSERT, UPDATE, DELETE ON schema_migrations FROM %I', p_role);
    FOR kept IN
        SELECT DISTINCT tgrelid::regclass AS name,
               CASE tgfoid WHEN 'refuse_removal'::regproc THEN 'DELETE' ELSE 'UPDATE' END AS act
        FROM pg_trigger
        WHERE tgfoid IN ('refuse_removal'::regproc, 'refuse_rewriting'::regproc)
    LOOP
        EXECUTE format('REVOKE %s ON %s FROM %I', kept.act, kept.name, p_role);
    END LOOP;
END
$$;

COMMIT;
