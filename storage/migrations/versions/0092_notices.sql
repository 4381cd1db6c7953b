-- Before a penalty the party is told what is to be decided and why, and heard (处罚法 44, 45, 51, 62 to 64): which notices
-- are owed (rules), what he was told, what he said, how it was answered; and what of it is still missing.
-- docs/notices.md, docs/decisions/0039-told-before-punished.md. Lines marked `told:` are each tried by a test that takes
-- it out.

-- Versions by jurisdiction and unit. All that hold for a unit hold together, so that none takes from another.
CREATE TABLE notice_rule (
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
    CONSTRAINT pk_notice_rule PRIMARY KEY (id),
    CONSTRAINT uq_notice_rule_jurisdiction_unit_id_version
        UNIQUE NULLS NOT DISTINCT (jurisdiction, unit_id, version),
    CONSTRAINT ck_notice_rule_version CHECK (version > 0),
    CONSTRAINT ck_notice_rule_valid CHECK (lower_inc(valid) AND NOT lower_inf(valid) AND NOT upper_inc(valid)),
    CONSTRAINT ck_notice_rule_source_sha256 CHECK (octet_length(source_sha256) = 32),
    CONSTRAINT ex_notice_rule_one_version EXCLUDE USING gist (
        jurisdiction WITH =, COALESCE(unit_id, '00000000-0000-0000-0000-000000000000'::uuid) WITH =, valid WITH &&
    ),
    CONSTRAINT fk_notice_rule_unit_id FOREIGN KEY(unit_id) REFERENCES unit (id),
    CONSTRAINT fk_notice_rule_loaded_by FOREIGN KEY(loaded_by) REFERENCES person (id)
);
GRANT SELECT, INSERT ON notice_rule TO liuhen_app;
GRANT UPDATE (valid, in_force_at) ON notice_rule TO liuhen_app;
CREATE TRIGGER only_end BEFORE UPDATE OF valid ON notice_rule FOR EACH ROW EXECUTE FUNCTION only_end();
CREATE TRIGGER keep_ended BEFORE UPDATE ON notice_rule FOR EACH ROW EXECUTE FUNCTION keep_ended('in_force_at');
-- What is owed today stays so today.
CREATE TRIGGER coming_end BEFORE UPDATE OF valid ON notice_rule FOR EACH ROW EXECUTE FUNCTION require_coming_end();
CREATE TRIGGER live_unit BEFORE INSERT OR UPDATE OF unit_id ON notice_rule
    FOR EACH ROW EXECUTE FUNCTION require_live_unit('unit_id');

-- Cases opened before this moment go on without: nobody can be told in arrears.
CREATE TABLE notice_began (
    id INTEGER NOT NULL,
    began_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_notice_began PRIMARY KEY (id),
    CONSTRAINT ck_notice_began_once CHECK (id = 1)
);
INSERT INTO notice_began VALUES (1, now());
GRANT SELECT ON notice_began TO liuhen_app;

