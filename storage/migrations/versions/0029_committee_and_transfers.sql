-- 意见不一致: the committee's session with its members, advisers and vote. 移送司法: what a suspicion of crime sets going.

CREATE TABLE decision_disagreement (
    id UUID NOT NULL,
    unit_id UUID NOT NULL,
    case_id UUID NOT NULL,
    decision_id UUID NOT NULL,
    review_id UUID NOT NULL,
    reason TEXT NOT NULL,
    stated_by UUID NOT NULL,
    stated_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_decision_disagreement PRIMARY KEY (id),
    CONSTRAINT uq_decision_disagreement_review_id UNIQUE (review_id),
    CONSTRAINT fk_decision_disagreement_unit_id FOREIGN KEY(unit_id) REFERENCES unit (id),
    CONSTRAINT fk_decision_disagreement_case_id FOREIGN KEY(case_id) REFERENCES "case" (id),
    CONSTRAINT fk_decision_disagreement_decision_id FOREIGN KEY(decision_id) REFERENCES decision (id),
    CONSTRAINT fk_decision_disagreement_review_id FOREIGN KEY(review_id) REFERENCES decision_review (id),
    CONSTRAINT fk_decision_disagreement_stated_by FOREIGN KEY(stated_by) REFERENCES person (id)
);
CREATE INDEX ix_decision_disagreement_case_id ON decision_disagreement (case_id);
CREATE INDEX ix_decision_disagreement_unit_id ON decision_disagreement (unit_id);

-- 法律顾问、公职律师、驻队律师、行业专家: a pool that several units draw from.
CREATE TABLE adviser (
    id UUID NOT NULL,
    unit_id UUID NOT NULL,
    kind TEXT NOT NULL,
    name TEXT NOT NULL,
    office TEXT NOT NULL,
    number TEXT,
    added_by UUID NOT NULL,
    added_at TIMESTAMP WITH TIME ZONE NOT NULL,
    ended_at TIMESTAMP WITH TIME ZONE,
    ended_by UUID,
    end_reason TEXT,
    CONSTRAINT pk_adviser PRIMARY KEY (id),
    CONSTRAINT ck_adviser_kind CHECK (kind IN ('counsel', 'public_lawyer', 'resident_lawyer', 'expert')),
    CONSTRAINT ck_adviser_ended CHECK (
        (ended_at IS NULL) = (ended_by IS NULL) AND (ended_at IS NULL) = (end_reason IS NULL)
    ),
    CONSTRAINT fk_adviser_unit_id FOREIGN KEY(unit_id) REFERENCES unit (id),
    CONSTRAINT fk_adviser_added_by FOREIGN KEY(added_by) REFERENCES person (id),
    CONSTRAINT fk_adviser_ended_by FOREIGN KEY(ended_by) REFERENCES person (id)
);
CREATE INDEX ix_adviser_unit_id ON adviser (unit_id);

CREATE TABLE adviser_conflict (
    id UUID NOT NULL,
    unit_id UUID NOT NULL,
    case_id UUID NOT NULL,
    adviser_id UUID NOT NULL,
    reason TEXT NOT NULL,
    stated_by UUID NOT NULL,
    stated_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_adviser_conflict PRIMARY KEY (id),
    CONSTRAINT uq_adviser_conflict_adviser_id_case_id UNIQUE (adviser_id, case_id),
    CONSTRAINT fk_adviser_conflict_unit_id FOREIGN KEY(unit_id) REFERENCES unit (id),
    CONSTRAINT fk_adviser_conflict_case_id FOREIGN KEY(case_id) REFERENCES "case" (id),
    CONSTRAINT fk_adviser_conflict_adviser_id FOREIGN KEY(adviser_id) REFERENCES adviser (id),
    CONSTRAINT fk_adviser_conflict_stated_by FOREIGN KEY(stated_by) REFERENCES person (id)
);
CREATE INDEX ix_adviser_conflict_case_id ON adviser_conflict (case_id);
CREATE INDEX ix_adviser_conflict_unit_id ON adviser_conflict (unit_id);

