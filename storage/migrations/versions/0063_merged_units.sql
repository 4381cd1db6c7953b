-- A unit that was merged into another (机构撤并): it ends on a day, and what is below it comes with it below its successor.
-- Its rows stay its own; the successor's people carry on what was begun in it. docs/decisions/0023-merged-units.md.
ALTER TABLE unit
    ADD COLUMN ended_on DATE,
    ADD COLUMN ended_into UUID,
    ADD COLUMN parent_before UUID,
    ADD COLUMN end_ground TEXT,
    ADD COLUMN ended_at TIMESTAMP WITH TIME ZONE,
    ADD CONSTRAINT fk_unit_ended_into_unit FOREIGN KEY (ended_into) REFERENCES unit (id),
    ADD CONSTRAINT fk_unit_parent_before_unit FOREIGN KEY (parent_before) REFERENCES unit (id),
    ADD CONSTRAINT ck_unit_ended CHECK (
        num_nonnulls(ended_on, ended_into, end_ground, ended_at) IN (0, 4)
        AND (parent_before IS NULL OR ended_on IS NOT NULL)
        AND (ended_into IS NULL OR ended_into <> id AND ended_into = parent_id)
    );
CREATE INDEX ix_unit_ended_into ON unit (ended_into) WHERE ended_into IS NOT NULL;
-- Only what acts for nobody ends a unit, and moves people, stations and devices out of it.
GRANT UPDATE (ended_on, ended_into, parent_before, end_ground, ended_at) ON unit TO liuhen_worker;
GRANT UPDATE (unit_id) ON person, station, station_state, device TO liuhen_worker;

-- Who acts in a unit as its own people do: itself, or, once it was merged, whichever its successor is by now.
CREATE FUNCTION carried_on_by(of_unit UUID) RETURNS UUID
LANGUAGE sql STABLE SET search_path = pg_catalog, public, pg_temp AS $$
    WITH RECURSIVE line (id, ended_into) AS (
        SELECT u.id, u.ended_into FROM public.unit u WHERE u.id = of_unit
        UNION SELECT u.id, u.ended_into FROM public.unit u JOIN line l ON u.id = l.ended_into
    )
    SELECT l.id FROM line l WHERE l.ended_into IS NULL
$$;

-- The merged units whose work a unit carries on: those that were merged into it, and into those.
CREATE FUNCTION units_carried_by(of_unit UUID) RETURNS UUID[]
LANGUAGE sql STABLE AS $$
    WITH RECURSIVE merged (id) AS (
        SELECT u.id FROM public.unit u WHERE u.ended_into = of_unit
        UNION SELECT u.id FROM public.unit u JOIN merged m ON u.ended_into = m.id
    )
    SELECT coalesce(array_agg(m.id ORDER BY m.id), '{}') FROM merged m
$$;

-- An end is final, and the day of it has come; nothing is above itself, no unit carries on what it ended into.
CREATE FUNCTION require_sound_end() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        IF NEW.ended_on IS NOT NULL THEN
            RAISE EXCEPTION 'a unit begins before it ends' USING ERRCODE = 'check_violation';
        END IF;
        RETURN NEW;
    END IF;
    IF OLD.ended_on IS NOT NULL THEN
        RAISE EXCEPTION 'unit % has ended, once and for all', OLD.code USING ERRCODE = 'check_violation';
    END IF;
    PERFORM require_now(NEW.ended_at, 'the end of a unit');
    IF NEW.ended_on > chinese_day(now()) OR NEW.ended_on < chinese_day(OLD.created_at) THEN
        RAISE EXCEPTION 'a unit ends on a day that has come, while the archive knows it' USING ERRCODE = 'check_violation';
    END IF;
    IF NEW.parent_before IS DISTINCT FROM OLD.parent_id THEN
        RAISE EXCEPTION 'what was above unit % stays known', OLD.code USING ERRCODE = 'check_violation';
    END IF;
    PERFORM FROM unit u WHERE u.id = NEW.ended_into AND u.ended_on IS NULL FOR SHARE;
    IF NOT FOUND OR EXISTS (
        WITH RECURSIVE line (id, parent_id) AS (
            SELECT u.id, u.parent_id FROM unit u WHERE u.id = NEW.ended_into
            UNION SELECT u.id, u.parent_id FROM unit u JOIN line l ON u.id = l.parent_id
        )
        SELECT FROM line l WHERE l.id = NEW.id
    ) THEN
        RAISE EXCEPTION 'unit % cannot be merged into one that has ended, or is below it', OLD.code
            USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER sound_begin BEFORE INSERT ON unit FOR EACH ROW EXECUTE FUNCTION require_sound_end();
