-- 执法公示: what is published, in which words, by whom, where; and why something is not, or no more.
--
-- Publishing counts as issuing: it asks the gate of 0026. Lines marked `condition:` are each tried by a test that takes
-- it out.

CREATE TABLE publication_rule (
    id UUID NOT NULL,
    unit_id UUID,
    jurisdiction TEXT NOT NULL,
    version INTEGER NOT NULL,
    valid DATERANGE NOT NULL,
    title_zh TEXT NOT NULL,
    title_en TEXT NOT NULL,
    rules JSONB NOT NULL,
    source TEXT NOT NULL,
    source_sha256 BYTEA NOT NULL,
    loaded_by UUID,
    loaded_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    in_force_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT pk_publication_rule PRIMARY KEY (id),
    CONSTRAINT uq_publication_rule_jurisdiction_unit_id_version
        UNIQUE NULLS NOT DISTINCT (jurisdiction, unit_id, version),
    CONSTRAINT ck_publication_rule_version CHECK (version > 0),
    CONSTRAINT ck_publication_rule_valid
        CHECK (lower_inc(valid) AND NOT lower_inf(valid) AND NOT upper_inc(valid)),
    CONSTRAINT ck_publication_rule_source_sha256 CHECK (octet_length(source_sha256) = 32),
    CONSTRAINT ex_publication_rule_one_version EXCLUDE USING gist (
        jurisdiction WITH =, COALESCE(unit_id, '00000000-0000-0000-0000-000000000000'::uuid) WITH =, valid WITH &&
    ),
    CONSTRAINT fk_publication_rule_unit_id FOREIGN KEY(unit_id) REFERENCES unit (id),
    CONSTRAINT fk_publication_rule_loaded_by FOREIGN KEY(loaded_by) REFERENCES person (id)
);
GRANT SELECT, INSERT ON publication_rule TO liuhen_app;
GRANT UPDATE (valid, in_force_at) ON publication_rule TO liuhen_app;
CREATE TRIGGER only_end BEFORE UPDATE OF valid ON publication_rule FOR EACH ROW EXECUTE FUNCTION only_end();
CREATE TRIGGER keep_ended BEFORE UPDATE ON publication_rule FOR EACH ROW EXECUTE FUNCTION keep_ended('in_force_at');

CREATE TABLE publication_duty (
    id UUID NOT NULL,
    unit_id UUID NOT NULL,
    person_id UUID NOT NULL,
    duty TEXT NOT NULL,
    named_by UUID,
    named_at TIMESTAMP WITH TIME ZONE NOT NULL,
    ended_by UUID,
    ended_at TIMESTAMP WITH TIME ZONE,
    end_reason TEXT,
    CONSTRAINT pk_publication_duty PRIMARY KEY (id),
    CONSTRAINT ck_publication_duty_duty CHECK (duty IN ('collect', 'transmit', 'review', 'publish')),
    CONSTRAINT ck_publication_duty_ended CHECK ((ended_at IS NULL) = (end_reason IS NULL)),
    CONSTRAINT fk_publication_duty_unit_id FOREIGN KEY(unit_id) REFERENCES unit (id),
    CONSTRAINT fk_publication_duty_person_id FOREIGN KEY(person_id) REFERENCES person (id),
    CONSTRAINT fk_publication_duty_named_by FOREIGN KEY(named_by) REFERENCES person (id),
    CONSTRAINT fk_publication_duty_ended_by FOREIGN KEY(ended_by) REFERENCES person (id)
);
CREATE INDEX ix_publication_duty_unit_id ON publication_duty (unit_id);
CREATE UNIQUE INDEX uq_publication_duty_live ON publication_duty (person_id, duty) WHERE ended_at IS NULL;