CREATE TABLE party_notice (
    id UUID NOT NULL,
    unit_id UUID NOT NULL,
    case_id UUID NOT NULL,
    decision_id UUID NOT NULL,
    version_id UUID NOT NULL,
    kind TEXT NOT NULL,
    document_id UUID,
    days INTEGER,
    told_by UUID,
    told_at TIMESTAMP WITH TIME ZONE,
    place TEXT,
    stated_by UUID NOT NULL,
    stated_at TIMESTAMP WITH TIME ZONE NOT NULL,
    withdrawn_at TIMESTAMP WITH TIME ZONE,
    withdrawn_by UUID,
    withdraw_reason TEXT,
    CONSTRAINT pk_party_notice PRIMARY KEY (id),
    CONSTRAINT ck_party_notice_kind CHECK (kind IN ('penalty', 'hearing')),
    CONSTRAINT ck_party_notice_manner CHECK (
        num_nonnulls(document_id, told_at) = 1 AND num_nonnulls(told_by, told_at, place) IN (0, 3)
        AND (kind = 'penalty' OR document_id IS NOT NULL)
    ),
    CONSTRAINT ck_party_notice_withdrawn CHECK (
        (withdrawn_at IS NULL) = (withdrawn_by IS NULL) AND (withdrawn_at IS NULL) = (withdraw_reason IS NULL)
    ),
    CONSTRAINT fk_party_notice_unit_id FOREIGN KEY(unit_id) REFERENCES unit (id),
    CONSTRAINT fk_party_notice_case_id FOREIGN KEY(case_id) REFERENCES "case" (id),
    CONSTRAINT fk_party_notice_decision_id FOREIGN KEY(decision_id) REFERENCES decision (id),
    CONSTRAINT fk_party_notice_version_id FOREIGN KEY(version_id) REFERENCES decision_version (id),
    CONSTRAINT fk_party_notice_document_id FOREIGN KEY(document_id) REFERENCES document (id),
    CONSTRAINT fk_party_notice_told_by FOREIGN KEY(told_by) REFERENCES person (id),
    CONSTRAINT fk_party_notice_stated_by FOREIGN KEY(stated_by) REFERENCES person (id),
    CONSTRAINT fk_party_notice_withdrawn_by FOREIGN KEY(withdrawn_by) REFERENCES person (id)
);
CREATE INDEX ix_party_notice_unit_id ON party_notice (unit_id);
CREATE INDEX ix_party_notice_case_id ON party_notice (case_id);
CREATE INDEX ix_party_notice_decision_id ON party_notice (decision_id);
-- A paper tells of one draft: of another one it would have to say something else.
CREATE UNIQUE INDEX uq_party_notice_standing ON party_notice (document_id) WHERE withdrawn_at IS NULL;

CREATE TABLE party_reply (
    id UUID NOT NULL,
    unit_id UUID NOT NULL,
    case_id UUID NOT NULL,
    notice_id UUID NOT NULL,
    kind TEXT NOT NULL,
    said_at TIMESTAMP WITH TIME ZONE NOT NULL,
    heard_by UUID NOT NULL,
    content TEXT,
    document_id UUID,
    recording_id UUID,
    stated_by UUID NOT NULL,
    stated_at TIMESTAMP WITH TIME ZONE NOT NULL,
    withdrawn_at TIMESTAMP WITH TIME ZONE,
    withdrawn_by UUID,
    withdraw_reason TEXT,
    CONSTRAINT pk_party_reply PRIMARY KEY (id),
    CONSTRAINT ck_party_reply_kind CHECK (kind IN (
        'statement', 'statement_waived', 'hearing_requested', 'hearing_request_withdrawn', 'hearing_waived'
    )),
    CONSTRAINT ck_party_reply_said CHECK (kind <> 'statement' OR content IS NOT NULL),
    CONSTRAINT ck_party_reply_has_been CHECK (said_at <= stated_at),
    CONSTRAINT ck_party_reply_withdrawn CHECK (
        (withdrawn_at IS NULL) = (withdrawn_by IS NULL) AND (withdrawn_at IS NULL) = (withdraw_reason IS NULL)
    ),
    CONSTRAINT fk_party_reply_unit_id FOREIGN KEY(unit_id) REFERENCES unit (id),
    CONSTRAINT fk_party_reply_case_id FOREIGN KEY(case_id) REFERENCES "case" (id),
    CONSTRAINT fk_party_reply_notice_id FOREIGN KEY(notice_id) REFERENCES party_notice (id),
    CONSTRAINT fk_party_reply_heard_by FOREIGN KEY(heard_by) REFERENCES person (id),
    CONSTRAINT fk_party_reply_document_id FOREIGN KEY(document_id) REFERENCES document (id),
    CONSTRAINT fk_party_reply_recording_id FOREIGN KEY(recording_id) REFERENCES recording (id),
    CONSTRAINT fk_party_reply_stated_by FOREIGN KEY(stated_by) REFERENCES person (id),
    CONSTRAINT fk_party_reply_withdrawn_by FOREIGN KEY(withdrawn_by) REFERENCES person (id)
);
CREATE INDEX ix_party_reply_unit_id ON party_reply (unit_id);
CREATE INDEX ix_party_reply_case_id ON party_reply (case_id);
CREATE INDEX ix_party_reply_notice_id ON party_reply (notice_id);