CREATE TRIGGER sound_end BEFORE UPDATE OF ended_on, ended_into, parent_before, end_ground, ended_at ON unit
    FOR EACH ROW EXECUTE FUNCTION require_sound_end();

-- Nothing new begins in a unit that was merged. The row is read under a lock: a merge and what is begun meanwhile wait
-- for each other, and whichever comes second sees the first.
CREATE FUNCTION require_live_unit() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    of_unit uuid := (to_jsonb(NEW)->>TG_ARGV[0])::uuid;
    held unit%ROWTYPE;
BEGIN
    IF of_unit IS NULL OR TG_OP = 'UPDATE' AND (to_jsonb(OLD)->>TG_ARGV[0])::uuid IS NOT DISTINCT FROM of_unit THEN
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
CREATE TRIGGER live_unit BEFORE INSERT OR UPDATE OF unit_id ON person
    FOR EACH ROW EXECUTE FUNCTION require_live_unit('unit_id');
CREATE TRIGGER live_unit BEFORE INSERT OR UPDATE OF unit_id ON station
    FOR EACH ROW EXECUTE FUNCTION require_live_unit('unit_id');
CREATE TRIGGER live_unit BEFORE INSERT OR UPDATE OF unit_id ON station_code
    FOR EACH ROW EXECUTE FUNCTION require_live_unit('unit_id');
CREATE TRIGGER live_unit BEFORE INSERT OR UPDATE OF unit_id ON device
    FOR EACH ROW EXECUTE FUNCTION require_live_unit('unit_id');
CREATE TRIGGER live_unit BEFORE INSERT OR UPDATE OF unit_id ON "case"
    FOR EACH ROW EXECUTE FUNCTION require_live_unit('unit_id');
CREATE TRIGGER live_unit BEFORE INSERT OR UPDATE OF unit_id ON person_post
    FOR EACH ROW EXECUTE FUNCTION require_live_unit('unit_id');
CREATE TRIGGER live_unit BEFORE INSERT OR UPDATE OF unit_id ON publication_duty
    FOR EACH ROW EXECUTE FUNCTION require_live_unit('unit_id');
CREATE TRIGGER live_unit BEFORE INSERT OR UPDATE OF unit_id ON reviewer_qualification
    FOR EACH ROW EXECUTE FUNCTION require_live_unit('unit_id');
CREATE TRIGGER live_unit BEFORE INSERT OR UPDATE OF unit_id ON officer_certificate
    FOR EACH ROW EXECUTE FUNCTION require_live_unit('unit_id');
CREATE TRIGGER live_unit BEFORE INSERT OR UPDATE OF unit_id ON room
    FOR EACH ROW EXECUTE FUNCTION require_live_unit('unit_id');
CREATE TRIGGER live_unit BEFORE INSERT OR UPDATE OF unit_id ON adviser
    FOR EACH ROW EXECUTE FUNCTION require_live_unit('unit_id');
CREATE TRIGGER live_unit BEFORE INSERT OR UPDATE OF unit_id ON document_issuer
    FOR EACH ROW EXECUTE FUNCTION require_live_unit('unit_id');
CREATE TRIGGER live_unit BEFORE INSERT OR UPDATE OF unit_id ON unit_seal
    FOR EACH ROW EXECUTE FUNCTION require_live_unit('unit_id');
CREATE TRIGGER live_unit BEFORE INSERT OR UPDATE OF unit_id ON document_number
    FOR EACH ROW EXECUTE FUNCTION require_live_unit('unit_id');
CREATE TRIGGER live_unit BEFORE INSERT OR UPDATE OF unit_id ON file_review
    FOR EACH ROW EXECUTE FUNCTION require_live_unit('unit_id');
CREATE TRIGGER live_unit BEFORE INSERT OR UPDATE OF unit_id ON disclosure_rule
    FOR EACH ROW EXECUTE FUNCTION require_live_unit('unit_id');
CREATE TRIGGER live_unit BEFORE INSERT OR UPDATE OF unit_id ON document_template
    FOR EACH ROW EXECUTE FUNCTION require_live_unit('unit_id');
CREATE TRIGGER live_unit BEFORE INSERT OR UPDATE OF unit_id ON element_policy
    FOR EACH ROW EXECUTE FUNCTION require_live_unit('unit_id');
