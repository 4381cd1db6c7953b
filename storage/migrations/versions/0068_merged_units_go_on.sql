-- What is of a merged unit keeps that unit in every row; only people have gone over to the successor. 0063 asked a
-- publication and a posting as well for who carries their unit on, and no row was of that unit any more: of what a merged
-- unit had published nothing could be corrected, posted or taken down.

CREATE OR REPLACE FUNCTION require_sound_publication_version() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    held publication%ROWTYPE;
    said decision_version%ROWTYPE;
    class text;
    who text[];
    of_party text[];
    line text;
BEGIN
    PERFORM lock_case_in_turn(NEW.case_id);
    PERFORM require_now(NEW.stated_at, 'a version of a publication');
    PERFORM require_publication_duty(NEW.stated_by, NEW.unit_id, 'collect');
    SELECT * INTO held FROM publication p
    WHERE p.id = NEW.publication_id AND p.case_id = NEW.case_id AND p.unit_id = NEW.unit_id;
    IF NOT FOUND OR NEW.ordinal <> 1 + (
        SELECT coalesce(max(v.ordinal), 0) FROM publication_version v WHERE v.publication_id = NEW.publication_id
    ) OR EXISTS (
        SELECT FROM publication_step s WHERE s.publication_id = NEW.publication_id
            AND s.ground IN ('revoked', 'unlawful', 'remade')
    ) THEN
        RAISE EXCEPTION 'publication % has no such version to come', NEW.publication_id
            USING ERRCODE = 'check_violation';
    END IF;
    IF held.kind = 'penalty' THEN
        SELECT v.* INTO said FROM decision_issue i JOIN decision_version v ON v.id = i.version_id
        WHERE i.id = held.issue_id;
        NEW.party_full := said.party;
        NEW.party_kind := said.party_kind;
        NEW.conclusion_full := said.content;
    END IF;
    SELECT s.secrecy_class INTO class FROM case_secrecy s WHERE s.case_id = NEW.case_id ORDER BY s.ordinal DESC LIMIT 1;
    IF class = 'state_secret' AND NEW.withhold_ground IS NULL THEN
        RAISE EXCEPTION 'state secrets are not published' USING ERRCODE = 'check_violation';
    END IF;
    NEW.needs_second := NEW.party_kind = 'citizen' OR NEW.names <> '[]' OR NEW.kept <> '[]'
        OR coalesce(class, 'ordinary') <> 'ordinary';
    who := ARRAY(SELECT jsonb_array_elements_text(NEW.names));
    IF NEW.party_kind = 'citizen' THEN
        who := who || NEW.party_full;
        of_party := who;
    END IF;
    FOREACH line IN ARRAY ARRAY[NEW.authority, NEW.category, NEW.conclusion, NEW.document_number, NEW.legal_basis, NEW.reason] LOOP
        IF names_somebody(line, who) THEN
            RAISE EXCEPTION 'what is public names a natural person' USING ERRCODE = 'check_violation';
        END IF;
    END LOOP;
    -- A shop may bear its owner's name: that of an organisation is published as it is.
    IF names_somebody(NEW.party, of_party) THEN
        RAISE EXCEPTION 'what is public names a natural person' USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;

CREATE OR REPLACE FUNCTION require_step_in_turn() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    held publication%ROWTYPE;
    said publication_version%ROWTYPE;
    last_step text;
    passes integer;
    in_order boolean;
