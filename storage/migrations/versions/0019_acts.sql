-- The acts of a case (执法行为) with every statement that was made of them, and explanations of what was not recorded.

CREATE TABLE case_act (
    id UUID NOT NULL,
    unit_id UUID NOT NULL,
    case_id UUID NOT NULL,
    added_by UUID NOT NULL,
    added_at TIMESTAMP WITH TIME ZONE NOT NULL,
    withdrawn_at TIMESTAMP WITH TIME ZONE,
    withdrawn_by UUID,
    withdraw_reason TEXT,
    CONSTRAINT pk_case_act PRIMARY KEY (id),
    CONSTRAINT ck_case_act_withdrawn CHECK (
        (withdrawn_at IS NULL) = (withdrawn_by IS NULL) AND (withdrawn_at IS NULL) = (withdraw_reason IS NULL)
    ),
    CONSTRAINT fk_case_act_unit_id FOREIGN KEY(unit_id) REFERENCES unit (id),
    CONSTRAINT fk_case_act_case_id FOREIGN KEY(case_id) REFERENCES "case" (id),
    CONSTRAINT fk_case_act_added_by FOREIGN KEY(added_by) REFERENCES person (id),
    CONSTRAINT fk_case_act_withdrawn_by FOREIGN KEY(withdrawn_by) REFERENCES person (id)
);
CREATE INDEX ix_case_act_case_id ON case_act (case_id);
CREATE INDEX ix_case_act_unit_id ON case_act (unit_id);

CREATE TABLE case_act_statement (
    id UUID NOT NULL,
    unit_id UUID NOT NULL,
    case_id UUID NOT NULL,
    act_id UUID NOT NULL,
    ordinal INTEGER NOT NULL,
    kind TEXT NOT NULL,
    span TSTZRANGE NOT NULL,
    place TEXT,
    officer_id UUID NOT NULL,
    second_officer_id UUID,
    checklists JSONB NOT NULL,
    reason TEXT,
    stated_by UUID NOT NULL,
    stated_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_case_act_statement PRIMARY KEY (id),
    CONSTRAINT uq_case_act_statement_act_id_ordinal UNIQUE (act_id, ordinal),
    CONSTRAINT ck_case_act_statement_ordinal CHECK (ordinal > 0),
    CONSTRAINT ck_case_act_statement_span
        CHECK (lower_inc(span) AND NOT lower_inf(span) AND NOT upper_inc(span) AND NOT isempty(span)),
    CONSTRAINT ck_case_act_statement_two_officers CHECK (second_officer_id IS DISTINCT FROM officer_id),
    CONSTRAINT ck_case_act_statement_checklists CHECK (jsonb_typeof(checklists) = 'array' AND checklists <> '[]'),
    CONSTRAINT fk_case_act_statement_unit_id FOREIGN KEY(unit_id) REFERENCES unit (id),
    CONSTRAINT fk_case_act_statement_case_id FOREIGN KEY(case_id) REFERENCES "case" (id),
    CONSTRAINT fk_case_act_statement_act_id FOREIGN KEY(act_id) REFERENCES case_act (id),
    CONSTRAINT fk_case_act_statement_officer_id FOREIGN KEY(officer_id) REFERENCES person (id),
    CONSTRAINT fk_case_act_statement_second_officer_id FOREIGN KEY(second_officer_id) REFERENCES person (id),
    CONSTRAINT fk_case_act_statement_stated_by FOREIGN KEY(stated_by) REFERENCES person (id)
);
CREATE INDEX ix_case_act_statement_unit_id ON case_act_statement (unit_id);

