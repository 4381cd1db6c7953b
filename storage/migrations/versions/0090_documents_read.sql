-- Who read which document (S20): a row for each person, document and hour, before anything of it leaves. `reason` is
-- what somebody said who is not at work on the case; `because_id` the reading of that case in which he said it.
-- docs/decisions/0037-documents-read.md. Rows are inserted, and stay.

CREATE TABLE document_reading (
    id UUID NOT NULL,
    unit_id UUID NOT NULL,
    case_id UUID NOT NULL,
    document_id UUID NOT NULL,
    person_id UUID NOT NULL,
    reason TEXT,
    because_id UUID,
    read_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_document_reading PRIMARY KEY (id),
    CONSTRAINT ck_document_reading_reason CHECK (reason IS NULL OR because_id IS NULL),
    CONSTRAINT fk_document_reading_unit_id FOREIGN KEY(unit_id) REFERENCES unit (id),
    CONSTRAINT fk_document_reading_case_id FOREIGN KEY(case_id) REFERENCES "case" (id),
    CONSTRAINT fk_document_reading_document_id FOREIGN KEY(document_id) REFERENCES document (id),
    CONSTRAINT fk_document_reading_person_id FOREIGN KEY(person_id) REFERENCES person (id),
    CONSTRAINT fk_document_reading_because_id FOREIGN KEY(because_id) REFERENCES document_reading (id)
);
CREATE INDEX ix_document_reading_unit_id ON document_reading (unit_id, read_at);
CREATE INDEX ix_document_reading_document_id ON document_reading (document_id, read_at);
CREATE INDEX ix_document_reading_case_id ON document_reading (case_id, person_id, read_at);
GRANT SELECT, INSERT ON document_reading TO liuhen_app;

ALTER TABLE document_reading ENABLE ROW LEVEL SECURITY;
CREATE POLICY of_workers ON document_reading TO liuhen_worker USING (true);
CREATE POLICY of_seen_units ON document_reading TO liuhen_app USING (unit_id = ANY ((SELECT seen_units())::uuid[]));

-- Of a document of that case, now; a reason that is gone back to is the person's own, and of the same case.
CREATE FUNCTION require_sound_reading() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    PERFORM require_now(NEW.read_at, 'a reading');
    PERFORM FROM document d
    WHERE d.id = NEW.document_id AND d.case_id = NEW.case_id AND d.unit_id = NEW.unit_id;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'document % is of another case or unit', NEW.document_id USING ERRCODE = 'check_violation';
    END IF;
    IF NEW.because_id IS NOT NULL AND NOT EXISTS (
        SELECT FROM document_reading r
        WHERE r.id = NEW.because_id AND r.case_id = NEW.case_id AND r.person_id = NEW.person_id
            AND r.reason IS NOT NULL
    ) THEN
        RAISE EXCEPTION 'reading % gives no reason of this person in this case', NEW.because_id
            USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER sound BEFORE INSERT ON document_reading FOR EACH ROW EXECUTE FUNCTION require_sound_reading();
