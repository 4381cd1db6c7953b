-- 定期报送: what a unit owes its superiors is ruled by versions; what it drew up stands at a checkpoint of the ledger, is
-- checked by somebody else, and sent. Versions of a return are inserted one after the other, and none is changed.

CREATE TABLE return_rule (
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
    CONSTRAINT pk_return_rule PRIMARY KEY (id),
    CONSTRAINT uq_return_rule_jurisdiction_unit_id_version
        UNIQUE NULLS NOT DISTINCT (jurisdiction, unit_id, version),
    CONSTRAINT ck_return_rule_version CHECK (version > 0),
    CONSTRAINT ck_return_rule_valid
        CHECK (lower_inc(valid) AND NOT lower_inf(valid) AND NOT upper_inc(valid)),
    CONSTRAINT ck_return_rule_source_sha256 CHECK (octet_length(source_sha256) = 32),
    CONSTRAINT ex_return_rule_one_version EXCLUDE USING gist (
        jurisdiction WITH =, COALESCE(unit_id, '00000000-0000-0000-0000-000000000000'::uuid) WITH =, valid WITH &&
    ),
    CONSTRAINT fk_return_rule_unit_id FOREIGN KEY(unit_id) REFERENCES unit (id),
    CONSTRAINT fk_return_rule_loaded_by FOREIGN KEY(loaded_by) REFERENCES person (id)
);
GRANT SELECT, INSERT ON return_rule TO liuhen_app;
GRANT UPDATE (valid, in_force_at) ON return_rule TO liuhen_app;
CREATE TRIGGER only_end BEFORE UPDATE OF valid ON return_rule FOR EACH ROW EXECUTE FUNCTION only_end();
CREATE TRIGGER keep_ended BEFORE UPDATE ON return_rule FOR EACH ROW EXECUTE FUNCTION keep_ended('in_force_at');

CREATE TABLE unit_return (
    id UUID NOT NULL,
    unit_id UUID NOT NULL,
    rule_id UUID NOT NULL,
    code TEXT NOT NULL,
    period TEXT NOT NULL,
    first_day DATE NOT NULL,
    last_day DATE NOT NULL,
    ordinal INTEGER NOT NULL,
    reason TEXT,
    checkpoint_size BIGINT NOT NULL,
    root BYTEA NOT NULL,
    figures JSONB NOT NULL,
    drawn_up_by UUID NOT NULL,
    drawn_up_at TIMESTAMP WITH TIME ZONE NOT NULL,
    checked_by UUID,
    checked_at TIMESTAMP WITH TIME ZONE,
    set_aside_by UUID,
    set_aside_at TIMESTAMP WITH TIME ZONE,
    set_aside_reason TEXT,
    CONSTRAINT pk_unit_return PRIMARY KEY (id),
    CONSTRAINT uq_unit_return_unit_id_code_period_ordinal UNIQUE (unit_id, code, period, ordinal),
    CONSTRAINT ck_unit_return_ordinal CHECK (ordinal > 0 AND (ordinal = 1) = (reason IS NULL)),
    CONSTRAINT ck_unit_return_days CHECK (first_day <= last_day),
    CONSTRAINT ck_unit_return_checked CHECK ((checked_at IS NULL) = (checked_by IS NULL)),
    CONSTRAINT ck_unit_return_four_eyes CHECK (checked_by <> drawn_up_by),
    CONSTRAINT ck_unit_return_set_aside
        CHECK (num_nulls(set_aside_at, set_aside_by, set_aside_reason) IN (0, 3)),
    CONSTRAINT fk_unit_return_unit_id FOREIGN KEY(unit_id) REFERENCES unit (id),
    CONSTRAINT fk_unit_return_rule_id FOREIGN KEY(rule_id) REFERENCES return_rule (id),
    CONSTRAINT fk_unit_return_checkpoint_size FOREIGN KEY(checkpoint_size) REFERENCES ledger_checkpoint (size),
    CONSTRAINT fk_unit_return_drawn_up_by FOREIGN KEY(drawn_up_by) REFERENCES person (id),
    CONSTRAINT fk_unit_return_checked_by FOREIGN KEY(checked_by) REFERENCES person (id),
    CONSTRAINT fk_unit_return_set_aside_by FOREIGN KEY(set_aside_by) REFERENCES person (id)
);
CREATE INDEX ix_unit_return_unit_id ON unit_return (unit_id);
GRANT SELECT, INSERT ON unit_return TO liuhen_app;
GRANT UPDATE (checked_by, checked_at, set_aside_by, set_aside_at, set_aside_reason) ON unit_return TO liuhen_app;

