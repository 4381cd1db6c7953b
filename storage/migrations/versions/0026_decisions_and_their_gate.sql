-- Decisions (拟作出的决定), their legal review (法制审核), and the gate: no decision in its scope without a pass.
--
-- The functions of the gate run as their owner, with a search path of their own: what they read decides, and not what
-- whoever asks may see or has put in front of it. Lines marked `condition:` are each tried by a test that takes it out.

CREATE FUNCTION chinese_day(instant timestamptz) RETURNS date LANGUAGE sql IMMUTABLE AS $$
    SELECT (instant AT TIME ZONE INTERVAL '+08:00')::date
$$;

-- 目录清单: versions by jurisdiction and unit. All that hold for a unit hold together, so that none takes from another.
CREATE TABLE review_scope_rule (
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
    CONSTRAINT pk_review_scope_rule PRIMARY KEY (id),
    CONSTRAINT uq_review_scope_rule_jurisdiction_unit_id_version
        UNIQUE NULLS NOT DISTINCT (jurisdiction, unit_id, version),
    CONSTRAINT ck_review_scope_rule_version CHECK (version > 0),
    CONSTRAINT ck_review_scope_rule_valid
        CHECK (lower_inc(valid) AND NOT lower_inf(valid) AND NOT upper_inc(valid)),
    CONSTRAINT ck_review_scope_rule_source_sha256 CHECK (octet_length(source_sha256) = 32),
    CONSTRAINT ex_review_scope_rule_one_version EXCLUDE USING gist (
        jurisdiction WITH =, COALESCE(unit_id, '00000000-0000-0000-0000-000000000000'::uuid) WITH =, valid WITH &&
    ),
    CONSTRAINT fk_review_scope_rule_unit_id FOREIGN KEY(unit_id) REFERENCES unit (id),
    CONSTRAINT fk_review_scope_rule_loaded_by FOREIGN KEY(loaded_by) REFERENCES person (id)
);
GRANT SELECT, INSERT ON review_scope_rule TO liuhen_app;
GRANT UPDATE (valid, in_force_at) ON review_scope_rule TO liuhen_app;
CREATE TRIGGER only_end BEFORE UPDATE OF valid ON review_scope_rule FOR EACH ROW EXECUTE FUNCTION only_end();
CREATE TRIGGER keep_ended BEFORE UPDATE ON review_scope_rule FOR EACH ROW EXECUTE FUNCTION keep_ended('in_force_at');

-- What is in scope today stays so today: a version ends on a day that has not come.
CREATE FUNCTION require_coming_end() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF NEW.valid IS DISTINCT FROM OLD.valid AND upper(NEW.valid) <= chinese_day(now()) THEN
        RAISE EXCEPTION 'a version of the scope ends on a day to come' USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER coming_end BEFORE UPDATE OF valid ON review_scope_rule
    FOR EACH ROW EXECUTE FUNCTION require_coming_end();

-- Cases opened before this moment were decided without a decision's row: where nothing of them is in scope, they may be.
CREATE TABLE gate_began (
    id INTEGER NOT NULL,
    began_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_gate_began PRIMARY KEY (id),
    CONSTRAINT ck_gate_began_once CHECK (id = 1)
);
INSERT INTO gate_began VALUES (1, now());
GRANT SELECT ON gate_began TO liuhen_app;
CREATE FUNCTION require_opened_now() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.opened_at NOT BETWEEN now() - interval '1 hour' AND clock_timestamp() + interval '1 hour' THEN
        RAISE EXCEPTION 'a case is opened now, not on %', NEW.opened_at USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER opened_now BEFORE INSERT ON "case" FOR EACH ROW EXECUTE FUNCTION require_opened_now();

CREATE TABLE decision (
    id UUID NOT NULL,
    unit_id UUID NOT NULL,
    case_id UUID NOT NULL,
    begun_by UUID NOT NULL,
    begun_at TIMESTAMP WITH TIME ZONE NOT NULL,
    withdrawn_at TIMESTAMP WITH TIME ZONE,
    withdrawn_by UUID,
    withdraw_reason TEXT,
    CONSTRAINT pk_decision PRIMARY KEY (id),
    CONSTRAINT ck_decision_withdrawn CHECK (
        (withdrawn_at IS NULL) = (withdrawn_by IS NULL) AND (withdrawn_at IS NULL) = (withdraw_reason IS NULL)
    ),
    CONSTRAINT fk_decision_unit_id FOREIGN KEY(unit_id) REFERENCES unit (id),
    CONSTRAINT fk_decision_case_id FOREIGN KEY(case_id) REFERENCES "case" (id),
    CONSTRAINT fk_decision_begun_by FOREIGN KEY(begun_by) REFERENCES person (id),
    CONSTRAINT fk_decision_withdrawn_by FOREIGN KEY(withdrawn_by) REFERENCES person (id)
);
CREATE INDEX ix_decision_case_id ON decision (case_id);
CREATE INDEX ix_decision_unit_id ON decision (unit_id);