CREATE TABLE reply_answer (
    id UUID NOT NULL,
    unit_id UUID NOT NULL,
    case_id UUID NOT NULL,
    reply_id UUID NOT NULL,
    outcome TEXT NOT NULL,
    reason TEXT NOT NULL,
    answered_by UUID NOT NULL,
    answered_at TIMESTAMP WITH TIME ZONE NOT NULL,
    withdrawn_at TIMESTAMP WITH TIME ZONE,
    withdrawn_by UUID,
    withdraw_reason TEXT,
    CONSTRAINT pk_reply_answer PRIMARY KEY (id),
    CONSTRAINT ck_reply_answer_outcome CHECK (outcome IN ('adopted', 'partly_adopted', 'not_adopted')),
    CONSTRAINT ck_reply_answer_withdrawn CHECK (
        (withdrawn_at IS NULL) = (withdrawn_by IS NULL) AND (withdrawn_at IS NULL) = (withdraw_reason IS NULL)
    ),
    CONSTRAINT fk_reply_answer_unit_id FOREIGN KEY(unit_id) REFERENCES unit (id),
    CONSTRAINT fk_reply_answer_case_id FOREIGN KEY(case_id) REFERENCES "case" (id),
    CONSTRAINT fk_reply_answer_reply_id FOREIGN KEY(reply_id) REFERENCES party_reply (id),
    CONSTRAINT fk_reply_answer_answered_by FOREIGN KEY(answered_by) REFERENCES person (id),
    CONSTRAINT fk_reply_answer_withdrawn_by FOREIGN KEY(withdrawn_by) REFERENCES person (id)
);
CREATE INDEX ix_reply_answer_unit_id ON reply_answer (unit_id);
CREATE INDEX ix_reply_answer_case_id ON reply_answer (case_id);
-- Of two who answer at once one is told.
CREATE UNIQUE INDEX uq_reply_answer_standing ON reply_answer (reply_id) WHERE withdrawn_at IS NULL;

-- What was said stays; only an end is ever added, once.
GRANT SELECT, INSERT ON party_notice, party_reply, reply_answer TO liuhen_app;
GRANT UPDATE (withdrawn_at, withdrawn_by, withdraw_reason) ON party_notice, party_reply, reply_answer TO liuhen_app;
CREATE TRIGGER keep_ended BEFORE UPDATE ON party_notice FOR EACH ROW EXECUTE FUNCTION keep_ended('withdrawn_at');
CREATE TRIGGER keep_ended BEFORE UPDATE ON party_reply FOR EACH ROW EXECUTE FUNCTION keep_ended('withdrawn_at');
CREATE TRIGGER keep_ended BEFORE UPDATE ON reply_answer FOR EACH ROW EXECUTE FUNCTION keep_ended('withdrawn_at');

ALTER TABLE party_notice ENABLE ROW LEVEL SECURITY;
CREATE POLICY of_workers ON party_notice TO liuhen_worker USING (true);
CREATE POLICY of_seen_units ON party_notice TO liuhen_app USING (unit_id = ANY ((SELECT seen_units())::uuid[]));
ALTER TABLE party_reply ENABLE ROW LEVEL SECURITY;
CREATE POLICY of_workers ON party_reply TO liuhen_worker USING (true);
CREATE POLICY of_seen_units ON party_reply TO liuhen_app USING (unit_id = ANY ((SELECT seen_units())::uuid[]));
ALTER TABLE reply_answer ENABLE ROW LEVEL SECURITY;
CREATE POLICY of_workers ON reply_answer TO liuhen_worker USING (true);
CREATE POLICY of_seen_units ON reply_answer TO liuhen_app USING (unit_id = ANY ((SELECT seen_units())::uuid[]));

