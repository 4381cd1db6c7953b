-- A decision that was revoked, and its pass with it, holds the case no more back than it goes out: what was decided anew
-- is asked instead. Where nothing was, it is still asked itself.
CREATE OR REPLACE FUNCTION case_gate_refusals(of_case uuid, of_kind text, on_day date) RETURNS text[]
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    held "case"%ROWTYPE;
    bare decision_version%ROWTYPE;
    issue record;
    found_any boolean := FALSE;
    stands_any boolean := FALSE;
    refusals text[] := ARRAY[]::text[];
BEGIN
    SELECT * INTO held FROM "case" c WHERE c.id = of_case;
    -- Those that were not revoked first: once there is one, the others are not asked.
    FOR issue IN
        SELECT i.version_id, revocation_refusals(i.id) = '{}' AS stands
        FROM decision_issue i JOIN decision_version v ON v.id = i.version_id
        WHERE i.case_id = of_case
            AND v.kind = COALESCE(of_kind, held.kind) -- condition: issued_kind
            AND (on_day IS NULL OR i.issued_on = on_day) -- condition: issued_day
        ORDER BY stands DESC
    LOOP
        found_any := TRUE;
        stands_any := stands_any OR issue.stands;
        IF issue.stands OR NOT stands_any THEN
            refusals := refusals || gate_refusals(issue.version_id); -- condition: issued_passes
        END IF;
    END LOOP;
    IF found_any THEN
        RETURN refusals;
    END IF;
    IF EXISTS (SELECT FROM decision d WHERE d.case_id = of_case AND d.withdrawn_at IS NULL) THEN -- condition: not_issued
        RETURN ARRAY['not_issued'];
    END IF;
    IF held.kind = 'inspection' AND of_kind IS NULL THEN
        RETURN ARRAY[]::text[];
    END IF;
    IF held.opened_at >= (SELECT g.began_at FROM gate_began g) THEN -- condition: undecided
        RETURN ARRAY['undecided'];
    END IF;
    bare.unit_id := held.unit_id;
    bare.case_id := held.id;
    bare.kind := COALESCE(of_kind, held.kind);
    IF review_scope_of(bare) <> '[]' THEN -- condition: old_in_scope
        RETURN ARRAY['in_scope'];
    END IF;
    RETURN ARRAY[]::text[];
END $$;
