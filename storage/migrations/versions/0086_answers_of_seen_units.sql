-- The gate's functions run as the owner and see every unit. Whoever calls one by hand is told of the units that he sees
-- and no more: of a row of another unit as of one that there is not. Until now whoever knew an id was told whether a
-- decision was reviewed, revoked or issued, which review let it pass, who took part in its case, and whether a paper of
-- it was served. In a trigger they answer likewise: nobody writes a row of a unit that he does not see, and what they
-- say of one refuses.
CREATE OR REPLACE FUNCTION gate_refusals(of_version uuid) RETURNS text[]
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    said decision_version%ROWTYPE;
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
    IF said.scope = '[]' -- condition: kept_scope
        AND review_scope_of(said) = '[]' -- condition: present_scope
    THEN
        RETURN ARRAY[]::text[];
    END IF;
    IF pass_of(of_version) IS NULL THEN -- condition: pass
        RETURN ARRAY['no_pass'];
    END IF;
    RETURN ARRAY[]::text[];
END $$;

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
    SELECT * INTO held FROM "case" c WHERE c.id = of_case AND may_see(c.unit_id);
    IF NOT FOUND THEN
        RETURN ARRAY['unknown'];
    END IF;
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

CREATE OR REPLACE FUNCTION leave_refusals(of_issue uuid) RETURNS text[]
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    of_version uuid;
    refusals text[] := ARRAY[]::text[];
BEGIN
    SELECT i.version_id INTO of_version FROM decision_issue i WHERE i.id = of_issue AND may_see(i.unit_id);
    IF NOT FOUND THEN
        RETURN ARRAY['unknown'];
    END IF;
    refusals := refusals || revocation_refusals(of_issue); -- condition: leaves_unrevoked
    refusals := refusals || gate_refusals(of_version); -- condition: leaves_with_its_pass
    RETURN refusals;
END $$;

CREATE OR REPLACE FUNCTION unnamed_refusals(of_document uuid) RETURNS text[]
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    said document%ROWTYPE;
    of_kind text;
    issue decision_issue%ROWTYPE;
    differs text[];
    fits boolean := FALSE;
    differences text[] := ARRAY[]::text[];
    refusals text[];
BEGIN
    SELECT * INTO said FROM document d WHERE d.id = of_document AND may_see(d.unit_id);
    IF NOT FOUND THEN
        RETURN ARRAY['unknown'];
    END IF;
    of_kind := CASE said.kind WHEN 'penalty_decision' THEN 'penalty' ELSE 'coercion' END;
    refusals := case_gate_refusals(said.case_id, of_kind, NULL);
    FOR issue IN
        SELECT i.* FROM decision_issue i JOIN decision_version v ON v.id = i.version_id
        WHERE i.case_id = said.case_id AND v.kind = of_kind ORDER BY i.issued_at, i.id
    LOOP
        refusals := refusals || revocation_refusals(issue.id); -- condition: unnamed_paper_unrevoked
        differs := said_otherwise(of_document, issue.version_id);
        fits := fits OR differs = '{}';
        differences := differences || differs;
    END LOOP;
    IF NOT fits THEN -- condition: unnamed_paper_says
        refusals := refusals || differences;
    END IF;
    RETURN refusals;
END $$;

CREATE OR REPLACE FUNCTION number_refusals(of_case uuid, served_at timestamptz) RETURNS text[]
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    issued bigint;
    revoked bigint;
BEGIN
    PERFORM FROM "case" c WHERE c.id = of_case AND may_see(c.unit_id);
    IF NOT FOUND THEN
        RETURN ARRAY['unknown'];
    END IF;
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

CREATE OR REPLACE FUNCTION pass_of(of_version uuid) RETURNS uuid
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT r.id FROM decision_review r JOIN decision_submission s ON s.id = r.submission_id
    WHERE r.id = standing_opinion_of(of_version)
        AND may_see(r.unit_id)
        AND r.opinion = 'agreed' -- condition: agreed
        AND s.withdrawn_at IS NULL -- condition: standing_submission
        AND NOT takes_part_in(r.case_id, r.reviewer_id) -- condition: reviewer_apart
        AND qualified_to_review(r.reviewer_id, chinese_day(r.reviewed_at)) -- condition: reviewer_qualified
$$;

-- Of a case that is not seen everybody took part in it: nobody is let review what he cannot see.
CREATE OR REPLACE FUNCTION takes_part_in(of_case uuid, of_person uuid) RETURNS boolean
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT NOT EXISTS (SELECT FROM "case" c WHERE c.id = of_case AND may_see(c.unit_id))
        OR EXISTS (SELECT FROM "case" c WHERE c.id = of_case AND c.opened_by = of_person) -- condition: not_opener
        OR EXISTS (SELECT FROM case_officer o WHERE o.case_id = of_case AND o.person_id = of_person) -- condition: not_handler
        OR EXISTS (SELECT FROM case_act_statement s WHERE s.case_id = of_case AND of_person IN (s.officer_id, s.second_officer_id, s.stated_by)) -- condition: not_in_acts
        OR EXISTS (SELECT FROM decision_version v WHERE v.case_id = of_case AND v.stated_by = of_person) -- condition: not_drafter
        OR EXISTS (SELECT FROM decision_submission s WHERE s.case_id = of_case AND s.submitted_by = of_person) -- condition: not_submitter
