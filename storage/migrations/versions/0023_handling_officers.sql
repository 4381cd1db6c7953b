-- Who handles a case (承办人员), and that officers showed who they are (出示执法证件).

CREATE TABLE case_officer (
    id UUID NOT NULL,
    unit_id UUID NOT NULL,
    case_id UUID NOT NULL,
    person_id UUID NOT NULL,
    named_by UUID NOT NULL,
    named_at TIMESTAMP WITH TIME ZONE NOT NULL,
    ended_at TIMESTAMP WITH TIME ZONE,
    ended_by UUID,
    end_reason TEXT,
    CONSTRAINT pk_case_officer PRIMARY KEY (id),
    CONSTRAINT ck_case_officer_ended CHECK (
        (ended_at IS NULL) = (ended_by IS NULL) AND (ended_at IS NULL) = (end_reason IS NULL)
    ),
    CONSTRAINT fk_case_officer_unit_id FOREIGN KEY(unit_id) REFERENCES unit (id),
    CONSTRAINT fk_case_officer_case_id FOREIGN KEY(case_id) REFERENCES "case" (id),
    CONSTRAINT fk_case_officer_person_id FOREIGN KEY(person_id) REFERENCES person (id),
    CONSTRAINT fk_case_officer_named_by FOREIGN KEY(named_by) REFERENCES person (id),
    CONSTRAINT fk_case_officer_ended_by FOREIGN KEY(ended_by) REFERENCES person (id)
);
CREATE INDEX ix_case_officer_unit_id ON case_officer (unit_id);
CREATE UNIQUE INDEX uq_case_officer_live ON case_officer (case_id, person_id) WHERE ended_at IS NULL;

CREATE TABLE identity_shown (
    id UUID NOT NULL,
    unit_id UUID NOT NULL,
    case_id UUID NOT NULL,
    act_id UUID,
    person_id UUID NOT NULL,
    shown_at TIMESTAMP WITH TIME ZONE NOT NULL,
    stated_by UUID NOT NULL,
    stated_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_identity_shown PRIMARY KEY (id),
    CONSTRAINT fk_identity_shown_unit_id FOREIGN KEY(unit_id) REFERENCES unit (id),
    CONSTRAINT fk_identity_shown_case_id FOREIGN KEY(case_id) REFERENCES "case" (id),
    CONSTRAINT fk_identity_shown_act_id FOREIGN KEY(act_id) REFERENCES case_act (id),
    CONSTRAINT fk_identity_shown_person_id FOREIGN KEY(person_id) REFERENCES person (id),
    CONSTRAINT fk_identity_shown_stated_by FOREIGN KEY(stated_by) REFERENCES person (id)
);
CREATE INDEX ix_identity_shown_case_id ON identity_shown (case_id);
CREATE INDEX ix_identity_shown_unit_id ON identity_shown (unit_id);

GRANT SELECT, INSERT ON case_officer, identity_shown TO liuhen_app;
GRANT UPDATE (ended_at, ended_by, end_reason) ON case_officer TO liuhen_app;
CREATE TRIGGER keep_ended BEFORE UPDATE ON case_officer FOR EACH ROW EXECUTE FUNCTION keep_ended('ended_at');
CREATE TRIGGER open_case BEFORE INSERT OR UPDATE ON case_officer FOR EACH ROW EXECUTE FUNCTION require_open_case();
CREATE TRIGGER open_case BEFORE INSERT ON identity_shown FOR EACH ROW EXECUTE FUNCTION require_open_case();
