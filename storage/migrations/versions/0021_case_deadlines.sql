-- Events of a case (期限起算事项), the terms that run from them, and every due day that was worked out.

CREATE TABLE case_event (
    id UUID NOT NULL,
    unit_id UUID NOT NULL,
    case_id UUID NOT NULL,
    kind TEXT NOT NULL,
    day DATE NOT NULL,
    entered_by UUID NOT NULL,
    entered_at TIMESTAMP WITH TIME ZONE NOT NULL,
    withdrawn_at TIMESTAMP WITH TIME ZONE,
    withdrawn_by UUID,
    withdraw_reason TEXT,
    CONSTRAINT pk_case_event PRIMARY KEY (id),
    CONSTRAINT ck_case_event_withdrawn CHECK (
        (withdrawn_at IS NULL) = (withdrawn_by IS NULL) AND (withdrawn_at IS NULL) = (withdraw_reason IS NULL)
    ),
    CONSTRAINT fk_case_event_unit_id FOREIGN KEY(unit_id) REFERENCES unit (id),
    CONSTRAINT fk_case_event_case_id FOREIGN KEY(case_id) REFERENCES "case" (id),
    CONSTRAINT fk_case_event_entered_by FOREIGN KEY(entered_by) REFERENCES person (id),
    CONSTRAINT fk_case_event_withdrawn_by FOREIGN KEY(withdrawn_by) REFERENCES person (id)
);
CREATE INDEX ix_case_event_unit_id ON case_event (unit_id);
-- What happened once is entered once: of two who enter it at the same time one is told.
CREATE UNIQUE INDEX uq_case_event_standing ON case_event (case_id, kind, day) WHERE withdrawn_at IS NULL;

CREATE TABLE case_term (
    id UUID NOT NULL,
    unit_id UUID NOT NULL,
    case_id UUID NOT NULL,
    event_id UUID NOT NULL,
    kind TEXT NOT NULL,
    done_on DATE,
    done_by UUID,
    done_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT pk_case_term PRIMARY KEY (id),
    CONSTRAINT uq_case_term_event_id_kind UNIQUE (event_id, kind),
    CONSTRAINT ck_case_term_done CHECK (
        (done_at IS NULL) = (done_by IS NULL) AND (done_at IS NULL) = (done_on IS NULL)
    ),
    CONSTRAINT fk_case_term_unit_id FOREIGN KEY(unit_id) REFERENCES unit (id),
    CONSTRAINT fk_case_term_case_id FOREIGN KEY(case_id) REFERENCES "case" (id),
    CONSTRAINT fk_case_term_event_id FOREIGN KEY(event_id) REFERENCES case_event (id),
    CONSTRAINT fk_case_term_done_by FOREIGN KEY(done_by) REFERENCES person (id)
);
CREATE INDEX ix_case_term_case_id ON case_term (case_id);
CREATE INDEX ix_case_term_unit_id ON case_term (unit_id);

CREATE TABLE term_answer (
    id UUID NOT NULL,
    unit_id UUID NOT NULL,
    case_id UUID NOT NULL,
    term_id UUID NOT NULL,
    ordinal INTEGER NOT NULL,
    due_on DATE,
    estimate DATE,
    unannounced JSONB NOT NULL,
    rule_id UUID,
    because TEXT NOT NULL,
    computed_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_term_answer PRIMARY KEY (id),
    CONSTRAINT uq_term_answer_term_id_ordinal UNIQUE (term_id, ordinal),
    CONSTRAINT ck_term_answer_ordinal CHECK (ordinal > 0),
    CONSTRAINT ck_term_answer_because CHECK (because IN ('entered', 'rules', 'calendar')),
    CONSTRAINT ck_term_answer_first CHECK ((because = 'entered') = (ordinal = 1)),
    CONSTRAINT ck_term_answer_one_day CHECK (num_nonnulls(due_on, estimate) = num_nonnulls(rule_id)),
    CONSTRAINT ck_term_answer_unannounced CHECK ((estimate IS NULL) = (unannounced = '[]')),
    CONSTRAINT fk_term_answer_unit_id FOREIGN KEY(unit_id) REFERENCES unit (id),
    CONSTRAINT fk_term_answer_case_id FOREIGN KEY(case_id) REFERENCES "case" (id),
    CONSTRAINT fk_term_answer_term_id FOREIGN KEY(term_id) REFERENCES case_term (id),
    CONSTRAINT fk_term_answer_rule_id FOREIGN KEY(rule_id) REFERENCES term_rule (id)
);
CREATE INDEX ix_term_answer_unit_id ON term_answer (unit_id);

-- What was said stays; only an end is ever added, once.
GRANT SELECT, INSERT ON case_event, case_term, term_answer TO liuhen_app;
GRANT UPDATE (withdrawn_at, withdrawn_by, withdraw_reason) ON case_event TO liuhen_app;
GRANT UPDATE (done_on, done_by, done_at) ON case_term TO liuhen_app;
CREATE TRIGGER keep_ended BEFORE UPDATE ON case_event FOR EACH ROW EXECUTE FUNCTION keep_ended('withdrawn_at');
CREATE TRIGGER keep_done BEFORE UPDATE ON case_term FOR EACH ROW EXECUTE FUNCTION keep_ended('done_at');
CREATE TRIGGER keep_done_on BEFORE UPDATE ON case_term FOR EACH ROW EXECUTE FUNCTION keep_ended('done_on');

-- A closed case takes no more of them, but for a decision that is revoked afterwards (0019: require_open_case).
CREATE TRIGGER open_case BEFORE INSERT ON case_event FOR EACH ROW WHEN (NEW.kind <> 'decision_revoked')
    EXECUTE FUNCTION require_open_case();

-- Terms and what was worked out of them are of the event's own case, and of an event that stands.
CREATE FUNCTION require_standing_event() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM FROM case_event e
    WHERE e.id = NEW.event_id AND e.case_id = NEW.case_id AND e.unit_id = NEW.unit_id AND e.withdrawn_at IS NULL
    FOR SHARE;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'event % is withdrawn, or of another case', NEW.event_id USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER standing_event BEFORE INSERT OR UPDATE ON case_term
    FOR EACH ROW EXECUTE FUNCTION require_standing_event();
CREATE FUNCTION require_own_term() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM FROM case_term t WHERE t.id = NEW.term_id AND t.case_id = NEW.case_id AND t.unit_id = NEW.unit_id;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'term % is of another case', NEW.term_id USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER own_term BEFORE INSERT ON term_answer FOR EACH ROW EXECUTE FUNCTION require_own_term();
