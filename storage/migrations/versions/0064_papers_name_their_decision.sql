-- A paper that states a decision names it, as its event does (0058): in one case two parties are punished on one day, and
-- a paper for the one is no paper of the other's. So the gate asks for that decision and no other, compares what the paper
-- says with its very version, and a service of it ends the term of it alone. Nothing leaves of what was revoked.

-- Of papers of before, those name the decision that can mean but one. The others cannot be told apart: they are no more
-- numbered, made final or sealed, and a new one is begun.
ALTER TABLE document ADD COLUMN issue_id UUID;
ALTER TABLE document ADD CONSTRAINT fk_document_issue_id FOREIGN KEY(issue_id) REFERENCES decision_issue (id);
UPDATE document d SET issue_id = one.id FROM (
    SELECT i.case_id, v.kind, (array_agg(i.id))[1] AS id
    FROM decision_issue i JOIN decision_version v ON v.id = i.version_id
    GROUP BY i.case_id, v.kind HAVING count(*) = 1
) one
WHERE d.issues_decision AND d.case_id = one.case_id
    AND one.kind = CASE d.kind WHEN 'penalty_decision' THEN 'penalty' ELSE 'coercion' END;
ALTER TABLE document ADD CONSTRAINT ck_document_of_decision CHECK (issue_id IS NULL OR issues_decision);

-- Whatever is begun from now on names one: of what was before the rows that name none stay.
CREATE FUNCTION require_named_paper() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    PERFORM FROM decision_issue i JOIN decision_version v ON v.id = i.version_id
    WHERE i.id = NEW.issue_id AND i.case_id = NEW.case_id
        AND v.kind = CASE NEW.kind WHEN 'penalty_decision' THEN 'penalty' ELSE 'coercion' END;
    IF NOT FOUND THEN -- condition: paper_of_its_own
        RAISE EXCEPTION 'a % names a decision of its kind that was issued in its case', NEW.kind
            USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER named_paper BEFORE INSERT ON document
    FOR EACH ROW WHEN (NEW.issues_decision) EXECUTE FUNCTION require_named_paper();

-- What a paper says of its decision is sought as what was filled in: nobody types it, so that it stands among the facts.
CREATE FUNCTION sought_paper(fields JSONB, facts JSONB) RETURNS TEXT LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT public.sought_values(fields || jsonb_build_object('', jsonb_build_array(facts -> 'party', facts -> 'decided')))
$$;
ALTER TABLE document_text ALTER COLUMN sought SET EXPRESSION AS (sought_paper(fields, facts));

-- While its revocation stands, nothing of a decision goes out. The paper that says so is another one.
CREATE FUNCTION revocation_refusals(of_issue uuid) RETURNS text[]
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF EXISTS (SELECT FROM case_event e WHERE e.issue_id = of_issue AND e.kind = 'decision_revoked' AND e.withdrawn_at IS NULL) THEN -- condition: unrevoked
        RETURN ARRAY['revoked'];
    END IF;
    RETURN ARRAY[]::text[];
END $$;

-- Why nothing of this one decision may leave, whatever becomes of others in its case.
CREATE FUNCTION leave_refusals(of_issue uuid) RETURNS text[]
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    of_version uuid;
    refusals text[] := ARRAY[]::text[];
BEGIN
    SELECT i.version_id INTO of_version FROM decision_issue i WHERE i.id = of_issue;
    refusals := refusals || revocation_refusals(of_issue); -- condition: leaves_unrevoked
    refusals := refusals || gate_refusals(of_version); -- condition: leaves_with_its_pass
    RETURN refusals;
END $$;

-- What a paper says now of party, amount and content is what the version says that was issued. Templates of before have
-- fields for party and penalty: what somebody typed there is no other than that either.
CREATE FUNCTION paper_refusals(of_document uuid) RETURNS text[]
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    facts jsonb;
    fields jsonb;
    decided decision_version%ROWTYPE;
    refusals text[] := ARRAY[]::text[];
