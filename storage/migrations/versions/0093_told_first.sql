-- The gate asks what is missing for what the party is told (told_refusals, migration 0092) beside the pass: of whatever
-- issues a penalty, and of whatever lets it leave. docs/decisions/0039-told-before-punished.md.
CREATE OR REPLACE FUNCTION gate_refusals(of_version uuid) RETURNS text[]
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    said decision_version%ROWTYPE;
    refusals text[] := ARRAY[]::text[];
BEGIN
    SELECT * INTO said FROM decision_version v WHERE v.id = of_version AND may_see(v.unit_id);
    IF NOT FOUND THEN
        RETURN ARRAY['unknown'];
    END IF;
    IF EXISTS (SELECT FROM decision_version v WHERE v.decision_id = said.decision_id AND v.ordinal > said.ordinal) THEN -- condition: changed
        RETURN ARRAY['changed'];
    END IF;
    IF EXISTS (SELECT FROM decision d WHERE d.id = said.decision_id AND d.withdrawn_at IS NOT NULL) THEN -- condition: withdrawn
        RETURN ARRAY['withdrawn'];
    END IF;
    IF NOT EXISTS (SELECT FROM review_scope_rule r WHERE r.valid @> chinese_day(now())) THEN -- condition: no_list
        RETURN ARRAY['no_list'];
    END IF;
    IF EXISTS (SELECT FROM crime_transfer t WHERE t.case_id = said.case_id AND t.ended_at IS NULL) THEN -- condition: transfer
        RETURN ARRAY['transfer'];
    END IF;
    refusals := told_refusals(of_version); -- condition: told_first
    IF said.scope = '[]' -- condition: kept_scope
        AND review_scope_of(said) = '[]' -- condition: present_scope
    THEN
        RETURN refusals;
    END IF;
    IF pass_of(of_version) IS NULL THEN -- condition: pass
        RETURN ARRAY['no_pass'] || refusals;
    END IF;
    RETURN refusals;
END $$;