CREATE TRIGGER live_unit BEFORE INSERT OR UPDATE OF unit_id ON publication_rule
    FOR EACH ROW EXECUTE FUNCTION require_live_unit('unit_id');
CREATE TRIGGER live_unit BEFORE INSERT OR UPDATE OF unit_id ON recording_checklist
    FOR EACH ROW EXECUTE FUNCTION require_live_unit('unit_id');
CREATE TRIGGER live_unit BEFORE INSERT OR UPDATE OF unit_id ON retention_rule
    FOR EACH ROW EXECUTE FUNCTION require_live_unit('unit_id');
CREATE TRIGGER live_unit BEFORE INSERT OR UPDATE OF unit_id ON retrieval_rule
    FOR EACH ROW EXECUTE FUNCTION require_live_unit('unit_id');
CREATE TRIGGER live_unit BEFORE INSERT OR UPDATE OF unit_id ON return_rule
    FOR EACH ROW EXECUTE FUNCTION require_live_unit('unit_id');
CREATE TRIGGER live_unit BEFORE INSERT OR UPDATE OF unit_id ON review_scope_rule
    FOR EACH ROW EXECUTE FUNCTION require_live_unit('unit_id');
CREATE TRIGGER live_unit BEFORE INSERT OR UPDATE OF unit_id ON score_sheet_rule
    FOR EACH ROW EXECUTE FUNCTION require_live_unit('unit_id');
CREATE TRIGGER live_unit BEFORE INSERT OR UPDATE OF unit_id ON term_rule
    FOR EACH ROW EXECUTE FUNCTION require_live_unit('unit_id');
CREATE TRIGGER live_unit BEFORE INSERT ON unit FOR EACH ROW EXECUTE FUNCTION require_live_unit('parent_id');

-- Periods that end on the day, or after it, are in the successor's returns.
CREATE FUNCTION require_return_of_live_unit() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    PERFORM FROM unit u WHERE u.id = NEW.unit_id AND u.ended_on <= NEW.last_day FOR SHARE;
    IF FOUND THEN
        RAISE EXCEPTION 'a unit that was merged owes no return for a period that was not over by then'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'ck_live_unit';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER live_unit BEFORE INSERT ON unit_return FOR EACH ROW EXECUTE FUNCTION require_return_of_live_unit();

-- What asked whether a person is of a row's own unit asks who carries that unit on.

CREATE OR REPLACE FUNCTION require_stage_step() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    held "case"%ROWTYPE;
    latest case_stage%ROWTYPE;
    entering text;
    allowed text[];
    by_order CONSTANT text[] := ARRAY['initiation', 'investigation', 'hearing', 'decision', 'execution'];
BEGIN
    SELECT * INTO held FROM "case" c WHERE c.id = NEW.case_id AND c.unit_id = NEW.unit_id AND c.closed_at IS NULL FOR UPDATE;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'case % is closed, or of another unit, and enters no stage', NEW.case_id
            USING ERRCODE = 'check_violation';
    END IF;
    SELECT * INTO latest FROM case_stage s WHERE s.case_id = NEW.case_id ORDER BY s.ordinal DESC LIMIT 1;
    IF NOT FOUND AND NEW.ordinal = 1 AND NEW.stage = 'initiation' AND held.stage = 'initiation' AND NEW.reason IS NULL THEN
        RETURN NEW;
    END IF;
    IF latest.ordinal IS NULL OR NEW.ordinal <> latest.ordinal + 1 OR NEW.from_stage IS DISTINCT FROM held.stage
        OR latest.stage <> held.stage THEN
        RAISE EXCEPTION 'stage % of case % does not follow where it stands', NEW.stage, NEW.case_id
            USING ERRCODE = 'check_violation';
    END IF;
    allowed := stage_step_roles(held.procedure, held.stage, NEW.stage);
    IF NEW.reason IS NOT NULL THEN
        allowed := NULL;
        IF array_position(by_order, NEW.stage) < array_position(by_order, held.stage)
            AND EXISTS (SELECT FROM case_stage s WHERE s.case_id = NEW.case_id AND s.stage = NEW.stage) THEN
            allowed := ARRAY['supervisor'];
        END IF;
    END IF;
    SELECT p.role INTO entering FROM person p WHERE p.id = NEW.entered_by AND p.unit_id = carried_on_by(NEW.unit_id) AND p.active;
    IF allowed IS NULL OR entering IS NULL OR entering <> ALL (allowed) THEN
        RAISE EXCEPTION 'nothing leads case % from % to %, or not by this person', NEW.case_id, held.stage, NEW.stage
            USING ERRCODE = 'check_violation';
    END IF;
    IF held.stage = 'hearing' AND NEW.stage = 'decision' AND NOT hearing_was_held(NEW.case_id) THEN
        RAISE EXCEPTION 'case % waits for its hearing', NEW.case_id USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;