CREATE TABLE committee_session (
    id UUID NOT NULL,
    unit_id UUID NOT NULL,
    case_id UUID NOT NULL,
    decision_id UUID NOT NULL,
    version_id UUID NOT NULL,
    disagreement_id UUID NOT NULL,
    held_at TIMESTAMP WITH TIME ZONE NOT NULL,
    place TEXT NOT NULL,
    minutes TEXT NOT NULL,
    presided_by UUID NOT NULL,
    votes_for INTEGER NOT NULL,
    votes_against INTEGER NOT NULL,
    abstentions INTEGER NOT NULL,
    outcome TEXT NOT NULL,
    recorded_by UUID NOT NULL,
    recorded_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_committee_session PRIMARY KEY (id),
    CONSTRAINT uq_committee_session_disagreement_id UNIQUE (disagreement_id),
    CONSTRAINT ck_committee_session_votes CHECK (votes_for >= 0 AND votes_against >= 0 AND abstentions >= 0),
    CONSTRAINT ck_committee_session_outcome CHECK (
        outcome = CASE WHEN 2 * votes_for > votes_for + votes_against + abstentions THEN 'agreed' ELSE 'problems' END
    ),
    CONSTRAINT fk_committee_session_unit_id FOREIGN KEY(unit_id) REFERENCES unit (id),
    CONSTRAINT fk_committee_session_case_id FOREIGN KEY(case_id) REFERENCES "case" (id),
    CONSTRAINT fk_committee_session_decision_id FOREIGN KEY(decision_id) REFERENCES decision (id),
    CONSTRAINT fk_committee_session_version_id FOREIGN KEY(version_id) REFERENCES decision_version (id),
    CONSTRAINT fk_committee_session_disagreement_id FOREIGN KEY(disagreement_id) REFERENCES decision_disagreement (id),
    CONSTRAINT fk_committee_session_presided_by FOREIGN KEY(presided_by) REFERENCES person (id),
    CONSTRAINT fk_committee_session_recorded_by FOREIGN KEY(recorded_by) REFERENCES person (id)
);
CREATE INDEX ix_committee_session_case_id ON committee_session (case_id);
CREATE INDEX ix_committee_session_unit_id ON committee_session (unit_id);

CREATE TABLE committee_attendance (
    id UUID NOT NULL,
    unit_id UUID NOT NULL,
    case_id UUID NOT NULL,
    session_id UUID NOT NULL,
    member_id UUID,
    adviser_id UUID,
    advice TEXT,
    CONSTRAINT pk_committee_attendance PRIMARY KEY (id),
    CONSTRAINT uq_committee_attendance_session_id_member_id UNIQUE (session_id, member_id),
    CONSTRAINT uq_committee_attendance_session_id_adviser_id UNIQUE (session_id, adviser_id),
    CONSTRAINT ck_committee_attendance_who CHECK (num_nonnulls(member_id, adviser_id) = 1),
    CONSTRAINT ck_committee_attendance_advice CHECK ((adviser_id IS NULL) = (advice IS NULL)),
    CONSTRAINT fk_committee_attendance_unit_id FOREIGN KEY(unit_id) REFERENCES unit (id),
    CONSTRAINT fk_committee_attendance_case_id FOREIGN KEY(case_id) REFERENCES "case" (id),
    CONSTRAINT fk_committee_attendance_session_id FOREIGN KEY(session_id) REFERENCES committee_session (id),
    CONSTRAINT fk_committee_attendance_member_id FOREIGN KEY(member_id) REFERENCES person (id),
    CONSTRAINT fk_committee_attendance_adviser_id FOREIGN KEY(adviser_id) REFERENCES adviser (id)
);
CREATE INDEX ix_committee_attendance_case_id ON committee_attendance (case_id);
CREATE INDEX ix_committee_attendance_unit_id ON committee_attendance (unit_id);