CREATE TABLE publication (
    id UUID NOT NULL,
    unit_id UUID NOT NULL,
    case_id UUID NOT NULL,
    kind TEXT NOT NULL,
    event_id UUID NOT NULL,
    issue_id UUID,
    begun_by UUID NOT NULL,
    begun_at TIMESTAMP WITH TIME ZONE NOT NULL,
    shown_version_id UUID,
    shown_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT pk_publication PRIMARY KEY (id),
    CONSTRAINT uq_publication_event_id UNIQUE (event_id),
    CONSTRAINT ck_publication_kind CHECK (kind IN ('penalty', 'inspection')),
    CONSTRAINT ck_publication_issue CHECK ((kind = 'penalty') = (issue_id IS NOT NULL)),
    CONSTRAINT ck_publication_shown CHECK ((shown_version_id IS NULL) = (shown_at IS NULL)),
    CONSTRAINT fk_publication_unit_id FOREIGN KEY(unit_id) REFERENCES unit (id),
    CONSTRAINT fk_publication_case_id FOREIGN KEY(case_id) REFERENCES "case" (id),
    CONSTRAINT fk_publication_event_id FOREIGN KEY(event_id) REFERENCES case_event (id),
    CONSTRAINT fk_publication_issue_id FOREIGN KEY(issue_id) REFERENCES decision_issue (id),
    CONSTRAINT fk_publication_begun_by FOREIGN KEY(begun_by) REFERENCES person (id)
);
CREATE INDEX ix_publication_case_id ON publication (case_id);
CREATE INDEX ix_publication_unit_id ON publication (unit_id);
CREATE INDEX ix_publication_shown ON publication (shown_at, id) WHERE shown_version_id IS NOT NULL;

CREATE TABLE publication_version (
    id UUID NOT NULL,
    unit_id UUID NOT NULL,
    case_id UUID NOT NULL,
    publication_id UUID NOT NULL,
    ordinal INTEGER NOT NULL,
    party_full TEXT NOT NULL,
    party_kind TEXT NOT NULL,
    conclusion_full TEXT NOT NULL,
    names JSONB NOT NULL,
    authority TEXT,
    party TEXT,
    category TEXT,
    conclusion TEXT,
    document_number TEXT,
    legal_basis TEXT,
    decided_on DATE,
    withhold_ground TEXT,
    withhold_reason TEXT,
    kept JSONB NOT NULL,
    rules JSONB NOT NULL,
    needs_second BOOLEAN NOT NULL,
    reason TEXT,
    hides_former BOOLEAN NOT NULL,
    stated_by UUID NOT NULL,
    stated_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_publication_version PRIMARY KEY (id),
    CONSTRAINT uq_publication_version_publication_id_ordinal UNIQUE (publication_id, ordinal),
    CONSTRAINT ck_publication_version_ordinal CHECK (ordinal > 0),
    CONSTRAINT ck_publication_version_first CHECK ((ordinal = 1) = (reason IS NULL)),
    CONSTRAINT ck_publication_version_party_kind CHECK (party_kind IN ('citizen', 'organisation')),
    CONSTRAINT ck_publication_version_whole CHECK (
        (withhold_ground IS NULL) = (withhold_reason IS NULL)
        AND num_nonnulls(authority, party, category, conclusion, decided_on)
            = CASE WHEN withhold_ground IS NULL THEN 5 ELSE 0 END
    ),
    CONSTRAINT ck_publication_version_lists CHECK (
        jsonb_typeof(names) = 'array' AND jsonb_typeof(kept) = 'array' AND jsonb_typeof(rules) = 'array'
    ),
    CONSTRAINT fk_publication_version_unit_id FOREIGN KEY(unit_id) REFERENCES unit (id),
    CONSTRAINT fk_publication_version_case_id FOREIGN KEY(case_id) REFERENCES "case" (id),
    CONSTRAINT fk_publication_version_publication_id FOREIGN KEY(publication_id) REFERENCES publication (id),
    CONSTRAINT fk_publication_version_stated_by FOREIGN KEY(stated_by) REFERENCES person (id)
);
CREATE INDEX ix_publication_version_case_id ON publication_version (case_id);
CREATE INDEX ix_publication_version_unit_id ON publication_version (unit_id);

