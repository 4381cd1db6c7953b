-- What this database refuses by itself, a line a fact: read by shipped_guards.py, which sets search_path to pg_catalog
-- first. Of PostgreSQL's own tables and functions it tells what was granted to a role of ours by name: nothing is.

WITH relation AS (
    SELECT c.*, n.nspname !~ '^pg_' AND n.nspname <> 'information_schema' AS of_ours,
        CASE c.relkind WHEN 'r' THEN 'table ' WHEN 'p' THEN 'table ' WHEN 'S' THEN 'sequence ' ELSE 'view ' END
            || CASE n.nspname WHEN 'public' THEN '' ELSE n.nspname || '.' END || c.relname AS subject
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind IN ('r', 'p', 'v', 'm', 'S', 'f')
), routine AS (
    -- What extensions bring is compiled, and their version's; whatever else somebody makes a part of one is looked at.
    SELECT p.*, l.lanname, n.nspname !~ '^pg_' AND n.nspname <> 'information_schema' AS of_ours,
        'function ' || CASE n.nspname WHEN 'public' THEN '' ELSE n.nspname || '.' END || p.proname AS subject,
        '(' || pg_get_function_identity_arguments(p.oid) || ')' AS arguments
    FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace JOIN pg_language l ON l.oid = p.prolang
    WHERE NOT (l.lanname = 'c' AND EXISTS (
        SELECT FROM pg_depend d WHERE d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e'
    ))
), list (subject, about, of_column, of_ours, acl) AS (
    SELECT r.subject, '', NULL, r.of_ours, r.relacl FROM relation r
    UNION ALL
    SELECT r.subject, '', a.attname, r.of_ours, a.attacl
    FROM relation r JOIN pg_attribute a ON a.attrelid = r.oid AND NOT a.attisdropped
    UNION ALL
    SELECT f.subject, f.arguments, NULL, f.of_ours,
        coalesce(f.proacl, CASE WHEN f.of_ours THEN acldefault('f', f.proowner) END)
    FROM routine f
    UNION ALL
    SELECT 'schema ' || n.nspname, '', NULL, n.nspname !~ '^pg_' AND n.nspname <> 'information_schema',
        coalesce(n.nspacl, acldefault('n', n.nspowner))
    FROM pg_namespace n
    UNION ALL
    SELECT 'database', '', NULL, true, coalesce(b.datacl, acldefault('d', b.datdba))
    FROM pg_database b WHERE b.datname = current_database()
    UNION ALL
    SELECT 'database', 'of whatever is made from now on: ' || d.defaclobjtype::text, NULL, true, d.defaclacl FROM pg_default_acl d
    UNION ALL
    SELECT 'database', p.parname, NULL, true, p.paracl FROM pg_parameter_acl p
), granted (subject, about, of_column, who, what) AS (
    -- To a role of ours, or to everybody and with that to ours; * where it may be handed on.
    SELECT l.subject, l.about, l.of_column,
        CASE g.grantee WHEN 0 THEN 'everybody' ELSE g.grantee::regrole::text END,
        g.privilege_type || CASE WHEN g.is_grantable THEN '*' ELSE '' END
    FROM list l, aclexplode(l.acl) g
    WHERE g.grantee::regrole::text = ANY (:roles) OR g.grantee = 0 AND l.of_ours
)
SELECT subject, concat_ws(' ', who, 'may', string_agg(DISTINCT what, ', ' ORDER BY what), nullif(about, ''))
FROM granted WHERE of_column IS NULL GROUP BY subject, about, who
UNION ALL
SELECT subject, concat_ws(' ', who, 'may', what, '(' || string_agg(DISTINCT of_column::text, ', ' ORDER BY of_column::text) || ')')
FROM granted WHERE of_column IS NOT NULL GROUP BY subject, who, what
UNION ALL
SELECT r.subject, 'owned by ' || r.relowner::regrole::text
FROM relation r WHERE r.of_ours AND r.relowner::regrole::text <> 'liuhen_owner'
UNION ALL
SELECT r.subject, 'row security' || CASE WHEN r.relforcerowsecurity THEN ', also of its owner' ELSE '' END
FROM relation r WHERE r.of_ours AND r.relrowsecurity
UNION ALL
SELECT r.subject, concat_ws(' ', 'policy', p.polname, CASE WHEN NOT p.polpermissive THEN 'restrictive' END, 'for',
    CASE p.polcmd WHEN 'r' THEN 'SELECT' WHEN 'a' THEN 'INSERT' WHEN 'w' THEN 'UPDATE' WHEN 'd' THEN 'DELETE' ELSE 'ALL' END,
    'to', (
        SELECT string_agg(CASE o.oid WHEN 0 THEN 'everybody' ELSE o.oid::regrole::text END, ', ' ORDER BY o.oid::regrole::text)
        FROM unnest(p.polroles) o (oid)
    ),
    'using ' || pg_get_expr(p.polqual, p.polrelid), 'with check ' || pg_get_expr(p.polwithcheck, p.polrelid))