CREATE TABLE crime_transfer (
    id UUID NOT NULL,
    unit_id UUID NOT NULL,
    case_id UUID NOT NULL,
    review_id UUID NOT NULL,
    opened_by UUID NOT NULL,
    opened_at TIMESTAMP WITH TIME ZONE NOT NULL,
    outcome TEXT,
    export_id UUID,
    receiver TEXT,
    note TEXT,
    ended_by UUID,
    ended_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT pk_crime_transfer PRIMARY KEY (id),
    CONSTRAINT ck_crime_transfer_outcome CHECK (outcome IN ('transferred', 'no_crime')),
    CONSTRAINT ck_crime_transfer_ended CHECK (
        (ended_at IS NULL) = (outcome IS NULL) AND (ended_at IS NULL) = (ended_by IS NULL)
        AND (ended_at IS NULL) = (note IS NULL)
        AND (outcome IS NOT DISTINCT FROM 'transferred') = (export_id IS NOT NULL)
        AND (outcome IS NOT DISTINCT FROM 'transferred') = (receiver IS NOT NULL)
    ),
    CONSTRAINT fk_crime_transfer_unit_id FOREIGN KEY(unit_id) REFERENCES unit (id),
    CONSTRAINT fk_crime_transfer_case_id FOREIGN KEY(case_id) REFERENCES "case" (id),
    CONSTRAINT fk_crime_transfer_review_id FOREIGN KEY(review_id) REFERENCES decision_review (id),
    CONSTRAINT fk_crime_transfer_export_id FOREIGN KEY(export_id) REFERENCES export (id),
    CONSTRAINT fk_crime_transfer_opened_by FOREIGN KEY(opened_by) REFERENCES person (id),
    CONSTRAINT fk_crime_transfer_ended_by FOREIGN KEY(ended_by) REFERENCES person (id)
);
CREATE INDEX ix_crime_transfer_unit_id ON crime_transfer (unit_id);
-- One task at a time of each case.
CREATE UNIQUE INDEX uq_crime_transfer_open ON crime_transfer (case_id) WHERE ended_at IS NULL;

-- No foreign key, for a session is over a review: three tables in a ring. That it is there, require_sound_review asks.
ALTER TABLE decision_review ADD COLUMN session_id UUID;
CREATE UNIQUE INDEX uq_decision_review_session ON decision_review (session_id);

GRANT SELECT, INSERT ON decision_disagreement, adviser, adviser_conflict, committee_session, committee_attendance,
    crime_transfer TO liuhen_app;
GRANT UPDATE (ended_at, ended_by, end_reason) ON adviser TO liuhen_app;
GRANT UPDATE (outcome, export_id, receiver, note, ended_by, ended_at) ON crime_transfer TO liuhen_app;
CREATE TRIGGER keep_ended BEFORE UPDATE ON adviser FOR EACH ROW EXECUTE FUNCTION keep_ended('ended_at');
CREATE TRIGGER keep_ended BEFORE UPDATE ON crime_transfer FOR EACH ROW EXECUTE FUNCTION keep_ended('ended_at');
CREATE TRIGGER keep_outcome BEFORE UPDATE ON crime_transfer FOR EACH ROW EXECUTE FUNCTION keep_ended('outcome');

CREATE FUNCTION require_sound_disagreement() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    PERFORM lock_case_of_decisions(NEW.case_id, NEW.unit_id);
    PERFORM FROM decision_review r
    WHERE r.id = NEW.review_id AND r.case_id = NEW.case_id AND r.decision_id = NEW.decision_id
        AND r.opinion = 'problems' AND r.withdrawn_at IS NULL;
    IF NOT FOUND THEN -- condition: disagreed_with_problems
        RAISE EXCEPTION 'what is disagreed with is an opinion that stands and names problems'
            USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER sound_disagreement BEFORE INSERT ON decision_disagreement
    FOR EACH ROW EXECUTE FUNCTION require_sound_disagreement();

CREATE FUNCTION require_sound_session() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    PERFORM lock_case_of_decisions(NEW.case_id, NEW.unit_id);
    PERFORM require_now(NEW.recorded_at, 'a session''s record');
    PERFORM FROM decision_disagreement d JOIN decision_review r ON r.id = d.review_id
    WHERE d.id = NEW.disagreement_id AND d.case_id = NEW.case_id AND d.decision_id = NEW.decision_id
        AND r.version_id = NEW.version_id AND NEW.held_at BETWEEN d.stated_at AND clock_timestamp();
    IF NOT FOUND THEN -- condition: session_of_disagreement
        RAISE EXCEPTION 'a session is of a disagreement over this version, and held after it'
            USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER sound_session BEFORE INSERT ON committee_session
    FOR EACH ROW EXECUTE FUNCTION require_sound_session();

