-- Archived cases (归档): class of secrecy (密级), rules of retention (保管期限规则), catalogues (卷内目录).

CREATE TABLE retention_rule (
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
    CONSTRAINT pk_retention_rule PRIMARY KEY (id),
    CONSTRAINT uq_retention_rule_jurisdiction_unit_id_version
        UNIQUE NULLS NOT DISTINCT (jurisdiction, unit_id, version),
    CONSTRAINT ck_retention_rule_version CHECK (version > 0),
    CONSTRAINT ck_retention_rule_valid
        CHECK (lower_inc(valid) AND NOT lower_inf(valid) AND NOT upper_inc(valid)),
    CONSTRAINT ck_retention_rule_source_sha256 CHECK (octet_length(source_sha256) = 32),
    CONSTRAINT ex_retention_rule_one_version EXCLUDE USING gist (
        jurisdiction WITH =, COALESCE(unit_id, '00000000-0000-0000-0000-000000000000'::uuid) WITH =, valid WITH &&
    ),
    CONSTRAINT fk_retention_rule_unit_id FOREIGN KEY(unit_id) REFERENCES unit (id),
    CONSTRAINT fk_retention_rule_loaded_by FOREIGN KEY(loaded_by) REFERENCES person (id)
);

-- A version that was loaded only ever gets an end, once: what was archived by it stays as it was archived.
GRANT SELECT, INSERT ON retention_rule TO liuhen_app;
GRANT UPDATE (valid, in_force_at) ON retention_rule TO liuhen_app;
CREATE TRIGGER only_end BEFORE UPDATE OF valid ON retention_rule FOR EACH ROW EXECUTE FUNCTION only_end();
CREATE TRIGGER keep_ended BEFORE UPDATE ON retention_rule
    FOR EACH ROW EXECUTE FUNCTION keep_ended('in_force_at');
-- Rules may bring classes of their own; none is ever changed.
GRANT INSERT ON retention_class TO liuhen_app;

CREATE TABLE case_secrecy (
    id UUID NOT NULL,
    unit_id UUID NOT NULL,
    case_id UUID NOT NULL,
    ordinal INTEGER NOT NULL,
    secrecy_class TEXT NOT NULL,
    reason TEXT,
    stated_by UUID NOT NULL,
    stated_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_case_secrecy PRIMARY KEY (id),
    CONSTRAINT uq_case_secrecy_case_id_ordinal UNIQUE (case_id, ordinal),
    CONSTRAINT ck_case_secrecy_ordinal CHECK (ordinal > 0),
    CONSTRAINT ck_case_secrecy_secrecy_class
        CHECK (secrecy_class IN ('ordinary', 'privacy', 'business_secret', 'state_secret')),
    CONSTRAINT fk_case_secrecy_unit_id FOREIGN KEY(unit_id) REFERENCES unit (id),
    CONSTRAINT fk_case_secrecy_case_id FOREIGN KEY(case_id) REFERENCES "case" (id),
    CONSTRAINT fk_case_secrecy_stated_by FOREIGN KEY(stated_by) REFERENCES person (id)
);
CREATE INDEX ix_case_secrecy_unit_id ON case_secrecy (unit_id);

CREATE TABLE case_archive (
    id UUID NOT NULL,
    unit_id UUID NOT NULL,
    case_id UUID NOT NULL,
    secrecy_class TEXT NOT NULL,
    retention_class TEXT NOT NULL,
    rules JSONB NOT NULL,
    skipped_reason TEXT,
    archived_by UUID NOT NULL,
    archived_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_case_archive PRIMARY KEY (id),
    CONSTRAINT uq_case_archive_case_id UNIQUE (case_id),
    CONSTRAINT fk_case_archive_unit_id FOREIGN KEY(unit_id) REFERENCES unit (id),
    CONSTRAINT fk_case_archive_case_id FOREIGN KEY(case_id) REFERENCES "case" (id),
    CONSTRAINT fk_case_archive_retention_class FOREIGN KEY(retention_class) REFERENCES retention_class (code),
    CONSTRAINT fk_case_archive_archived_by FOREIGN KEY(archived_by) REFERENCES person (id)
);
CREATE INDEX ix_case_archive_unit_id ON case_archive (unit_id);