CREATE TABLE act_explanation (
    id UUID NOT NULL,
    unit_id UUID NOT NULL,
    case_id UUID NOT NULL,
    act_id UUID NOT NULL,
    span TSTZRANGE NOT NULL,
    reason TEXT NOT NULL,
    given_by UUID NOT NULL,
    given_at TIMESTAMP WITH TIME ZONE NOT NULL,
    decision TEXT,
    decided_by UUID,
    decided_at TIMESTAMP WITH TIME ZONE,
    decision_reason TEXT,
    withdrawn_at TIMESTAMP WITH TIME ZONE,
    withdrawn_by UUID,
    withdraw_reason TEXT,
    CONSTRAINT pk_act_explanation PRIMARY KEY (id),
    CONSTRAINT ck_act_explanation_span CHECK (
        lower_inc(span) AND NOT lower_inf(span) AND NOT upper_inc(span) AND NOT upper_inf(span) AND NOT isempty(span)
    ),
    CONSTRAINT ck_act_explanation_decided_by_somebody_else CHECK (decided_by IS DISTINCT FROM given_by),
    CONSTRAINT ck_act_explanation_decision CHECK (decision IN ('confirmed', 'refused')),
    CONSTRAINT ck_act_explanation_decided CHECK (
        (decision IS NULL) = (decided_by IS NULL) AND (decision IS NULL) = (decided_at IS NULL)
        AND (decision_reason IS NULL OR decision IS NOT NULL)
    ),
    CONSTRAINT ck_act_explanation_withdrawn CHECK (
        (withdrawn_at IS NULL) = (withdrawn_by IS NULL) AND (withdrawn_at IS NULL) = (withdraw_reason IS NULL)
    ),
    CONSTRAINT fk_act_explanation_unit_id FOREIGN KEY(unit_id) REFERENCES unit (id),
    CONSTRAINT fk_act_explanation_case_id FOREIGN KEY(case_id) REFERENCES "case" (id),
    CONSTRAINT fk_act_explanation_act_id FOREIGN KEY(act_id) REFERENCES case_act (id),
    CONSTRAINT fk_act_explanation_given_by FOREIGN KEY(given_by) REFERENCES person (id),
    CONSTRAINT fk_act_explanation_decided_by FOREIGN KEY(decided_by) REFERENCES person (id),
    CONSTRAINT fk_act_explanation_withdrawn_by FOREIGN KEY(withdrawn_by) REFERENCES person (id)
);
CREATE INDEX ix_act_explanation_act_id ON act_explanation (act_id);
CREATE INDEX ix_act_explanation_unit_id ON act_explanation (unit_id);

-- What was said stays; only an end is ever added, once.
GRANT SELECT, INSERT ON case_act, case_act_statement, act_explanation TO liuhen_app;
GRANT UPDATE (withdrawn_at, withdrawn_by, withdraw_reason) ON case_act TO liuhen_app;
GRANT UPDATE (decision, decided_by, decided_at, decision_reason, withdrawn_at, withdrawn_by, withdraw_reason)
    ON act_explanation TO liuhen_app;
CREATE TRIGGER keep_ended BEFORE UPDATE ON case_act FOR EACH ROW EXECUTE FUNCTION keep_ended('withdrawn_at');
CREATE TRIGGER keep_withdrawn BEFORE UPDATE ON act_explanation FOR EACH ROW EXECUTE FUNCTION keep_ended('withdrawn_at');
CREATE TRIGGER keep_decided BEFORE UPDATE ON act_explanation FOR EACH ROW EXECUTE FUNCTION keep_ended('decided_at');

-- A closed case takes no more of it. The share lock makes whoever closes it wait for us, or us for him: nothing slips in
-- between his looking and his closing.
CREATE FUNCTION require_open_case() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM FROM "case" c WHERE c.id = NEW.case_id AND c.unit_id = NEW.unit_id AND c.closed_at IS NULL FOR SHARE;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'case % is closed, or of another unit, and takes no more acts', NEW.case_id
            USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER open_case BEFORE INSERT OR UPDATE ON case_act FOR EACH ROW EXECUTE FUNCTION require_open_case();
CREATE TRIGGER open_case BEFORE INSERT ON case_act_statement FOR EACH ROW EXECUTE FUNCTION require_open_case();
CREATE TRIGGER open_case BEFORE INSERT OR UPDATE ON act_explanation FOR EACH ROW EXECUTE FUNCTION require_open_case();

-- What is said of an act is of the act's own case.
CREATE FUNCTION require_own_act() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM FROM case_act a WHERE a.id = NEW.act_id AND a.case_id = NEW.case_id AND a.withdrawn_at IS NULL;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'act % is withdrawn, or of another case', NEW.act_id USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER own_act BEFORE INSERT ON case_act_statement FOR EACH ROW EXECUTE FUNCTION require_own_act();
CREATE TRIGGER own_act BEFORE INSERT ON act_explanation FOR EACH ROW EXECUTE FUNCTION require_own_act();

-- No case is closed while something is still going on in it, whoever closes it.
CREATE FUNCTION require_ended_acts() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.closed_at IS NOT NULL AND EXISTS (
        SELECT FROM case_act a JOIN LATERAL (
            SELECT span FROM case_act_statement s WHERE s.act_id = a.id ORDER BY s.ordinal DESC LIMIT 1
        ) latest ON upper_inf(latest.span)
        WHERE a.case_id = NEW.id AND a.withdrawn_at IS NULL
    ) THEN
        RAISE EXCEPTION 'case % cannot be closed: an act of it is under way', NEW.id USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER ended_acts BEFORE UPDATE OF closed_at ON "case" FOR EACH ROW EXECUTE FUNCTION require_ended_acts();