CREATE OR REPLACE FUNCTION require_secrecy_turn() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    latest case_secrecy%ROWTYPE;
    stating text;
BEGIN
    PERFORM FROM "case" c WHERE c.id = NEW.case_id AND c.unit_id = NEW.unit_id FOR NO KEY UPDATE;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'case % is of another unit', NEW.case_id USING ERRCODE = 'check_violation';
    END IF;
    SELECT * INTO latest FROM case_secrecy s WHERE s.case_id = NEW.case_id ORDER BY s.ordinal DESC LIMIT 1;
    SELECT p.role INTO stating FROM person p WHERE p.id = NEW.stated_by AND p.unit_id = carried_on_by(NEW.unit_id) AND p.active;
    IF NEW.ordinal <> coalesce(latest.ordinal, 0) + 1 OR NEW.secrecy_class IS NOT DISTINCT FROM latest.secrecy_class
        OR stating IS NULL OR stating NOT IN ('officer', 'supervisor') THEN
        RAISE EXCEPTION 'class % of case % does not follow the one it has, or not by this person', NEW.secrecy_class,
            NEW.case_id USING ERRCODE = 'check_violation';
    END IF;
    IF secrecy_rank(NEW.secrecy_class) < secrecy_rank(latest.secrecy_class)
        AND (stating <> 'supervisor' OR NEW.reason IS NULL OR NEW.stated_by = latest.stated_by) THEN
        RAISE EXCEPTION 'case % is made less strict by another supervisor, who says why', NEW.case_id
            USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;

CREATE OR REPLACE FUNCTION require_archivable() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE held "case"%ROWTYPE;
BEGIN
    SELECT * INTO held FROM "case" c WHERE c.id = NEW.case_id AND c.unit_id = NEW.unit_id FOR NO KEY UPDATE;
    PERFORM pg_advisory_xact_lock(archiving_lock(NEW.case_id));
    IF held.closed_at IS NULL THEN
        RAISE EXCEPTION 'case % is not closed, or of another unit', NEW.case_id USING ERRCODE = 'check_violation';
    END IF;
    IF NOT EXISTS (
        SELECT FROM person p
        WHERE p.id = NEW.archived_by AND p.unit_id = carried_on_by(NEW.unit_id) AND p.active AND p.role = 'supervisor'
    ) THEN
        RAISE EXCEPTION 'a supervisor of its unit archives case %', NEW.case_id USING ERRCODE = 'check_violation';
    END IF;
    IF NEW.secrecy_class IS DISTINCT FROM (
        SELECT s.secrecy_class FROM case_secrecy s WHERE s.case_id = NEW.case_id ORDER BY s.ordinal DESC LIMIT 1
    ) THEN
        RAISE EXCEPTION 'case % does not have the class %', NEW.case_id, NEW.secrecy_class
            USING ERRCODE = 'check_violation';
    END IF;
    IF held.stage <> 'execution' AND NEW.skipped_reason IS NULL
        OR EXISTS (SELECT FROM case_stage s WHERE s.case_id = NEW.case_id AND NOT stage_is_filled(NEW.case_id, s.stage)) THEN
        RAISE EXCEPTION 'a stage of case % is empty', NEW.case_id USING ERRCODE = 'check_violation';
    END IF;
    IF EXISTS (
        SELECT FROM link_question q WHERE q.unit_id = NEW.unit_id AND q.answered_at IS NULL
            AND q.candidates @> jsonb_build_array(jsonb_build_object('case_id', NEW.case_id::text))
    ) THEN
        RAISE EXCEPTION 'somebody is asked whether a recording belongs to case %', NEW.case_id
            USING ERRCODE = 'check_violation';
    END IF;
    IF EXISTS (
        SELECT FROM case_link l JOIN recording r ON r.id = l.recording_id, retention_class c
        WHERE l.case_id = NEW.case_id AND l.ended_at IS NULL AND c.code = NEW.retention_class
            AND NOT is_kept_for(r.retain_until, r.received_at, c.keep_months)
    ) THEN
        RAISE EXCEPTION 'a recording of case % is kept for less long than %', NEW.case_id, NEW.retention_class
            USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;

