-- What is hidden of a recording in copies that leave: stated by one person, checked by another, made by a media worker.

CREATE TABLE redaction (
    id UUID NOT NULL,
    unit_id UUID NOT NULL,
    recording_id UUID NOT NULL,
    ordinal INTEGER NOT NULL,
    boxes JSONB NOT NULL,
    mutes JSONB NOT NULL,
    reason TEXT NOT NULL,
    stated_by UUID NOT NULL,
    stated_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_redaction PRIMARY KEY (id),
    CONSTRAINT uq_redaction_recording_id_ordinal UNIQUE (recording_id, ordinal),
    CONSTRAINT ck_redaction_ordinal CHECK (ordinal > 0),
    CONSTRAINT ck_redaction_lists CHECK (
        jsonb_typeof(boxes) = 'array' AND jsonb_typeof(mutes) = 'array'
        AND jsonb_array_length(boxes) <= 200 AND jsonb_array_length(mutes) <= 200
    ),
    CONSTRAINT fk_redaction_unit_id FOREIGN KEY(unit_id) REFERENCES unit (id),
    CONSTRAINT fk_redaction_recording_id FOREIGN KEY(recording_id) REFERENCES recording (id),
    CONSTRAINT fk_redaction_stated_by FOREIGN KEY(stated_by) REFERENCES person (id)
);
CREATE INDEX ix_redaction_unit_id ON redaction (unit_id);
-- Stated for good: whoever thinks otherwise states another one.
GRANT SELECT, INSERT ON redaction TO liuhen_app;

CREATE FUNCTION require_own_recording() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM FROM recording r WHERE r.id = NEW.recording_id AND r.unit_id = NEW.unit_id;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'recording % is of another unit', NEW.recording_id USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER own_recording BEFORE INSERT ON redaction FOR EACH ROW EXECUTE FUNCTION require_own_recording();

CREATE TABLE redaction_check (
    id UUID NOT NULL,
    unit_id UUID NOT NULL,
    redaction_id UUID NOT NULL,
    verdict TEXT NOT NULL,
    reason TEXT,
    checked_by UUID NOT NULL,
    checked_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_redaction_check PRIMARY KEY (id),
    CONSTRAINT uq_redaction_check_redaction_id UNIQUE (redaction_id),
    CONSTRAINT ck_redaction_check_verdict CHECK (verdict IN ('passed', 'returned')),
    CONSTRAINT ck_redaction_check_reason CHECK (verdict = 'passed' OR reason IS NOT NULL),
    CONSTRAINT fk_redaction_check_unit_id FOREIGN KEY(unit_id) REFERENCES unit (id),
    CONSTRAINT fk_redaction_check_redaction_id FOREIGN KEY(redaction_id) REFERENCES redaction (id),
    CONSTRAINT fk_redaction_check_checked_by FOREIGN KEY(checked_by) REFERENCES person (id)
);
CREATE INDEX ix_redaction_check_unit_id ON redaction_check (unit_id);
GRANT SELECT, INSERT ON redaction_check TO liuhen_app;

CREATE FUNCTION require_second_person() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM FROM redaction r
        WHERE r.id = NEW.redaction_id AND r.unit_id = NEW.unit_id AND r.stated_by <> NEW.checked_by;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'redaction % is checked by a second person, in its own unit', NEW.redaction_id
            USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER second_person BEFORE INSERT ON redaction_check
    FOR EACH ROW EXECUTE FUNCTION require_second_person();