CREATE TABLE publication_step (
    id UUID NOT NULL,
    unit_id UUID NOT NULL,
    case_id UUID NOT NULL,
    publication_id UUID NOT NULL,
    version_id UUID NOT NULL,
    ordinal INTEGER NOT NULL,
    step TEXT NOT NULL,
    ground TEXT,
    reason TEXT,
    taken_by UUID NOT NULL,
    taken_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_publication_step PRIMARY KEY (id),
    CONSTRAINT uq_publication_step_publication_id_ordinal UNIQUE (publication_id, ordinal),
    CONSTRAINT ck_publication_step_ordinal CHECK (ordinal > 0),
    CONSTRAINT ck_publication_step_step
        CHECK (step IN ('transmitted', 'passed', 'returned', 'published', 'withheld', 'taken_down')),
    CONSTRAINT ck_publication_step_ground CHECK ((step = 'taken_down') = (ground IS NOT NULL)),
    CONSTRAINT ck_publication_step_known_ground
        CHECK (ground IS NULL OR ground IN ('revoked', 'unlawful', 'remade', 'inaccurate', 'privacy')),
    CONSTRAINT ck_publication_step_reason CHECK (step NOT IN ('returned', 'taken_down') OR reason IS NOT NULL),
    CONSTRAINT fk_publication_step_unit_id FOREIGN KEY(unit_id) REFERENCES unit (id),
    CONSTRAINT fk_publication_step_case_id FOREIGN KEY(case_id) REFERENCES "case" (id),
    CONSTRAINT fk_publication_step_publication_id FOREIGN KEY(publication_id) REFERENCES publication (id),
    CONSTRAINT fk_publication_step_version_id FOREIGN KEY(version_id) REFERENCES publication_version (id),
    CONSTRAINT fk_publication_step_taken_by FOREIGN KEY(taken_by) REFERENCES person (id)
);
CREATE INDEX ix_publication_step_case_id ON publication_step (case_id);
CREATE INDEX ix_publication_step_unit_id ON publication_step (unit_id);

CREATE TABLE publication_posting (
    id UUID NOT NULL,
    unit_id UUID NOT NULL,
    case_id UUID NOT NULL,
    publication_id UUID NOT NULL,
    version_id UUID NOT NULL,
    channel TEXT NOT NULL,
    place TEXT NOT NULL,
    posted_on DATE NOT NULL,
    posted_by UUID NOT NULL,
    posted_at TIMESTAMP WITH TIME ZONE NOT NULL,
    removed_at TIMESTAMP WITH TIME ZONE,
    removed_by UUID,
    removal TEXT,
    CONSTRAINT pk_publication_posting PRIMARY KEY (id),
    CONSTRAINT ck_publication_posting_removed CHECK (
        (removed_at IS NULL) = (removed_by IS NULL) AND (removed_at IS NULL) = (removal IS NULL)
    ),
    CONSTRAINT fk_publication_posting_unit_id FOREIGN KEY(unit_id) REFERENCES unit (id),
    CONSTRAINT fk_publication_posting_case_id FOREIGN KEY(case_id) REFERENCES "case" (id),
    CONSTRAINT fk_publication_posting_publication_id FOREIGN KEY(publication_id) REFERENCES publication (id),
    CONSTRAINT fk_publication_posting_version_id FOREIGN KEY(version_id) REFERENCES publication_version (id),
    CONSTRAINT fk_publication_posting_posted_by FOREIGN KEY(posted_by) REFERENCES person (id),
    CONSTRAINT fk_publication_posting_removed_by FOREIGN KEY(removed_by) REFERENCES person (id)
);
CREATE INDEX ix_publication_posting_case_id ON publication_posting (case_id);
CREATE INDEX ix_publication_posting_unit_id ON publication_posting (unit_id);
CREATE UNIQUE INDEX uq_publication_posting_live
    ON publication_posting (publication_id, version_id, channel) WHERE removed_at IS NULL;

CREATE TABLE posting_evidence (
    id UUID NOT NULL,
    unit_id UUID NOT NULL,
    case_id UUID NOT NULL,
    posting_id UUID NOT NULL,
    name TEXT NOT NULL,
    media_type TEXT NOT NULL,
    content BYTEA NOT NULL,
    sha256 BYTEA NOT NULL,
    filed_by UUID NOT NULL,
    filed_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_posting_evidence PRIMARY KEY (id),
    CONSTRAINT ck_posting_evidence_sha256 CHECK (sha256 = sha256(content)),
    CONSTRAINT fk_posting_evidence_unit_id FOREIGN KEY(unit_id) REFERENCES unit (id),
    CONSTRAINT fk_posting_evidence_case_id FOREIGN KEY(case_id) REFERENCES "case" (id),
    CONSTRAINT fk_posting_evidence_posting_id FOREIGN KEY(posting_id) REFERENCES publication_posting (id),
    CONSTRAINT fk_posting_evidence_filed_by FOREIGN KEY(filed_by) REFERENCES person (id)
);
CREATE INDEX ix_posting_evidence_case_id ON posting_evidence (case_id);
CREATE INDEX ix_posting_evidence_unit_id ON posting_evidence (unit_id);
-- Pictures are compressed already.
ALTER TABLE posting_evidence ALTER COLUMN content SET STORAGE EXTERNAL;

