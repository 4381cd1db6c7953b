-- The consent that an export needs is needed for the bytes one by one as well: without it no window shows an original.

CREATE FUNCTION require_consent_to_original() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM recording r WHERE r.object_name = NEW.object_name) AND NOT EXISTS (
        SELECT FROM access_grant g
        WHERE g.id = NEW.grant_id AND g.person_id = NEW.person_id AND g.kind = 'copy' AND g.unredacted
    ) THEN
        RAISE EXCEPTION 'grant % brings no originals, or is somebody else''s', NEW.grant_id
            USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER consented_original BEFORE INSERT OR UPDATE OF object_name, grant_id, person_id ON playback_window
    FOR EACH ROW EXECUTE FUNCTION require_consent_to_original();