CREATE TABLE case_catalogue (
    id UUID NOT NULL,
    unit_id UUID NOT NULL,
    case_id UUID NOT NULL,
    version INTEGER NOT NULL,
    content BYTEA NOT NULL,
    sha256 BYTEA NOT NULL,
    reason TEXT,
    made_by UUID NOT NULL,
    made_at TIMESTAMP WITH TIME ZONE NOT NULL,
    transaction_id xid8 DEFAULT pg_current_xact_id() NOT NULL,
    CONSTRAINT pk_case_catalogue PRIMARY KEY (id),
    CONSTRAINT uq_case_catalogue_case_id_version UNIQUE (case_id, version),
    CONSTRAINT ck_case_catalogue_version CHECK (version > 0 AND (version = 1) = (reason IS NULL)),
    CONSTRAINT ck_case_catalogue_sha256 CHECK (sha256 = sha256(content)),
    CONSTRAINT fk_case_catalogue_unit_id FOREIGN KEY(unit_id) REFERENCES unit (id),
    CONSTRAINT fk_case_catalogue_case_id FOREIGN KEY(case_id) REFERENCES "case" (id),
    CONSTRAINT fk_case_catalogue_made_by FOREIGN KEY(made_by) REFERENCES person (id)
);
CREATE INDEX ix_case_catalogue_unit_id ON case_catalogue (unit_id);

GRANT SELECT, INSERT ON case_secrecy, case_archive TO liuhen_app;
-- In which transaction a catalogue was made is the database's own word.
GRANT SELECT ON case_catalogue TO liuhen_app;
GRANT INSERT (id, unit_id, case_id, version, content, sha256, reason, made_by, made_at) ON case_catalogue TO liuhen_app;

CREATE FUNCTION secrecy_rank(of_class text) RETURNS integer LANGUAGE sql IMMUTABLE AS $$
    SELECT coalesce(array_position(ARRAY['ordinary', 'privacy', 'business_secret', 'state_secret'], of_class), 1)
$$;

-- Stricter by whoever works on the case; less strict only by a supervisor who is not the one that made it so.
CREATE FUNCTION require_secrecy_turn() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    latest case_secrecy%ROWTYPE;
    stating text;
BEGIN
    PERFORM FROM "case" c WHERE c.id = NEW.case_id AND c.unit_id = NEW.unit_id FOR NO KEY UPDATE;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'case % is of another unit', NEW.case_id USING ERRCODE = 'check_violation';
    END IF;
    SELECT * INTO latest FROM case_secrecy s WHERE s.case_id = NEW.case_id ORDER BY s.ordinal DESC LIMIT 1;
    SELECT p.role INTO stating FROM person p WHERE p.id = NEW.stated_by AND p.unit_id = NEW.unit_id AND p.active;
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
CREATE TRIGGER secrecy_turn BEFORE INSERT ON case_secrecy FOR EACH ROW EXECUTE FUNCTION require_secrecy_turn();

-- What a stage holds: casework/archiving/contents.py counts the same.
CREATE FUNCTION stage_is_filled(of_case uuid, of_stage text) RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT EXISTS (SELECT FROM case_link l WHERE l.case_id = of_case AND l.stage = of_stage AND l.ended_at IS NULL)
$$;

-- Whether a recording is kept as long as a class says, from the (Chinese) day it was received.
CREATE FUNCTION is_kept_for(kept_until date, received timestamptz, months integer) RETURNS boolean
LANGUAGE sql STABLE AS $$
    SELECT kept_until IS NULL
        OR months IS NOT NULL AND kept_until >= (received AT TIME ZONE 'Asia/Shanghai')::date + make_interval(months => months)
