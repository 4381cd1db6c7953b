-- 送达: one table for every service of every document, decisions among them. What was left (留置) is served by its
-- photograph or film alone, and what makes a decision known leaves by the gate.

DROP TABLE decision_service;

CREATE TABLE case_service (
    id UUID NOT NULL,
    unit_id UUID NOT NULL,
    case_id UUID NOT NULL,
    decision_id UUID,
    version_id UUID,
    document_id UUID,
    document_number TEXT NOT NULL,
    addressee TEXT NOT NULL,
    method TEXT NOT NULL,
    served_at TIMESTAMP WITH TIME ZONE NOT NULL,
    counts_on DATE NOT NULL,
    rule_id UUID,
    receiver TEXT,
    place TEXT,
    carrier TEXT,
    ground TEXT,
    witnesses TEXT,
    act_id UUID,
    recording_id UUID,
    receipt_id UUID,
    stated_by UUID NOT NULL,
    stated_at TIMESTAMP WITH TIME ZONE NOT NULL,
    withdrawn_at TIMESTAMP WITH TIME ZONE,
    withdrawn_by UUID,
    withdraw_reason TEXT,
    CONSTRAINT pk_case_service PRIMARY KEY (id),
    CONSTRAINT ck_case_service_method
        CHECK (method IN ('in_person', 'left', 'mailed', 'entrusted', 'electronic', 'posted')),
    CONSTRAINT ck_case_service_left_with_its_proof
        CHECK (method <> 'left' OR num_nonnulls(act_id, recording_id, ground, place) = 4),
    CONSTRAINT ck_case_service_received CHECK (method <> 'in_person' OR receiver IS NOT NULL),
    CONSTRAINT ck_case_service_carried CHECK (method IN ('in_person', 'left') OR carrier IS NOT NULL),
    CONSTRAINT ck_case_service_with_its_ground
        CHECK (method NOT IN ('electronic', 'posted') OR ground IS NOT NULL),
    CONSTRAINT ck_case_service_with_its_proof
        CHECK (method = 'posted' OR num_nonnulls(recording_id, receipt_id) > 0),
    CONSTRAINT ck_case_service_decision CHECK ((decision_id IS NULL) = (version_id IS NULL)),
    CONSTRAINT ck_case_service_counted CHECK ((method = 'posted') = (rule_id IS NOT NULL)),
    CONSTRAINT ck_case_service_has_been CHECK (served_at <= stated_at),
    CONSTRAINT ck_case_service_withdrawn CHECK (
        (withdrawn_at IS NULL) = (withdrawn_by IS NULL) AND (withdrawn_at IS NULL) = (withdraw_reason IS NULL)
    ),
    CONSTRAINT fk_case_service_unit_id FOREIGN KEY(unit_id) REFERENCES unit (id),
    CONSTRAINT fk_case_service_case_id FOREIGN KEY(case_id) REFERENCES "case" (id),
    CONSTRAINT fk_case_service_decision_id FOREIGN KEY(decision_id) REFERENCES decision (id),
    CONSTRAINT fk_case_service_version_id FOREIGN KEY(version_id) REFERENCES decision_version (id),
    CONSTRAINT fk_case_service_document_id FOREIGN KEY(document_id) REFERENCES document (id),
    CONSTRAINT fk_case_service_rule_id FOREIGN KEY(rule_id) REFERENCES term_rule (id),
    CONSTRAINT fk_case_service_act_id FOREIGN KEY(act_id) REFERENCES case_act (id),
    CONSTRAINT fk_case_service_recording_id FOREIGN KEY(recording_id) REFERENCES recording (id),
    CONSTRAINT fk_case_service_receipt_id FOREIGN KEY(receipt_id) REFERENCES document (id),
    CONSTRAINT fk_case_service_stated_by FOREIGN KEY(stated_by) REFERENCES person (id),
    CONSTRAINT fk_case_service_withdrawn_by FOREIGN KEY(withdrawn_by) REFERENCES person (id)
);
CREATE INDEX ix_case_service_case_id ON case_service (case_id);
CREATE INDEX ix_case_service_unit_id ON case_service (unit_id);
CREATE UNIQUE INDEX uq_case_service_standing ON case_service (case_id, document_number, addressee, method, served_at)
    WHERE withdrawn_at IS NULL;

-- What was said stays; only an end is ever added, once, and neither in a case that is archived.
GRANT SELECT, INSERT ON case_service TO liuhen_app;
GRANT UPDATE (withdrawn_at, withdrawn_by, withdraw_reason) ON case_service TO liuhen_app;
CREATE TRIGGER keep_ended BEFORE UPDATE ON case_service FOR EACH ROW EXECUTE FUNCTION keep_ended('withdrawn_at');
CREATE TRIGGER own_act BEFORE INSERT ON case_service FOR EACH ROW WHEN (NEW.act_id IS NOT NULL)
    EXECUTE FUNCTION require_own_act();
CREATE TRIGGER unarchived BEFORE INSERT OR UPDATE ON case_service FOR EACH ROW
    EXECUTE FUNCTION require_unarchived_case();

-- What a decision is made known by leaves by the gate. What is served by no more than a number, since the stage of the
-- decision, is taken for the decision: notices that come before it are served before.
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
        PERFORM FROM document_number n
        WHERE n.document_id = served.id AND n.word || '字〔' || n.year || '〕第' || n.number || '号' <> NEW.document_number;
        IF FOUND THEN
            RAISE EXCEPTION 'the document bears another number' USING ERRCODE = 'check_violation';
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
CREATE TRIGGER issued_to_serve BEFORE INSERT ON case_service
    FOR EACH ROW EXECUTE FUNCTION require_issued_to_serve();