-- Members took no part in the case; advisers have no conflict of interest in it.
CREATE FUNCTION require_sound_attendance() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    PERFORM lock_case_of_decisions(NEW.case_id, NEW.unit_id);
    PERFORM FROM committee_session s WHERE s.id = NEW.session_id AND s.case_id = NEW.case_id
        AND NOT EXISTS (SELECT FROM decision_review r WHERE r.session_id = s.id);
    IF NOT FOUND THEN -- condition: open_session
        RAISE EXCEPTION 'session % is of another case, or was concluded', NEW.session_id USING ERRCODE = 'check_violation';
    END IF;
    IF takes_part_in(NEW.case_id, NEW.member_id) THEN -- condition: member_apart
        RAISE EXCEPTION 'nobody sits on what he took part in' USING ERRCODE = 'check_violation';
    END IF;
    IF EXISTS (SELECT FROM adviser_conflict c WHERE c.adviser_id = NEW.adviser_id AND c.case_id = NEW.case_id) THEN -- condition: adviser_apart
        RAISE EXCEPTION 'this adviser has a conflict of interest in the case' USING ERRCODE = 'check_violation';
    END IF;
    IF EXISTS (SELECT FROM adviser a WHERE a.id = NEW.adviser_id AND a.ended_at IS NOT NULL) THEN
        RAISE EXCEPTION 'this adviser is no longer in the pool' USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER sound_attendance BEFORE INSERT ON committee_attendance
    FOR EACH ROW EXECUTE FUNCTION require_sound_attendance();

-- As many votes as members, three at least; and the opinion is what they came to.
CREATE FUNCTION session_lets(of_session uuid, of_version uuid, as_opinion text) RETURNS boolean
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT EXISTS (
        SELECT FROM committee_session s CROSS JOIN LATERAL (
            SELECT count(a.member_id) AS members FROM committee_attendance a WHERE a.session_id = s.id
        ) present
        WHERE s.id = of_session
            AND s.version_id = of_version -- condition: session_of_version
            AND s.outcome = as_opinion -- condition: session_outcome
            AND present.members = s.votes_for + s.votes_against + s.abstentions -- condition: session_votes
            AND present.members >= 3 -- condition: session_quorum
    )
$$;

CREATE OR REPLACE FUNCTION require_sound_review() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    reviewing person%ROWTYPE;
BEGIN
    IF TG_OP = 'UPDATE' THEN
        -- A pass can be withdrawn after the case is closed, too.
        PERFORM lock_case_in_turn(NEW.case_id);
        RETURN NEW;
    END IF;
    PERFORM lock_case_of_decisions(NEW.case_id, NEW.unit_id);
    PERFORM require_now(NEW.reviewed_at, 'a review'); -- condition: reviewed_now
    PERFORM FROM decision_submission s
    WHERE s.id = NEW.submission_id AND s.version_id = NEW.version_id AND s.decision_id = NEW.decision_id
        AND s.case_id = NEW.case_id AND s.withdrawn_at IS NULL;
    IF NOT FOUND OR NEW.withdrawn_at IS NOT NULL THEN -- condition: own_submission
        RAISE EXCEPTION 'review % is of no submission that stands', NEW.id USING ERRCODE = 'check_violation';
    END IF;
    IF NEW.session_id IS NULL AND EXISTS (SELECT FROM decision_review r WHERE r.version_id = NEW.version_id AND r.withdrawn_at IS NULL) THEN -- condition: one_opinion
        RAISE EXCEPTION 'version % has its opinion', NEW.version_id USING ERRCODE = 'check_violation';
    END IF;
    IF NEW.session_id IS NOT NULL AND NOT session_lets(NEW.session_id, NEW.version_id, NEW.opinion) THEN -- condition: session
        RAISE EXCEPTION 'session % did not come to this', NEW.session_id USING ERRCODE = 'check_violation';
    END IF;
    IF NEW.ordinal <> 1 + (
        SELECT COALESCE(max(r.ordinal), 0) FROM decision_review r WHERE r.version_id = NEW.version_id
    ) THEN
        RAISE EXCEPTION 'this version was reviewed meanwhile' USING ERRCODE = 'check_violation';
    END IF;
    SELECT * INTO reviewing FROM person p WHERE p.id = NEW.reviewer_id AND p.active;
    IF NOT FOUND OR reviewing.role <> 'legal_reviewer' THEN -- condition: reviewer_role
        RAISE EXCEPTION 'a review is a legal reviewer''s' USING ERRCODE = 'check_violation';
    END IF;
    PERFORM FROM (
        WITH RECURSIVE line(id, parent_id) AS (
            SELECT u.id, u.parent_id FROM unit u WHERE u.id = NEW.unit_id
            UNION SELECT u.id, u.parent_id FROM unit u JOIN line ON u.id = line.parent_id
        ) SELECT id FROM line
    ) above WHERE above.id = reviewing.unit_id;
    IF NOT FOUND THEN -- condition: reviewer_unit
        RAISE EXCEPTION 'a review is of the unit''s own cases, or of those below it' USING ERRCODE = 'check_violation';
    END IF;
    IF takes_part_in(NEW.case_id, NEW.reviewer_id) THEN -- condition: review_apart
        RAISE EXCEPTION 'nobody reviews what he took part in' USING ERRCODE = 'check_violation';
    END IF;
    IF NOT qualified_to_review(NEW.reviewer_id, chinese_day(NEW.reviewed_at)) THEN -- condition: review_qualified
        RAISE EXCEPTION 'whoever reviews is qualified on the day' USING ERRCODE = 'check_violation';
    END IF;
    IF NOT answers_are_whole(NEW.answers, NEW.opinion) THEN -- condition: whole_answers
        RAISE EXCEPTION 'each of the seven questions is answered, with references, and as the opinion says'
            USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;

