-- What was revoked goes out under no other writing of its number, and no paper of before under a decision that it does not
-- state.

-- One number is written with these brackets and with those, with blanks and without: it is one number. (tests hold the
-- same of casework/service/leave.py.)
CREATE FUNCTION bare_number(written text) RETURNS text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
    SELECT regexp_replace(
        translate(normalize(written, NFKC), '()[]{}<>〈〉《》「」『』【】〔〕〖〗〘〙〚〛' || U&'\200C\200D', ''),
        '\s', '', 'g'
    )
$$;

-- What a paper says of the decision, where it says anything of it: papers of before say less. Drafts that name theirs are
-- asked for more (paper_refusals).
CREATE FUNCTION said_otherwise(of_document uuid, of_version uuid) RETURNS text[]
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    facts jsonb;
    fields jsonb;
    decided decision_version%ROWTYPE;
    differences text[] := ARRAY[]::text[];
BEGIN
    SELECT v.* INTO decided FROM decision_version v WHERE v.id = of_version;
    SELECT t.facts, t.fields INTO facts, fields FROM document_text t
    WHERE t.document_id = of_document ORDER BY t.ordinal DESC LIMIT 1;
    IF facts->>'party' <> decided.party OR fields->>'party' <> decided.party THEN
        differences := array_append(differences, 'other_party');
    END IF;
    IF facts->>'amount' IS NOT NULL AND (facts->>'amount')::numeric * 100 IS DISTINCT FROM decided.amount_fen THEN
        differences := array_append(differences, 'other_amount');
    END IF;
    IF facts->>'decided' <> decided.content OR fields->>'penalty' <> decided.content THEN
        differences := array_append(differences, 'other_content');
    END IF;
    RETURN differences;
END $$;

-- 0064 let a paper of before name the only decision of its kind, whatever was typed in it: of those that say otherwise
-- none names it any more, and so none of them goes out.
UPDATE document d SET issue_id = NULL FROM decision_issue i
WHERE i.id = d.issue_id AND said_otherwise(d.id, i.version_id) <> '{}'
    AND NOT COALESCE((SELECT t.facts ? 'decided' FROM document_text t WHERE t.document_id = d.id ORDER BY t.ordinal DESC LIMIT 1), FALSE);

-- Why a paper of before that names no decision is not served: it may be any of its kind, so that none of them may be
-- revoked; and it says what one of them says.
CREATE FUNCTION unnamed_refusals(of_document uuid) RETURNS text[]
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
    SELECT * INTO said FROM document d WHERE d.id = of_document;
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

-- Why no paper is served that is a number alone: it may be any decision of the case, once the case is at deciding, and
-- where all were revoked it is one of those.
CREATE FUNCTION number_refusals(of_case uuid, served_at timestamptz) RETURNS text[]
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    deciding_since timestamptz;
BEGIN
    SELECT max(s.entered_at) INTO deciding_since FROM "case" c JOIN case_stage s ON s.case_id = c.id
    WHERE c.id = of_case AND s.stage = 'decision' AND c.stage IN ('decision', 'execution');
    IF deciding_since IS NULL OR served_at < deciding_since THEN
        RETURN ARRAY[]::text[];
    END IF;
    IF (SELECT bool_and(revocation_refusals(i.id) <> '{}') FROM decision_issue i WHERE i.case_id = of_case) THEN -- condition: number_unrevoked
        RETURN ARRAY['revoked'];
    END IF;
    RETURN case_gate_refusals(of_case, NULL, NULL);
END $$;

