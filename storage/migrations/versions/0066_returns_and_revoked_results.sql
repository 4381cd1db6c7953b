-- A return is what the code would write, whoever writes it: its period and its days belong together, its rule is the one
-- that binds its unit, and its figures are those of that unit and of those below it.

CREATE FUNCTION is_period_of(every text, code text, first_day date, last_day date) RETURNS boolean
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT coalesce(
        extract(day FROM first_day) = 1
            AND (extract(month FROM first_day)::int - 1) % m.months = 0
            AND last_day = (first_day + make_interval(months => m.months))::date - 1
            AND code = to_char(first_day, 'YYYY') || CASE every
                WHEN 'month' THEN to_char(first_day, '-MM')
                WHEN 'quarter' THEN to_char(first_day, '-"Q"Q')
                WHEN 'half_year' THEN '-H' || ((extract(month FROM first_day)::int - 1) / 6 + 1)
                ELSE ''
            END,
        FALSE
    )
    FROM (
        SELECT CASE every WHEN 'month' THEN 1 WHEN 'quarter' THEN 3 WHEN 'half_year' THEN 6 WHEN 'year' THEN 12 END
    ) AS m(months)
$$;

-- By which counting, and of each unit its name, its depth and the same figures, whole numbers; `own` first, all of `wanted`,
-- none but of `allowed`.
CREATE FUNCTION are_figures_of(figures jsonb, own uuid, wanted uuid[], allowed uuid[]) RETURNS boolean
LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    stated jsonb;
    codes text[];
    found uuid[] := '{}';
BEGIN
    IF jsonb_typeof(figures->'units') IS DISTINCT FROM 'array' OR (figures->'counting')::text !~ '^[1-9][0-9]*$'
        OR figures->'counting' IS NULL
    THEN
        RETURN FALSE;
    END IF;
    FOR stated IN SELECT u.value FROM jsonb_array_elements(figures->'units') AS u LOOP
        IF jsonb_typeof(stated->'id') IS DISTINCT FROM 'string' OR NOT pg_input_is_valid(stated->>'id', 'uuid')
            OR jsonb_typeof(stated->'name') IS DISTINCT FROM 'string'
            OR jsonb_typeof(stated->'depth') IS DISTINCT FROM 'number'
            OR jsonb_typeof(stated->'figures') IS DISTINCT FROM 'object'
        THEN
            RETURN FALSE;
        END IF;
        IF EXISTS (SELECT FROM jsonb_each(stated->'figures') AS f WHERE f.value::text !~ '^(0|-?[1-9][0-9]*)$')
            OR codes IS DISTINCT FROM ARRAY(SELECT jsonb_object_keys(stated->'figures') ORDER BY 1) AND codes IS NOT NULL
        THEN
            RETURN FALSE;
        END IF;
        codes := ARRAY(SELECT jsonb_object_keys(stated->'figures') ORDER BY 1);
        IF (stated->>'id')::uuid = ANY (found) THEN
            RETURN FALSE;
        END IF;
        found := found || (stated->>'id')::uuid;
    END LOOP;
    RETURN coalesce(codes <> '{}' AND found[1] = own AND found @> wanted AND found <@ allowed, FALSE);
END $$;

CREATE OR REPLACE FUNCTION require_sound_return() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    former unit_return%ROWTYPE;
    line uuid[];
    own unit%ROWTYPE;
    of_rule return_rule%ROWTYPE;
    asked jsonb;
    wanted uuid[];
    allowed uuid[];