CREATE TABLE decision_version (
    id UUID NOT NULL,
    unit_id UUID NOT NULL,
    case_id UUID NOT NULL,
    decision_id UUID NOT NULL,
    ordinal INTEGER NOT NULL,
    kind TEXT NOT NULL,
    measures JSONB NOT NULL,
    level TEXT NOT NULL,
    field TEXT NOT NULL,
    amount_fen BIGINT,
    party TEXT NOT NULL,
    party_kind TEXT NOT NULL,
    affected INTEGER NOT NULL,
    facts JSONB NOT NULL,
    content TEXT NOT NULL,
    reason TEXT,
    stated_by UUID NOT NULL,
    stated_at TIMESTAMP WITH TIME ZONE NOT NULL,
    scope JSONB NOT NULL,
    CONSTRAINT pk_decision_version PRIMARY KEY (id),
    CONSTRAINT uq_decision_version_decision_id_ordinal UNIQUE (decision_id, ordinal),
    CONSTRAINT ck_decision_version_ordinal CHECK (ordinal > 0),
    CONSTRAINT ck_decision_version_first CHECK ((ordinal = 1) = (reason IS NULL)),
    CONSTRAINT ck_decision_version_kind CHECK (kind IN ('inspection', 'coercion', 'penalty')),
    CONSTRAINT ck_decision_version_measures CHECK (jsonb_typeof(measures) = 'array' AND measures <> '[]'),
    CONSTRAINT ck_decision_version_level CHECK (level IN ('brigade', 'detachment', 'bureau')),
    CONSTRAINT ck_decision_version_amount CHECK (
        (amount_fen IS NOT NULL) = (measures ?| ARRAY['fine', 'confiscation', 'additional_fine'])
        AND (amount_fen IS NULL OR amount_fen >= 0)
    ),
    CONSTRAINT ck_decision_version_party_kind CHECK (party_kind IN ('citizen', 'organisation')),
    CONSTRAINT ck_decision_version_affected CHECK (affected >= 0),
    CONSTRAINT ck_decision_version_facts CHECK (
        jsonb_typeof(facts) = 'array' AND facts <@ jsonb_build_array(
            'after_hearing', 'public_interest', 'social_risk', 'major_rights', 'complex', 'several_relations'
        )
    ),
    CONSTRAINT fk_decision_version_unit_id FOREIGN KEY(unit_id) REFERENCES unit (id),
    CONSTRAINT fk_decision_version_case_id FOREIGN KEY(case_id) REFERENCES "case" (id),
    CONSTRAINT fk_decision_version_decision_id FOREIGN KEY(decision_id) REFERENCES decision (id),
    CONSTRAINT fk_decision_version_stated_by FOREIGN KEY(stated_by) REFERENCES person (id)
);
CREATE INDEX ix_decision_version_case_id ON decision_version (case_id);
CREATE INDEX ix_decision_version_unit_id ON decision_version (unit_id);

CREATE TABLE decision_submission (
    id UUID NOT NULL,
    unit_id UUID NOT NULL,
    case_id UUID NOT NULL,
    decision_id UUID NOT NULL,
    version_id UUID NOT NULL,
    attests_truth BOOLEAN NOT NULL,
    attests_accuracy BOOLEAN NOT NULL,
    attests_completeness BOOLEAN NOT NULL,
    submitted_by UUID NOT NULL,
    submitted_at TIMESTAMP WITH TIME ZONE NOT NULL,
    withdrawn_at TIMESTAMP WITH TIME ZONE,
    withdrawn_by UUID,
    withdraw_reason TEXT,
    CONSTRAINT pk_decision_submission PRIMARY KEY (id),
    CONSTRAINT ck_decision_submission_withdrawn CHECK (
        (withdrawn_at IS NULL) = (withdrawn_by IS NULL) AND (withdrawn_at IS NULL) = (withdraw_reason IS NULL)
    ),
    CONSTRAINT fk_decision_submission_unit_id FOREIGN KEY(unit_id) REFERENCES unit (id),
    CONSTRAINT fk_decision_submission_case_id FOREIGN KEY(case_id) REFERENCES "case" (id),
    CONSTRAINT fk_decision_submission_decision_id FOREIGN KEY(decision_id) REFERENCES decision (id),
    CONSTRAINT fk_decision_submission_version_id FOREIGN KEY(version_id) REFERENCES decision_version (id),
    CONSTRAINT fk_decision_submission_submitted_by FOREIGN KEY(submitted_by) REFERENCES person (id),
    CONSTRAINT fk_decision_submission_withdrawn_by FOREIGN KEY(withdrawn_by) REFERENCES person (id)
);
CREATE INDEX ix_decision_submission_case_id ON decision_submission (case_id);
CREATE INDEX ix_decision_submission_unit_id ON decision_submission (unit_id);
-- A version is submitted once at a time: of two who do it together one is told.
CREATE UNIQUE INDEX uq_decision_submission_standing ON decision_submission (version_id) WHERE withdrawn_at IS NULL;

