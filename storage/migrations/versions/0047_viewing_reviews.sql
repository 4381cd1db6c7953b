-- 随机复核: what an auditor says of a viewing, once; nothing of it is changed or taken away.
CREATE TABLE viewing_review (
    id UUID NOT NULL,
    unit_id UUID NOT NULL,
    grant_id UUID NOT NULL,
    recording_id UUID NOT NULL,
    outcome TEXT NOT NULL,
    note TEXT NOT NULL,
    reviewed_by UUID NOT NULL,
    reviewed_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_viewing_review PRIMARY KEY (id),
    CONSTRAINT uq_viewing_review_grant_id_recording_id UNIQUE (grant_id, recording_id),
    CONSTRAINT ck_viewing_review_outcome CHECK (outcome IN ('proper', 'questioned')),
    CONSTRAINT fk_viewing_review_unit_id FOREIGN KEY(unit_id) REFERENCES unit (id),
    CONSTRAINT fk_viewing_review_grant_id FOREIGN KEY(grant_id) REFERENCES access_grant (id),
    CONSTRAINT fk_viewing_review_recording_id FOREIGN KEY(recording_id) REFERENCES recording (id),
    CONSTRAINT fk_viewing_review_reviewed_by FOREIGN KEY(reviewed_by) REFERENCES person (id)
);
CREATE INDEX ix_viewing_review_unit_id ON viewing_review (unit_id);
GRANT SELECT, INSERT ON viewing_review TO liuhen_app;

-- Somebody else's viewing, and one there was.
CREATE FUNCTION require_reviewable_viewing() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF NOT EXISTS (
        SELECT FROM playback_window w WHERE w.grant_id = NEW.grant_id AND w.recording_id = NEW.recording_id
            AND w.unit_id = NEW.unit_id AND w.person_id <> NEW.reviewed_by
    ) THEN
        RAISE EXCEPTION 'nobody else was shown recording % under grant %', NEW.recording_id, NEW.grant_id
            USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER reviewable BEFORE INSERT ON viewing_review FOR EACH ROW EXECUTE FUNCTION require_reviewable_viewing();
