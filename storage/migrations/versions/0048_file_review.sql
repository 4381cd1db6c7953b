-- 案卷评查: a round is announced, then drawn by the first checkpoint that covers its announcement, scored by a sheet that
-- was known before, and ends when everything that was found has come to its end. Rows are inserted and ended, never
-- changed; each refusal is tried by tests/api/http/test_file_reviews.py.

CREATE TABLE score_sheet_rule (
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
    CONSTRAINT pk_score_sheet_rule PRIMARY KEY (id),
    CONSTRAINT uq_score_sheet_rule_jurisdiction_unit_id_version
        UNIQUE NULLS NOT DISTINCT (jurisdiction, unit_id, version),
    CONSTRAINT ck_score_sheet_rule_version CHECK (version > 0),
    CONSTRAINT ck_score_sheet_rule_valid
        CHECK (lower_inc(valid) AND NOT lower_inf(valid) AND NOT upper_inc(valid)),
    CONSTRAINT ck_score_sheet_rule_source_sha256 CHECK (octet_length(source_sha256) = 32),
    CONSTRAINT ex_score_sheet_rule_one_version EXCLUDE USING gist (
        jurisdiction WITH =, COALESCE(unit_id, '00000000-0000-0000-0000-000000000000'::uuid) WITH =, valid WITH &&
    ),
    CONSTRAINT fk_score_sheet_rule_unit_id FOREIGN KEY(unit_id) REFERENCES unit (id),
    CONSTRAINT fk_score_sheet_rule_loaded_by FOREIGN KEY(loaded_by) REFERENCES person (id)
);
GRANT SELECT, INSERT ON score_sheet_rule TO liuhen_app;
GRANT UPDATE (valid, in_force_at) ON score_sheet_rule TO liuhen_app;
CREATE TRIGGER only_end BEFORE UPDATE OF valid ON score_sheet_rule FOR EACH ROW EXECUTE FUNCTION only_end();
CREATE TRIGGER keep_ended BEFORE UPDATE ON score_sheet_rule FOR EACH ROW EXECUTE FUNCTION keep_ended('in_force_at');

CREATE TABLE file_review (
    id UUID NOT NULL,
    unit_id UUID NOT NULL,
    title TEXT NOT NULL,
    first_day DATE NOT NULL,
    last_day DATE NOT NULL,
    sample_size INTEGER NOT NULL,
    rule_id UUID NOT NULL,
    eligible JSONB NOT NULL,
    entry_id UUID NOT NULL,
    announced_by UUID NOT NULL,
    announced_at TIMESTAMP WITH TIME ZONE NOT NULL,
    ended_at TIMESTAMP WITH TIME ZONE,
    ended_by UUID,
    CONSTRAINT pk_file_review PRIMARY KEY (id),
    CONSTRAINT uq_file_review_entry_id UNIQUE (entry_id),
    CONSTRAINT ck_file_review_days CHECK (first_day <= last_day),
    CONSTRAINT ck_file_review_sample_size
        CHECK (sample_size BETWEEN 1 AND 1000 AND sample_size <= jsonb_array_length(eligible)),
    CONSTRAINT ck_file_review_ended CHECK ((ended_at IS NULL) = (ended_by IS NULL)),
    CONSTRAINT fk_file_review_unit_id FOREIGN KEY(unit_id) REFERENCES unit (id),
    CONSTRAINT fk_file_review_rule_id FOREIGN KEY(rule_id) REFERENCES score_sheet_rule (id),
    CONSTRAINT fk_file_review_entry_id FOREIGN KEY(entry_id) REFERENCES ledger_entry (id),
    CONSTRAINT fk_file_review_announced_by FOREIGN KEY(announced_by) REFERENCES person (id),
    CONSTRAINT fk_file_review_ended_by FOREIGN KEY(ended_by) REFERENCES person (id)
);
CREATE INDEX ix_file_review_unit_id ON file_review (unit_id);
GRANT SELECT, INSERT ON file_review TO liuhen_app;
GRANT UPDATE (ended_at, ended_by) ON file_review TO liuhen_app;