-- 法律职业资格, or that somebody reviewed before it was asked for (初次从事 alone need it).
CREATE TABLE reviewer_qualification (
    id UUID NOT NULL,
    unit_id UUID NOT NULL,
    person_id UUID NOT NULL,
    ground TEXT NOT NULL,
    number TEXT NOT NULL,
    valid DATERANGE NOT NULL,
    added_at TIMESTAMP WITH TIME ZONE NOT NULL,
    voided_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT pk_reviewer_qualification PRIMARY KEY (id),
    CONSTRAINT ck_reviewer_qualification_ground CHECK (ground IN ('legal_profession', 'reviewed_before')),
    CONSTRAINT ck_reviewer_qualification_valid
        CHECK (lower_inc(valid) AND NOT lower_inf(valid) AND NOT upper_inc(valid)),
    CONSTRAINT fk_reviewer_qualification_unit_id FOREIGN KEY(unit_id) REFERENCES unit (id),
    CONSTRAINT fk_reviewer_qualification_person_id FOREIGN KEY(person_id) REFERENCES person (id)
);
CREATE INDEX ix_reviewer_qualification_person_id ON reviewer_qualification (person_id);
CREATE INDEX ix_reviewer_qualification_unit_id ON reviewer_qualification (unit_id);

CREATE TABLE decision_review (
    id UUID NOT NULL,
    unit_id UUID NOT NULL,
    case_id UUID NOT NULL,
    decision_id UUID NOT NULL,
    version_id UUID NOT NULL,
    submission_id UUID NOT NULL,
    ordinal INTEGER NOT NULL,
    opinion TEXT NOT NULL,
    answers JSONB NOT NULL,
    statement TEXT NOT NULL,
    reviewer_id UUID NOT NULL,
    reviewed_at TIMESTAMP WITH TIME ZONE NOT NULL,
    envelope BYTEA NOT NULL,
    withdrawn_at TIMESTAMP WITH TIME ZONE,
    withdrawn_by UUID,
    withdraw_reason TEXT,
    CONSTRAINT pk_decision_review PRIMARY KEY (id),
    CONSTRAINT uq_decision_review_version_id_ordinal UNIQUE (version_id, ordinal),
    CONSTRAINT ck_decision_review_ordinal CHECK (ordinal > 0),
    CONSTRAINT ck_decision_review_opinion CHECK (opinion IN ('agreed', 'problems')),
    CONSTRAINT ck_decision_review_withdrawn CHECK (
        (withdrawn_at IS NULL) = (withdrawn_by IS NULL) AND (withdrawn_at IS NULL) = (withdraw_reason IS NULL)
    ),
    CONSTRAINT fk_decision_review_unit_id FOREIGN KEY(unit_id) REFERENCES unit (id),
    CONSTRAINT fk_decision_review_case_id FOREIGN KEY(case_id) REFERENCES "case" (id),
    CONSTRAINT fk_decision_review_decision_id FOREIGN KEY(decision_id) REFERENCES decision (id),
    CONSTRAINT fk_decision_review_version_id FOREIGN KEY(version_id) REFERENCES decision_version (id),
    CONSTRAINT fk_decision_review_submission_id FOREIGN KEY(submission_id) REFERENCES decision_submission (id),
    CONSTRAINT fk_decision_review_reviewer_id FOREIGN KEY(reviewer_id) REFERENCES person (id),
    CONSTRAINT fk_decision_review_withdrawn_by FOREIGN KEY(withdrawn_by) REFERENCES person (id)
);
CREATE INDEX ix_decision_review_case_id ON decision_review (case_id);
CREATE INDEX ix_decision_review_unit_id ON decision_review (unit_id);

CREATE TABLE decision_issue (
    id UUID NOT NULL,
    unit_id UUID NOT NULL,
    case_id UUID NOT NULL,
    decision_id UUID NOT NULL,
    version_id UUID NOT NULL,
    review_id UUID,
    issued_by UUID NOT NULL,
    issued_at TIMESTAMP WITH TIME ZONE NOT NULL,
    issued_on DATE NOT NULL,
    scope JSONB NOT NULL,
    CONSTRAINT pk_decision_issue PRIMARY KEY (id),
    CONSTRAINT uq_decision_issue_decision_id UNIQUE (decision_id),
    CONSTRAINT fk_decision_issue_unit_id FOREIGN KEY(unit_id) REFERENCES unit (id),
    CONSTRAINT fk_decision_issue_case_id FOREIGN KEY(case_id) REFERENCES "case" (id),
    CONSTRAINT fk_decision_issue_decision_id FOREIGN KEY(decision_id) REFERENCES decision (id),
    CONSTRAINT fk_decision_issue_version_id FOREIGN KEY(version_id) REFERENCES decision_version (id),
    CONSTRAINT fk_decision_issue_review_id FOREIGN KEY(review_id) REFERENCES decision_review (id),
    CONSTRAINT fk_decision_issue_issued_by FOREIGN KEY(issued_by) REFERENCES person (id)
);
CREATE INDEX ix_decision_issue_case_id ON decision_issue (case_id);
CREATE INDEX ix_decision_issue_unit_id ON decision_issue (unit_id);

