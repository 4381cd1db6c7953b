-- 舆情应对: what may be said of a case, put together by a named person for a reason. Rows are inserted, and stay.

CREATE TABLE dossier (
    id UUID NOT NULL,
    unit_id UUID NOT NULL,
    case_id UUID NOT NULL,
    ordinal INTEGER NOT NULL,
    question TEXT NOT NULL,
    reason TEXT NOT NULL,
    contact_id UUID NOT NULL,
    contact_way TEXT NOT NULL,
    content BYTEA NOT NULL,
    sha256 BYTEA NOT NULL,
    made_by UUID NOT NULL,
    made_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_dossier PRIMARY KEY (id),
    CONSTRAINT uq_dossier_case_id_ordinal UNIQUE (case_id, ordinal),
    CONSTRAINT ck_dossier_ordinal CHECK (ordinal > 0),
    CONSTRAINT ck_dossier_sha256 CHECK (sha256 = sha256(content)),
    CONSTRAINT fk_dossier_unit_id FOREIGN KEY(unit_id) REFERENCES unit (id),
    CONSTRAINT fk_dossier_case_id FOREIGN KEY(case_id) REFERENCES "case" (id),
    CONSTRAINT fk_dossier_contact_id FOREIGN KEY(contact_id) REFERENCES person (id),
    CONSTRAINT fk_dossier_made_by FOREIGN KEY(made_by) REFERENCES person (id)
);
CREATE INDEX ix_dossier_unit_id ON dossier (unit_id);
GRANT SELECT, INSERT ON dossier TO liuhen_app;

ALTER TABLE dossier ENABLE ROW LEVEL SECURITY;
CREATE POLICY of_workers ON dossier TO liuhen_worker USING (true);
CREATE POLICY of_seen_units ON dossier TO liuhen_app USING (unit_id = ANY ((SELECT seen_units())::uuid[]));

-- By people of the case's own unit, of a case that is no secret of the state.
CREATE FUNCTION require_sound_dossier() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    PERFORM require_now(NEW.made_at, 'a dossier');
    PERFORM FROM "case" c WHERE c.id = NEW.case_id AND c.unit_id = NEW.unit_id FOR KEY SHARE;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'case % is of another unit', NEW.case_id USING ERRCODE = 'check_violation';
    END IF;
    PERFORM FROM person p WHERE p.id = NEW.made_by AND p.unit_id = NEW.unit_id AND p.active
        AND p.role IN ('supervisor', 'publisher');
    IF NOT FOUND THEN
        RAISE EXCEPTION 'a dossier is made by a supervisor or publisher of the case''s unit'
            USING ERRCODE = 'check_violation';
    END IF;
    PERFORM FROM person p WHERE p.id = NEW.contact_id AND p.unit_id = NEW.unit_id AND p.active;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'the contact of a dossier is of the case''s unit' USING ERRCODE = 'check_violation';
    END IF;
    IF (
        SELECT s.secrecy_class FROM case_secrecy s WHERE s.case_id = NEW.case_id ORDER BY s.ordinal DESC LIMIT 1
    ) = 'state_secret' THEN
        RAISE EXCEPTION 'nothing is said of a state secret' USING ERRCODE = 'check_violation';
    END IF;
    IF NEW.ordinal <> 1 + (SELECT count(*) FROM dossier d WHERE d.case_id = NEW.case_id) THEN
        RAISE EXCEPTION 'dossiers of a case are counted one by one' USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER sound BEFORE INSERT ON dossier FOR EACH ROW EXECUTE FUNCTION require_sound_dossier();

-- The unit of a row that is not seen: of dossiers as well.
CREATE OR REPLACE FUNCTION unit_of(kind TEXT, row_id UUID) RETURNS UUID
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    -- casework/retrieval/sampling.py names what was viewed by the grant it was viewed under.
    named text := CASE kind WHEN 'playback_window' THEN 'access_grant' ELSE kind END;
    found uuid;
BEGIN
    IF named NOT IN (
        'recording', 'case', 'case_link', 'link_question', 'access_request', 'access_grant', 'export', 'hold', 'case_act',
        'act_explanation', 'case_event', 'case_term', 'case_officer', 'document', 'crime_transfer', 'decision',
        'decision_submission', 'decision_review', 'decision_disagreement', 'case_service', 'redaction', 'redacted_copy',
        'request_attachment', 'room_session', 'person', 'api_token', 'publication', 'publication_posting',
        'publication_push', 'posting_evidence', 'adviser', 'file_review', 'file_review_finding', 'unit_return',
        'return_sending', 'return_receipt', 'dossier'
    ) THEN
        RETURN NULL;
    END IF;
    EXECUTE format('SELECT unit_id FROM public.%I WHERE id = $1', named) INTO found USING row_id;
    RETURN found;
END $$;