CREATE TABLE file_review_draw (
    id UUID NOT NULL,
    unit_id UUID NOT NULL,
    round_id UUID NOT NULL,
    checkpoint_size BIGINT NOT NULL,
    root BYTEA NOT NULL,
    drawn JSONB NOT NULL,
    drawn_by UUID NOT NULL,
    drawn_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_file_review_draw PRIMARY KEY (id),
    CONSTRAINT uq_file_review_draw_round_id UNIQUE (round_id),
    CONSTRAINT fk_file_review_draw_unit_id FOREIGN KEY(unit_id) REFERENCES unit (id),
    CONSTRAINT fk_file_review_draw_round_id FOREIGN KEY(round_id) REFERENCES file_review (id),
    CONSTRAINT fk_file_review_draw_checkpoint_size
        FOREIGN KEY(checkpoint_size) REFERENCES ledger_checkpoint (size),
    CONSTRAINT fk_file_review_draw_drawn_by FOREIGN KEY(drawn_by) REFERENCES person (id)
);
CREATE INDEX ix_file_review_draw_unit_id ON file_review_draw (unit_id);
GRANT SELECT, INSERT ON file_review_draw TO liuhen_app;

CREATE TABLE file_review_score (
    id UUID NOT NULL,
    unit_id UUID NOT NULL,
    round_id UUID NOT NULL,
    case_id UUID NOT NULL,
    ordinal INTEGER NOT NULL,
    scores JSONB NOT NULL,
    total INTEGER NOT NULL,
    reason TEXT,
    scored_by UUID NOT NULL,
    scored_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_file_review_score PRIMARY KEY (id),
    CONSTRAINT uq_file_review_score_round_id_case_id_ordinal UNIQUE (round_id, case_id, ordinal),
    CONSTRAINT ck_file_review_score_ordinal CHECK (ordinal > 0 AND (ordinal = 1) = (reason IS NULL)),
    CONSTRAINT ck_file_review_score_total CHECK (total BETWEEN 0 AND 100),
    CONSTRAINT fk_file_review_score_unit_id FOREIGN KEY(unit_id) REFERENCES unit (id),
    CONSTRAINT fk_file_review_score_round_id FOREIGN KEY(round_id) REFERENCES file_review (id),
    CONSTRAINT fk_file_review_score_case_id FOREIGN KEY(case_id) REFERENCES "case" (id),
    CONSTRAINT fk_file_review_score_scored_by FOREIGN KEY(scored_by) REFERENCES person (id)
);
CREATE INDEX ix_file_review_score_unit_id ON file_review_score (unit_id);
GRANT SELECT, INSERT ON file_review_score TO liuhen_app;

CREATE TABLE file_review_finding (
    id UUID NOT NULL,
    unit_id UUID NOT NULL,
    round_id UUID NOT NULL,
    case_id UUID NOT NULL,
    item TEXT NOT NULL,
    problem TEXT NOT NULL,
    due_on DATE NOT NULL,
    found_by UUID NOT NULL,
    found_at TIMESTAMP WITH TIME ZONE NOT NULL,
    outcome TEXT,
    ended_at TIMESTAMP WITH TIME ZONE,
    ended_by UUID,
    end_note TEXT,
    CONSTRAINT pk_file_review_finding PRIMARY KEY (id),
    CONSTRAINT ck_file_review_finding_outcome CHECK (outcome IN ('rectified', 'unfounded')),
    CONSTRAINT ck_file_review_finding_ended CHECK (num_nulls(outcome, ended_at, ended_by, end_note) IN (0, 4)),
    CONSTRAINT fk_file_review_finding_unit_id FOREIGN KEY(unit_id) REFERENCES unit (id),
    CONSTRAINT fk_file_review_finding_round_id FOREIGN KEY(round_id) REFERENCES file_review (id),
    CONSTRAINT fk_file_review_finding_case_id FOREIGN KEY(case_id) REFERENCES "case" (id),
    CONSTRAINT fk_file_review_finding_found_by FOREIGN KEY(found_by) REFERENCES person (id),
    CONSTRAINT fk_file_review_finding_ended_by FOREIGN KEY(ended_by) REFERENCES person (id)
);
CREATE INDEX ix_file_review_finding_unit_id ON file_review_finding (unit_id);
CREATE INDEX ix_file_review_finding_round_id ON file_review_finding (round_id);
GRANT SELECT, INSERT ON file_review_finding TO liuhen_app;
GRANT UPDATE (outcome, ended_at, ended_by, end_note) ON file_review_finding TO liuhen_app;

