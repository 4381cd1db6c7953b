-- The attempt of a file that was sealed before becomes no recording: it goes as well, with its key, once nobody who was
-- stopped amid it can store anything under its name any more (ingest/sealing/given_up.py).

ALTER TABLE custody_attempt ADD COLUMN superseded_at TIMESTAMP WITH TIME ZONE;
CREATE INDEX ix_custody_attempt_superseded ON custody_attempt (superseded_at) WHERE superseded_at IS NOT NULL;
GRANT UPDATE (superseded_at) ON custody_attempt TO liuhen_app;

CREATE OR REPLACE FUNCTION only_given_up() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM recording r WHERE r.id = OLD.recording_id) OR NOT EXISTS (
        SELECT FROM upload u WHERE u.id = OLD.upload_id AND (u.state = 'terminated' OR u.recording_id <> OLD.recording_id)
    ) THEN
        RAISE EXCEPTION 'the attempt of upload % was not given up', OLD.upload_id USING ERRCODE = 'check_violation';
    END IF;
    RETURN OLD;
END $$;

UPDATE custody_attempt a SET superseded_at = now() FROM upload u
WHERE u.id = a.upload_id AND u.recording_id <> a.recording_id
    AND NOT EXISTS (SELECT FROM recording r WHERE r.id = a.recording_id);