CREATE TABLE return_sending (
    id UUID NOT NULL,
    unit_id UUID NOT NULL,
    return_id UUID NOT NULL,
    recipient TEXT NOT NULL,
    sent_on DATE NOT NULL,
    proof TEXT NOT NULL,
    sent_by UUID NOT NULL,
    sent_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_return_sending PRIMARY KEY (id),
    CONSTRAINT uq_return_sending_return_id_recipient UNIQUE (return_id, recipient),
    CONSTRAINT fk_return_sending_unit_id FOREIGN KEY(unit_id) REFERENCES unit (id),
    CONSTRAINT fk_return_sending_return_id FOREIGN KEY(return_id) REFERENCES unit_return (id),
    CONSTRAINT fk_return_sending_sent_by FOREIGN KEY(sent_by) REFERENCES person (id)
);
CREATE INDEX ix_return_sending_unit_id ON return_sending (unit_id);
GRANT SELECT, INSERT ON return_sending TO liuhen_app;

CREATE TABLE return_receipt (
    id UUID NOT NULL,
    unit_id UUID NOT NULL,
    sending_id UUID NOT NULL,
    name TEXT NOT NULL,
    media_type TEXT NOT NULL,
    content BYTEA NOT NULL,
    sha256 BYTEA NOT NULL,
    filed_by UUID NOT NULL,
    filed_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_return_receipt PRIMARY KEY (id),
    CONSTRAINT ck_return_receipt_sha256 CHECK (sha256 = sha256(content)),
    CONSTRAINT fk_return_receipt_unit_id FOREIGN KEY(unit_id) REFERENCES unit (id),
    CONSTRAINT fk_return_receipt_sending_id FOREIGN KEY(sending_id) REFERENCES return_sending (id),
    CONSTRAINT fk_return_receipt_filed_by FOREIGN KEY(filed_by) REFERENCES person (id)
);
CREATE INDEX ix_return_receipt_unit_id ON return_receipt (unit_id);
CREATE INDEX ix_return_receipt_sending_id ON return_receipt (sending_id);
-- Pictures are compressed already.
ALTER TABLE return_receipt ALTER COLUMN content SET STORAGE EXTERNAL;
GRANT SELECT, INSERT ON return_receipt TO liuhen_app;

DO $$
DECLARE
    each text;
BEGIN
    FOREACH each IN ARRAY ARRAY['unit_return', 'return_sending', 'return_receipt'] LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', each);
        EXECUTE format('CREATE POLICY of_workers ON %I TO liuhen_worker USING (true)', each);
        EXECUTE format(
            'CREATE POLICY of_seen_units ON %I TO liuhen_app USING (unit_id = ANY ((SELECT seen_units())::uuid[]))', each
        );
    END LOOP;
END $$;

-- Of the people whose unit owes a return: nobody else draws it up, checks it or sends it.
CREATE FUNCTION require_returns_role(of_person uuid, of_unit uuid, VARIADIC roles text[]) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    PERFORM FROM person p WHERE p.id = of_person AND p.unit_id = of_unit AND p.active AND p.role = ANY (roles);
    IF NOT FOUND THEN
        RAISE EXCEPTION 'a return is the work of its own unit, of %', array_to_string(roles, ', ')
            USING ERRCODE = 'check_violation';
    END IF;
END $$;
-- For the triggers below, which run as the owner.
REVOKE EXECUTE ON FUNCTION require_returns_role FROM PUBLIC;

-- Its period is over, its checkpoint was signed since, its rule held on the period's last day; and the version before it
-- went out, or was set aside.
CREATE FUNCTION require_sound_return() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    former unit_return%ROWTYPE;
BEGIN
    PERFORM require_now(NEW.drawn_up_at, 'a return');
    PERFORM require_returns_role(NEW.drawn_up_by, NEW.unit_id, 'supervisor', 'publisher');
    IF NEW.checked_at IS NOT NULL OR NEW.set_aside_at IS NOT NULL OR NEW.last_day >= chinese_day(now()) THEN
        RAISE EXCEPTION 'a return is drawn up of a period that is over' USING ERRCODE = 'check_violation';
    END IF;
    PERFORM FROM return_rule r CROSS JOIN jsonb_array_elements(r.rules->'returns') AS k(stated)
    WHERE r.id = NEW.rule_id AND r.valid @> NEW.last_day AND k.stated->>'code' = NEW.code;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'no rule asks for the return % of %', NEW.code, NEW.period USING ERRCODE = 'check_violation';
    END IF;
    PERFORM FROM ledger_checkpoint c
    WHERE c.size = NEW.checkpoint_size AND c.root = NEW.root AND chinese_day(c.signed_at) > NEW.last_day;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'a return is of a checkpoint that was signed after its period' USING ERRCODE = 'check_violation';
    END IF;
    SELECT r.* INTO former FROM unit_return r
    WHERE r.unit_id = NEW.unit_id AND r.code = NEW.code AND r.period = NEW.period ORDER BY r.ordinal DESC LIMIT 1
    FOR NO KEY UPDATE;
    IF NEW.ordinal <> COALESCE(former.ordinal, 0) + 1 OR former.id IS NOT NULL AND former.set_aside_at IS NULL
        AND NOT EXISTS (SELECT FROM return_sending s WHERE s.return_id = former.id)
    THEN
        RAISE EXCEPTION 'versions of a return follow one another' USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER sound BEFORE INSERT ON unit_return FOR EACH ROW EXECUTE FUNCTION require_sound_return();