CREATE TABLE file_review_answer (
    id UUID NOT NULL,
    unit_id UUID NOT NULL,
    finding_id UUID NOT NULL,
    ordinal INTEGER NOT NULL,
    answer TEXT NOT NULL,
    answered_by UUID NOT NULL,
    answered_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_file_review_answer PRIMARY KEY (id),
    CONSTRAINT uq_file_review_answer_finding_id_ordinal UNIQUE (finding_id, ordinal),
    CONSTRAINT ck_file_review_answer_ordinal CHECK (ordinal > 0),
    CONSTRAINT fk_file_review_answer_unit_id FOREIGN KEY(unit_id) REFERENCES unit (id),
    CONSTRAINT fk_file_review_answer_finding_id FOREIGN KEY(finding_id) REFERENCES file_review_finding (id),
    CONSTRAINT fk_file_review_answer_answered_by FOREIGN KEY(answered_by) REFERENCES person (id)
);
CREATE INDEX ix_file_review_answer_unit_id ON file_review_answer (unit_id);
GRANT SELECT, INSERT ON file_review_answer TO liuhen_app;

-- What can be drawn: the cases of the unit and of those below it that were closed or archived on these Chinese days.
CREATE FUNCTION file_review_eligible(of_unit uuid, first_day date, last_day date) RETURNS jsonb
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    WITH RECURSIVE tree(id) AS (
        SELECT of_unit UNION SELECT u.id FROM unit u JOIN tree ON u.parent_id = tree.id
    )
    SELECT COALESCE(jsonb_agg(c.id ORDER BY c.id), '[]'::jsonb)
    FROM "case" c JOIN tree ON tree.id = c.unit_id LEFT JOIN case_archive a ON a.case_id = c.id
    WHERE chinese_day(c.closed_at) BETWEEN first_day AND last_day
        OR chinese_day(a.archived_at) BETWEEN first_day AND last_day
$$;

-- docs/file-review.md states the formula for whoever has the ledger alone.
CREATE FUNCTION file_review_sample(of_round file_review, root bytea) RETURNS jsonb
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT jsonb_agg(ranked.id ORDER BY ranked.rank, ranked.id) FROM (
        SELECT e.id, sha256(root || uuid_send(of_round.id) || uuid_send(e.id::uuid)) AS rank
        FROM jsonb_array_elements_text(of_round.eligible) AS e(id)
        ORDER BY 2, 1 LIMIT of_round.sample_size
    ) ranked
$$;

-- The cases are settled before any seed is known: their days are over, and the announcement is written here and now.
CREATE FUNCTION require_sound_file_review() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF TG_OP = 'UPDATE' THEN
        IF NOT EXISTS (SELECT FROM file_review_draw d WHERE d.round_id = NEW.id)
            OR EXISTS (
                SELECT FROM file_review_draw d CROSS JOIN jsonb_array_elements_text(d.drawn) AS e(id)
                WHERE d.round_id = NEW.id AND NOT EXISTS (
                    SELECT FROM file_review_score s WHERE s.round_id = NEW.id AND s.case_id = e.id::uuid
                )
            )
            OR EXISTS (SELECT FROM file_review_finding f WHERE f.round_id = NEW.id AND f.ended_at IS NULL)
        THEN
            RAISE EXCEPTION 'review % has not come to its end', NEW.id USING ERRCODE = 'check_violation';
        END IF;
        RETURN NEW;
    END IF;
    PERFORM require_now(NEW.announced_at, 'an announcement');
    IF NEW.ended_at IS NOT NULL OR NEW.last_day >= chinese_day(now()) THEN
        RAISE EXCEPTION 'a review is of days that are over' USING ERRCODE = 'check_violation';
    END IF;
    IF NEW.eligible <> file_review_eligible(NEW.unit_id, NEW.first_day, NEW.last_day) THEN
        RAISE EXCEPTION 'a review is of all cases of its unit and days' USING ERRCODE = 'check_violation';
    END IF;
    PERFORM FROM score_sheet_rule r WHERE r.id = NEW.rule_id AND r.valid @> chinese_day(now());
    IF NOT FOUND THEN
        RAISE EXCEPTION 'the score sheet holds on the day of the announcement' USING ERRCODE = 'check_violation';
    END IF;
    PERFORM FROM ledger_entry e WHERE e.id = NEW.entry_id AND e.action = 'file_review.announced'
        AND e.subject_id = NEW.id::text AND e.transaction_id = pg_current_xact_id();
    IF NOT FOUND THEN
        RAISE EXCEPTION 'a review is announced in the ledger, in its own transaction' USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER sound BEFORE INSERT OR UPDATE ON file_review FOR EACH ROW EXECUTE FUNCTION require_sound_file_review();