BEGIN
    PERFORM require_now(NEW.drawn_up_at, 'a return');
    PERFORM require_returns_role(NEW.drawn_up_by, NEW.unit_id, 'supervisor', 'publisher');
    IF NEW.checked_at IS NOT NULL OR NEW.set_aside_at IS NOT NULL OR NEW.last_day >= chinese_day(now()) THEN
        RAISE EXCEPTION 'a return is drawn up of a period that is over' USING ERRCODE = 'check_violation';
    END IF;
    SELECT * INTO own FROM unit u WHERE u.id = NEW.unit_id;
    WITH RECURSIVE above(id, parent_id, place) AS (
        SELECT own.id, own.parent_id, 1
        UNION ALL SELECT u.id, u.parent_id, a.place + 1 FROM unit u JOIN above a ON u.id = a.parent_id WHERE a.place < 100
    ) SELECT array_agg(a.id ORDER BY a.place) INTO line FROM above a;
    SELECT r.* INTO of_rule FROM return_rule r WHERE r.id = NEW.rule_id;
    SELECT k.stated INTO asked FROM jsonb_array_elements(of_rule.rules->'returns') AS k(stated)
    WHERE of_rule.valid @> NEW.last_day AND k.stated->>'code' = NEW.code
        AND (of_rule.unit_id IS NULL OR of_rule.unit_id = ANY (line))
        AND k.stated->>'owed_by' IN ('every', CASE WHEN own.parent_id IS NULL THEN 'topmost' ELSE 'below' END)
        AND is_period_of(k.stated->>'every', NEW.period, NEW.first_day, NEW.last_day);
    IF asked IS NULL OR NEW.last_day < chinese_day(own.created_at) THEN
        RAISE EXCEPTION 'no rule asks this unit for the return % of % (% to %)', NEW.code, NEW.period, NEW.first_day,
            NEW.last_day USING ERRCODE = 'check_violation';
    END IF;
    -- Of two that ask for it the nearest unit's own goes before.
    PERFORM FROM return_rule r CROSS JOIN jsonb_array_elements(r.rules->'returns') AS k(stated)
    WHERE r.unit_id = ANY (line) AND r.valid @> NEW.last_day AND k.stated->>'code' = NEW.code
        AND k.stated->>'every' = asked->>'every'
        AND k.stated->>'owed_by' IN ('every', CASE WHEN own.parent_id IS NULL THEN 'topmost' ELSE 'below' END)
        AND array_position(line, r.unit_id) < coalesce(array_position(line, of_rule.unit_id), 1000);
    IF FOUND THEN
        RAISE EXCEPTION 'the return % is ruled by a nearer unit', NEW.code USING ERRCODE = 'check_violation';
    END IF;
    -- By the tree of the period's last day; a unit that was merged by then is counted by its successor in any case.
    WITH RECURSIVE below(id, created_at) AS (
        SELECT own.id, own.created_at
        UNION SELECT u.id, u.created_at
            FROM unit u JOIN below b ON b.id = CASE WHEN u.ended_on > NEW.last_day THEN u.parent_before ELSE u.parent_id END
            WHERE asked->>'with_below' = 'true' OR u.ended_into = b.id AND u.ended_on <= NEW.last_day
    ) SELECT array_agg(b.id) FILTER (WHERE b.created_at <= NEW.drawn_up_at OR b.id = own.id), array_agg(b.id)
    INTO wanted, allowed FROM below b;
    IF NOT are_figures_of(NEW.figures, NEW.unit_id, wanted, allowed) THEN
        RAISE EXCEPTION 'the figures of the return % are not those of its unit and of those below it', NEW.code
            USING ERRCODE = 'check_violation';
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

-- A revocation names what it revokes: a decision by its issue, the result of a check by the event that entered it. One of
-- before this migration that names neither goes on to revoke the results that were entered before it in its case.
ALTER TABLE case_event ADD COLUMN revokes_id UUID;
ALTER TABLE case_event ADD CONSTRAINT fk_case_event_revokes_id FOREIGN KEY(revokes_id) REFERENCES case_event (id);
ALTER TABLE case_event ADD CONSTRAINT ck_case_event_revokes
    CHECK (revokes_id IS NULL OR kind = 'decision_revoked' AND issue_id IS NULL);
DROP INDEX uq_case_event_standing;
CREATE UNIQUE INDEX uq_case_event_standing ON case_event (case_id, kind, day)
    WHERE withdrawn_at IS NULL AND issue_id IS NULL AND revokes_id IS NULL;
CREATE UNIQUE INDEX uq_case_event_revokes ON case_event (revokes_id) WHERE withdrawn_at IS NULL;

