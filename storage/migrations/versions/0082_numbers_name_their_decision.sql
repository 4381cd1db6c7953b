-- A number alone does not go out where anything was revoked: it may be that one's. Amounts are one party's. And the ledger
-- says of a paper that states a decision what was done with it, and nothing else.

-- Since when what is served may be what was decided: since the case stands at deciding or after it, and since something
-- was issued in it, wherever it was led back to afterwards.
CREATE FUNCTION deciding_since(of_case uuid) RETURNS timestamptz
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT min(known.since) FROM (
        SELECT max(s.entered_at) AS since FROM "case" c JOIN case_stage s ON s.case_id = c.id
        WHERE c.id = of_case AND s.stage = 'decision' AND c.stage IN ('decision', 'execution')
        UNION ALL SELECT min(i.issued_at) FROM "case" c JOIN decision_issue i ON i.case_id = c.id JOIN decision_version v ON v.id = i.version_id AND v.kind = c.kind WHERE c.id = of_case -- condition: issued_before_led_back
    ) known
$$;

-- Why no paper is served that is a number alone: it may be any decision of the case, and so it may be one that was
-- revoked. Whoever serves the paper of another one names that decision with the number.
CREATE OR REPLACE FUNCTION number_refusals(of_case uuid, served_at timestamptz) RETURNS text[]
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    issued bigint;
    revoked bigint;
BEGIN
    IF COALESCE(served_at < deciding_since(of_case), TRUE) THEN
        RETURN ARRAY[]::text[];
    END IF;
    SELECT count(*), count(*) FILTER (WHERE revocation_refusals(i.id) <> '{}') INTO issued, revoked
    FROM decision_issue i WHERE i.case_id = of_case;
    IF revoked > 0 AND revoked = issued THEN -- condition: number_unrevoked
        RETURN ARRAY['revoked'];
    END IF;
    IF revoked > 0 AND revoked < issued THEN -- condition: number_names
        RETURN ARRAY['names_none'];
    END IF;
    RETURN case_gate_refusals(of_case, NULL, NULL);
END $$;

-- What two writings of one party's name have in common: neither blanks nor brackets nor widths make him another.
CREATE FUNCTION bare_party(party text) RETURNS text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
    SELECT lower(regexp_replace(normalize(party, NFKC), '[\s[:punct:]]', '', 'g'))
$$;

-- In doubt it is one party: a name that holds the other is taken for it, as 张三（摊主） is 张三.
CREATE FUNCTION is_same_party(one text, other text) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT COALESCE(
        position(bare_party(one) IN bare_party(other)) > 0 OR position(bare_party(other) IN bare_party(one)) > 0, TRUE
    )
$$;

-- What the case costs one party, by this decision and all others of it that stand: one fine in three parts is one fine,
-- and the fines of two parties (处罚法 61) are two. No party: all of them.
DROP FUNCTION whole_amount(uuid, uuid);
CREATE FUNCTION whole_amount(of_case uuid, but_of uuid, of_party text) RETURNS bigint
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT COALESCE(sum(latest.amount_fen), 0)::bigint FROM decision d CROSS JOIN LATERAL (
        SELECT v.amount_fen, v.party FROM decision_version v WHERE v.decision_id = d.id ORDER BY v.ordinal DESC LIMIT 1
    ) latest
    WHERE d.case_id = of_case AND d.withdrawn_at IS NULL AND d.id IS DISTINCT FROM but_of
        AND is_same_party(of_party, latest.party) -- condition: amount_of_party
$$;