-- A suspicion of crime goes to the judiciary first: nothing is decided in its place.
CREATE FUNCTION require_sound_transfer() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    PERFORM lock_case_in_turn(NEW.case_id);
    PERFORM FROM decision_review r WHERE r.id = NEW.review_id AND r.case_id = NEW.case_id AND r.unit_id = NEW.unit_id;
    IF NOT FOUND OR NEW.outcome = 'transferred' AND NOT EXISTS (
        SELECT FROM export e WHERE e.id = NEW.export_id AND e.case_id = NEW.case_id AND e.finished_at IS NOT NULL
    ) THEN
        RAISE EXCEPTION 'what is handed over is a finished package of this case' USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER sound_transfer BEFORE INSERT OR UPDATE ON crime_transfer
    FOR EACH ROW EXECUTE FUNCTION require_sound_transfer();

CREATE OR REPLACE FUNCTION gate_refusals(of_version uuid) RETURNS text[]
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    said decision_version%ROWTYPE;
BEGIN
    SELECT * INTO said FROM decision_version v WHERE v.id = of_version;
    IF NOT FOUND THEN
        RETURN ARRAY['unknown'];
    END IF;
    IF EXISTS (SELECT FROM decision_version v WHERE v.decision_id = said.decision_id AND v.ordinal > said.ordinal) THEN -- condition: changed
        RETURN ARRAY['changed'];
    END IF;
    IF EXISTS (SELECT FROM decision d WHERE d.id = said.decision_id AND d.withdrawn_at IS NOT NULL) THEN -- condition: withdrawn
        RETURN ARRAY['withdrawn'];
    END IF;
    IF NOT EXISTS (SELECT FROM review_scope_rule r WHERE r.valid @> chinese_day(now())) THEN -- condition: no_list
        RETURN ARRAY['no_list'];
    END IF;
    IF EXISTS (SELECT FROM crime_transfer t WHERE t.case_id = said.case_id AND t.ended_at IS NULL) THEN -- condition: transfer
        RETURN ARRAY['transfer'];
    END IF;
    IF said.scope = '[]' -- condition: kept_scope
        AND review_scope_of(said) = '[]' -- condition: present_scope
    THEN
        RETURN ARRAY[]::text[];
    END IF;
    IF pass_of(of_version) IS NULL THEN -- condition: pass
        RETURN ARRAY['no_pass'];
    END IF;
    RETURN ARRAY[]::text[];
END $$;