FROM relation r JOIN pg_policy p ON p.polrelid = r.oid WHERE r.of_ours
UNION ALL
SELECT r.subject, pg_get_triggerdef(t.oid)
    || CASE t.tgenabled WHEN 'O' THEN '' WHEN 'D' THEN ' -- off' WHEN 'A' THEN ' -- always' ELSE ' -- for replicas' END
FROM relation r JOIN pg_trigger t ON t.tgrelid = r.oid WHERE r.of_ours AND NOT t.tgisinternal
UNION ALL
SELECT r.subject, concat_ws(' ', 'constraint', k.conname, pg_get_constraintdef(k.oid))
FROM relation r JOIN pg_constraint k ON k.conrelid = r.oid WHERE r.of_ours AND k.contype NOT IN ('n', 't')
UNION ALL
SELECT DISTINCT r.subject, concat_ws(' ', 'constraint', k.conname, 'not at work')
FROM relation r JOIN pg_trigger t ON t.tgrelid = r.oid JOIN pg_constraint k ON k.oid = t.tgconstraint
WHERE r.of_ours AND t.tgisinternal AND t.tgenabled <> 'O'
UNION ALL
SELECT r.subject, pg_get_indexdef(i.indexrelid) || CASE WHEN i.indisvalid THEN '' ELSE ' -- invalid' END
FROM relation r JOIN pg_index i ON i.indrelid = r.oid
WHERE r.of_ours AND i.indisunique
    AND NOT EXISTS (SELECT FROM pg_constraint k WHERE k.conindid = i.indexrelid AND k.contype IN ('p', 'u', 'x'))
UNION ALL
SELECT r.subject, pg_get_ruledef(w.oid) FROM relation r JOIN pg_rewrite w ON w.ev_class = r.oid WHERE r.of_ours
UNION ALL
SELECT f.subject, concat_ws(' ', f.arguments, CASE WHEN f.prosecdef THEN 'as its owner' END,
    'with ' || array_to_string(f.proconfig, '; '), left(encode(sha256(convert_to(concat_ws(' ', f.lanname, f.provolatile,
        f.proisstrict, pg_get_function_result(f.oid), f.prosrc, pg_get_function_sqlbody(f.oid)), 'UTF8')), 'hex'), 32))
FROM routine f WHERE f.of_ours
UNION ALL
SELECT f.subject, concat_ws(' ', 'owned by', f.proowner::regrole, f.arguments)
FROM routine f WHERE f.of_ours AND f.proowner::regrole::text <> 'liuhen_owner'
UNION ALL
SELECT 'database', 'event trigger ' || e.evtname FROM pg_event_trigger e
UNION ALL
SELECT 'role ' || r.rolname, concat_ws(', ', CASE WHEN r.rolcanlogin THEN 'logs in' END,
    CASE WHEN r.rolsuper THEN 'superuser' END, CASE WHEN r.rolbypassrls THEN 'bypasses row security' END,
    CASE WHEN r.rolcreaterole THEN 'makes roles' END, CASE WHEN r.rolcreatedb THEN 'makes databases' END,
    CASE WHEN r.rolreplication THEN 'replicates' END)
FROM pg_roles r WHERE r.rolname = ANY (:roles)
UNION ALL
SELECT 'role ' || m.member::regrole::text, concat_ws(', ', 'belongs to ' || m.roleid::regrole::text,
    CASE WHEN m.inherit_option THEN 'has its rights' END, CASE WHEN m.set_option THEN 'may become it' END,
    CASE WHEN m.admin_option THEN 'may let others in' END)
FROM pg_auth_members m WHERE m.member::regrole::text = ANY (:roles)
UNION ALL
SELECT CASE s.setrole WHEN 0 THEN 'database' ELSE 'role ' || s.setrole::regrole::text END, 'set ' || given.one
FROM pg_db_role_setting s, unnest(s.setconfig) given (one)
WHERE s.setdatabase IN (0, (SELECT b.oid FROM pg_database b WHERE b.datname = current_database()))
    AND (s.setrole = 0 OR s.setrole::regrole::text = ANY (:roles))
    AND split_part(given.one, '=', 1) IN ('session_replication_role', 'row_security', 'search_path')