$$;

-- Recordings are put into a case while nobody archives it, and afterwards with a supplement alone.
CREATE FUNCTION archiving_lock(of_case uuid) RETURNS bigint LANGUAGE sql IMMUTABLE AS $$
    SELECT hashtextextended('archiving ' || of_case::text, 0)
$$;

CREATE FUNCTION require_archivable() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE held "case"%ROWTYPE;
BEGIN
    SELECT * INTO held FROM "case" c WHERE c.id = NEW.case_id AND c.unit_id = NEW.unit_id FOR NO KEY UPDATE;
    PERFORM pg_advisory_xact_lock(archiving_lock(NEW.case_id));
    IF held.closed_at IS NULL THEN
        RAISE EXCEPTION 'case % is not closed, or of another unit', NEW.case_id USING ERRCODE = 'check_violation';
    END IF;
    IF NOT EXISTS (
        SELECT FROM person p
        WHERE p.id = NEW.archived_by AND p.unit_id = NEW.unit_id AND p.active AND p.role = 'supervisor'
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
CREATE TRIGGER archivable BEFORE INSERT ON case_archive FOR EACH ROW EXECUTE FUNCTION require_archivable();

CREATE FUNCTION require_catalogue_of_archive() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(archiving_lock(NEW.case_id));
    IF NOT EXISTS (SELECT FROM case_archive a WHERE a.case_id = NEW.case_id AND a.unit_id = NEW.unit_id)
        OR NEW.version <> 1 + (SELECT count(*) FROM case_catalogue c WHERE c.case_id = NEW.case_id)
        OR NOT EXISTS (
            SELECT FROM person p
            WHERE p.id = NEW.made_by AND p.unit_id = NEW.unit_id AND p.active AND p.role = 'supervisor'
        ) THEN
        RAISE EXCEPTION 'case % has no such catalogue to come, or not by this person', NEW.case_id
            USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER of_archive BEFORE INSERT ON case_catalogue FOR EACH ROW EXECUTE FUNCTION require_catalogue_of_archive();

CREATE FUNCTION require_first_catalogue() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM case_catalogue c WHERE c.case_id = NEW.case_id AND c.version = 1) THEN
        RAISE EXCEPTION 'case % is archived with its catalogue', NEW.case_id USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER first_catalogue AFTER INSERT ON case_archive DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION require_first_catalogue();

-- What is archived stays as it is. Stages, acts, explanations and officers are guarded already: an archived case is closed.
CREATE FUNCTION refuse_archived_case() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM case_archive a WHERE a.case_id = NEW.id) THEN
        RAISE EXCEPTION 'case % is archived', NEW.id USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER unarchived BEFORE UPDATE ON "case" FOR EACH ROW EXECUTE FUNCTION refuse_archived_case();

CREATE FUNCTION require_unarchived_case() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM case_archive a WHERE a.case_id = NEW.case_id) THEN
        RAISE EXCEPTION 'case % is archived', NEW.case_id USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER unarchived BEFORE INSERT ON case_assignment FOR EACH ROW EXECUTE FUNCTION require_unarchived_case();

-- Not the case's row but a lock of its own: whoever enters facts holds that row, and waits for linkers.
CREATE FUNCTION require_supplement() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_advisory_xact_lock_shared(archiving_lock(NEW.case_id));
    IF EXISTS (SELECT FROM case_archive a WHERE a.case_id = NEW.case_id) AND NOT (
        TG_OP = 'INSERT' AND EXISTS (
            SELECT FROM case_catalogue c
            WHERE c.case_id = NEW.case_id AND c.version > 1 AND c.transaction_id = pg_current_xact_id()
        )
    ) THEN
        RAISE EXCEPTION 'case % is archived: a supplement alone adds to it', NEW.case_id
            USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER supplement BEFORE INSERT OR UPDATE ON case_link FOR EACH ROW EXECUTE FUNCTION require_supplement();
