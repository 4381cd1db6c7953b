-- Copies are redacted: originals leave where somebody asked for them, and whoever approved consented, each with a reason.

ALTER TABLE access_request
    ADD COLUMN unredacted BOOLEAN DEFAULT false NOT NULL,
    ADD COLUMN unredacted_reason TEXT,
    ADD CONSTRAINT ck_access_request_unredacted CHECK (unredacted = (unredacted_reason IS NOT NULL)),
    ADD CONSTRAINT ck_access_request_unredacted_copy CHECK (NOT unredacted OR kind = 'copy');
ALTER TABLE access_grant
    ADD COLUMN unredacted BOOLEAN DEFAULT false NOT NULL,
    ADD COLUMN consent_reason TEXT,
    ADD CONSTRAINT ck_access_grant_consent CHECK (unredacted = (consent_reason IS NOT NULL));

-- Beside what require_approved_request asks for: originals are for whoever asked for them, by somebody's word.
CREATE FUNCTION require_asked_originals() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.unredacted AND (NEW.approved_by IS NULL OR NOT EXISTS (
        SELECT FROM access_request r WHERE r.id = NEW.request_id AND r.unredacted AND r.kind = 'copy'
    )) THEN
        RAISE EXCEPTION 'nobody asked for the originals in request %, or nobody consented', NEW.request_id
            USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER asked_originals BEFORE INSERT ON access_grant
    FOR EACH ROW EXECUTE FUNCTION require_asked_originals();

-- A package holds originals.
CREATE FUNCTION require_granted_originals() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM FROM access_grant g
        WHERE g.id = NEW.grant_id AND g.case_id = NEW.case_id AND g.person_id = NEW.person_id AND g.unredacted;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'grant % is for redacted copies, or somebody else''s, or of another case', NEW.grant_id
            USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER granted_originals BEFORE INSERT ON export
    FOR EACH ROW EXECUTE FUNCTION require_granted_originals();