$$;

CREATE OR REPLACE FUNCTION serves_decision_of(of_service uuid, of_event uuid) RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT CASE
        WHEN d.kind <> 'penalty_decision' OR v.kind <> 'penalty' THEN FALSE
        WHEN served.issue_id IS NULL AND revocation_refusals(e.issue_id) <> '{}' THEN FALSE
        WHEN served.issue_id IS NULL AND e.issue_id IS NULL AND (
            SELECT bool_and(revocation_refusals(i.id) <> '{}')
            FROM decision_issue i JOIN decision_version o ON o.id = i.version_id
            WHERE i.case_id = s.case_id AND o.kind = 'penalty' AND i.issued_on = e.day
        ) THEN FALSE
        WHEN served.issue_id IS NULL THEN e.issue_id IS NULL OR 1 = (
            SELECT count(*) FROM decision_issue i JOIN decision_version o ON o.id = i.version_id
            WHERE i.case_id = s.case_id AND o.kind = 'penalty'
        )
        WHEN e.issue_id IS NULL THEN e.day = (SELECT i.issued_on FROM decision_issue i WHERE i.id = served.issue_id)
        ELSE served.issue_id = e.issue_id
    END
    FROM case_service s CROSS JOIN LATERAL (SELECT decision_of_service(s.id) AS issue_id) served
    JOIN case_event e ON e.id = of_event AND e.case_id = s.case_id
    LEFT JOIN document d ON d.id = s.document_id LEFT JOIN decision_version v ON v.id = s.version_id
    WHERE s.id = of_service AND may_see(s.unit_id)
$$;

-- Asked by the gate's own triggers alone, which run as the owner: for nobody to call. They lock cases, and tell of links,
-- opinions, sessions and draws.
CREATE OR REPLACE FUNCTION require_document_gate() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF (SELECT d.issues_decision FROM document d WHERE d.id = NEW.document_id) THEN
        PERFORM document_gate(NEW.document_id, TG_ARGV[0]);
    END IF;
    RETURN NEW;
END $$;
REVOKE EXECUTE ON FUNCTION
    document_gate, publication_gate, lock_case_in_turn, lock_case_of_decisions, refuse_unless_issued, standing_opinion_of,
    session_lets, is_proven_service, has_publication_duty, require_publication_duty, require_case_under_review
FROM liuhen_app;

-- An assignment is of its case's own unit: the policy asks for the unit that the row says, and knows of no case.
CREATE FUNCTION require_own_case() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM FROM "case" c WHERE c.id = NEW.case_id AND c.unit_id = NEW.unit_id;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'case % is of another unit', NEW.case_id USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER own_case BEFORE INSERT ON case_assignment FOR EACH ROW EXECUTE FUNCTION require_own_case();

-- An assignment is withdrawn by whoever may enter one: an officer or a supervisor of the unit; once the case is closed, by
-- a supervisor. NULL is the operator at the machine, who is no person: commands log in as the worker.
ALTER TABLE case_assignment
    DROP CONSTRAINT ck_case_assignment_withdrawn,
    ADD CONSTRAINT ck_case_assignment_withdrawn CHECK (
        (withdrawn_at IS NULL) = (withdraw_reason IS NULL) AND (withdrawn_by IS NULL OR withdrawn_at IS NOT NULL)
    );
CREATE OR REPLACE FUNCTION require_one_withdrawal() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.withdrawn_at IS NOT NULL THEN
        RAISE EXCEPTION 'assignment % was withdrawn and stays so', OLD.id USING ERRCODE = 'check_violation';
    END IF;
    PERFORM require_now(NEW.withdrawn_at, 'a withdrawal');
    IF NEW.withdrawn_by IS NULL THEN
        IF NOT is_let_through() THEN
            RAISE EXCEPTION 'an assignment is withdrawn by somebody' USING ERRCODE = 'check_violation';
        END IF;
    ELSE
        PERFORM FROM person p JOIN "case" c ON c.id = NEW.case_id
        WHERE p.id = NEW.withdrawn_by AND p.unit_id = carried_on_by(NEW.unit_id) AND p.active
            AND (p.role = 'supervisor' OR p.role = 'officer' AND c.closed_at IS NULL);
        IF NOT FOUND THEN
            RAISE EXCEPTION 'assignment % is not this person''s to withdraw', OLD.id USING ERRCODE = 'check_violation';
        END IF;
    END IF;
    IF NEW.replaced_by IS NOT NULL AND NOT EXISTS (
        SELECT FROM case_assignment a
        WHERE a.id = NEW.replaced_by AND a.case_id = NEW.case_id AND a.unit_id = NEW.unit_id AND a.withdrawn_at IS NULL
    ) THEN
        RAISE EXCEPTION 'an assignment is replaced by one of its case that stands' USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