BEGIN
    PERFORM lock_case_in_turn(NEW.case_id);
    PERFORM require_now(NEW.taken_at, 'a step of a publication'); -- condition: published_now
    SELECT * INTO held FROM publication p WHERE p.id = NEW.publication_id AND p.case_id = NEW.case_id AND p.unit_id = NEW.unit_id;
    SELECT * INTO said FROM publication_version v WHERE v.id = NEW.version_id AND v.publication_id = held.id;
    IF said.id IS NULL OR NEW.ordinal <> 1 + (
        SELECT coalesce(max(s.ordinal), 0) FROM publication_step s WHERE s.publication_id = held.id
    ) THEN
        RAISE EXCEPTION 'step % of publication % does not come next', NEW.ordinal, NEW.publication_id
            USING ERRCODE = 'check_violation';
    END IF;
    PERFORM require_publication_duty(NEW.taken_by, NEW.unit_id, CASE NEW.step
        WHEN 'transmitted' THEN 'transmit' WHEN 'passed' THEN 'review' WHEN 'returned' THEN 'review' ELSE 'publish' END);
    SELECT s.step INTO last_step FROM publication_step s WHERE s.version_id = said.id ORDER BY s.ordinal DESC LIMIT 1;
    SELECT count(*) INTO passes FROM publication_step s WHERE s.version_id = said.id AND s.step = 'passed';
    IF NEW.step <> 'taken_down' AND EXISTS (SELECT FROM publication_version v WHERE v.publication_id = held.id AND v.ordinal > said.ordinal) THEN -- condition: latest_text
        RAISE EXCEPTION 'the text was changed meanwhile' USING ERRCODE = 'check_violation';
    END IF;
    in_order := CASE NEW.step
        WHEN 'transmitted' THEN last_step IS NULL
        WHEN 'passed' THEN last_step IN ('transmitted', 'passed')
        WHEN 'returned' THEN last_step IN ('transmitted', 'passed')
        WHEN 'published' THEN last_step = 'passed' AND said.withhold_ground IS NULL
        WHEN 'withheld' THEN last_step = 'passed' AND said.withhold_ground IS NOT NULL
        ELSE held.shown_version_id = said.id
    END;
    IF in_order IS NOT TRUE THEN -- condition: step_in_turn
        RAISE EXCEPTION 'a publication goes from collecting over transmitting and reviewing to publishing'
            USING ERRCODE = 'check_violation';
    END IF;
    IF NEW.step IN ('published', 'withheld') AND passes < (CASE WHEN said.needs_second THEN 2 ELSE 1 END) THEN -- condition: second_reviewer
        RAISE EXCEPTION 'what speaks of persons is looked at by a second reviewer' USING ERRCODE = 'check_violation';
    END IF;
    IF NEW.step IN ('passed', 'published', 'withheld') AND NEW.taken_by = said.stated_by THEN -- condition: not_the_collector
        RAISE EXCEPTION 'nobody passes or publishes what he collected' USING ERRCODE = 'check_violation';
    END IF;
    IF NEW.step = 'passed' AND EXISTS (SELECT FROM publication_step s WHERE s.version_id = said.id AND s.step IN ('transmitted', 'passed') AND s.taken_by = NEW.taken_by) THEN -- condition: not_twice
        RAISE EXCEPTION 'the second reviewer is not the first, nor whoever handed it on' USING ERRCODE = 'check_violation';
    END IF;
    IF NEW.step = 'published' THEN
        PERFORM publication_gate(held.id, 'publishing'); -- condition: publishing_gate
    END IF;
    IF NEW.step = 'published' AND (SELECT s.secrecy_class FROM case_secrecy s WHERE s.case_id = NEW.case_id ORDER BY s.ordinal DESC LIMIT 1) = 'state_secret' THEN -- condition: no_state_secret
        RAISE EXCEPTION 'state secrets are not published' USING ERRCODE = 'check_violation';
    END IF;
    IF NEW.step = 'taken_down' AND names_somebody(NEW.reason, ARRAY(SELECT jsonb_array_elements_text(said.names)) || CASE WHEN said.party_kind = 'citizen' THEN said.party_full END) THEN
        RAISE EXCEPTION 'what is public names a natural person' USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;