CREATE TABLE redacted_copy (
    id UUID NOT NULL,
    unit_id UUID NOT NULL,
    case_id UUID NOT NULL,
    recording_id UUID NOT NULL,
    redaction_id UUID NOT NULL,
    grant_id UUID NOT NULL,
    mark JSONB NOT NULL,
    asked_by UUID NOT NULL,
    asked_at TIMESTAMP WITH TIME ZONE NOT NULL,
    state TEXT DEFAULT 'due' NOT NULL,
    attempts INTEGER DEFAULT 0 NOT NULL,
    deferrals INTEGER DEFAULT 0 NOT NULL,
    taken_at TIMESTAMP WITH TIME ZONE,
    leased_by TEXT,
    leased_until TIMESTAMP WITH TIME ZONE,
    outcome TEXT,
    made_at TIMESTAMP WITH TIME ZONE,
    media_type TEXT,
    size_bytes BIGINT,
    sha256 BYTEA,
    object_name TEXT,
    ciphertext_size_bytes BIGINT,
    ciphertext_sha256 BYTEA,
    kek_id TEXT,
    wrapped_data_key BYTEA,
    parent_sha256 BYTEA,
    tool TEXT,
    tool_version TEXT,
    settings JSONB,
    CONSTRAINT pk_redacted_copy PRIMARY KEY (id),
    CONSTRAINT uq_redacted_copy_object_name UNIQUE (object_name),
    CONSTRAINT ck_redacted_copy_state CHECK (state IN ('due', 'done', 'failed')),
    CONSTRAINT ck_redacted_copy_made CHECK ((state = 'done') = (sha256 IS NOT NULL)),
    CONSTRAINT ck_redacted_copy_outcome CHECK (state <> 'failed' OR outcome IS NOT NULL),
    CONSTRAINT fk_redacted_copy_unit_id FOREIGN KEY(unit_id) REFERENCES unit (id),
    CONSTRAINT fk_redacted_copy_case_id FOREIGN KEY(case_id) REFERENCES "case" (id),
    CONSTRAINT fk_redacted_copy_recording_id FOREIGN KEY(recording_id) REFERENCES recording (id),
    CONSTRAINT fk_redacted_copy_redaction_id FOREIGN KEY(redaction_id) REFERENCES redaction (id),
    CONSTRAINT fk_redacted_copy_grant_id FOREIGN KEY(grant_id) REFERENCES access_grant (id),
    CONSTRAINT fk_redacted_copy_asked_by FOREIGN KEY(asked_by) REFERENCES person (id)
);
CREATE INDEX ix_redacted_copy_unit_id ON redacted_copy (unit_id);
CREATE INDEX ix_redacted_copy_case_id ON redacted_copy (case_id);
CREATE INDEX ix_redacted_copy_recording_id ON redacted_copy (recording_id);
CREATE INDEX ix_redacted_copy_due ON redacted_copy (asked_at) WHERE state = 'due';
CREATE INDEX ix_redacted_copy_turn ON redacted_copy (unit_id, taken_at);
CREATE UNIQUE INDEX uq_redacted_copy_wanted ON redacted_copy (grant_id, redaction_id) WHERE state <> 'failed';
GRANT SELECT, INSERT ON redacted_copy TO liuhen_app;
GRANT UPDATE (
    state, attempts, deferrals, taken_at, leased_by, leased_until, outcome, made_at, media_type, size_bytes, sha256,
    object_name, ciphertext_size_bytes, ciphertext_sha256, kek_id, wrapped_data_key, parent_sha256, tool, tool_version,
    settings
) ON redacted_copy TO liuhen_app;

-- A copy is of what a second person has agreed to hide, the latest that was stated, under a live grant to copy of
-- whoever asks, for a case that the recording stands in.
CREATE FUNCTION require_checked_redaction() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM FROM redaction r JOIN redaction_check c ON c.redaction_id = r.id
        WHERE r.id = NEW.redaction_id AND r.recording_id = NEW.recording_id AND r.unit_id = NEW.unit_id
            AND c.verdict = 'passed'
            AND NOT EXISTS (SELECT FROM redaction l WHERE l.recording_id = r.recording_id AND l.ordinal > r.ordinal);
    IF NOT FOUND THEN
        RAISE EXCEPTION 'redaction % is not the latest of recording %, or no second person has passed it',
            NEW.redaction_id, NEW.recording_id USING ERRCODE = 'check_violation';
    END IF;
    PERFORM FROM access_grant g
        JOIN case_link l ON l.case_id = g.case_id AND l.recording_id = NEW.recording_id AND l.ended_at IS NULL
        WHERE g.id = NEW.grant_id AND g.kind = 'copy' AND g.person_id = NEW.asked_by AND g.case_id = NEW.case_id
            AND g.unit_id = NEW.unit_id AND g.revoked_at IS NULL AND g.expires_at > NEW.asked_at;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'grant % lets nobody copy recording %', NEW.grant_id, NEW.recording_id
            USING ERRCODE = 'check_violation';
    END IF;
    IF NEW.state <> 'due' THEN
        RAISE EXCEPTION 'a copy is made by a media worker, and is due before' USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER checked_redaction BEFORE INSERT ON redacted_copy
    FOR EACH ROW EXECUTE FUNCTION require_checked_redaction();

-- Its key alone moves on, with the recording's, when that is kept for longer.
CREATE FUNCTION keep_ended_copy() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.state <> 'due' AND to_jsonb(NEW) - 'kek_id' - 'wrapped_data_key'
        IS DISTINCT FROM to_jsonb(OLD) - 'kek_id' - 'wrapped_data_key'
    THEN
        RAISE EXCEPTION 'copy % is % and stays as it is', OLD.id, OLD.state USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER ended_copy BEFORE UPDATE ON redacted_copy FOR EACH ROW EXECUTE FUNCTION keep_ended_copy();