-- Rows are only added; what may end, ends once. What the public sees is nobody's to write: it follows from the steps.
GRANT SELECT, INSERT ON publication_duty, publication_version, publication_step, publication_posting, posting_evidence
    TO liuhen_app;
GRANT SELECT ON publication TO liuhen_app;
GRANT INSERT (id, unit_id, case_id, kind, event_id, issue_id, begun_by, begun_at) ON publication TO liuhen_app;
GRANT UPDATE (ended_at, ended_by, end_reason) ON publication_duty TO liuhen_app;
GRANT UPDATE (removed_at, removed_by, removal) ON publication_posting TO liuhen_app;
CREATE TRIGGER keep_ended BEFORE UPDATE ON publication_duty FOR EACH ROW EXECUTE FUNCTION keep_ended('ended_at');
CREATE TRIGGER keep_removed BEFORE UPDATE ON publication_posting
    FOR EACH ROW EXECUTE FUNCTION keep_ended('removed_at');

CREATE FUNCTION require_own_duty() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    PERFORM FROM person p WHERE p.id = NEW.person_id AND p.unit_id = NEW.unit_id AND p.active FOR KEY SHARE;
    IF NOT FOUND OR NEW.ended_at IS NOT NULL THEN
        RAISE EXCEPTION 'a duty of publishing is of somebody active in the unit' USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER own_duty BEFORE INSERT ON publication_duty FOR EACH ROW EXECUTE FUNCTION require_own_duty();

CREATE FUNCTION has_publication_duty(of_person uuid, of_unit uuid, wanted text) RETURNS boolean
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT EXISTS (
        SELECT FROM publication_duty d JOIN person p ON p.id = d.person_id
        WHERE d.person_id = of_person AND d.unit_id = of_unit AND d.duty = wanted AND d.ended_at IS NULL
            AND p.unit_id = of_unit AND p.active
    )
$$;

