-- Who is signed in, as the database itself has checked it: docs/decisions/0021.
--
-- A transaction is somebody's once enter() has seen his secret. What it found stands in a setting of that transaction
-- (liuhen.entered), which anybody can write but only these functions can seal: the seal is an HMAC over what is said, the
-- server process and the transaction's beginning, by a key that the application cannot read. Copied into another
-- transaction, or another connection, it is nobody's.

CREATE TABLE entering_key (
    id INTEGER NOT NULL,
    inner_key BYTEA NOT NULL,
    outer_key BYTEA NOT NULL,
    CONSTRAINT pk_entering_key PRIMARY KEY (id),
    CONSTRAINT ck_entering_key_once CHECK (id = 1)
);

-- RFC 2104 with SHA-256, whose block has 64 bytes: the key with each pad is made once. A UUID has 122 bits of chance.
DO $$
DECLARE
    inner_key bytea := sha256(uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid()))
        || sha256(uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid()));
    outer_key bytea := inner_key;
BEGIN
    FOR place IN 0..63 LOOP
        outer_key := set_byte(outer_key, place, get_byte(outer_key, place) # 92);
        inner_key := set_byte(inner_key, place, get_byte(inner_key, place) # 54);
    END LOOP;
    INSERT INTO entering_key VALUES (1, inner_key, outer_key);
END $$;

CREATE FUNCTION entered_seal(said TEXT) RETURNS TEXT
LANGUAGE sql STABLE SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT encode(sha256(k.outer_key || sha256(k.inner_key || convert_to(
        concat_ws(' ', pg_backend_pid(), extract(epoch FROM transaction_timestamp()), said), 'UTF8'
    ))), 'hex')
    FROM public.entering_key k
$$;
REVOKE EXECUTE ON FUNCTION entered_seal FROM PUBLIC;

-- `units` are those whose rows are seen, or * for all; `above` the person's own unit and those over it.
CREATE FUNCTION let_in(person UUID, units TEXT, above TEXT) RETURNS VOID
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    said text := concat_ws(' ', person, units, above);
BEGIN
    PERFORM set_config('liuhen.entered', public.entered_seal(said) || ' ' || said, true);
END $$;
REVOKE EXECUTE ON FUNCTION let_in FROM PUBLIC;

-- casework/units.py, unit_tree and line_of: a ring of parents, should there ever be one, ends the walk.
CREATE FUNCTION let_in_person(person UUID, of_unit UUID) RETURNS VOID
LANGUAGE sql SET search_path = pg_catalog, public, pg_temp AS $$
    WITH RECURSIVE below (id) AS (
        SELECT of_unit UNION SELECT u.id FROM public.unit u JOIN below b ON u.parent_id = b.id
    ), above (id, parent_id) AS (
        SELECT u.id, u.parent_id FROM public.unit u WHERE u.id = of_unit
        UNION SELECT u.id, u.parent_id FROM public.unit u JOIN above a ON u.id = a.parent_id
    )
    SELECT public.let_in(
        person, (SELECT string_agg(b.id::text, ',') FROM below b), (SELECT string_agg(a.id::text, ',') FROM above a)
    )
$$;
REVOKE EXECUTE ON FUNCTION let_in_person FROM PUBLIC;

-- A session's cookie, or a program's token: api/credentials.py. Its unit is the person's own, whoever wrote the row.
CREATE FUNCTION bearer_of(secret BYTEA) RETURNS TABLE (person_id UUID, unit_id UUID, role TEXT)
LANGUAGE sql STABLE SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT p.id, p.unit_id, p.role
    FROM public.sign_in_session s JOIN public.person p ON p.id = s.person_id AND p.unit_id = s.unit_id
    WHERE secret <> '' AND s.token_hash = sha256(secret) AND s.ended_at IS NULL AND s.expires_at > clock_timestamp() AND p.active
    UNION ALL
    SELECT p.id, p.unit_id, p.role
    FROM public.api_token t JOIN public.person p ON p.id = t.person_id AND p.unit_id = t.unit_id
    WHERE secret <> '' AND t.token_hash = sha256(secret) AND t.revoked_at IS NULL AND p.active
        AND coalesce(t.expires_at > clock_timestamp(), true)
    LIMIT 1
$$;
REVOKE EXECUTE ON FUNCTION bearer_of FROM PUBLIC;

CREATE FUNCTION enter(secret BYTEA) RETURNS UUID
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    bearer record;
BEGIN
    -- A cursor WITH HOLD outlives its transaction, with what its own person saw.
    EXECUTE 'CLOSE ALL';
    SELECT * INTO bearer FROM public.bearer_of(secret);
    IF NOT FOUND THEN
        PERFORM set_config('liuhen.entered', '', true);
        RETURN NULL;
    END IF;
    PERFORM public.let_in_person(bearer.person_id, bearer.unit_id);
    RETURN bearer.person_id;
END $$;

-- What verification finds may be of any unit: it is for the topmost unit's auditor (docs/verifying.md).
CREATE FUNCTION enter_whole(secret BYTEA) RETURNS UUID
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    bearer record;
BEGIN
    SELECT b.* INTO bearer FROM public.bearer_of(secret) b JOIN public.unit u ON u.id = b.unit_id
    WHERE b.role = 'auditor' AND u.parent_id IS NULL;
    IF NOT FOUND THEN
        RETURN NULL;
    END IF;
    PERFORM public.let_in(bearer.person_id, '*', bearer.unit_id::text);
    RETURN bearer.person_id;
END $$;

-- What a password is to be hashed with: all of its hash but the hash itself. NULL for a name without one.
CREATE FUNCTION password_asked(of_name TEXT)
RETURNS TABLE (person_id UUID, unit_id UUID, active BOOLEAN, hashed_with TEXT)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT p.id, p.unit_id, p.active, regexp_replace(p.password_hash, '[^$]*$', '')
    FROM public.person p WHERE p.sign_in_name = of_name
$$;

-- `proof` is the whole hash, which only the password makes: nobody of the application can read it. Digests are compared,
-- so that the time it takes tells nothing of how much was right.
CREATE FUNCTION enter_by_password(of_name TEXT, proof TEXT) RETURNS UUID
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    bearer record;
BEGIN
    SELECT p.id, p.unit_id INTO bearer FROM public.person p
    WHERE p.sign_in_name = of_name AND p.active
        AND sha256(convert_to(p.password_hash, 'UTF8')) = sha256(convert_to(proof, 'UTF8'));
    IF NOT FOUND THEN
        RETURN NULL;
    END IF;
    PERFORM public.let_in_person(bearer.id, bearer.unit_id);
    RETURN bearer.id;
END $$;

CREATE FUNCTION has_administrator() RETURNS BOOLEAN
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT EXISTS (
        SELECT FROM public.person p WHERE p.role = 'administrator' AND p.active AND p.password_hash IS NOT NULL
    )
$$;

-- The operator's code, in an archive without administrator: whoever has it sets everything up, and sees all there is.
CREATE FUNCTION enter_by_code(letters TEXT) RETURNS BOOLEAN
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF public.has_administrator() OR NOT EXISTS (
        SELECT FROM public.one_time_code c
        WHERE c.purpose = 'first_administrator' AND c.code_hash = sha256(convert_to(letters, 'UTF8'))
            AND c.used_at IS NULL AND c.expires_at > clock_timestamp()
    ) THEN
        RETURN false;
    END IF;
    PERFORM public.let_in('00000000-0000-0000-0000-000000000000', '*', '00000000-0000-0000-0000-000000000000');
    RETURN true;
END $$;
-- Else the application could write a code of its own.
REVOKE INSERT ON one_time_code FROM liuhen_app;
GRANT INSERT ON one_time_code TO liuhen_worker;

-- The three words of whoever is entered: person, units, units above. NULL where nobody is.
CREATE FUNCTION entered_words() RETURNS TEXT[]
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    given text := coalesce(current_setting('liuhen.entered', true), '');
    said text := substr(given, 66);
BEGIN
    IF given = '' OR sha256(convert_to(left(given, 64), 'UTF8')) <> sha256(convert_to(public.entered_seal(said), 'UTF8')) THEN
        RETURN NULL;
    END IF;
    RETURN string_to_array(said, ' ');
END $$;
REVOKE EXECUTE ON FUNCTION entered_words FROM PUBLIC;

-- The units whose rows are seen: the person's own and all below it. None where nobody is entered.
CREATE FUNCTION seen_units() RETURNS UUID[]
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    words text[] := public.entered_words();
BEGIN
    IF words[2] = '*' THEN
        RETURN ARRAY(SELECT u.id FROM public.unit u);
    END IF;
    RETURN coalesce(string_to_array(words[2], ','), '{}')::uuid[];
END $$;

-- The person's own unit and all above it.
CREATE FUNCTION units_above() RETURNS UUID[]
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    words text[] := public.entered_words();
BEGIN
    RETURN coalesce(string_to_array(words[3], ','), '{}')::uuid[];
END $$;

CREATE FUNCTION sees_all() RETURNS BOOLEAN
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    words text[] := public.entered_words();
BEGIN
    RETURN coalesce(words[2] = '*', false);
END $$;

-- A password's hash proves who one is: nobody reads it who answers people. Whether there is one is no secret.
ALTER TABLE person ADD COLUMN can_sign_in BOOLEAN GENERATED ALWAYS AS (password_hash IS NOT NULL) STORED NOT NULL;
REVOKE SELECT ON person FROM liuhen_app;
GRANT SELECT (id, unit_id, name, sign_in_name, badge_number, role, active, created_at, sought, can_sign_in) ON person
    TO liuhen_app;
GRANT SELECT ON person TO liuhen_worker;
