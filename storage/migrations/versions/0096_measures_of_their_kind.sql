-- A decision's measures are those of its kind: a fine that calls itself a coercion or an inspection is neither reviewed nor
-- told. Lines marked `condition:` are each tried by a test that takes them out.

-- 处罚法 9; 强制法 9, 12; of a check no more than that something is put right. MEASURES_OF of the catalog says the same.
CREATE FUNCTION measures_of(kind text) RETURNS jsonb
LANGUAGE sql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
    SELECT CASE kind
        WHEN 'penalty' THEN '["fine", "confiscation", "warning", "criticism", "licence_suspended", "licence_revoked",
            "business_restricted", "business_suspended", "closure", "demolition_ordered", "correction", "no_penalty"]'::jsonb
        WHEN 'coercion' THEN '["seizure", "demolition", "additional_fine", "substitute_performance", "goods_disposed"]'::jsonb
        WHEN 'inspection' THEN '["correction"]'::jsonb
        ELSE '[]'::jsonb
    END
$$;

-- 加处罚款 is of a fine that was not paid, and never comes to more than it (强制法 45): what is left of those of this party
-- that were issued in the case. A fine that calls itself an additional one has none to be added to.
CREATE FUNCTION additional_fine_left(of_case uuid, but_of uuid, of_party text) RETURNS bigint
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    WITH fined AS (
        SELECT sum(v.amount_fen) AS fen FROM decision_issue i JOIN decision_version v ON v.id = i.version_id
        WHERE i.case_id = of_case AND v.kind = 'penalty' AND v.measures ? 'fine'
            AND bare_party(v.party) = bare_party(of_party) -- condition: added_to_his_fine
    ), added AS (
        SELECT sum(latest.amount_fen) AS fen FROM decision d CROSS JOIN LATERAL (
            SELECT v.* FROM decision_version v WHERE v.decision_id = d.id ORDER BY v.ordinal DESC LIMIT 1
        ) latest
        WHERE d.case_id = of_case AND d.withdrawn_at IS NULL AND d.id <> but_of
            AND latest.measures ? 'additional_fine' AND bare_party(latest.party) = bare_party(of_party)
    )
    SELECT (COALESCE(fined.fen, 0)
        - COALESCE(added.fen, 0) -- condition: added_once
    )::bigint FROM fined, added
$$;

-- What does not fit together in what a version says; a word of UNUSABLE. NULL: nothing.
CREATE FUNCTION unfit_measures(said decision_version) RETURNS text
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF NOT said.measures <@ measures_of(said.kind) THEN -- condition: measures_of_kind
        RETURN 'other_measures';
    END IF;
    IF said.measures ? 'no_penalty' AND NOT said.measures <@ '["no_penalty", "correction"]' THEN -- condition: no_penalty_alone
        RETURN 'no_penalty_alone';
    END IF;
    IF said.measures ? 'additional_fine' AND said.amount_fen > additional_fine_left(said.case_id, said.decision_id, said.party) THEN -- condition: added_to_a_fine
        RETURN 'added_to_no_fine';
    END IF;
    RETURN NULL;
END $$;

CREATE FUNCTION require_fitting_measures() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    problem CONSTANT text := unfit_measures(NEW);
BEGIN
    IF problem IS NOT NULL THEN -- condition: stated_fit
        RAISE EXCEPTION 'what the decision says does not fit together: %', problem
            USING ERRCODE = 'check_violation', CONSTRAINT = 'fitting_measures', DETAIL = problem;
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER zz_fitting_measures BEFORE INSERT ON decision_version
    FOR EACH ROW EXECUTE FUNCTION require_fitting_measures();

-- A draft of before this came is changed or withdrawn, and not issued. What was issued stays as it is.
CREATE FUNCTION require_fitting_issue() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    PERFORM FROM decision_version v WHERE v.id = NEW.version_id AND unfit_measures(v) IS NOT NULL;
    IF FOUND THEN -- condition: issued_fit
        PERFORM refuse_at_the_gate(ARRAY['unfit'], 'issuing');
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER zz_fitting_measures BEFORE INSERT ON decision_issue
    FOR EACH ROW EXECUTE FUNCTION require_fitting_issue();

REVOKE EXECUTE ON FUNCTION measures_of, additional_fine_left, unfit_measures FROM PUBLIC;