CREATE OR REPLACE FUNCTION require_shown_to_post() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    PERFORM lock_case_in_turn(NEW.case_id);
    IF TG_OP = 'UPDATE' THEN
        PERFORM require_publication_duty(NEW.removed_by, NEW.unit_id, 'publish');
        RETURN NEW;
    END IF;
    PERFORM require_now(NEW.posted_at, 'a posting');
    PERFORM require_publication_duty(NEW.posted_by, NEW.unit_id, 'publish');
    IF NEW.removed_at IS NOT NULL OR NEW.posted_on > chinese_day(NEW.posted_at) THEN
        RAISE EXCEPTION 'a posting is entered when it has happened' USING ERRCODE = 'check_violation';
    END IF;
    IF NOT EXISTS (SELECT FROM publication p WHERE p.id = NEW.publication_id AND p.case_id = NEW.case_id AND p.unit_id = NEW.unit_id AND p.shown_version_id = NEW.version_id) THEN -- condition: posted_shown
        RAISE EXCEPTION 'what is posted is what is published now' USING ERRCODE = 'check_violation';
    END IF;
    PERFORM publication_gate(NEW.publication_id, 'posting'); -- condition: posting_gate
    RETURN NEW;
END $$;

CREATE OR REPLACE FUNCTION require_posting_of_evidence() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    PERFORM FROM publication_posting p
    WHERE p.id = NEW.posting_id AND p.case_id = NEW.case_id AND p.unit_id = NEW.unit_id FOR KEY SHARE;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'posting % is of another case', NEW.posting_id USING ERRCODE = 'check_violation';
    END IF;
    PERFORM require_publication_duty(NEW.filed_by, NEW.unit_id, 'publish');
    RETURN NEW;
END $$;

-- A copy is of the recording's unit, the grant of the case's: after a merge these may be two. Which case it is, the grant
-- says by its id.
CREATE OR REPLACE FUNCTION require_checked_redaction() RETURNS trigger LANGUAGE plpgsql AS $$
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
            AND g.revoked_at IS NULL AND g.expires_at > NEW.asked_at;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'grant % lets nobody copy recording %', NEW.grant_id, NEW.recording_id
            USING ERRCODE = 'check_violation';
    END IF;
    IF NEW.state <> 'due' THEN
        RAISE EXCEPTION 'a copy is made by a media worker, and is due before' USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;

-- The room may be the merged unit's and the case the successor's, or the other way round: the same people work in both.
CREATE OR REPLACE FUNCTION require_session_as_act() RETURNS trigger LANGUAGE plpgsql AS $$
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
    WHERE a.id = of_act AND a.case_id = held.case_id AND a.withdrawn_at IS NULL
        AND carried_on_by(a.unit_id) = carried_on_by(held.unit_id)
        AND latest.span = held.span AND latest.kind = r.kind AND latest.officer_id = held.officer_id
        AND latest.second_officer_id IS NOT DISTINCT FROM held.second_officer_id;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'act % is not what session % says', of_act, held.id USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
END $$;

-- Who had left before the merge stays with the merged unit, and does not come back into it. The second argument names what
-- is true of a row that goes on: where it becomes true the row begins again, though its unit stays the same.
CREATE OR REPLACE FUNCTION require_live_unit() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    of_unit uuid := (to_jsonb(NEW)->>TG_ARGV[0])::uuid;
    held unit%ROWTYPE;
BEGIN
    IF of_unit IS NULL OR TG_OP = 'UPDATE' AND (to_jsonb(OLD)->>TG_ARGV[0])::uuid IS NOT DISTINCT FROM of_unit
        AND NOT coalesce((to_jsonb(NEW)->>TG_ARGV[1])::boolean AND NOT (to_jsonb(OLD)->>TG_ARGV[1])::boolean, false)
    THEN
        RETURN NEW;
    END IF;
    SELECT * INTO held FROM unit u WHERE u.id = of_unit FOR SHARE;
    IF held.ended_on IS NOT NULL THEN
        RAISE EXCEPTION 'unit % was merged into % on %: nothing new begins in it', held.code,
            (SELECT u.code FROM unit u WHERE u.id = carried_on_by(held.id)), held.ended_on
            USING ERRCODE = 'check_violation', CONSTRAINT = 'ck_live_unit';
    END IF;
    RETURN NEW;
END $$;
DROP TRIGGER live_unit ON person;
CREATE TRIGGER live_unit BEFORE INSERT OR UPDATE OF unit_id, active ON person
    FOR EACH ROW EXECUTE FUNCTION require_live_unit('unit_id', 'active');
