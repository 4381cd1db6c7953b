-- What a recording lacks or contradicts (derived, and made again whenever a fact changes), the questions that follow, and
-- what people answered (kept for good, each with its entry).

CREATE TABLE recording_judgement (
    recording_id UUID NOT NULL,
    unit_id UUID NOT NULL,
    day DATE NOT NULL,
    policies JSONB NOT NULL,
    elements JSONB NOT NULL,
    officer_id UUID,
    device_id UUID,
    judged_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_recording_judgement PRIMARY KEY (recording_id),
    CONSTRAINT fk_recording_judgement_recording_id FOREIGN KEY(recording_id) REFERENCES recording (id),
    CONSTRAINT fk_recording_judgement_unit_id FOREIGN KEY(unit_id) REFERENCES unit (id),
    CONSTRAINT fk_recording_judgement_officer_id FOREIGN KEY(officer_id) REFERENCES person (id),
    CONSTRAINT fk_recording_judgement_device_id FOREIGN KEY(device_id) REFERENCES device (id)
);
CREATE INDEX ix_recording_judgement_day ON recording_judgement (day);
CREATE INDEX ix_recording_judgement_device_id ON recording_judgement (device_id);
CREATE INDEX ix_recording_judgement_officer_id ON recording_judgement (officer_id);
CREATE INDEX ix_recording_judgement_unit_id ON recording_judgement (unit_id);

CREATE TABLE judgement_due (
    id BIGINT GENERATED ALWAYS AS IDENTITY,
    recording_id UUID NOT NULL,
    unit_id UUID NOT NULL,
    CONSTRAINT pk_judgement_due PRIMARY KEY (id),
    CONSTRAINT fk_judgement_due_recording_id FOREIGN KEY(recording_id) REFERENCES recording (id),
    CONSTRAINT fk_judgement_due_unit_id FOREIGN KEY(unit_id) REFERENCES unit (id)
);

CREATE TABLE element_question (
    recording_id UUID NOT NULL,
    element TEXT NOT NULL,
    unit_id UUID NOT NULL,
    officer_id UUID,
    device TEXT,
    day DATE NOT NULL,
    codes JSONB NOT NULL,
    fingerprint TEXT NOT NULL,
    asked_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_element_question PRIMARY KEY (recording_id, element),
    CONSTRAINT ck_element_question_element
        CHECK (element IN ('unit', 'officer', 'device', 'time', 'place', 'act', 'case')),
    CONSTRAINT fk_element_question_recording_id FOREIGN KEY(recording_id) REFERENCES recording (id),
    CONSTRAINT fk_element_question_unit_id FOREIGN KEY(unit_id) REFERENCES unit (id),
    CONSTRAINT fk_element_question_officer_id FOREIGN KEY(officer_id) REFERENCES person (id)
);
CREATE INDEX ix_element_question_queue ON element_question (unit_id, officer_id, asked_at, recording_id);
CREATE INDEX ix_element_question_unit ON element_question (unit_id, asked_at, recording_id);

CREATE TABLE element_answer (
    id UUID NOT NULL,
    unit_id UUID NOT NULL,
    recording_id UUID NOT NULL,
    element TEXT NOT NULL,
    ordinal INTEGER NOT NULL,
    value TEXT,
    basis TEXT NOT NULL,
    settles JSONB NOT NULL,
    reason TEXT,
    answered_by UUID NOT NULL,
    answered_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_element_answer PRIMARY KEY (id),
    CONSTRAINT uq_element_answer_recording_id_element_ordinal UNIQUE (recording_id, element, ordinal),
    CONSTRAINT ck_element_answer_element
        CHECK (element IN ('unit', 'officer', 'device', 'time', 'place', 'act', 'case')),
    CONSTRAINT ck_element_answer_ordinal CHECK (ordinal > 0),
    CONSTRAINT ck_element_answer_reason CHECK (reason IS NOT NULL OR (value IS NOT NULL AND basis <> 'own_word')),
    CONSTRAINT fk_element_answer_unit_id FOREIGN KEY(unit_id) REFERENCES unit (id),
    CONSTRAINT fk_element_answer_recording_id FOREIGN KEY(recording_id) REFERENCES recording (id),
    CONSTRAINT fk_element_answer_answered_by FOREIGN KEY(answered_by) REFERENCES person (id)
);
CREATE INDEX ix_element_answer_unit_id ON element_answer (unit_id);

-- Whose recordings are touched when an officer or a certificate is entered.
CREATE INDEX ix_recording_officer ON recording (officer);

GRANT SELECT, INSERT, UPDATE ON recording_judgement TO liuhen_app;
GRANT SELECT, INSERT, DELETE ON judgement_due, element_question TO liuhen_app;
-- An answer is never changed: a later one counts.
GRANT SELECT, INSERT ON element_answer TO liuhen_app;

-- A sidecar brings a recording's place, whoever attaches it.
CREATE FUNCTION judge_again() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO judgement_due (recording_id, unit_id) VALUES (NEW.id, NEW.unit_id);
    RETURN NULL;
END $$;
CREATE TRIGGER judge_again AFTER UPDATE OF latitude, longitude ON recording FOR EACH ROW EXECUTE FUNCTION judge_again();

-- Everything that is here already has to be judged once.
INSERT INTO judgement_due (recording_id, unit_id) SELECT id, unit_id FROM recording ORDER BY sealed_at;