CREATE OR REPLACE FUNCTION require_catalogue_of_archive() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(archiving_lock(NEW.case_id));
    IF NOT EXISTS (SELECT FROM case_archive a WHERE a.case_id = NEW.case_id AND a.unit_id = NEW.unit_id)
        OR NEW.version <> 1 + (SELECT count(*) FROM case_catalogue c WHERE c.case_id = NEW.case_id)
        OR NOT EXISTS (
            SELECT FROM person p
            WHERE p.id = NEW.made_by AND p.unit_id = carried_on_by(NEW.unit_id) AND p.active AND p.role = 'supervisor'
        ) THEN
        RAISE EXCEPTION 'case % has no such catalogue to come, or not by this person', NEW.case_id
            USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;

CREATE OR REPLACE FUNCTION require_sound_submission() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    PERFORM lock_case_of_decisions(NEW.case_id, NEW.unit_id);
    IF TG_OP = 'UPDATE' THEN
        RETURN NEW;
    END IF;
    PERFORM require_now(NEW.submitted_at, 'a submission');
    IF NOT (NEW.attests_truth AND NEW.attests_accuracy AND NEW.attests_completeness) THEN -- condition: attested
        RAISE EXCEPTION 'who submits a decision attests that its material is true, accurate and complete'
            USING ERRCODE = 'check_violation';
    END IF;
    PERFORM FROM decision_version v JOIN decision d ON d.id = v.decision_id
    WHERE v.id = NEW.version_id AND v.decision_id = NEW.decision_id AND v.case_id = NEW.case_id
        AND d.withdrawn_at IS NULL
        AND NOT EXISTS (SELECT FROM decision_version l WHERE l.decision_id = d.id AND l.ordinal > v.ordinal)
        AND NOT EXISTS (SELECT FROM decision_issue i WHERE i.decision_id = d.id);
    IF NOT FOUND THEN
        RAISE EXCEPTION 'version % is not what the decision says now', NEW.version_id USING ERRCODE = 'check_violation';
    END IF;
    PERFORM FROM person p WHERE p.id = NEW.submitted_by AND p.unit_id = carried_on_by(NEW.unit_id) AND p.active
        AND p.role IN ('officer', 'supervisor');
    IF NOT FOUND THEN
        RAISE EXCEPTION 'a decision is submitted by its unit' USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;

CREATE OR REPLACE FUNCTION require_open_gate() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    said decision_version%ROWTYPE;
    held "case"%ROWTYPE;
BEGIN
    PERFORM lock_case_of_decisions(NEW.case_id, NEW.unit_id);
    PERFORM require_now(NEW.issued_at, 'a decision'); -- condition: issued_now
    SELECT * INTO said FROM decision_version v WHERE v.id = NEW.version_id;
    SELECT * INTO held FROM "case" c WHERE c.id = NEW.case_id;
    IF said.case_id IS DISTINCT FROM NEW.case_id OR said.decision_id IS DISTINCT FROM NEW.decision_id THEN -- condition: own_case
        RAISE EXCEPTION 'version % is of another decision', NEW.version_id USING ERRCODE = 'check_violation';
    END IF;
    IF said.kind <> 'coercion' AND held.stage <> 'decision' THEN -- condition: stage
        PERFORM refuse_at_the_gate(ARRAY['stage'], 'issuing');
    END IF;
    PERFORM FROM person p WHERE p.id = NEW.issued_by AND p.unit_id = carried_on_by(NEW.unit_id) AND p.active
        AND (p.role = 'supervisor'
            OR p.role = 'officer' AND held.procedure IN ('simple_penalty', 'routine_check', 'random_check'));
    IF NOT FOUND THEN -- condition: issuer
        RAISE EXCEPTION 'this decision is not this person''s to make' USING ERRCODE = 'check_violation';
    END IF;
    PERFORM refuse_at_the_gate(gate_refusals(NEW.version_id), 'issuing'); -- condition: gate
    NEW.issued_on := chinese_day(NEW.issued_at);
    NEW.scope := said.scope || review_scope_of(said);
    NEW.review_id := CASE WHEN NEW.scope = '[]' THEN NULL ELSE pass_of(NEW.version_id) END;
    RETURN NEW;
END $$;

CREATE OR REPLACE FUNCTION has_publication_duty(of_person uuid, of_unit uuid, wanted text) RETURNS boolean
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT EXISTS (
        SELECT FROM publication_duty d JOIN person p ON p.id = d.person_id
        WHERE d.person_id = of_person AND d.unit_id = carried_on_by(of_unit) AND d.duty = wanted AND d.ended_at IS NULL
            AND p.unit_id = carried_on_by(of_unit) AND p.active
    )