CREATE TABLE decision_service (
    id UUID NOT NULL,
    unit_id UUID NOT NULL,
    case_id UUID NOT NULL,
    decision_id UUID NOT NULL,
    version_id UUID NOT NULL,
    act_id UUID NOT NULL,
    stated_by UUID NOT NULL,
    stated_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_decision_service PRIMARY KEY (id),
    CONSTRAINT uq_decision_service_decision_id_act_id UNIQUE (decision_id, act_id),
    CONSTRAINT fk_decision_service_unit_id FOREIGN KEY(unit_id) REFERENCES unit (id),
    CONSTRAINT fk_decision_service_case_id FOREIGN KEY(case_id) REFERENCES "case" (id),
    CONSTRAINT fk_decision_service_decision_id FOREIGN KEY(decision_id) REFERENCES decision (id),
    CONSTRAINT fk_decision_service_version_id FOREIGN KEY(version_id) REFERENCES decision_version (id),
    CONSTRAINT fk_decision_service_act_id FOREIGN KEY(act_id) REFERENCES case_act (id),
    CONSTRAINT fk_decision_service_stated_by FOREIGN KEY(stated_by) REFERENCES person (id)
);
CREATE INDEX ix_decision_service_case_id ON decision_service (case_id);
CREATE INDEX ix_decision_service_unit_id ON decision_service (unit_id);

-- What was said stays; only an end is ever added, once.
GRANT SELECT, INSERT ON decision, decision_version, decision_submission, reviewer_qualification, decision_review,
    decision_issue, decision_service TO liuhen_app;
GRANT UPDATE (withdrawn_at, withdrawn_by, withdraw_reason) ON decision, decision_submission, decision_review TO liuhen_app;
GRANT UPDATE (voided_at) ON reviewer_qualification TO liuhen_app;
CREATE TRIGGER keep_ended BEFORE UPDATE ON decision FOR EACH ROW EXECUTE FUNCTION keep_ended('withdrawn_at');
CREATE TRIGGER keep_ended BEFORE UPDATE ON decision_submission FOR EACH ROW EXECUTE FUNCTION keep_ended('withdrawn_at');
CREATE TRIGGER keep_ended BEFORE UPDATE ON decision_review FOR EACH ROW EXECUTE FUNCTION keep_ended('withdrawn_at');
CREATE TRIGGER keep_ended BEFORE UPDATE ON reviewer_qualification FOR EACH ROW EXECUTE FUNCTION keep_ended('voided_at');

-- What is true of a case whatever a draft says: a hearing that was ever entered, and what any draft of it has stated.
CREATE FUNCTION stated_facts(of_case uuid) RETURNS jsonb
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT COALESCE(jsonb_agg(DISTINCT known.fact), '[]') FROM (
        SELECT NULL AS fact WHERE FALSE
        UNION ALL SELECT jsonb_array_elements_text(v.facts) FROM decision_version v WHERE v.case_id = of_case -- condition: facts_stay
        UNION ALL SELECT 'after_hearing' FROM "case" c WHERE c.id = of_case AND c.procedure = 'hearing_penalty' -- condition: hearing_procedure
        UNION ALL SELECT 'after_hearing' FROM case_act_statement s WHERE s.case_id = of_case AND s.kind IN ('hearing', 'hearing_room') -- condition: hearing_act
        UNION ALL SELECT 'after_hearing' FROM case_event e WHERE e.case_id = of_case AND e.kind = 'hearing_held' -- condition: hearing_event
    ) known
$$;

-- What the case comes to, of this decision and all others of it that stand: one fine in three parts is one fine.
CREATE FUNCTION whole_amount(of_case uuid, but_of uuid) RETURNS bigint
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT COALESCE(sum(latest.amount_fen), 0)::bigint FROM decision d CROSS JOIN LATERAL (
        SELECT v.amount_fen FROM decision_version v WHERE v.decision_id = d.id ORDER BY v.ordinal DESC LIMIT 1
    ) latest
    WHERE d.case_id = of_case AND d.withdrawn_at IS NULL AND d.id IS DISTINCT FROM but_of
$$;

-- The triggers of the review that a version meets, by every version of the list that holds today or held when it was
-- stated. Of a version without an id: what the case alone comes to.
CREATE FUNCTION review_scope_of(said decision_version) RETURNS jsonb
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    WITH RECURSIVE line(id, parent_id) AS (
        SELECT u.id, u.parent_id FROM unit u WHERE u.id = said.unit_id
        UNION SELECT u.id, u.parent_id FROM unit u JOIN line ON u.id = line.parent_id
    ), known AS (
        SELECT ARRAY(SELECT jsonb_array_elements_text(stated_facts(said.case_id) || COALESCE(said.facts, '[]'))) AS facts,
            ARRAY(SELECT jsonb_array_elements_text(COALESCE(said.measures, '[]'))) AS measures,
            COALESCE(said.amount_fen, 0)
                + whole_amount(said.case_id, said.decision_id) -- condition: whole_amount
            AS amount_fen
    )
    SELECT COALESCE(jsonb_agg(jsonb_build_object(
        'rule_id', r.id, 'jurisdiction', r.jurisdiction, 'version', r.version,
        'code', trig->>'code', 'ground', trig->>'ground'
    ) ORDER BY r.jurisdiction, r.version, trig->>'code'), '[]')
    FROM review_scope_rule r, jsonb_array_elements(r.rules->'triggers') trig, jsonb_extract_path(trig, 'when') needs, known
    WHERE (r.unit_id IS NULL OR r.unit_id IN (SELECT id FROM line)) -- condition: scope_units
        AND (r.valid @> chinese_day(now()) OR r.valid @> chinese_day(said.stated_at)) -- condition: scope_days
        AND (NOT needs ? 'kinds' OR needs->'kinds' ? said.kind) -- condition: scope_kinds
        AND (NOT needs ? 'measures' OR needs->'measures' ?| known.measures) -- condition: scope_measures
        AND (NOT needs ? 'levels' OR needs->'levels' ? said.level) -- condition: scope_levels
        AND (NOT needs ? 'fields' OR needs->'fields' ? said.field) -- condition: scope_fields
        AND (NOT needs ? 'party' OR needs->>'party' = said.party_kind) -- condition: scope_party
        AND (NOT needs ? 'amount_from_fen' OR known.amount_fen >= (needs->>'amount_from_fen')::bigint) -- condition: scope_amount_from_fen
        AND (NOT needs ? 'affected_from' OR said.affected >= (needs->>'affected_from')::integer) -- condition: scope_affected_from
        AND (NOT needs ? 'facts' OR needs->'facts' ?| known.facts) -- condition: scope_facts
