-- 告知事由、依据、权利义务: that whom a case concerns was told, by whom, when, by which document.

CREATE TABLE notice_given (
    id UUID NOT NULL,
    unit_id UUID NOT NULL,
    case_id UUID NOT NULL,
    act_id UUID,
    person_id UUID NOT NULL,
    given_at TIMESTAMP WITH TIME ZONE NOT NULL,
    document_number TEXT,
    stated_by UUID NOT NULL,
    stated_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_notice_given PRIMARY KEY (id),
    CONSTRAINT fk_notice_given_unit_id FOREIGN KEY(unit_id) REFERENCES unit (id),
    CONSTRAINT fk_notice_given_case_id FOREIGN KEY(case_id) REFERENCES "case" (id),
    CONSTRAINT fk_notice_given_act_id FOREIGN KEY(act_id) REFERENCES case_act (id),
    CONSTRAINT fk_notice_given_person_id FOREIGN KEY(person_id) REFERENCES person (id),
    CONSTRAINT fk_notice_given_stated_by FOREIGN KEY(stated_by) REFERENCES person (id)
);
CREATE INDEX ix_notice_given_case_id ON notice_given (case_id);
CREATE INDEX ix_notice_given_unit_id ON notice_given (unit_id);

-- What was said stays; it is of the case's own act, and a closed case takes no more of it (0019).
GRANT SELECT, INSERT ON notice_given TO liuhen_app;
CREATE TRIGGER open_case BEFORE INSERT ON notice_given FOR EACH ROW EXECUTE FUNCTION require_open_case();
CREATE TRIGGER own_act BEFORE INSERT ON notice_given FOR EACH ROW WHEN (NEW.act_id IS NOT NULL)
    EXECUTE FUNCTION require_own_act();
