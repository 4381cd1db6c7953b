-- Of an upload that a person gave up nothing stays that could open what was stored of it. An attempt that became a
-- recording, or may still become one, is nobody's to remove, whatever the application asks for.

CREATE FUNCTION only_given_up() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM upload u WHERE u.id = OLD.upload_id AND u.state = 'terminated')
        OR EXISTS (SELECT FROM recording r WHERE r.id = OLD.recording_id) THEN
        RAISE EXCEPTION 'the attempt of upload % was not given up', OLD.upload_id USING ERRCODE = 'check_violation';
    END IF;
    RETURN OLD;
END $$;
CREATE TRIGGER only_given_up BEFORE DELETE ON custody_attempt FOR EACH ROW EXECUTE FUNCTION only_given_up();
GRANT DELETE ON custody_attempt TO liuhen_app;