BEGIN
    SELECT v.* INTO decided FROM document d JOIN decision_issue i ON i.id = d.issue_id JOIN decision_version v ON v.id = i.version_id
    WHERE d.id = of_document;
    SELECT t.facts, t.fields INTO facts, fields FROM document_text t
    WHERE t.document_id = of_document ORDER BY t.ordinal DESC LIMIT 1;
    IF facts->>'party' IS DISTINCT FROM decided.party OR fields->>'party' <> decided.party THEN -- condition: own_party
        refusals := array_append(refusals, 'other_party');
    END IF;
    IF (facts->>'amount')::numeric * 100 IS DISTINCT FROM decided.amount_fen THEN -- condition: own_amount
        refusals := array_append(refusals, 'other_amount');
    END IF;
    IF facts->>'decided' IS DISTINCT FROM decided.content OR fields->>'penalty' <> decided.content THEN -- condition: own_content
        refusals := array_append(refusals, 'other_content');
    END IF;
    RETURN refusals;
END $$;

-- Number, final form and seal are of the decision that the paper names. One of before that names none, and went out
-- before, is served by leave of every decision that it might be.
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
        PERFORM refuse_at_the_gate(case_gate_refusals(said.case_id, CASE said.kind WHEN 'penalty_decision' THEN 'penalty' ELSE 'coercion' END, NULL), what); -- condition: unnamed_paper_served
        RETURN;
    END IF;
    PERFORM refuse_at_the_gate(leave_refusals(said.issue_id), what); -- condition: paper_leaves
    -- What it says is fixed with its final form, and papers of before that had theirs were compared by amount alone.
    IF step IN ('number', 'final') THEN
        PERFORM refuse_at_the_gate(paper_refusals(of_document), what); -- condition: paper_says
    END IF;
END $$;
DROP FUNCTION states_issued_amount;

-- A service is of the decision whose paper was served, or which it names itself.
CREATE FUNCTION decision_of_service(of_service uuid) RETURNS uuid
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT COALESCE(
        (SELECT i.id FROM decision_issue i WHERE i.version_id = s.version_id),
        (SELECT d.issue_id FROM document d WHERE d.id = s.document_id)
    ) FROM case_service s WHERE s.id = of_service
$$;

-- It ends the term of the event of that decision. A paper that is a number alone may be any penalty of its case, and so
-- that of one where there is but one; events of before name none, and are of what was decided on their day.
CREATE FUNCTION serves_decision_of(of_service uuid, of_event uuid) RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT CASE
        WHEN d.kind <> 'penalty_decision' OR v.kind <> 'penalty' THEN FALSE
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

CREATE OR REPLACE FUNCTION require_proven_service() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF NOT EXISTS (
        SELECT FROM case_service s
        WHERE s.case_id = NEW.case_id AND s.withdrawn_at IS NULL AND chinese_day(s.served_at) = NEW.done_on
            AND is_proven_service(s)
            AND serves_decision_of(s.id, NEW.event_id) -- condition: term_of_what_was_served
    ) THEN
        RAISE EXCEPTION 'nothing of case % was served on % by which its term ends', NEW.case_id, NEW.done_on
            USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;

CREATE OR REPLACE FUNCTION require_issued_to_serve() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    served document%ROWTYPE;
    deciding_since timestamptz;
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
        WHERE d.case_id = NEW.case_id AND n.word || '字〔' || n.year || '〕第' || n.number || '号' = NEW.document_number;
        IF FOUND THEN -- condition: number_of_its_document
            RAISE EXCEPTION 'a document of the case bears this number: it is named' USING ERRCODE = 'check_violation';
        END IF;
    END IF;
    IF NEW.version_id IS NULL AND NEW.document_id IS NULL THEN
        SELECT max(s.entered_at) INTO deciding_since FROM "case" c JOIN case_stage s ON s.case_id = c.id
        WHERE c.id = NEW.case_id AND s.stage = 'decision' AND c.stage IN ('decision', 'execution');
        IF NEW.served_at >= deciding_since THEN
            PERFORM refuse_at_the_gate(case_gate_refusals(NEW.case_id, NULL, NULL), 'a service'); -- condition: service_stage_gate
        END IF;
    END IF;
    RETURN NEW;
END $$;

REVOKE EXECUTE ON FUNCTION revocation_refusals, leave_refusals, paper_refusals, decision_of_service, serves_decision_of
    FROM PUBLIC;
GRANT EXECUTE ON FUNCTION leave_refusals, serves_decision_of TO liuhen_app;
