-- A decision has its own identity, and not its day: in one case two parties are punished on one day, each by a decision
-- of his own (处罚法 61), and each is published and revoked for itself (处罚法 48). So the event of a decision names it, and
-- a revocation does. Events that name none are those of cases that were decided before decisions had rows (0026).
ALTER TABLE case_event ADD COLUMN issue_id UUID;
ALTER TABLE case_event ADD CONSTRAINT fk_case_event_issue_id FOREIGN KEY(issue_id) REFERENCES decision_issue (id);
DROP INDEX uq_case_event_standing;
CREATE UNIQUE INDEX uq_case_event_standing ON case_event (case_id, kind, day)
    WHERE withdrawn_at IS NULL AND issue_id IS NULL;
CREATE UNIQUE INDEX uq_case_event_of_issue ON case_event (issue_id, kind) WHERE withdrawn_at IS NULL;

CREATE FUNCTION require_named_decision() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    of_kind CONSTANT text := CASE NEW.kind WHEN 'decision_revoked' THEN 'penalty' ELSE split_part(NEW.kind, '_', 1) END;
    revokes CONSTANT boolean := NEW.kind = 'decision_revoked';
    named uuid[];
BEGIN
    PERFORM lock_case_in_turn(NEW.case_id);
    SELECT array_agg(i.id) INTO named FROM decision_issue i JOIN decision_version v ON v.id = i.version_id
    WHERE i.case_id = NEW.case_id AND v.kind = of_kind
        AND (i.issued_on = NEW.day OR revokes AND (NEW.issue_id IS NULL OR i.issued_on < NEW.day));
    IF NEW.issue_id IS NULL AND named IS NOT NULL THEN -- condition: event_names
        RAISE EXCEPTION 'the event % names the decision that it is of', NEW.kind USING ERRCODE = 'check_violation';
    END IF;
    IF NEW.issue_id IS NOT NULL AND NEW.issue_id <> ALL (coalesce(named, '{}')) THEN -- condition: event_of_its_own
        RAISE EXCEPTION 'the event % is of a decision that was issued in this case, by that day', NEW.kind
            USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER zz_of_decision BEFORE INSERT ON case_event
    FOR EACH ROW WHEN (NEW.kind IN ('penalty_decided', 'coercion_decided', 'decision_revoked'))
    EXECUTE FUNCTION require_named_decision();
ALTER TABLE case_event ADD CONSTRAINT ck_case_event_of_decision
    CHECK (issue_id IS NULL OR kind IN ('penalty_decided', 'coercion_decided', 'decision_revoked'));

-- The gate asks of the decision that an event names; of all of that day only where it names none.
CREATE FUNCTION event_refusals(of_event case_event) RETURNS text[]
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT CASE
        WHEN of_event.issue_id IS NULL
            THEN public.case_gate_refusals(of_event.case_id, split_part(of_event.kind, '_', 1), of_event.day)
        ELSE (SELECT public.gate_refusals(i.version_id) FROM public.decision_issue i WHERE i.id = of_event.issue_id)
    END
$$;
REVOKE EXECUTE ON FUNCTION event_refusals FROM PUBLIC;

CREATE OR REPLACE FUNCTION require_decided_event() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    PERFORM lock_case_of_decisions(NEW.case_id, NEW.unit_id);
    PERFORM refuse_at_the_gate(event_refusals(NEW), 'the event ' || NEW.kind); -- condition: event_gate
    RETURN NEW;
END $$;

CREATE OR REPLACE FUNCTION require_decided_term() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    of_event case_event%ROWTYPE;
BEGIN
    SELECT * INTO of_event FROM case_event e WHERE e.id = NEW.event_id;
    IF NEW.done_on IS NOT NULL AND of_event.kind IN ('penalty_decided', 'coercion_decided') THEN
        PERFORM lock_case_in_turn(NEW.case_id);
        PERFORM refuse_at_the_gate(event_refusals(of_event), 'the term ' || NEW.kind); -- condition: term_gate
    END IF;
    RETURN NEW;
END $$;

-- What the ledger says of an event, it says of the decision that the row names.
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
            AND e.kind = said->>'kind' AND e.day::text = said->>'day' AND e.withdrawn_at IS NULL
            AND e.issue_id::text IS NOT DISTINCT FROM said->>'issue_id';
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

CREATE OR REPLACE FUNCTION publication_gate(of_publication uuid, what text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    held publication%ROWTYPE;
    of_issue decision_issue%ROWTYPE;
    since timestamptz;
BEGIN
    SELECT * INTO held FROM publication p WHERE p.id = of_publication;
    PERFORM lock_case_in_turn(held.case_id);
    SELECT e.entered_at INTO since FROM case_event e WHERE e.id = held.event_id;
    IF held.kind = 'penalty' THEN
        SELECT * INTO of_issue FROM decision_issue i WHERE i.id = held.issue_id;
        since := of_issue.issued_at;
        PERFORM refuse_unless_issued(of_issue.version_id, what); -- condition: publication_gate
    ELSE
        PERFORM refuse_at_the_gate(case_gate_refusals(held.case_id, NULL, NULL), what); -- condition: inspection_gate
    END IF;
    -- A penalty by its own revocation; the result of a check by one of the case, which names no decision.
    IF EXISTS (SELECT FROM case_event e WHERE e.case_id = held.case_id AND e.kind = 'decision_revoked' AND e.withdrawn_at IS NULL AND e.issue_id IS NOT DISTINCT FROM held.issue_id AND e.entered_at > since) THEN -- condition: not_revoked
        RAISE EXCEPTION 'the decision was revoked: nothing of it is published' USING ERRCODE = 'check_violation';
    END IF;
END $$;

CREATE OR REPLACE FUNCTION require_sound_publication() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    PERFORM lock_case_in_turn(NEW.case_id);
    PERFORM require_now(NEW.begun_at, 'a publication');
    PERFORM require_publication_duty(NEW.begun_by, NEW.unit_id, 'collect');
    PERFORM FROM case_event e JOIN "case" c ON c.id = e.case_id
    WHERE e.id = NEW.event_id AND e.case_id = NEW.case_id AND c.unit_id = NEW.unit_id AND e.withdrawn_at IS NULL
        AND e.kind = CASE NEW.kind WHEN 'penalty' THEN 'penalty_decided' ELSE 'inspection_concluded' END;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'event % is none from which the publication of a % runs', NEW.event_id, NEW.kind
            USING ERRCODE = 'check_violation';
    END IF;
    IF NEW.kind = 'penalty' AND NOT EXISTS (SELECT FROM case_event e WHERE e.id = NEW.event_id AND e.issue_id = NEW.issue_id) THEN -- condition: own_issue
        RAISE EXCEPTION 'what is published is the decision that the event names'
            USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
