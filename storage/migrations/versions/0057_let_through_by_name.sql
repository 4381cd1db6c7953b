-- Whoever is let through row security is named: the worker, and the owner, who is asked as whom this runs. Until now it
-- was everybody but the application, and so a role that nobody thought of.
CREATE FUNCTION is_let_through() RETURNS BOOLEAN
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT session_user IN ('liuhen_worker', current_user)
$$;

CREATE OR REPLACE FUNCTION may_see(of_unit UUID) RETURNS BOOLEAN
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT public.is_let_through() OR of_unit = ANY (public.seen_units())
$$;

CREATE OR REPLACE FUNCTION sought_ids(of_table TEXT, patterns TEXT[], most INTEGER) RETURNS UUID[]
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    each_stands text := (SELECT string_agg(format('t.sought LIKE %L', p.pattern), ' AND ') FROM unnest(patterns) p (pattern));
    units text := CASE WHEN public.is_let_through() THEN '$1 IS NOT NULL' ELSE 't.unit_id = ANY ($1)' END;
    found uuid[];
BEGIN
    IF of_table NOT IN ('case', 'recording', 'document_text', 'case_act_statement', 'publication_version') OR each_stands IS NULL THEN
        RAISE EXCEPTION 'nothing is sought in % by %', of_table, patterns USING ERRCODE = 'invalid_parameter_value';
    END IF;
    EXECUTE format('SELECT ARRAY(SELECT t.id FROM public.%I t WHERE %s AND %s LIMIT $2)', of_table, units, each_stands)
        INTO found USING public.seen_units(), most + 1;
    RETURN CASE WHEN cardinality(found) <= most THEN found END;
END $$;

-- What runs as the owner sees everything: it is for the application to call (and so for the worker, who belongs to it),
-- and not for everybody, as PostgreSQL has it. Triggers are called by nobody.
DO $$
DECLARE
    each regprocedure;
BEGIN
    FOR each IN
        SELECT p.oid FROM pg_proc p
        WHERE p.prosecdef AND p.prorettype <> 'trigger'::regtype AND p.pronamespace = 'public'::regnamespace
            AND EXISTS (
                SELECT FROM aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) granted
                WHERE granted.grantee = 0 AND granted.privilege_type = 'EXECUTE'
            )
    LOOP
        EXECUTE format('REVOKE EXECUTE ON FUNCTION %s FROM PUBLIC', each);
        EXECUTE format('GRANT EXECUTE ON FUNCTION %s TO liuhen_app', each);
    END LOOP;
END $$;