CREATE OR REPLACE FUNCTION require_named_decision() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    of_kind CONSTANT text := CASE NEW.kind WHEN 'decision_revoked' THEN 'penalty' ELSE split_part(NEW.kind, '_', 1) END;
    revokes CONSTANT boolean := NEW.kind = 'decision_revoked';
    named uuid[];
BEGIN
    PERFORM lock_case_in_turn(NEW.case_id);
    IF NEW.revokes_id IS NOT NULL THEN
        PERFORM FROM case_event r WHERE r.id = NEW.revokes_id AND r.case_id = NEW.case_id AND r.kind = 'inspection_concluded'
            AND r.withdrawn_at IS NULL AND r.day <= NEW.day FOR SHARE;
        IF NOT FOUND THEN -- condition: result_of_its_own
            RAISE EXCEPTION 'a revocation is of the result of a check that stands in its case, of that day or before it'
                USING ERRCODE = 'check_violation';
        END IF;
        RETURN NEW;
    END IF;
    SELECT array_agg(i.id) INTO named FROM decision_issue i JOIN decision_version v ON v.id = i.version_id
    WHERE i.case_id = NEW.case_id AND v.kind = of_kind
        AND (i.issued_on = NEW.day OR revokes AND (NEW.issue_id IS NULL OR i.issued_on < NEW.day));
    IF NEW.issue_id IS NULL AND named IS NOT NULL THEN -- condition: event_names
        RAISE EXCEPTION 'the event % names the decision that it is of', NEW.kind USING ERRCODE = 'check_violation';
    END IF;
    PERFORM FROM case_event r
    WHERE r.case_id = NEW.case_id AND r.kind = 'inspection_concluded' AND r.withdrawn_at IS NULL;
    IF NEW.issue_id IS NULL AND revokes AND FOUND THEN -- condition: revocation_names
        RAISE EXCEPTION 'a revocation names the result of a check that it revokes' USING ERRCODE = 'check_violation';
    END IF;
    IF NEW.issue_id IS NOT NULL AND NEW.issue_id <> ALL (coalesce(named, '{}')) THEN -- condition: event_of_its_own
        RAISE EXCEPTION 'the event % is of a decision that was issued in this case, by that day', NEW.kind
            USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;

CREATE OR REPLACE FUNCTION publication_gate(of_publication uuid, what text) RETURNS void
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
    -- A penalty by its own revocation; the result of a check by its own, or by one of its case that names none.
    IF EXISTS (SELECT FROM case_event e WHERE e.case_id = held.case_id AND e.kind = 'decision_revoked' AND e.withdrawn_at IS NULL AND e.issue_id IS NOT DISTINCT FROM held.issue_id AND (e.revokes_id = held.event_id OR e.revokes_id IS NULL AND e.entered_at > since)) THEN -- condition: not_revoked
        RAISE EXCEPTION 'the decision was revoked: nothing of it is published' USING ERRCODE = 'check_violation';
    END IF;
END $$;

-- What is to leave the public is what the event revokes: of the results of checks, the one that it names.
CREATE OR REPLACE FUNCTION revoked_publications(of_event case_event) RETURNS SETOF publication
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT p.* FROM public.publication p JOIN public.case_event e ON e.id = p.event_id
    WHERE of_event.kind = 'decision_revoked' AND p.case_id = of_event.case_id
        AND p.issue_id IS NOT DISTINCT FROM of_event.issue_id
        AND (
            of_event.issue_id IS NOT NULL OR p.event_id = of_event.revokes_id
            OR of_event.revokes_id IS NULL AND e.entered_at < of_event.entered_at
        )
$$;

-- How many recordings there are and how large is read off an index that was there for the unit alone; what is in hand,
-- and what failed, off one that has nothing else: a page that says so reads no row of a million.
DROP INDEX ix_recording_unit_id;
CREATE INDEX ix_recording_unit_id ON recording (unit_id) INCLUDE (size_bytes);
CREATE INDEX ix_upload_in_hand ON upload (state) WHERE state IN ('open', 'finished', 'sealed', 'failed');
CREATE INDEX ix_media_job_failed ON media_job (unit_id) WHERE state = 'failed';
