-- An assignment that was entered wrongly is withdrawn, with who did it, when and why, and counts for nothing from then on.
-- Its row stays; `replaced_by` is the right one, where it was corrected.
ALTER TABLE case_assignment
    ADD COLUMN withdrawn_at TIMESTAMP WITH TIME ZONE,
    ADD COLUMN withdrawn_by UUID,
    ADD COLUMN withdraw_reason TEXT,
    ADD COLUMN replaced_by UUID,
    ADD CONSTRAINT ck_case_assignment_withdrawn CHECK (
        (withdrawn_at IS NULL) = (withdrawn_by IS NULL) AND (withdrawn_at IS NULL) = (withdraw_reason IS NULL)
    ),
    ADD CONSTRAINT ck_case_assignment_replaced CHECK (
        replaced_by IS NULL OR (withdrawn_at IS NOT NULL AND replaced_by <> id)
    ),
    ADD CONSTRAINT uq_case_assignment_replaced_by UNIQUE (replaced_by),
    ADD CONSTRAINT fk_case_assignment_withdrawn_by FOREIGN KEY(withdrawn_by) REFERENCES person (id),
    ADD CONSTRAINT fk_case_assignment_replaced_by FOREIGN KEY(replaced_by) REFERENCES case_assignment (id);

-- What was said stays; only its end is ever added, once, and not in a case that is archived.
GRANT UPDATE (withdrawn_at, withdrawn_by, withdraw_reason, replaced_by) ON case_assignment TO liuhen_app;
CREATE FUNCTION require_one_withdrawal() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.withdrawn_at IS NOT NULL THEN
        RAISE EXCEPTION 'assignment % was withdrawn and stays so', OLD.id USING ERRCODE = 'check_violation';
    END IF;
    PERFORM require_now(NEW.withdrawn_at, 'a withdrawal');
    IF NEW.replaced_by IS NOT NULL AND NOT EXISTS (
        SELECT FROM case_assignment a
        WHERE a.id = NEW.replaced_by AND a.case_id = NEW.case_id AND a.unit_id = NEW.unit_id AND a.withdrawn_at IS NULL
    ) THEN
        RAISE EXCEPTION 'an assignment is replaced by one of its case that stands' USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER one_withdrawal BEFORE UPDATE ON case_assignment FOR EACH ROW EXECUTE FUNCTION require_one_withdrawal();
CREATE TRIGGER unarchived_too BEFORE UPDATE ON case_assignment FOR EACH ROW EXECUTE FUNCTION require_unarchived_case();

-- Whoever is refused because an assignment is of another unit is told so, and it is entered.
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
        'return_sending', 'return_receipt', 'dossier', 'case_assignment'
    ) THEN
        RETURN NULL;
    END IF;
    EXECUTE format('SELECT unit_id FROM public.%I WHERE id = $1', named) INTO found USING row_id;
    RETURN found;
END $$;