CREATE FUNCTION require_return_to_settle() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF OLD.set_aside_at IS NOT NULL OR EXISTS (SELECT FROM return_sending s WHERE s.return_id = NEW.id) THEN
        RAISE EXCEPTION 'return % was set aside, or sent, and stays', NEW.id USING ERRCODE = 'check_violation';
    END IF;
    IF NEW.checked_at IS DISTINCT FROM OLD.checked_at THEN
        PERFORM require_now(NEW.checked_at, 'a check');
        PERFORM require_returns_role(NEW.checked_by, NEW.unit_id, 'supervisor', 'legal_reviewer');
    END IF;
    IF NEW.set_aside_at IS DISTINCT FROM OLD.set_aside_at THEN
        PERFORM require_now(NEW.set_aside_at, 'setting a return aside');
        PERFORM require_returns_role(NEW.set_aside_by, NEW.unit_id, 'supervisor', 'legal_reviewer');
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER settle BEFORE UPDATE ON unit_return FOR EACH ROW EXECUTE FUNCTION require_return_to_settle();
CREATE TRIGGER keep_checked BEFORE UPDATE ON unit_return FOR EACH ROW EXECUTE FUNCTION keep_ended('checked_at');
CREATE TRIGGER keep_checker BEFORE UPDATE ON unit_return FOR EACH ROW EXECUTE FUNCTION keep_ended('checked_by');

-- What is sent was checked, is the last version, and goes to whom its rule names, on a day that has come.
CREATE FUNCTION require_return_to_send() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    of_return unit_return%ROWTYPE;
BEGIN
    PERFORM require_now(NEW.sent_at, 'a sending');
    PERFORM require_returns_role(NEW.sent_by, NEW.unit_id, 'supervisor', 'publisher');
    SELECT r.* INTO of_return FROM unit_return r
    WHERE r.id = NEW.return_id AND r.unit_id = NEW.unit_id AND r.checked_at IS NOT NULL AND r.set_aside_at IS NULL
    FOR NO KEY UPDATE;
    IF of_return.id IS NULL OR EXISTS (
        SELECT FROM unit_return r WHERE r.unit_id = of_return.unit_id AND r.code = of_return.code
            AND r.period = of_return.period AND r.ordinal > of_return.ordinal
    ) THEN
        RAISE EXCEPTION 'return % is not one to send', NEW.return_id USING ERRCODE = 'check_violation';
    END IF;
    PERFORM FROM return_rule r CROSS JOIN jsonb_array_elements(r.rules->'returns') AS k(stated)
    WHERE r.id = of_return.rule_id AND k.stated->>'code' = of_return.code AND k.stated->'recipients' ? NEW.recipient;
    IF NOT FOUND OR NEW.sent_on NOT BETWEEN chinese_day(of_return.checked_at) AND chinese_day(now()) THEN
        RAISE EXCEPTION 'a return goes to its recipients, between its check and today' USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER to_send BEFORE INSERT ON return_sending FOR EACH ROW EXECUTE FUNCTION require_return_to_send();

CREATE FUNCTION require_sending_of_receipt() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    PERFORM require_now(NEW.filed_at, 'a receipt');
    PERFORM require_returns_role(NEW.filed_by, NEW.unit_id, 'supervisor', 'publisher');
    PERFORM FROM return_sending s WHERE s.id = NEW.sending_id AND s.unit_id = NEW.unit_id FOR KEY SHARE;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'sending % is of another unit', NEW.sending_id USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER of_sending BEFORE INSERT ON return_receipt FOR EACH ROW EXECUTE FUNCTION require_sending_of_receipt();

-- The unit of a row that is not seen: of returns as well.
CREATE OR REPLACE FUNCTION unit_of(kind TEXT, row_id UUID) RETURNS UUID
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    -- casework/retrieval/sampling.py names what was viewed by the grant it was viewed under.
    named text := CASE kind WHEN 'playback_window' THEN 'access_grant' ELSE kind END;
    found uuid;
BEGIN
    IF named NOT IN (
        'recording', 'case', 'case_link', 'link_question', 'access_request', 'access_grant', 'export', 'hold', 'case_act',
        'act_explanation', 'case_event', 'case_term', 'case_officer', 'document', 'crime_transfer', 'decision',
        'decision_submission', 'decision_review', 'decision_disagreement', 'case_service', 'redaction', 'redacted_copy',
        'request_attachment', 'room_session', 'person', 'api_token', 'publication', 'publication_posting',
        'publication_push', 'posting_evidence', 'adviser', 'file_review', 'file_review_finding', 'unit_return',
        'return_sending', 'return_receipt'
    ) THEN
        RETURN NULL;
    END IF;
    EXECUTE format('SELECT unit_id FROM public.%I WHERE id = $1', named) INTO found USING row_id;
    RETURN found;
END $$;