CREATE OR REPLACE FUNCTION document_gate(of_document uuid, step text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    said document%ROWTYPE;
    what CONSTANT text := 'a document''s ' || step;
BEGIN
    SELECT * INTO said FROM document d WHERE d.id = of_document;
    PERFORM lock_case_in_turn(said.case_id);
    IF said.issue_id IS NULL AND step <> 'service' THEN -- condition: paper_names
        PERFORM refuse_at_the_gate(ARRAY['unnamed'], what);
    END IF;
    IF said.issue_id IS NULL THEN
        PERFORM refuse_at_the_gate(unnamed_refusals(of_document), what); -- condition: unnamed_paper_served
        RETURN;
    END IF;
    PERFORM refuse_at_the_gate(leave_refusals(said.issue_id), what); -- condition: paper_leaves
    -- What it says is fixed with its final form: from then on no more is asked than papers of before say.
    IF step IN ('number', 'final') THEN
        PERFORM refuse_at_the_gate(paper_refusals(of_document), what); -- condition: paper_says
    ELSE
        PERFORM refuse_at_the_gate(said_otherwise(of_document, i.version_id), what) FROM decision_issue i WHERE i.id = said.issue_id; -- condition: paper_still_says
    END IF;
END $$;

-- A service of no decision that is named ends no term of one that was revoked.
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
    WHERE s.id = of_service
$$;

-- A number is compared as it is, however it is written.
CREATE OR REPLACE FUNCTION require_issued_to_serve() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    served document%ROWTYPE;
BEGIN
    PERFORM lock_case_in_turn(NEW.case_id);
    PERFORM FROM "case" c WHERE c.id = NEW.case_id AND c.unit_id = NEW.unit_id;
    IF NOT FOUND OR NEW.withdrawn_at IS NOT NULL THEN
        RAISE EXCEPTION 'case % is of another unit', NEW.case_id USING ERRCODE = 'check_violation';
    END IF;
    PERFORM require_now(NEW.stated_at, 'that something was served');
    IF NEW.version_id IS NOT NULL THEN
        PERFORM FROM decision_version v
        WHERE v.id = NEW.version_id AND v.decision_id = NEW.decision_id AND v.case_id = NEW.case_id;
        IF NOT FOUND THEN -- condition: served_version
            RAISE EXCEPTION 'what is served is a decision of the case itself' USING ERRCODE = 'check_violation';
        END IF;
        PERFORM refuse_unless_issued(NEW.version_id, 'serving'); -- condition: service_gate
        PERFORM refuse_at_the_gate(revocation_refusals(i.id), 'serving') FROM decision_issue i WHERE i.version_id = NEW.version_id; -- condition: service_unrevoked
        PERFORM FROM decision_issue i WHERE i.version_id = NEW.version_id AND chinese_day(NEW.served_at) < i.issued_on;
        IF FOUND THEN
            RAISE EXCEPTION 'a decision is served when it is issued' USING ERRCODE = 'check_violation';
        END IF;
    END IF;
    IF NEW.document_id IS NOT NULL THEN
        SELECT d.* INTO served FROM document d JOIN final_document f ON f.document_id = d.id
        WHERE d.id = NEW.document_id AND d.case_id = NEW.case_id AND d.withdrawn_at IS NULL;
        IF NOT FOUND THEN -- condition: served_document
            RAISE EXCEPTION 'what is served is a final document of the case itself' USING ERRCODE = 'check_violation';
        END IF;
        IF served.issues_decision THEN
            PERFORM document_gate(served.id, 'service'); -- condition: service_document_gate
            PERFORM refuse_at_the_gate(said_otherwise(served.id, NEW.version_id), 'serving') WHERE served.issue_id IS NULL AND NEW.version_id IS NOT NULL; -- condition: unnamed_paper_of_its_own
        END IF;
        IF NEW.version_id <> (SELECT i.version_id FROM decision_issue i WHERE i.id = served.issue_id) OR NEW.version_id IS NOT NULL AND NOT served.issues_decision THEN -- condition: served_own_decision
            RAISE EXCEPTION 'document % is not of the decision that the service names', served.id
                USING ERRCODE = 'check_violation';
        END IF;
        PERFORM FROM document_number n
        WHERE n.document_id = served.id AND n.word || '字〔' || n.year || '〕第' || n.number || '号' <> NEW.document_number;
        IF FOUND THEN
            RAISE EXCEPTION 'the document bears another number' USING ERRCODE = 'check_violation';
        END IF;
    ELSE
        PERFORM FROM document_number n JOIN document d ON d.id = n.document_id
        WHERE d.case_id = NEW.case_id AND bare_number(n.word || '字〔' || n.year || '〕第' || n.number || '号') = bare_number(NEW.document_number);
        IF FOUND THEN -- condition: number_of_its_document
            RAISE EXCEPTION 'a document of the case bears this number: it is named' USING ERRCODE = 'check_violation';
        END IF;
    END IF;
    IF NEW.version_id IS NULL AND NEW.document_id IS NULL THEN
        PERFORM refuse_at_the_gate(number_refusals(NEW.case_id, NEW.served_at), 'a service'); -- condition: service_stage_gate
    END IF;
    RETURN NEW;
END $$;

REVOKE EXECUTE ON FUNCTION bare_number, said_otherwise, unnamed_refusals, number_refusals FROM PUBLIC;
GRANT EXECUTE ON FUNCTION unnamed_refusals, number_refusals TO liuhen_app;