CREATE OR REPLACE FUNCTION review_scope_of(said decision_version) RETURNS jsonb
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    WITH RECURSIVE line(id, parent_id) AS (
        SELECT u.id, u.parent_id FROM unit u WHERE u.id = said.unit_id
        UNION SELECT u.id, u.parent_id FROM unit u JOIN line ON u.id = line.parent_id
    ), known AS (
        SELECT ARRAY(SELECT jsonb_array_elements_text(stated_facts(said.case_id) || COALESCE(said.facts, '[]'))) AS facts,
            ARRAY(SELECT jsonb_array_elements_text(COALESCE(said.measures, '[]'))) AS measures,
            COALESCE(said.amount_fen, 0)
                + whole_amount(said.case_id, said.decision_id, said.party) -- condition: whole_amount
            AS amount_fen
    )
    SELECT COALESCE(jsonb_agg(jsonb_build_object(
        'rule_id', r.id, 'jurisdiction', r.jurisdiction, 'version', r.version,
        'code', trig->>'code', 'ground', trig->>'ground'
    ) ORDER BY r.jurisdiction, r.version, trig->>'code'), '[]')
    FROM review_scope_rule r, jsonb_array_elements(r.rules->'triggers') trig, jsonb_extract_path(trig, 'when') needs, known
    WHERE (r.unit_id IS NULL OR r.unit_id IN (SELECT id FROM line)) -- condition: scope_units
        AND (r.valid @> chinese_day(now()) OR r.valid @> chinese_day(said.stated_at)) -- condition: scope_days
        AND (NOT needs ? 'kinds' OR needs->'kinds' ? said.kind) -- condition: scope_kinds
        AND (NOT needs ? 'measures' OR needs->'measures' ?| known.measures) -- condition: scope_measures
        AND (NOT needs ? 'levels' OR needs->'levels' ? said.level) -- condition: scope_levels
        AND (NOT needs ? 'fields' OR needs->'fields' ? said.field) -- condition: scope_fields
        AND (NOT needs ? 'party' OR needs->>'party' = said.party_kind) -- condition: scope_party
        AND (NOT needs ? 'amount_from_fen' OR known.amount_fen >= (needs->>'amount_from_fen')::bigint) -- condition: scope_amount_from_fen
        AND (NOT needs ? 'affected_from' OR said.affected >= (needs->>'affected_from')::integer) -- condition: scope_affected_from
        AND (NOT needs ? 'facts' OR needs->'facts' ?| known.facts) -- condition: scope_facts
$$;

-- The ledger says of a paper that states a decision that it got its number, became final or was sealed once the row is
-- there, which asked the gate.
CREATE FUNCTION require_paper_entry() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    said CONSTANT jsonb := convert_from(NEW.entry, 'UTF8')::jsonb->'data';
    of_decision boolean;
BEGIN
    SELECT d.issues_decision INTO of_decision FROM document d WHERE d.id::text = NEW.subject_id;
    IF NOT of_decision THEN
        RETURN NEW;
    END IF;
    PERFORM FROM document_number n WHERE n.document_id::text = NEW.subject_id AND n.id::text = said->>'number_id'
        AND NEW.action = 'document.numbered'
    UNION ALL SELECT FROM final_document f WHERE f.document_id::text = NEW.subject_id AND f.id::text = said->>'final_id'
        AND encode(f.sha256, 'hex') = said->>'pdf_sha256' AND NEW.action = 'document.finalised'
    UNION ALL SELECT FROM sealed_document s WHERE s.document_id::text = NEW.subject_id AND s.id::text = said->>'sealed_id'
        AND encode(s.sha256, 'hex') = said->>'pdf_sha256' AND NEW.action = 'document.sealed';
    IF NOT FOUND THEN -- condition: paper_entry
        PERFORM refuse_at_the_gate(ARRAY['not_issued'], 'the entry ' || NEW.action);
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER paper_entry BEFORE INSERT ON ledger_entry FOR EACH ROW
    WHEN (NEW.action IN ('document.numbered', 'document.finalised', 'document.sealed'))
    EXECUTE FUNCTION require_paper_entry();

REVOKE EXECUTE ON FUNCTION deciding_since, bare_party, is_same_party, whole_amount(uuid, uuid, text) FROM PUBLIC;