CREATE FUNCTION require_publication_duty(of_person uuid, of_unit uuid, wanted text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF NOT has_publication_duty(of_person, of_unit, wanted) THEN -- condition: publication_duty
        RAISE EXCEPTION 'this is the deed of whoever has the duty % in the unit', wanted
            USING ERRCODE = 'check_violation';
    END IF;
END $$;

-- Of text that anybody can read: identity numbers and the names of natural persons are in none, whatever the rules say.
CREATE FUNCTION names_somebody(said text, names text[]) RETURNS boolean LANGUAGE sql IMMUTABLE
SET search_path = pg_catalog, pg_temp AS $$
    WITH plain AS (SELECT regexp_replace(normalize(coalesce(said, ''), NFKC), '\s', '', 'g') AS words)
    SELECT words ~ '(^|[^0-9])[1-8][0-9]{5}(18|19|20)[0-9]{2}(0[1-9]|1[0-2])(0[1-9]|[12][0-9]|3[01])[0-9]{3}[0-9Xx]'
        OR EXISTS (SELECT FROM unnest(names) n WHERE char_length(n) > 1 AND position(n IN words) > 0)
    FROM plain
$$;

-- THE GATE, for whatever is published: a penalty was issued by a pass that stands; of an inspection nothing waits for one.
CREATE FUNCTION publication_gate(of_publication uuid, what text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    held publication%ROWTYPE;
    of_issue decision_issue%ROWTYPE;
    since timestamptz;
BEGIN
    SELECT * INTO held FROM publication p WHERE p.id = of_publication;
    PERFORM lock_case_in_turn(held.case_id);
    SELECT e.entered_at INTO since FROM case_event e WHERE e.id = held.event_id;
    IF held.kind = 'penalty' THEN
        SELECT * INTO of_issue FROM decision_issue i WHERE i.id = held.issue_id;
        since := of_issue.issued_at;
        PERFORM refuse_unless_issued(of_issue.version_id, what); -- condition: publication_gate
    ELSE
        PERFORM refuse_at_the_gate(case_gate_refusals(held.case_id, NULL, NULL), what); -- condition: inspection_gate
    END IF;
    IF EXISTS (SELECT FROM case_event e WHERE e.case_id = held.case_id AND e.kind = 'decision_revoked' AND e.withdrawn_at IS NULL AND e.entered_at > since) THEN -- condition: not_revoked
        RAISE EXCEPTION 'the decision was revoked: nothing of it is published' USING ERRCODE = 'check_violation';
    END IF;
END $$;

CREATE FUNCTION require_sound_publication() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    PERFORM lock_case_in_turn(NEW.case_id);
    PERFORM require_now(NEW.begun_at, 'a publication');
    PERFORM require_publication_duty(NEW.begun_by, NEW.unit_id, 'collect');
    PERFORM FROM case_event e JOIN "case" c ON c.id = e.case_id
    WHERE e.id = NEW.event_id AND e.case_id = NEW.case_id AND c.unit_id = NEW.unit_id AND e.withdrawn_at IS NULL
        AND e.kind = CASE NEW.kind WHEN 'penalty' THEN 'penalty_decided' ELSE 'inspection_concluded' END;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'event % is none from which the publication of a % runs', NEW.event_id, NEW.kind
            USING ERRCODE = 'check_violation';
    END IF;
    IF NEW.kind = 'penalty' AND NOT EXISTS (SELECT FROM decision_issue i JOIN decision_version v ON v.id = i.version_id JOIN case_event e ON e.id = NEW.event_id WHERE i.id = NEW.issue_id AND i.case_id = NEW.case_id AND v.kind = 'penalty' AND i.issued_on = e.day) THEN -- condition: own_issue
        RAISE EXCEPTION 'what is published was issued in this case, on the day of the event'
            USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER sound_publication BEFORE INSERT ON publication
    FOR EACH ROW EXECUTE FUNCTION require_sound_publication();

-- What was decided is not the writer's to say; and nothing that is to be public names a natural person.
CREATE FUNCTION require_sound_publication_version() RETURNS trigger
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
CREATE TRIGGER sound_version BEFORE INSERT ON publication_version
    FOR EACH ROW EXECUTE FUNCTION require_sound_publication_version();

-- 采集 → 传递 → 审核 → 发布: each step by whoever has its duty, after the one before it, and nobody checks his own work.
CREATE FUNCTION require_step_in_turn() RETURNS trigger
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
CREATE TRIGGER in_turn BEFORE INSERT ON publication_step FOR EACH ROW EXECUTE FUNCTION require_step_in_turn();

CREATE FUNCTION show_publication() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    UPDATE publication p SET
        shown_version_id = CASE WHEN NEW.step = 'published' THEN NEW.version_id END,
        shown_at = CASE WHEN NEW.step = 'published' THEN NEW.taken_at END
    WHERE p.id = NEW.publication_id;
    RETURN NULL;
END $$;
CREATE TRIGGER shown AFTER INSERT ON publication_step FOR EACH ROW
    WHEN (NEW.step IN ('published', 'withheld', 'taken_down')) EXECUTE FUNCTION show_publication();

-- On other channels is what the public sees here; and it asks the gate again, for days may have passed.
CREATE FUNCTION require_shown_to_post() RETURNS trigger
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
CREATE TRIGGER shown_to_post BEFORE INSERT OR UPDATE ON publication_posting
    FOR EACH ROW EXECUTE FUNCTION require_shown_to_post();

CREATE FUNCTION require_posting_of_evidence() RETURNS trigger
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
CREATE TRIGGER of_posting BEFORE INSERT ON posting_evidence
    FOR EACH ROW EXECUTE FUNCTION require_posting_of_evidence();

-- The ledger does not say that something was published, or posted, unless it was.
CREATE FUNCTION require_published_entry() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    said CONSTANT jsonb := convert_from(NEW.entry, 'UTF8')::jsonb->'data';
BEGIN
    PERFORM FROM publication_step s WHERE s.id::text = said->>'step_id' AND s.publication_id::text = NEW.subject_id
        AND s.step = 'published' AND NEW.action = 'publication.published'
    UNION ALL SELECT FROM publication_posting p WHERE p.id::text = said->>'posting_id'
        AND p.publication_id::text = NEW.subject_id AND NEW.action = 'publication.posted';
    IF NOT FOUND THEN -- condition: published_entry
        PERFORM refuse_at_the_gate(ARRAY['not_issued'], 'the entry ' || NEW.action);
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER published_entry BEFORE INSERT ON ledger_entry FOR EACH ROW
    WHEN (NEW.action IN ('publication.published', 'publication.posted'))
    EXECUTE FUNCTION require_published_entry();