$$;

-- Whoever did anything towards a case does not review it.
CREATE FUNCTION takes_part_in(of_case uuid, of_person uuid) RETURNS boolean
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT FALSE
        OR EXISTS (SELECT FROM "case" c WHERE c.id = of_case AND c.opened_by = of_person) -- condition: not_opener
        OR EXISTS (SELECT FROM case_officer o WHERE o.case_id = of_case AND o.person_id = of_person) -- condition: not_handler
        OR EXISTS (SELECT FROM case_act_statement s WHERE s.case_id = of_case AND of_person IN (s.officer_id, s.second_officer_id, s.stated_by)) -- condition: not_in_acts
        OR EXISTS (SELECT FROM decision_version v WHERE v.case_id = of_case AND v.stated_by = of_person) -- condition: not_drafter
        OR EXISTS (SELECT FROM decision_submission s WHERE s.case_id = of_case AND s.submitted_by = of_person) -- condition: not_submitter
$$;

CREATE FUNCTION qualified_to_review(of_person uuid, on_day date) RETURNS boolean
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT EXISTS (
        SELECT FROM reviewer_qualification q
        WHERE q.person_id = of_person AND q.voided_at IS NULL AND q.valid @> on_day
    )
$$;

-- The review that lets a version pass, if there is one: all that SQL can hold of it. Whether it was signed by the archive
-- no database can tell: docs/decisions/0017-signed-passes.md.
CREATE FUNCTION pass_of(of_version uuid) RETURNS uuid
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT r.id FROM decision_review r JOIN decision_submission s ON s.id = r.submission_id
    WHERE r.withdrawn_at IS NULL -- condition: standing_pass
        AND r.version_id = of_version -- condition: own_version
        AND r.opinion = 'agreed' -- condition: agreed
        AND s.withdrawn_at IS NULL -- condition: standing_submission
        AND NOT takes_part_in(r.case_id, r.reviewer_id) -- condition: reviewer_apart
        AND qualified_to_review(r.reviewer_id, chinese_day(r.reviewed_at)) -- condition: reviewer_qualified
    ORDER BY r.ordinal DESC LIMIT 1
$$;

-- THE GATE: why a version of a decision may not be issued; nothing where it may. Whatever issues asks it: docs/review.md.
CREATE FUNCTION gate_refusals(of_version uuid) RETURNS text[]
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

-- The same of a case: is what it comes to issued, and did the gate let it? `of_kind` NULL: what the case itself is of.
CREATE FUNCTION case_gate_refusals(of_case uuid, of_kind text, on_day date) RETURNS text[]
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    held "case"%ROWTYPE;
    bare decision_version%ROWTYPE;
    issued uuid;
    found_any boolean := FALSE;
    refusals text[] := ARRAY[]::text[];
BEGIN
    SELECT * INTO held FROM "case" c WHERE c.id = of_case;
    FOR issued IN
        SELECT i.version_id FROM decision_issue i JOIN decision_version v ON v.id = i.version_id
        WHERE i.case_id = of_case
            AND v.kind = COALESCE(of_kind, held.kind) -- condition: issued_kind
            AND (on_day IS NULL OR i.issued_on = on_day) -- condition: issued_day
    LOOP
        found_any := TRUE;
        refusals := refusals || gate_refusals(issued); -- condition: issued_passes
    END LOOP;
    IF found_any THEN
        RETURN refusals;
    END IF;
    IF EXISTS (SELECT FROM decision d WHERE d.case_id = of_case AND d.withdrawn_at IS NULL) THEN -- condition: not_issued
        RETURN ARRAY['not_issued'];
    END IF;
    IF held.kind = 'inspection' AND of_kind IS NULL THEN
        RETURN ARRAY[]::text[];
    END IF;
    IF held.opened_at >= (SELECT g.began_at FROM gate_began g) THEN -- condition: undecided
        RETURN ARRAY['undecided'];
    END IF;
    bare.unit_id := held.unit_id;
    bare.case_id := held.id;
    bare.kind := COALESCE(of_kind, held.kind);
    IF review_scope_of(bare) <> '[]' THEN -- condition: old_in_scope
        RETURN ARRAY['in_scope'];
    END IF;
    RETURN ARRAY[]::text[];