$$;

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
    WHERE p.id = NEW.publication_id AND p.case_id = NEW.case_id AND p.unit_id = carried_on_by(NEW.unit_id);
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
    SELECT * INTO held FROM publication p WHERE p.id = NEW.publication_id AND p.case_id = NEW.case_id AND p.unit_id = carried_on_by(NEW.unit_id);
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
    IF NOT EXISTS (SELECT FROM publication p WHERE p.id = NEW.publication_id AND p.case_id = NEW.case_id AND p.unit_id = carried_on_by(NEW.unit_id) AND p.shown_version_id = NEW.version_id) THEN -- condition: posted_shown
        RAISE EXCEPTION 'what is posted is what is published now' USING ERRCODE = 'check_violation';
    END IF;
    PERFORM publication_gate(NEW.publication_id, 'posting'); -- condition: posting_gate
    RETURN NEW;
END $$;

CREATE OR REPLACE FUNCTION require_posting_of_evidence() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    PERFORM FROM publication_posting p
    WHERE p.id = NEW.posting_id AND p.case_id = NEW.case_id AND p.unit_id = carried_on_by(NEW.unit_id) FOR KEY SHARE;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'posting % is of another case', NEW.posting_id USING ERRCODE = 'check_violation';
    END IF;
    PERFORM require_publication_duty(NEW.filed_by, NEW.unit_id, 'publish');
    RETURN NEW;
END $$;

CREATE OR REPLACE FUNCTION require_sound_answer() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    PERFORM require_now(NEW.answered_at, 'an answer');
    PERFORM FROM file_review_finding f WHERE f.id = NEW.finding_id AND f.unit_id = NEW.unit_id AND f.ended_at IS NULL
        FOR SHARE;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'finding % has ended', NEW.finding_id USING ERRCODE = 'check_violation';
    END IF;
    PERFORM FROM person p WHERE p.id = NEW.answered_by AND p.unit_id = carried_on_by(NEW.unit_id);
    IF NOT FOUND THEN
        RAISE EXCEPTION 'the unit that handled the case answers' USING ERRCODE = 'check_violation';
    END IF;
    IF NEW.ordinal <> 1 + (SELECT count(*) FROM file_review_answer a WHERE a.finding_id = NEW.finding_id) THEN
        RAISE EXCEPTION 'answers are counted one by one' USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;

CREATE OR REPLACE FUNCTION require_returns_role(of_person uuid, of_unit uuid, VARIADIC roles text[]) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    PERFORM FROM person p WHERE p.id = of_person AND p.unit_id = carried_on_by(of_unit) AND p.active AND p.role = ANY (roles);
    IF NOT FOUND THEN
        RAISE EXCEPTION 'a return is the work of its own unit, of %', array_to_string(roles, ', ')
            USING ERRCODE = 'check_violation';
    END IF;
END $$;

CREATE OR REPLACE FUNCTION require_sound_dossier() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    PERFORM require_now(NEW.made_at, 'a dossier');
    PERFORM FROM "case" c WHERE c.id = NEW.case_id AND c.unit_id = NEW.unit_id FOR KEY SHARE;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'case % is of another unit', NEW.case_id USING ERRCODE = 'check_violation';
    END IF;
    PERFORM FROM person p WHERE p.id = NEW.made_by AND p.unit_id = carried_on_by(NEW.unit_id) AND p.active
        AND p.role IN ('supervisor', 'publisher');
    IF NOT FOUND THEN
        RAISE EXCEPTION 'a dossier is made by a supervisor or publisher of the case''s unit'
            USING ERRCODE = 'check_violation';
    END IF;
    PERFORM FROM person p WHERE p.id = NEW.contact_id AND p.unit_id = carried_on_by(NEW.unit_id) AND p.active;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'the contact of a dossier is of the case''s unit' USING ERRCODE = 'check_violation';
    END IF;
    IF (
        SELECT s.secrecy_class FROM case_secrecy s WHERE s.case_id = NEW.case_id ORDER BY s.ordinal DESC LIMIT 1
    ) = 'state_secret' THEN
        RAISE EXCEPTION 'nothing is said of a state secret' USING ERRCODE = 'check_violation';
    END IF;
    IF NEW.ordinal <> 1 + (SELECT count(*) FROM dossier d WHERE d.case_id = NEW.case_id) THEN
        RAISE EXCEPTION 'dossiers of a case are counted one by one' USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
