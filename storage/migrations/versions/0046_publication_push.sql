-- 决定实时推送: what is published, and what leaves the public again, is pushed to the city's platform; a row each.
--
-- Pushing counts as issuing: each attempt to publish there asks the gate, for days may have passed. Lines marked
-- `condition:` are each tried by a test that takes it out.

CREATE TABLE publication_push (
    id UUID NOT NULL,
    unit_id UUID NOT NULL,
    case_id UUID NOT NULL,
    publication_id UUID NOT NULL,
    version_id UUID NOT NULL,
    step_id UUID NOT NULL,
    ordinal INTEGER NOT NULL,
    action TEXT NOT NULL,
    due_at TIMESTAMP WITH TIME ZONE NOT NULL,
    attempts INTEGER NOT NULL,
    attempted_at TIMESTAMP WITH TIME ZONE,
    problem TEXT,
    detail TEXT,
    accepted_at TIMESTAMP WITH TIME ZONE,
    receipt TEXT,
    refused_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT pk_publication_push PRIMARY KEY (id),
    CONSTRAINT uq_publication_push_step_id UNIQUE (step_id),
    CONSTRAINT uq_publication_push_publication_id_ordinal UNIQUE (publication_id, ordinal),
    CONSTRAINT ck_publication_push_action CHECK (action IN ('publish', 'withdraw')),
    CONSTRAINT ck_publication_push_attempts CHECK (attempts >= 0 AND (attempts = 0) = (attempted_at IS NULL)),
    CONSTRAINT ck_publication_push_problem CHECK (problem IS NULL OR problem IN (
        'gate', 'unreachable', 'untrusted', 'no_answer', 'too_long', 'no_receipt', 'status'
    )),
    CONSTRAINT ck_publication_push_receipt CHECK ((accepted_at IS NULL) = (receipt IS NULL)),
    CONSTRAINT ck_publication_push_ended CHECK (num_nonnulls(accepted_at, refused_at) <= 1),
    CONSTRAINT fk_publication_push_unit_id FOREIGN KEY(unit_id) REFERENCES unit (id),
    CONSTRAINT fk_publication_push_case_id FOREIGN KEY(case_id) REFERENCES "case" (id),
    CONSTRAINT fk_publication_push_publication_id FOREIGN KEY(publication_id) REFERENCES publication (id),
    CONSTRAINT fk_publication_push_version_id FOREIGN KEY(version_id) REFERENCES publication_version (id),
    CONSTRAINT fk_publication_push_step_id FOREIGN KEY(step_id) REFERENCES publication_step (id)
);
CREATE INDEX ix_publication_push_case_id ON publication_push (case_id);
CREATE INDEX ix_publication_push_unit_id ON publication_push (unit_id);
CREATE INDEX ix_publication_push_due ON publication_push (due_at) WHERE accepted_at IS NULL AND refused_at IS NULL;
-- What is to be pushed follows from steps, and is nobody's to write; how far it got is the program's.
GRANT SELECT ON publication_push TO liuhen_app;
GRANT UPDATE (due_at, attempts, attempted_at, problem, detail, accepted_at, receipt, refused_at) ON publication_push
    TO liuhen_app;
CREATE TRIGGER keep_accepted BEFORE UPDATE ON publication_push
    FOR EACH ROW EXECUTE FUNCTION keep_ended('accepted_at');
CREATE TRIGGER keep_receipt BEFORE UPDATE ON publication_push
    FOR EACH ROW EXECUTE FUNCTION keep_ended('receipt');

-- Whatever leaves the public says why, there as here: what is public is taken down before it is settled that it is not.
CREATE FUNCTION enqueue_push() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF NEW.step = 'withheld' THEN
        IF EXISTS (SELECT FROM publication p WHERE p.id = NEW.publication_id AND p.shown_version_id IS NOT NULL) THEN
            RAISE EXCEPTION 'what is public is taken down before it is withheld' USING ERRCODE = 'check_violation';
        END IF;
        RETURN NULL;
    END IF;
    INSERT INTO publication_push (
        id, unit_id, case_id, publication_id, version_id, step_id, ordinal, action, due_at, attempts
    ) VALUES (
        gen_random_uuid(), NEW.unit_id, NEW.case_id, NEW.publication_id, NEW.version_id, NEW.id, NEW.ordinal,
        CASE NEW.step WHEN 'published' THEN 'publish' ELSE 'withdraw' END, NEW.taken_at, 0
    );
    RETURN NULL;
END $$;
-- Before `shown`, by its name: it looks at what was public until this step.
CREATE TRIGGER enqueue AFTER INSERT ON publication_step FOR EACH ROW
    WHEN (NEW.step IN ('published', 'withheld', 'taken_down')) EXECUTE FUNCTION enqueue_push();

CREATE FUNCTION require_gate_to_push() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    PERFORM lock_case_in_turn(NEW.case_id);
    IF NEW.accepted_at IS NOT NULL AND NEW.attempts = 0 THEN -- condition: push_attempted
        RAISE EXCEPTION 'nothing was sent that the platform could have taken' USING ERRCODE = 'check_violation';
    END IF;
    IF NEW.attempts = OLD.attempts THEN
        RETURN NEW;
    END IF;
    IF NEW.attempts <> OLD.attempts + 1 OR OLD.accepted_at IS NOT NULL THEN
        RAISE EXCEPTION 'attempts to push are counted one by one' USING ERRCODE = 'check_violation';
    END IF;
    IF EXISTS (SELECT FROM publication_push p WHERE p.publication_id = NEW.publication_id AND p.ordinal > NEW.ordinal) THEN -- condition: push_latest
        RAISE EXCEPTION 'a later message of this publication goes instead' USING ERRCODE = 'check_violation';
    END IF;
    IF NEW.action = 'publish' THEN
        PERFORM publication_gate(NEW.publication_id, 'pushing'); -- condition: push_gate
    END IF;
    IF NEW.action = 'publish' AND (SELECT s.secrecy_class FROM case_secrecy s WHERE s.case_id = NEW.case_id ORDER BY s.ordinal DESC LIMIT 1) = 'state_secret' THEN -- condition: push_no_secret
        RAISE EXCEPTION 'state secrets are not pushed' USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER gate BEFORE UPDATE ON publication_push FOR EACH ROW
    WHEN (NEW.attempts <> OLD.attempts OR NEW.accepted_at IS DISTINCT FROM OLD.accepted_at)
    EXECUTE FUNCTION require_gate_to_push();

-- The ledger does not say that the platform has something, unless it took it.
CREATE FUNCTION require_pushed_entry() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    said CONSTANT jsonb := convert_from(NEW.entry, 'UTF8')::jsonb->'data';
BEGIN
    PERFORM FROM publication_push p WHERE p.step_id::text = said->>'step_id'
        AND p.publication_id::text = NEW.subject_id AND p.accepted_at IS NOT NULL;
    IF NOT FOUND THEN -- condition: pushed_entry
        PERFORM refuse_at_the_gate(ARRAY['not_issued'], 'the entry ' || NEW.action);
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER pushed_entry BEFORE INSERT ON ledger_entry FOR EACH ROW
    WHEN (NEW.action = 'publication.pushed') EXECUTE FUNCTION require_pushed_entry();
