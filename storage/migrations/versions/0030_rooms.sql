-- 执法办案场所: rooms (询问室, 听证室), the recorders that are issued to them, and their sessions.

CREATE TABLE room (
    id UUID NOT NULL,
    unit_id UUID NOT NULL,
    kind TEXT NOT NULL,
    name TEXT NOT NULL,
    in_use_from TIMESTAMP WITH TIME ZONE NOT NULL,
    added_by UUID NOT NULL,
    added_at TIMESTAMP WITH TIME ZONE NOT NULL,
    closed_at TIMESTAMP WITH TIME ZONE,
    closed_by UUID,
    close_reason TEXT,
    CONSTRAINT pk_room PRIMARY KEY (id),
    CONSTRAINT ck_room_kind CHECK (kind IN ('questioning', 'hearing_room')),
    CONSTRAINT ck_room_closed CHECK (
        (closed_at IS NULL) = (closed_by IS NULL) AND (closed_at IS NULL) = (close_reason IS NULL)
    ),
    CONSTRAINT fk_room_unit_id FOREIGN KEY(unit_id) REFERENCES unit (id),
    CONSTRAINT fk_room_added_by FOREIGN KEY(added_by) REFERENCES person (id),
    CONSTRAINT fk_room_closed_by FOREIGN KEY(closed_by) REFERENCES person (id)
);
CREATE INDEX ix_room_unit_id ON room (unit_id);
CREATE UNIQUE INDEX uq_room_name_in_use ON room (unit_id, name) WHERE closed_at IS NULL;

CREATE TABLE room_session (
    id UUID NOT NULL,
    unit_id UUID NOT NULL,
    room_id UUID NOT NULL,
    span TSTZRANGE NOT NULL,
    officer_id UUID NOT NULL,
    second_officer_id UUID,
    case_id UUID,
    act_id UUID,
    stated_by UUID NOT NULL,
    stated_at TIMESTAMP WITH TIME ZONE NOT NULL,
    withdrawn_at TIMESTAMP WITH TIME ZONE,
    withdrawn_by UUID,
    withdraw_reason TEXT,
    CONSTRAINT pk_room_session PRIMARY KEY (id),
    CONSTRAINT ck_room_session_span
        CHECK (lower_inc(span) AND NOT lower_inf(span) AND NOT upper_inc(span) AND NOT isempty(span)),
    CONSTRAINT ck_room_session_act_of_case CHECK ((case_id IS NULL) = (act_id IS NULL)),
    CONSTRAINT ck_room_session_two_officers CHECK (second_officer_id IS DISTINCT FROM officer_id),
    CONSTRAINT ck_room_session_withdrawn CHECK (
        (withdrawn_at IS NULL) = (withdrawn_by IS NULL) AND (withdrawn_at IS NULL) = (withdraw_reason IS NULL)
    ),
    CONSTRAINT ex_room_session_one_at_a_time
        EXCLUDE USING gist (room_id WITH =, span WITH &&) WHERE (withdrawn_at IS NULL),
    CONSTRAINT fk_room_session_unit_id FOREIGN KEY(unit_id) REFERENCES unit (id),
    CONSTRAINT fk_room_session_room_id FOREIGN KEY(room_id) REFERENCES room (id),
    CONSTRAINT fk_room_session_officer_id FOREIGN KEY(officer_id) REFERENCES person (id),
    CONSTRAINT fk_room_session_second_officer_id FOREIGN KEY(second_officer_id) REFERENCES person (id),
    CONSTRAINT fk_room_session_case_id FOREIGN KEY(case_id) REFERENCES "case" (id),
    CONSTRAINT fk_room_session_act_id FOREIGN KEY(act_id) REFERENCES case_act (id),
    CONSTRAINT fk_room_session_stated_by FOREIGN KEY(stated_by) REFERENCES person (id),
    CONSTRAINT fk_room_session_withdrawn_by FOREIGN KEY(withdrawn_by) REFERENCES person (id)
);
CREATE INDEX ix_room_session_unit_id ON room_session (unit_id);
CREATE UNIQUE INDEX uq_room_session_act_id ON room_session (act_id);
CREATE INDEX ix_room_session_caseless ON room_session (unit_id) WHERE case_id IS NULL AND withdrawn_at IS NULL;

-- A device is with one officer, or in one room, at a time: one register, one exclusion.
ALTER TABLE device_issue ALTER COLUMN person_id DROP NOT NULL;
ALTER TABLE device_issue ADD COLUMN room_id UUID;
ALTER TABLE device_issue ADD CONSTRAINT fk_device_issue_room_id FOREIGN KEY(room_id) REFERENCES room (id);
ALTER TABLE device_issue ADD CONSTRAINT ck_device_issue_holder CHECK (num_nonnulls(person_id, room_id) = 1);
CREATE INDEX ix_device_issue_room_id ON device_issue (room_id) WHERE room_id IS NOT NULL;

-- What was said stays; only an end is ever added, once.
GRANT SELECT, INSERT ON room, room_session TO liuhen_app;
GRANT UPDATE (closed_at, closed_by, close_reason) ON room TO liuhen_app;
GRANT UPDATE (span, case_id, act_id, withdrawn_at, withdrawn_by, withdraw_reason) ON room_session TO liuhen_app;
CREATE TRIGGER keep_ended BEFORE UPDATE ON room FOR EACH ROW EXECUTE FUNCTION keep_ended('closed_at');
CREATE TRIGGER keep_withdrawn BEFORE UPDATE ON room_session FOR EACH ROW EXECUTE FUNCTION keep_ended('withdrawn_at');
CREATE TRIGGER keep_case BEFORE UPDATE ON room_session FOR EACH ROW EXECUTE FUNCTION keep_ended('case_id');
CREATE TRIGGER keep_act BEFORE UPDATE ON room_session FOR EACH ROW EXECUTE FUNCTION keep_ended('act_id');