END $$;

CREATE FUNCTION refuse_at_the_gate(refusals text[], what text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    IF cardinality(refusals) > 0 THEN
        RAISE EXCEPTION 'the gate is shut for %: %', what, array_to_string(refusals, ', ')
            USING ERRCODE = 'LHG01', DETAIL = array_to_string(refusals, ',');
    END IF;
END $$;

-- Everything about decisions of one case comes one after the other. A transaction that goes on seeing what was before it
-- waited would see a pass that is withdrawn meanwhile: it is refused.
CREATE FUNCTION lock_case_in_turn(of_case uuid) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF current_setting('transaction_isolation') <> 'read committed' THEN -- condition: isolation
        RAISE EXCEPTION 'decisions are made in read committed transactions' USING ERRCODE = 'check_violation';
    END IF;
    PERFORM FROM "case" c WHERE c.id = of_case FOR NO KEY UPDATE;
END $$;

CREATE FUNCTION lock_case_of_decisions(of_case uuid, of_unit uuid) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    PERFORM lock_case_in_turn(of_case);
    PERFORM FROM "case" c WHERE c.id = of_case AND c.unit_id = of_unit AND c.closed_at IS NULL;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'case % is closed, or of another unit, and takes no decision', of_case
            USING ERRCODE = 'check_violation';
    END IF;
END $$;

CREATE FUNCTION require_now(instant timestamptz, what text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    IF instant NOT BETWEEN now() - interval '1 hour' AND clock_timestamp() + interval '1 hour' THEN
        RAISE EXCEPTION '% is of now, not of %', what, instant USING ERRCODE = 'check_violation';
    END IF;
END $$;

CREATE FUNCTION require_sound_decision() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    PERFORM lock_case_of_decisions(NEW.case_id, NEW.unit_id);
    IF TG_OP = 'INSERT' AND NEW.withdrawn_at IS NOT NULL
        OR EXISTS (SELECT FROM decision_issue i WHERE i.decision_id = NEW.id) THEN
        RAISE EXCEPTION 'decision % is issued, and no draft any more', NEW.id USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER sound_decision BEFORE INSERT OR UPDATE ON decision
    FOR EACH ROW EXECUTE FUNCTION require_sound_decision();

-- A version follows the one before it, while the decision is a draft. Whether it is in scope is not the writer's to say.
CREATE FUNCTION require_sound_version() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    of_case text;
BEGIN
    PERFORM lock_case_of_decisions(NEW.case_id, NEW.unit_id);
    PERFORM require_now(NEW.stated_at, 'a version of a decision');
    IF EXISTS (SELECT FROM decision_issue i WHERE i.decision_id = NEW.decision_id) THEN -- condition: issued_stays
        RAISE EXCEPTION 'decision % is issued, and no draft any more', NEW.decision_id USING ERRCODE = 'check_violation';
    END IF;
    PERFORM FROM decision d
    WHERE d.id = NEW.decision_id AND d.case_id = NEW.case_id AND d.unit_id = NEW.unit_id AND d.withdrawn_at IS NULL;
    IF NOT FOUND OR NEW.ordinal <> 1 + (
        SELECT COALESCE(max(v.ordinal), 0) FROM decision_version v WHERE v.decision_id = NEW.decision_id
    ) THEN
        RAISE EXCEPTION 'decision % is no draft of this case, or was changed meanwhile', NEW.decision_id
            USING ERRCODE = 'check_violation';
    END IF;
    SELECT c.kind INTO of_case FROM "case" c WHERE c.id = NEW.case_id;
    -- 查封扣押 stands within a case of a penalty; a penalty is decided in no other case than its own.
    IF NEW.kind <> of_case AND NEW.kind <> 'coercion' THEN -- condition: case_kind
        RAISE EXCEPTION 'a case of % decides no %', of_case, NEW.kind USING ERRCODE = 'check_violation';
    END IF;
    NEW.scope := review_scope_of(NEW); -- condition: own_scope
    RETURN NEW;
END $$;
CREATE TRIGGER sound_version BEFORE INSERT ON decision_version
    FOR EACH ROW EXECUTE FUNCTION require_sound_version();

CREATE FUNCTION require_sound_submission() RETURNS trigger
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
    PERFORM FROM person p WHERE p.id = NEW.submitted_by AND p.unit_id = NEW.unit_id AND p.active
        AND p.role IN ('officer', 'supervisor');
    IF NOT FOUND THEN
        RAISE EXCEPTION 'a decision is submitted by its unit' USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER sound_submission BEFORE INSERT OR UPDATE ON decision_submission
    FOR EACH ROW EXECUTE FUNCTION require_sound_submission();

-- The seven questions (三（三）3). What is agreed to has nothing against it; a suspicion of crime is no agreement.
CREATE FUNCTION answers_are_whole(answers jsonb, opinion text) RETURNS boolean LANGUAGE sql IMMUTABLE
SET search_path = pg_catalog, pg_temp AS $$
    SELECT jsonb_typeof(answers) = 'object'
        AND (SELECT array_agg(q ORDER BY q) FROM jsonb_object_keys(answers) q) = ARRAY['authority', 'crime', 'documents', 'facts', 'law', 'powers', 'procedure'] -- condition: seven_questions
        AND NOT EXISTS (
            SELECT FROM jsonb_each(answers) a
            WHERE COALESCE(a.value->>'answer', '') NOT IN ('yes', 'no', 'not_applicable')
                OR jsonb_typeof(a.value->'references') IS DISTINCT FROM 'array'
                OR a.value->>'answer' <> 'not_applicable' AND a.value->'references' = '[]' -- condition: references
                OR opinion = 'agreed' AND a.value->>'answer' = (CASE a.key WHEN 'crime' THEN 'yes' ELSE 'no' END) -- condition: nothing_against
        )
$$;

CREATE FUNCTION require_sound_review() RETURNS trigger
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
    IF EXISTS (SELECT FROM decision_review r WHERE r.version_id = NEW.version_id AND r.withdrawn_at IS NULL) THEN -- condition: one_opinion
        RAISE EXCEPTION 'version % has its opinion', NEW.version_id USING ERRCODE = 'check_violation';
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
CREATE TRIGGER sound_review BEFORE INSERT OR UPDATE ON decision_review
    FOR EACH ROW EXECUTE FUNCTION require_sound_review();

-- The decision is issued (作出): now, by the head, at the stage for it, and by leave of the gate.
CREATE FUNCTION require_open_gate() RETURNS trigger
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
    PERFORM FROM person p WHERE p.id = NEW.issued_by AND p.unit_id = NEW.unit_id AND p.active
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
CREATE TRIGGER open_gate BEFORE INSERT ON decision_issue FOR EACH ROW EXECUTE FUNCTION require_open_gate();

-- Whatever says that a decision leaves asks this: it is issued, and what let it pass stands.
CREATE FUNCTION refuse_unless_issued(of_version uuid, what text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM decision_issue i WHERE i.version_id = of_version) THEN -- condition: issued
        PERFORM refuse_at_the_gate(ARRAY['not_issued'], what);
    END IF;
    PERFORM refuse_at_the_gate(gate_refusals(of_version), what); -- condition: issued_gate
END $$;

CREATE FUNCTION require_issued_to_serve() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    PERFORM lock_case_of_decisions(NEW.case_id, NEW.unit_id);
    PERFORM FROM decision_version v JOIN case_act a ON a.case_id = v.case_id AND a.withdrawn_at IS NULL
    WHERE v.id = NEW.version_id AND v.decision_id = NEW.decision_id AND v.case_id = NEW.case_id AND a.id = NEW.act_id
        AND (SELECT s.kind FROM case_act_statement s WHERE s.act_id = a.id ORDER BY s.ordinal DESC LIMIT 1)
            LIKE 'service%';
    IF NOT FOUND THEN
        RAISE EXCEPTION 'what is served is a decision of the act''s own case' USING ERRCODE = 'check_violation';
    END IF;
    PERFORM refuse_unless_issued(NEW.version_id, 'serving'); -- condition: service_gate
    RETURN NEW;
END $$;
CREATE TRIGGER issued_to_serve BEFORE INSERT ON decision_service
    FOR EACH ROW EXECUTE FUNCTION require_issued_to_serve();

-- 审核决定 → 送达执行.
CREATE FUNCTION require_decided_to_execute() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    PERFORM lock_case_of_decisions(NEW.case_id, NEW.unit_id);
    PERFORM refuse_at_the_gate(case_gate_refusals(NEW.case_id, NULL, NULL), 'execution'); -- condition: stage_gate
    RETURN NEW;
END $$;
CREATE TRIGGER zz_decided BEFORE INSERT ON case_stage FOR EACH ROW WHEN (NEW.stage = 'execution')
    EXECUTE FUNCTION require_decided_to_execute();

-- 作出行政处罚决定 as an event; and the days on which it was served and published.
CREATE FUNCTION require_decided_event() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    PERFORM lock_case_of_decisions(NEW.case_id, NEW.unit_id);
    PERFORM refuse_at_the_gate(case_gate_refusals(NEW.case_id, split_part(NEW.kind, '_', 1), NEW.day), 'the event ' || NEW.kind); -- condition: event_gate
    RETURN NEW;
END $$;
CREATE TRIGGER zz_decided BEFORE INSERT ON case_event
    FOR EACH ROW WHEN (NEW.kind IN ('penalty_decided', 'coercion_decided')) EXECUTE FUNCTION require_decided_event();

CREATE FUNCTION require_decided_term() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    of_event case_event%ROWTYPE;
BEGIN
    SELECT * INTO of_event FROM case_event e WHERE e.id = NEW.event_id;
    IF NEW.done_on IS NOT NULL AND of_event.kind IN ('penalty_decided', 'coercion_decided') THEN
        PERFORM lock_case_in_turn(NEW.case_id);
        PERFORM refuse_at_the_gate(case_gate_refusals(NEW.case_id, split_part(of_event.kind, '_', 1), of_event.day), 'the term ' || NEW.kind); -- condition: term_gate
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER zz_decided BEFORE INSERT OR UPDATE OF done_on ON case_term
    FOR EACH ROW EXECUTE FUNCTION require_decided_term();

-- What is served from the stage of the decision on is the decision: notices that come before it are served before.
CREATE FUNCTION require_decided_to_serve() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    deciding_since timestamptz;
BEGIN
    SELECT max(s.entered_at) INTO deciding_since FROM "case" c JOIN case_stage s ON s.case_id = c.id
    WHERE c.id = NEW.case_id AND s.stage = 'decision' AND c.stage IN ('decision', 'execution');
    IF lower(NEW.span) >= deciding_since THEN
        PERFORM lock_case_of_decisions(NEW.case_id, NEW.unit_id);
        PERFORM refuse_at_the_gate(case_gate_refusals(NEW.case_id, NULL, NULL), 'an act of service'); -- condition: act_gate
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER zz_decided BEFORE INSERT ON case_act_statement
    FOR EACH ROW WHEN (NEW.kind LIKE 'service%') EXECUTE FUNCTION require_decided_to_serve();

-- The ledger does not say that something was issued, unless it was, and what let it pass stands.
CREATE FUNCTION require_decided_entry() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    said CONSTANT jsonb := convert_from(NEW.entry, 'UTF8')::jsonb->'data';
    of_version uuid;
BEGIN
    IF NEW.action IN ('decision.issued', 'decision.served') THEN
        SELECT i.version_id INTO of_version FROM decision_issue i
        WHERE i.decision_id::text = NEW.subject_id AND i.version_id::text = said->>'version_id';
        PERFORM refuse_unless_issued(of_version, 'the entry ' || NEW.action); -- condition: issued_entry
    ELSIF NEW.action = 'case.event_entered' AND said->>'kind' IN ('penalty_decided', 'coercion_decided') THEN
        PERFORM FROM case_event e WHERE e.id::text = said->>'event_id' AND e.case_id::text = NEW.subject_id
            AND e.kind = said->>'kind' AND e.day::text = said->>'day' AND e.withdrawn_at IS NULL;
        IF NOT FOUND THEN -- condition: event_entry
            PERFORM refuse_at_the_gate(ARRAY['not_issued'], 'the entry ' || NEW.action);
        END IF;
    ELSIF NEW.action = 'case.stage_entered' AND said->>'to' = 'execution' THEN
        PERFORM FROM "case" c WHERE c.id::text = NEW.subject_id AND c.stage = 'execution';
        IF NOT FOUND THEN -- condition: stage_entry
            PERFORM refuse_at_the_gate(ARRAY['not_issued'], 'the entry ' || NEW.action);
        END IF;
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER decided_entry BEFORE INSERT ON ledger_entry FOR EACH ROW
    WHEN (NEW.action IN ('decision.issued', 'decision.served', 'case.event_entered', 'case.stage_entered'))
    EXECUTE FUNCTION require_decided_entry();

-- A document that issues a decision gets its number, its final form and its seal once that decision is issued (0025),
-- and states no other amount: a small decision is no leave for a paper with a large one.
CREATE FUNCTION states_issued_amount(of_document uuid, of_case uuid) RETURNS boolean
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    WITH issued AS (
        SELECT v.amount_fen FROM decision_issue i JOIN decision_version v ON v.id = i.version_id
        WHERE i.case_id = of_case AND v.kind = 'penalty'
    )
    SELECT NOT EXISTS (SELECT FROM issued) OR EXISTS (
        SELECT FROM issued WHERE issued.amount_fen IS NOT DISTINCT FROM (
            SELECT (t.facts->>'amount')::numeric * 100 FROM document_text t
            WHERE t.document_id = of_document ORDER BY t.ordinal DESC LIMIT 1
        )
    )
$$;
CREATE OR REPLACE FUNCTION document_gate(of_document uuid, step text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    said document%ROWTYPE;
    decided text;
BEGIN
    SELECT * INTO said FROM document d WHERE d.id = of_document;
    decided := CASE said.kind WHEN 'penalty_decision' THEN 'penalty' ELSE 'coercion' END;
    PERFORM lock_case_in_turn(said.case_id);
    PERFORM refuse_at_the_gate(case_gate_refusals(said.case_id, decided, NULL), 'a document''s ' || step);
    IF said.kind = 'penalty_decision' AND NOT states_issued_amount(of_document, said.case_id) THEN
        PERFORM refuse_at_the_gate(ARRAY['other_amount'], 'a document''s ' || step);
    END IF;
END $$;

-- One more key: reviews are signed by the archive. Epochs begin with one and go up: a key that somebody puts before those
-- that were announced would be believed, and the latest has to be the one that signs.
ALTER TABLE signing_key_epoch ADD CONSTRAINT ck_signing_key_epoch_epoch CHECK (epoch > 0);
ALTER TABLE signing_key_epoch DROP CONSTRAINT ck_signing_key_epoch_purpose;
ALTER TABLE signing_key_epoch ADD CONSTRAINT ck_signing_key_epoch_purpose
    CHECK (purpose IN ('manifest', 'receipt', 'ledger', 'package', 'review'));