-- What was left was left in an act of leaving it, while its picture stands in the case. When and where the picture was
-- made, by clocks and answers, casework/service/proof.py says; whatever proves another service is of the case as well.
CREATE FUNCTION is_proven_service(service case_service) RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT service.method <> 'left' OR EXISTS (
        SELECT FROM case_link l WHERE l.case_id = service.case_id AND l.recording_id = service.recording_id
            AND l.ended_at IS NULL
    ) AND EXISTS (
        SELECT FROM case_act a JOIN LATERAL (
            SELECT kind, span FROM case_act_statement s WHERE s.act_id = a.id ORDER BY s.ordinal DESC LIMIT 1
        ) latest ON latest.kind = 'service_left' AND latest.span @> service.served_at
        WHERE a.id = service.act_id AND a.case_id = service.case_id AND a.withdrawn_at IS NULL
    )
$$;
CREATE FUNCTION require_service_proof() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF NOT is_proven_service(NEW) THEN
        RAISE EXCEPTION 'what was left in case % lacks its act or its picture', NEW.case_id
            USING ERRCODE = 'check_violation';
    END IF;
    IF NEW.recording_id IS NOT NULL AND NOT EXISTS (
        SELECT FROM case_link l
        WHERE l.case_id = NEW.case_id AND l.recording_id = NEW.recording_id AND l.ended_at IS NULL
    ) OR NEW.receipt_id IS NOT NULL AND NOT EXISTS (
        SELECT FROM document d JOIN final_document f ON f.document_id = d.id
        WHERE d.id = NEW.receipt_id AND d.case_id = NEW.case_id AND d.withdrawn_at IS NULL
    ) THEN
        RAISE EXCEPTION 'what proves a service stands in case %', NEW.case_id USING ERRCODE = 'check_violation';
    END IF;
    IF NEW.method = 'posted' AND NEW.counts_on <= chinese_day(NEW.served_at)
        OR NEW.method <> 'posted' AND NEW.counts_on <> chinese_day(NEW.served_at) THEN
        RAISE EXCEPTION 'a service counts on its day, a notice after its days' USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER service_proof BEFORE INSERT ON case_service FOR EACH ROW EXECUTE FUNCTION require_service_proof();

-- The term of service ends by a service of that (Chinese) day that is proven, and by nothing else. A service of a paper
-- that is known to be no penalty ends none.
CREATE FUNCTION require_proven_service() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF NOT EXISTS (
        SELECT FROM case_service s
        LEFT JOIN document d ON d.id = s.document_id LEFT JOIN decision_version v ON v.id = s.version_id
        WHERE s.case_id = NEW.case_id AND s.withdrawn_at IS NULL AND chinese_day(s.served_at) = NEW.done_on
            AND COALESCE(d.kind, 'penalty_decision') = 'penalty_decision' AND COALESCE(v.kind, 'penalty') = 'penalty'
            AND is_proven_service(s)
    ) THEN
        RAISE EXCEPTION 'nothing of case % was served on %', NEW.case_id, NEW.done_on USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER proven_service BEFORE INSERT OR UPDATE OF done_on ON case_term FOR EACH ROW
    WHEN (NEW.kind = 'service' AND NEW.done_on IS NOT NULL) EXECUTE FUNCTION require_proven_service();

-- The ledger does not say that something was served without the row that the gate let through.
CREATE OR REPLACE FUNCTION require_decided_entry() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    said CONSTANT jsonb := convert_from(NEW.entry, 'UTF8')::jsonb->'data';
    of_version uuid;
BEGIN
    IF NEW.action = 'decision.issued' THEN
        SELECT i.version_id INTO of_version FROM decision_issue i
        WHERE i.decision_id::text = NEW.subject_id AND i.version_id::text = said->>'version_id';
        PERFORM refuse_unless_issued(of_version, 'the entry ' || NEW.action); -- condition: issued_entry
    ELSIF NEW.action = 'case.service_stated' THEN
        PERFORM FROM case_service s WHERE s.id::text = said->>'service_id' AND s.case_id::text = NEW.subject_id
            AND s.version_id::text IS NOT DISTINCT FROM said->>'version_id'
            AND s.document_id::text IS NOT DISTINCT FROM said->>'document_id' AND s.withdrawn_at IS NULL;
        IF NOT FOUND THEN -- condition: service_entry
            PERFORM refuse_at_the_gate(ARRAY['not_issued'], 'the entry ' || NEW.action);
        END IF;
    ELSIF NEW.action = 'case.event_entered' AND said->>'kind' IN ('penalty_decided', 'coercion_decided') THEN
        PERFORM FROM case_event e WHERE e.id::text = said->>'event_id' AND e.case_id::text = NEW.subject_id
            AND e.kind = said->>'kind' AND e.day::text = said->>'day' AND e.withdrawn_at IS NULL;
        IF NOT FOUND THEN -- condition: event_entry
            PERFORM refuse_at_the_gate(ARRAY['not_issued'], 'the entry ' || NEW.action);
        END IF;
    ELSIF NEW.action = 'case.stage_entered' AND said->>'to' = 'execution' THEN
        PERFORM FROM "case" c WHERE c.id::text = NEW.subject_id AND c.stage = 'execution';
        IF NOT FOUND THEN -- condition: stage_entry
            PERFORM refuse_at_the_gate(ARRAY['not_issued'], 'the entry ' || NEW.action);
        END IF;
    END IF;
    RETURN NEW;
END $$;
DROP TRIGGER decided_entry ON ledger_entry;
CREATE TRIGGER decided_entry BEFORE INSERT ON ledger_entry FOR EACH ROW
    WHEN (NEW.action IN ('decision.issued', 'case.service_stated', 'case.event_entered', 'case.stage_entered'))
    EXECUTE FUNCTION require_decided_entry();