-- What two writings of one text have in common: neither blanks nor widths make it say something else.
CREATE FUNCTION bare_text(written text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
    SELECT regexp_replace(normalize(COALESCE(written, ''), NFKC), '\s', '', 'g')
$$;

-- Whoever states something of a case for its unit.
CREATE FUNCTION require_own_staff(of_person uuid, of_unit uuid) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    PERFORM FROM person p WHERE p.id = of_person AND p.unit_id = carried_on_by(of_unit) AND p.active
        AND p.role IN ('officer', 'supervisor');
    IF NOT FOUND THEN
        RAISE EXCEPTION 'this is stated by officers and supervisors of the case''s unit' USING ERRCODE = 'check_violation';
    END IF;
END $$;

-- A final notice says party, content and amount as the draft that it tells of does: a paper cannot tell of one draft and
-- say another. `days` are those that the paper leaves the party, which bind whoever wrote it.
CREATE FUNCTION require_sound_party_notice() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    said decision_version%ROWTYPE;
    fields jsonb;
BEGIN
    PERFORM lock_case_of_decisions(NEW.case_id, NEW.unit_id);
    IF TG_OP = 'UPDATE' THEN
        PERFORM require_now(NEW.withdrawn_at, 'a withdrawal');
        PERFORM require_own_staff(NEW.withdrawn_by, NEW.unit_id);
        RETURN NEW;
    END IF;
    PERFORM require_now(NEW.stated_at, 'a notice to the party');
    PERFORM require_own_staff(NEW.stated_by, NEW.unit_id);
    SELECT v.* INTO said FROM decision_version v JOIN decision d ON d.id = v.decision_id
    WHERE v.id = NEW.version_id AND v.decision_id = NEW.decision_id AND v.case_id = NEW.case_id
        AND v.unit_id = NEW.unit_id AND v.kind = 'penalty' AND d.withdrawn_at IS NULL
        AND NOT EXISTS (SELECT FROM decision_version l WHERE l.decision_id = d.id AND l.ordinal > v.ordinal)
        AND NOT EXISTS (SELECT FROM decision_issue i WHERE i.decision_id = d.id);
    IF NOT FOUND THEN
        RAISE EXCEPTION 'version % is not what a penalty''s draft says now', NEW.version_id USING ERRCODE = 'check_violation';
    END IF;
    NEW.days := NULL;
    IF NEW.document_id IS NULL THEN
        PERFORM FROM case_officer o JOIN person p ON p.id = o.person_id
        WHERE o.case_id = NEW.case_id AND o.person_id = NEW.told_by AND o.ended_at IS NULL AND p.active;
        IF NOT FOUND OR NEW.told_at > NEW.stated_at OR chinese_day(NEW.told_at) <> chinese_day(NEW.stated_at) THEN
            RAISE EXCEPTION 'what is told on the spot is told by an officer of the case, and entered on that day'
                USING ERRCODE = 'check_violation';
        END IF;
        RETURN NEW;
    END IF;
    SELECT t.fields INTO fields FROM document d
    JOIN final_document f ON f.document_id = d.id JOIN document_text t ON t.id = f.text_id
    WHERE d.id = NEW.document_id AND d.case_id = NEW.case_id AND d.withdrawn_at IS NULL
        AND d.kind = CASE NEW.kind WHEN 'penalty' THEN 'penalty_notice' ELSE 'hearing_rights_notice' END;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'document % is no final notice of its kind in this case', NEW.document_id
            USING ERRCODE = 'check_violation';
    END IF;
    IF bare_party(fields ->> 'party') IS DISTINCT FROM bare_party(said.party)
        OR bare_text(fields ->> 'proposed') <> bare_text(said.content)
        OR NEW.kind = 'penalty' AND round((fields ->> 'amount')::numeric * 100) IS DISTINCT FROM said.amount_fen
    THEN
        RAISE EXCEPTION 'the notice says another party, penalty or amount than the draft' USING ERRCODE = 'check_violation';
    END IF;
    IF NEW.kind = 'penalty' THEN
        NEW.days := (fields ->> 'days')::integer;
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER sound BEFORE INSERT OR UPDATE ON party_notice FOR EACH ROW EXECUTE FUNCTION require_sound_party_notice();

-- What gives something up, or takes a request back, is in writing or recorded: a paper that the party signed, and that is
-- not the notice itself, whose signature says no more than that he got it; or a recording of the case. What is given up
-- on the spot, in the simple procedure, is the officer's entry. Nothing is said to a notice that was not given yet.
CREATE FUNCTION require_sound_reply() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    told party_notice%ROWTYPE;
    given_at timestamptz;
BEGIN
    PERFORM lock_case_in_turn(NEW.case_id);
    IF TG_OP = 'UPDATE' THEN
        PERFORM require_now(NEW.withdrawn_at, 'a withdrawal');
        PERFORM require_own_staff(NEW.withdrawn_by, NEW.unit_id);
        RETURN NEW;
    END IF;
    PERFORM require_now(NEW.stated_at, 'what a party said');
    PERFORM require_own_staff(NEW.stated_by, NEW.unit_id);
    PERFORM require_own_staff(NEW.heard_by, NEW.unit_id);
    SELECT * INTO told FROM party_notice n
    WHERE n.id = NEW.notice_id AND n.case_id = NEW.case_id AND n.unit_id = NEW.unit_id AND n.withdrawn_at IS NULL;
    given_at := COALESCE(told.told_at, (
        SELECT min(s.served_at) FROM case_service s WHERE s.document_id = told.document_id AND s.withdrawn_at IS NULL
    ));
    IF given_at IS NULL OR NEW.said_at < date_trunc('minute', given_at) THEN
        RAISE EXCEPTION 'notice % was not given by then', NEW.notice_id USING ERRCODE = 'check_violation';
    END IF;
    IF NEW.kind LIKE 'hearing%' AND told.kind <> 'hearing' OR NEW.kind = 'statement_waived' AND told.kind <> 'penalty' THEN
        RAISE EXCEPTION 'that is no answer to this notice' USING ERRCODE = 'check_violation';
    END IF;
    IF NEW.document_id IS NOT NULL AND NOT EXISTS (
        SELECT FROM document d JOIN final_document f ON f.document_id = d.id
        JOIN document_signature g ON g.text_id = f.text_id AND g.role = 'party' AND g.outcome = 'signed'
        WHERE d.id = NEW.document_id AND d.case_id = NEW.case_id AND d.withdrawn_at IS NULL
            AND d.kind NOT IN ('penalty_notice', 'hearing_rights_notice', 'service_receipt')
    ) OR NEW.recording_id IS NOT NULL AND NOT EXISTS (
        SELECT FROM case_link l
        WHERE l.case_id = NEW.case_id AND l.recording_id = NEW.recording_id AND l.ended_at IS NULL
    ) THEN
        RAISE EXCEPTION 'what shows it is a paper that the party signed, or a recording of the case'
            USING ERRCODE = 'check_violation';
    END IF;
    IF NEW.kind IN ('statement_waived', 'hearing_waived', 'hearing_request_withdrawn') AND told.document_id IS NOT NULL
        AND num_nonnulls(NEW.document_id, NEW.recording_id) = 0
    THEN
        RAISE EXCEPTION 'what a party gives up is in writing, or recorded' USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER sound BEFORE INSERT OR UPDATE ON party_reply FOR EACH ROW EXECUTE FUNCTION require_sound_reply();

CREATE FUNCTION require_sound_reply_answer() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    PERFORM lock_case_in_turn(NEW.case_id);
    IF TG_OP = 'UPDATE' THEN
        PERFORM require_now(NEW.withdrawn_at, 'a withdrawal');
        PERFORM require_own_staff(NEW.withdrawn_by, NEW.unit_id);
        RETURN NEW;
    END IF;
    PERFORM require_now(NEW.answered_at, 'an answer to a party');
    PERFORM require_own_staff(NEW.answered_by, NEW.unit_id);
    PERFORM FROM party_reply r
    WHERE r.id = NEW.reply_id AND r.case_id = NEW.case_id AND r.unit_id = NEW.unit_id AND r.kind = 'statement'
        AND r.withdrawn_at IS NULL;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'reply % is no statement that stands in this case', NEW.reply_id USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER sound BEFORE INSERT OR UPDATE ON reply_answer FOR EACH ROW EXECUTE FUNCTION require_sound_reply_answer();

-- Rules that hold for a unit on a day, as far as they were loaded by then.
CREATE FUNCTION notice_rules_of(of_unit uuid, on_moment timestamptz) RETURNS SETOF jsonb
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    WITH RECURSIVE line(id, parent_id) AS (
        SELECT u.id, u.parent_id FROM unit u WHERE u.id = of_unit
        UNION SELECT u.id, u.parent_id FROM unit u JOIN line ON u.id = line.parent_id
    )
    SELECT r.rules FROM notice_rule r
    WHERE r.valid @> chinese_day(on_moment) -- told: rule_days
        AND r.loaded_at <= on_moment
        AND (r.unit_id IS NULL OR r.unit_id IN (SELECT id FROM line)) -- told: rule_units
$$;

-- Whether by the rules a hearing is owed to whom this is decided about.
CREATE FUNCTION hearing_is_owed(said decision_version, on_moment timestamptz) RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT EXISTS (
        SELECT FROM notice_rules_of(said.unit_id, on_moment) rules, jsonb_array_elements(rules->'hearings') line,
            jsonb_extract_path(line, 'when') needs
        WHERE (NOT needs ? 'measures' OR needs->'measures' ?| ARRAY(SELECT jsonb_array_elements_text(said.measures))) -- told: hearing_measures
            AND (NOT needs ? 'party' OR needs->>'party' = said.party_kind) -- told: hearing_party
            AND (NOT needs ? 'amount_from_fen' OR COALESCE(said.amount_fen, 0) + whole_amount(said.case_id, said.decision_id, said.party) >= (needs->>'amount_from_fen')::bigint) -- told: hearing_amount
    )
$$;

-- Whether who was told one version was told what another one says: the same party, no measure more, no yuan more; and in
-- other words only where it became less. What is harder than what was told is told anew.
CREATE FUNCTION tells_of(told decision_version, said decision_version) RETURNS boolean
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT TRUE
        AND bare_party(told.party) = bare_party(said.party) -- told: same_party
        AND said.measures <@ told.measures -- told: no_more_measures
        AND COALESCE(said.amount_fen, 0) <= COALESCE(told.amount_fen, 0) -- told: no_more_amount
        AND (bare_text(told.content) = bare_text(said.content) OR COALESCE(said.amount_fen, 0) < COALESCE(told.amount_fen, 0) OR NOT told.measures <@ said.measures) -- told: no_other_words
$$;

-- Days between two days that are surely working days, neither of the two counted: Monday to Friday, but for those that
-- are off every year. Days off of one year are in no table here: casework counts them as well, before it asks, and
-- `liuhen verify` afterwards. A Saturday in exchange (调休) does not count: the party has a day more.
CREATE FUNCTION days_run(after_day date, until_day date, counted text) RETURNS integer
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT count(*)::integer FROM generate_series(after_day + 1, until_day - 1, interval '1 day') d (day)
    WHERE counted = 'calendar_days' OR extract(isodow FROM d.day) < 6
        AND to_char(d.day, 'MM-DD') NOT IN ('01-01', '05-01', '05-02', '10-01', '10-02', '10-03')
$$;

-- The first day on which a notice counts as served on the party: final before it was served, not withdrawn, proven.
CREATE FUNCTION notice_counts_on(of_notice uuid, of_party text, until_day date) RETURNS date
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT min(s.counts_on) FROM party_notice n JOIN document d ON d.id = n.document_id
    JOIN final_document f ON f.document_id = d.id JOIN case_service s ON s.document_id = d.id
    WHERE n.id = of_notice
        AND d.withdrawn_at IS NULL -- told: paper_stands
        AND s.withdrawn_at IS NULL -- told: service_stands
        AND s.served_at >= date_trunc('minute', f.finalised_at) -- told: served_once_final
        AND position(bare_party(of_party) IN bare_party(s.addressee)) > 0 -- told: served_on_party
        AND is_proven_service(s) -- told: service_proven
        AND s.counts_on <= until_day -- told: service_counts
$$;

-- Why a penalty may not be issued yet, for what the party has to be told, and to be heard of: nothing where it may. Of
-- one that was issued: as of that moment, by what stands now. Words of casework/notices/errors.py.
CREATE FUNCTION told_refusals(of_version uuid) RETURNS text[]
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    said decision_version%ROWTYPE;
    held "case"%ROWTYPE;
    moment timestamptz;
    on_day date;
    manner text;
    least integer;
    counting text;
    told party_notice%ROWTYPE;
    served_on date;
    asks boolean;
    was_held boolean;
    refusals text[] := ARRAY[]::text[];
BEGIN
    SELECT * INTO said FROM decision_version v WHERE v.id = of_version AND may_see(v.unit_id);
    IF NOT FOUND THEN
        RETURN ARRAY['unknown'];
    END IF;
    SELECT * INTO held FROM "case" c WHERE c.id = said.case_id;
    moment := COALESCE((SELECT i.issued_at FROM decision_issue i WHERE i.version_id = said.id), clock_timestamp());
    on_day := chinese_day(moment);
    IF said.kind <> 'penalty'
        OR said.measures <@ '["no_penalty", "correction"]'
        OR held.opened_at < (SELECT g.began_at FROM notice_began g)
        OR NOT EXISTS (SELECT FROM notice_rule r WHERE r.loaded_at <= moment)
    THEN
        RETURN refusals;
    END IF;
    -- The strictest of all rules that hold: a written notice before a spoken one, and the longest term.
    SELECT max(owed->>'notice'), max((owed->>'days')::integer), max(owed->>'counted') INTO manner, least, counting
    FROM notice_rules_of(said.unit_id, moment) rules, jsonb_extract_path(rules, 'procedures', held.procedure) owed
    WHERE owed IS NOT NULL;
    IF manner IS NULL THEN -- told: no_rule
        RETURN ARRAY['no_notice_rule'];
    END IF;

    SELECT n.* INTO told FROM party_notice n JOIN decision_version v ON v.id = n.version_id
    WHERE n.kind = 'penalty' -- told: notice_kind
        AND n.decision_id = said.decision_id -- told: own_decision
        AND n.withdrawn_at IS NULL -- told: notice_stands
        AND tells_of(v, said) -- told: tells_of
        AND (n.document_id IS NOT NULL) = (manner = 'written') -- told: manner
        AND (manner = 'written' OR chinese_day(n.told_at) = on_day AND n.told_at <= moment) -- told: told_that_day
    ORDER BY n.stated_at DESC LIMIT 1;
    IF told.id IS NULL THEN -- told: untold
        refusals := refusals || (CASE WHEN EXISTS (
            SELECT FROM party_notice n WHERE n.decision_id = said.decision_id AND n.kind = 'penalty' AND n.withdrawn_at IS NULL
        ) THEN 'told_less' ELSE 'untold' END);
    ELSIF manner = 'spoken' THEN
        IF NOT EXISTS (
            SELECT FROM party_reply r WHERE r.notice_id = told.id AND r.withdrawn_at IS NULL AND r.said_at <= moment
                AND r.kind IN ('statement', 'statement_waived')
        ) THEN -- told: heard_on_the_spot
            refusals := refusals || 'unheard'::text;
        END IF;
    ELSE
        served_on := notice_counts_on(told.id, said.party, on_day);
        IF served_on IS NULL THEN -- told: served
            refusals := refusals || 'notice_unserved'::text;
        ELSIF days_run(served_on, on_day, counting) < greatest(least, told.days) AND NOT EXISTS (
            SELECT FROM party_reply r WHERE r.notice_id = told.id AND r.kind = 'statement_waived'
                AND r.withdrawn_at IS NULL AND r.said_at <= moment
        ) THEN -- told: statement_days
            refusals := refusals || 'statement_days'::text;
        END IF;
    END IF;
    IF EXISTS (
        SELECT FROM party_reply r JOIN party_notice n ON n.id = r.notice_id
        WHERE n.decision_id = said.decision_id AND r.kind = 'statement' AND r.withdrawn_at IS NULL AND r.said_at <= moment
            AND NOT EXISTS (SELECT FROM reply_answer a WHERE a.reply_id = r.id AND a.withdrawn_at IS NULL)
    ) THEN -- told: answered
        refusals := refusals || 'unanswered'::text;
    END IF;

    IF held.procedure <> 'hearing_penalty' -- told: hearing_procedure
        AND NOT hearing_is_owed(said, moment) -- told: hearing_owed
        AND NOT EXISTS (SELECT FROM party_notice n WHERE n.decision_id = said.decision_id AND n.kind = 'hearing' AND n.withdrawn_at IS NULL) -- told: hearing_offered
    THEN
        RETURN refusals;
    END IF;
    told := NULL;
    SELECT n.* INTO told FROM party_notice n JOIN decision_version v ON v.id = n.version_id
    WHERE n.kind = 'hearing' -- told: hearing_kind
        AND n.decision_id = said.decision_id -- told: hearing_own_decision
        AND n.withdrawn_at IS NULL -- told: hearing_notice_stands
        AND tells_of(v, said) -- told: hearing_tells_of
    ORDER BY n.stated_at DESC LIMIT 1;
    IF told.id IS NULL THEN -- told: hearing_untold
        RETURN refusals || 'hearing_untold'::text;
    END IF;
    served_on := notice_counts_on(told.id, said.party, on_day);
    IF served_on IS NULL THEN -- told: hearing_served
        RETURN refusals || 'hearing_unserved'::text;
    END IF;
    SELECT max((rules->>'request_days')::integer), max(rules->>'request_counted') INTO least, counting
    FROM notice_rules_of(said.unit_id, moment) rules;
    -- In time: so much had not run when it was said. What was taken back later is no request any more.
    asks := EXISTS (
        SELECT FROM party_reply r JOIN party_notice n ON n.id = r.notice_id
        WHERE n.decision_id = said.decision_id AND r.kind = 'hearing_requested' AND r.withdrawn_at IS NULL
            AND r.said_at <= moment
            AND days_run(served_on, chinese_day(r.said_at), counting) < least
            AND NOT EXISTS (
                SELECT FROM party_reply b JOIN party_notice o ON o.id = b.notice_id
                WHERE o.decision_id = said.decision_id AND b.kind = 'hearing_request_withdrawn'
                    AND b.withdrawn_at IS NULL AND b.said_at >= r.said_at AND b.said_at <= moment
            )
    );
    was_held := EXISTS (
        SELECT FROM case_event e WHERE e.case_id = said.case_id AND e.kind = 'hearing_held' AND e.withdrawn_at IS NULL
            AND e.day BETWEEN served_on AND on_day
    );
    IF asks AND NOT was_held THEN -- told: hearing_held
        RETURN refusals || 'hearing_unheld'::text;
    END IF;
    IF NOT asks AND NOT was_held AND days_run(served_on, on_day, counting) < least AND NOT EXISTS (
        SELECT FROM party_reply r
        WHERE r.notice_id = told.id AND r.kind IN ('hearing_waived', 'hearing_request_withdrawn')
            AND r.withdrawn_at IS NULL AND r.said_at <= moment
    ) THEN -- told: hearing_days
        RETURN refusals || 'hearing_days'::text;
    END IF;
    RETURN refusals;
END $$;
REVOKE EXECUTE ON FUNCTION bare_text, require_own_staff, notice_rules_of, hearing_is_owed, tells_of, days_run, notice_counts_on,
    told_refusals FROM PUBLIC;
GRANT EXECUTE ON FUNCTION told_refusals TO liuhen_app, liuhen_worker;

-- Whose a row is, so that a refusal is an entry.
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
        'return_sending', 'return_receipt', 'dossier', 'case_assignment', 'party_notice', 'party_reply', 'reply_answer'
    ) THEN
        RETURN NULL;
    END IF;
    EXECUTE format('SELECT unit_id FROM public.%I WHERE id = $1', named) INTO found USING row_id;
    RETURN found;
END $$;