CREATE TRIGGER keep_ended BEFORE UPDATE ON file_review FOR EACH ROW EXECUTE FUNCTION keep_ended('ended_at');

CREATE FUNCTION require_fair_draw() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    of_round file_review%ROWTYPE;
    seed ledger_checkpoint%ROWTYPE;
BEGIN
    PERFORM require_now(NEW.drawn_at, 'a draw');
    SELECT r.* INTO of_round FROM file_review r WHERE r.id = NEW.round_id AND r.unit_id = NEW.unit_id;
    SELECT c.* INTO seed FROM ledger_sequence s JOIN ledger_checkpoint c ON c.size > s.index
    WHERE s.entry_id = of_round.entry_id ORDER BY c.size LIMIT 1;
    IF seed.size IS NULL OR NEW.checkpoint_size <> seed.size OR NEW.root <> seed.root THEN
        RAISE EXCEPTION 'a review is drawn by the first checkpoint that covers its announcement'
            USING ERRCODE = 'check_violation';
    END IF;
    IF NEW.drawn <> file_review_sample(of_round, seed.root) THEN
        RAISE EXCEPTION 'the cases are not those that the checkpoint draws' USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER fair BEFORE INSERT ON file_review_draw FOR EACH ROW EXECUTE FUNCTION require_fair_draw();

-- Of a case that was drawn, in a round that goes on; whoever ends it meanwhile waits, or is waited for.
CREATE FUNCTION require_case_under_review(of_round uuid, of_case uuid, of_unit uuid) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    PERFORM FROM file_review r WHERE r.id = of_round AND r.ended_at IS NULL FOR SHARE;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'review % has ended', of_round USING ERRCODE = 'check_violation';
    END IF;
    PERFORM FROM file_review_draw d JOIN "case" c ON c.id = of_case AND c.unit_id = of_unit
    WHERE d.round_id = of_round AND d.drawn ? of_case::text;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'case % was not drawn', of_case USING ERRCODE = 'check_violation';
    END IF;
END $$;

CREATE FUNCTION require_sound_score() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    items CONSTANT jsonb := (
        SELECT s.rules->'items' FROM file_review r JOIN score_sheet_rule s ON s.id = r.rule_id WHERE r.id = NEW.round_id
    );
BEGIN
    PERFORM require_now(NEW.scored_at, 'a score');
    PERFORM require_case_under_review(NEW.round_id, NEW.case_id, NEW.unit_id);
    IF takes_part_in(NEW.case_id, NEW.scored_by) THEN
        RAISE EXCEPTION 'nobody reviews a case he took part in' USING ERRCODE = 'check_violation';
    END IF;
    IF EXISTS (
        SELECT FROM jsonb_array_elements(items) i
        WHERE (NEW.scores->(i->>'code')->>'points')::integer BETWEEN 0 AND (i->>'points')::integer IS NOT TRUE
    ) OR (SELECT count(*) FROM jsonb_object_keys(NEW.scores)) <> jsonb_array_length(items)
        OR NEW.total <> (SELECT sum((s.value->>'points')::integer) FROM jsonb_each(NEW.scores) s)
    THEN
        RAISE EXCEPTION 'the sheet is scored item by item' USING ERRCODE = 'check_violation';
    END IF;
    IF NEW.ordinal <> 1 + (
        SELECT count(*) FROM file_review_score s WHERE s.round_id = NEW.round_id AND s.case_id = NEW.case_id
    ) THEN
        RAISE EXCEPTION 'sheets of a case are counted one by one' USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER sound BEFORE INSERT ON file_review_score FOR EACH ROW EXECUTE FUNCTION require_sound_score();