CREATE FUNCTION only_session_end() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.span IS DISTINCT FROM OLD.span AND (lower(NEW.span) IS DISTINCT FROM lower(OLD.span) OR NOT upper_inf(OLD.span)) THEN
        RAISE EXCEPTION 'a session ends once, and begins when it began' USING ERRCODE = 'check_violation';
    END IF;
    IF OLD.withdrawn_at IS NOT NULL AND NEW IS DISTINCT FROM OLD THEN
        RAISE EXCEPTION 'session % is withdrawn' , NEW.id USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER only_session_end BEFORE UPDATE ON room_session FOR EACH ROW EXECUTE FUNCTION only_session_end();

-- A session goes on in a room of the unit while that is in use. The share lock makes whoever closes the room wait.
CREATE FUNCTION require_room_in_use() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM FROM room r WHERE r.id = NEW.room_id AND r.unit_id = NEW.unit_id AND r.in_use_from <= lower(NEW.span)
        AND (r.closed_at IS NULL OR upper(NEW.span) <= r.closed_at) FOR SHARE;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'room % was not in use then, or is of another unit', NEW.room_id USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER room_in_use BEFORE INSERT OR UPDATE OF span ON room_session
    FOR EACH ROW EXECUTE FUNCTION require_room_in_use();

CREATE FUNCTION require_empty_room() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.closed_at IS NOT NULL AND OLD.closed_at IS NULL AND (
        EXISTS (SELECT FROM device_issue i WHERE i.room_id = NEW.id AND i.voided_at IS NULL
            AND (upper_inf(i.span) OR upper(i.span) > NEW.closed_at))
        OR EXISTS (SELECT FROM room_session s WHERE s.room_id = NEW.id AND s.withdrawn_at IS NULL
            AND (upper_inf(s.span) OR upper(s.span) > NEW.closed_at))
    ) THEN
        RAISE EXCEPTION 'room % has devices in it, or is being used', NEW.id USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER empty_room BEFORE UPDATE OF closed_at ON room FOR EACH ROW EXECUTE FUNCTION require_empty_room();

-- A device comes into a room that is in use, and leaves it between sessions, not in one.
CREATE FUNCTION require_room_of_issue() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.room_id IS NULL OR NEW.voided_at IS NOT NULL THEN
        RETURN NEW;
    END IF;
    PERFORM FROM room r WHERE r.id = NEW.room_id AND r.in_use_from <= lower(NEW.span)
        AND (r.closed_at IS NULL OR upper(NEW.span) <= r.closed_at) FOR SHARE;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'room % was not in use then', NEW.room_id USING ERRCODE = 'check_violation';
    END IF;
    IF NOT upper_inf(NEW.span) AND EXISTS (
        SELECT FROM room_session s WHERE s.room_id = NEW.room_id AND s.withdrawn_at IS NULL
            AND lower(s.span) < upper(NEW.span) AND (upper_inf(s.span) OR upper(s.span) > upper(NEW.span))
    ) THEN
        RAISE EXCEPTION 'device % cannot leave room % in the middle of a session', NEW.device_id, NEW.room_id
            USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER room_of_issue BEFORE INSERT OR UPDATE ON device_issue
    FOR EACH ROW EXECUTE FUNCTION require_room_of_issue();

-- A session with a case is an act of that case, over the same span and by the same officers, and neither stands without
-- the other: looked at when the transaction ends, whoever writes which of the two.
CREATE FUNCTION require_session_as_act() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    of_act CONSTANT uuid := CASE TG_TABLE_NAME WHEN 'case_act' THEN (to_jsonb(NEW) ->> 'id')::uuid
        ELSE (to_jsonb(NEW) ->> 'act_id')::uuid END;
    held room_session%ROWTYPE;
BEGIN
    SELECT * INTO held FROM room_session s WHERE s.act_id = of_act AND s.withdrawn_at IS NULL;
    IF NOT FOUND THEN
        RETURN NULL;
    END IF;
    PERFORM FROM case_act a JOIN LATERAL (
        SELECT * FROM case_act_statement t WHERE t.act_id = a.id ORDER BY t.ordinal DESC LIMIT 1
    ) latest ON true JOIN room r ON r.id = held.room_id
    WHERE a.id = of_act AND a.case_id = held.case_id AND a.unit_id = held.unit_id AND a.withdrawn_at IS NULL
        AND latest.span = held.span AND latest.kind = r.kind AND latest.officer_id = held.officer_id
        AND latest.second_officer_id IS NOT DISTINCT FROM held.second_officer_id;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'act % is not what session % says', of_act, held.id USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER session_as_act AFTER INSERT OR UPDATE ON room_session DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION require_session_as_act();
CREATE CONSTRAINT TRIGGER session_as_act AFTER INSERT ON case_act_statement DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION require_session_as_act();
CREATE CONSTRAINT TRIGGER session_as_act AFTER UPDATE ON case_act DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION require_session_as_act();