CREATE FUNCTION require_sound_finding() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    PERFORM require_case_under_review(NEW.round_id, NEW.case_id, NEW.unit_id);
    IF takes_part_in(NEW.case_id, COALESCE(NEW.ended_by, NEW.found_by)) THEN
        RAISE EXCEPTION 'nobody reviews a case he took part in' USING ERRCODE = 'check_violation';
    END IF;
    IF TG_OP = 'INSERT' THEN
        PERFORM require_now(NEW.found_at, 'a finding');
        IF NEW.ended_at IS NOT NULL OR NEW.due_on < chinese_day(NEW.found_at) OR NOT EXISTS (
            SELECT FROM file_review r JOIN score_sheet_rule s ON s.id = r.rule_id
            CROSS JOIN jsonb_array_elements(s.rules->'items') i WHERE r.id = NEW.round_id AND i->>'code' = NEW.item
        ) THEN
            RAISE EXCEPTION 'a finding is of an item of the sheet, and due later' USING ERRCODE = 'check_violation';
        END IF;
        RETURN NEW;
    END IF;
    PERFORM require_now(NEW.ended_at, 'the end of a finding');
    IF NEW.outcome = 'rectified' AND NOT EXISTS (SELECT FROM file_review_answer a WHERE a.finding_id = NEW.id) THEN
        RAISE EXCEPTION 'nobody answered finding % yet', NEW.id USING ERRCODE = 'check_violation';
    END IF;
    IF EXISTS (SELECT FROM file_review_answer a WHERE a.finding_id = NEW.id AND a.answered_by = NEW.ended_by) THEN
        RAISE EXCEPTION 'nobody ends what he answered' USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER sound BEFORE INSERT OR UPDATE ON file_review_finding FOR EACH ROW
    EXECUTE FUNCTION require_sound_finding();
CREATE TRIGGER keep_ended BEFORE UPDATE ON file_review_finding FOR EACH ROW EXECUTE FUNCTION keep_ended('ended_at');
CREATE TRIGGER keep_outcome BEFORE UPDATE ON file_review_finding FOR EACH ROW EXECUTE FUNCTION keep_ended('outcome');
CREATE TRIGGER keep_ender BEFORE UPDATE ON file_review_finding FOR EACH ROW EXECUTE FUNCTION keep_ended('ended_by');
CREATE TRIGGER keep_end_note BEFORE UPDATE ON file_review_finding FOR EACH ROW EXECUTE FUNCTION keep_ended('end_note');
CREATE TRIGGER keep_ender BEFORE UPDATE ON file_review FOR EACH ROW EXECUTE FUNCTION keep_ended('ended_by');

CREATE FUNCTION require_sound_answer() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    PERFORM require_now(NEW.answered_at, 'an answer');
    PERFORM FROM file_review_finding f WHERE f.id = NEW.finding_id AND f.unit_id = NEW.unit_id AND f.ended_at IS NULL
        FOR SHARE;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'finding % has ended', NEW.finding_id USING ERRCODE = 'check_violation';
    END IF;
    PERFORM FROM person p WHERE p.id = NEW.answered_by AND p.unit_id = NEW.unit_id;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'the unit that handled the case answers' USING ERRCODE = 'check_violation';
    END IF;
    IF NEW.ordinal <> 1 + (SELECT count(*) FROM file_review_answer a WHERE a.finding_id = NEW.finding_id) THEN
        RAISE EXCEPTION 'answers are counted one by one' USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER sound BEFORE INSERT ON file_review_answer FOR EACH ROW EXECUTE FUNCTION require_sound_answer();
