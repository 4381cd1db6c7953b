-- What shows that a party gave something up was made after he was told, and still stands; what one takes back of what the
-- party said, another one looks into; and he is told of the day of his hearing in time (处罚法 45, 62, 64):
-- docs/decisions/0040-what-the-party-said-stays.md. Lines marked `told:` are each tried by a test that takes it out.

-- Words that came: he agrees to a hearing on shorter notice; what was withdrawn had been entered wrongly, as another found.
ALTER TABLE party_reply
    DROP CONSTRAINT ck_party_reply_kind,
    ADD CONSTRAINT ck_party_reply_kind CHECK (kind IN (
        'statement', 'statement_waived', 'hearing_requested', 'hearing_request_withdrawn', 'hearing_waived',
        'hearing_short_notice_agreed'
    ));
ALTER TABLE reply_answer
    DROP CONSTRAINT ck_reply_answer_outcome,
    ADD CONSTRAINT ck_reply_answer_outcome CHECK (
        outcome IN ('adopted', 'partly_adopted', 'not_adopted', 'entered_wrongly')
    );

-- Whether a recording was surely made before that: it had come in by then, or somebody answered so of it. What its own
-- clock says, and what is known of that clock, casework reads.
CREATE FUNCTION recorded_by(of_recording uuid, moment timestamptz) RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT EXISTS (
        SELECT FROM recording r
        WHERE r.id = of_recording AND (r.received_at < moment OR (
            SELECT a.value::timestamptz FROM element_answer a
            WHERE a.recording_id = r.id AND a.element = 'time' ORDER BY a.ordinal DESC LIMIT 1
        ) + make_interval(mins => 1, secs => COALESCE(r.duration_seconds, 0)) < moment)
    )
$$;

-- As before; and by no recording of before. A paper has to be signed since, a recording made since.
CREATE OR REPLACE FUNCTION require_sound_reply() RETURNS trigger
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
            AND g.signed_at >= date_trunc('minute', given_at)
    ) OR NEW.recording_id IS NOT NULL AND NOT EXISTS (
        SELECT FROM case_link l
        WHERE l.case_id = NEW.case_id AND l.recording_id = NEW.recording_id AND l.ended_at IS NULL
    ) THEN
        RAISE EXCEPTION 'what shows it is a paper that the party signed, or a recording of the case'
            USING ERRCODE = 'check_violation';
    END IF;
    IF NEW.recording_id IS NOT NULL AND recorded_by(NEW.recording_id, date_trunc('minute', given_at)) THEN
        RAISE EXCEPTION 'the recording was made before the notice was given' USING ERRCODE = 'check_violation';
    END IF;
    IF NEW.kind IN (
        'statement_waived', 'hearing_waived', 'hearing_request_withdrawn', 'hearing_short_notice_agreed'
    ) AND told.document_id IS NOT NULL
        AND num_nonnulls(NEW.document_id, NEW.recording_id) = 0
    THEN
        RAISE EXCEPTION 'what a party gives up is in writing, or recorded' USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;

-- A statement that stands is answered. Of one that was withdrawn, as of a request to be heard, another person says that it
-- had been entered wrongly: nobody alone makes what a party said unsaid.
CREATE OR REPLACE FUNCTION require_sound_reply_answer() RETURNS trigger
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
    WHERE r.id = NEW.reply_id AND r.case_id = NEW.case_id AND r.unit_id = NEW.unit_id AND CASE
        WHEN NEW.outcome = 'entered_wrongly'
            THEN r.kind IN ('statement', 'hearing_requested') AND r.withdrawn_by <> NEW.answered_by
        ELSE r.kind = 'statement' AND r.withdrawn_at IS NULL
    END;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'reply % is no statement that stands, nor one that somebody else withdrew', NEW.reply_id
            USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;

-- What the party gave up counts as long as what shows it is there: the paper was not withdrawn, the recording is still
-- in the case. On the spot nothing shows it but the officer's entry.
CREATE FUNCTION is_still_shown(said party_reply) RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT num_nonnulls(said.document_id, said.recording_id) = 0
        OR EXISTS (SELECT FROM document d WHERE d.id = said.document_id AND d.withdrawn_at IS NULL)
        OR EXISTS (
            SELECT FROM case_link l
            WHERE l.case_id = said.case_id AND l.recording_id = said.recording_id AND l.ended_at IS NULL
        )
$$;

-- What the party said, also what was withdrawn of it: to notices of this decision, and to those of a draft against him in
-- the same case that came to nothing. Else a draft is withdrawn, and with it whatever he said to it.
CREATE OR REPLACE FUNCTION replies_about(said decision_version, on_moment timestamptz) RETURNS SETOF party_reply
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT r.* FROM party_reply r JOIN party_notice n ON n.id = r.notice_id
    JOIN decision_version v ON v.id = n.version_id JOIN decision d ON d.id = n.decision_id
    WHERE r.said_at <= on_moment AND (
        n.decision_id = said.decision_id
        OR n.case_id = said.case_id AND is_same_party(v.party, said.party) AND (d.withdrawn_at IS NOT NULL OR NOT EXISTS (SELECT FROM decision_issue i WHERE i.decision_id = d.id)) -- told: drafts_of_before
    )
$$;

-- His requests to be heard: in time, as so much had not run when he asked; and not taken back by himself since.
CREATE FUNCTION requests_to_hear(said decision_version, served_on date, request_days integer, on_moment timestamptz)
RETURNS SETOF party_reply
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT r.* FROM replies_about(said, on_moment) r
    WHERE r.kind = 'hearing_requested' AND r.withdrawn_at IS NULL
        AND days_run(served_on, chinese_day(r.said_at), 'working_days') < request_days
        AND NOT EXISTS (
            SELECT FROM replies_about(said, on_moment) b
            WHERE b.kind = 'hearing_request_withdrawn' AND b.withdrawn_at IS NULL AND b.said_at >= r.said_at
                AND is_still_shown(b) -- told: taken_back_shown
        )
$$;

-- The hearings of a case that were held: one of before he asked is none that he asked for.
CREATE FUNCTION hearings_since(of_case uuid, asked_at timestamptz, until_day date) RETURNS SETOF case_event
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT e.* FROM case_event e
    WHERE e.case_id = of_case AND e.kind = 'hearing_held' AND e.withdrawn_at IS NULL AND e.day <= until_day
        AND e.day >= chinese_day(asked_at) -- told: held_once_asked
$$;

-- As `told_refusals`, of the hearing alone: told that he may ask for one, heard where he asked in time, and told of its day.
CREATE FUNCTION hearing_refusals(said decision_version, of_procedure text, moment timestamptz) RETURNS text[]
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    on_day date := chinese_day(moment);
    least integer;
    ahead integer;
    told party_notice%ROWTYPE;
    served_on date;
BEGIN
    IF of_procedure <> 'hearing_penalty' -- told: hearing_procedure
        AND NOT hearing_is_owed(said, moment) -- told: hearing_owed
        AND NOT EXISTS (SELECT FROM party_notice n WHERE n.decision_id = said.decision_id AND n.kind = 'hearing' AND n.withdrawn_at IS NULL) -- told: hearing_offered
    THEN
        RETURN ARRAY[]::text[];
    END IF;
    SELECT n.* INTO told FROM party_notice n JOIN decision_version v ON v.id = n.version_id
    WHERE n.kind = 'hearing' -- told: hearing_kind
        AND n.decision_id = said.decision_id -- told: hearing_own_decision
        AND n.withdrawn_at IS NULL -- told: hearing_notice_stands
        AND tells_of(v, said) -- told: hearing_tells_of
    ORDER BY n.stated_at DESC LIMIT 1;
    IF told.id IS NULL THEN -- told: hearing_untold
        RETURN ARRAY['hearing_untold'];
    END IF;
    served_on := notice_counts_on(told.id, said.party, on_day);
    IF served_on IS NULL THEN -- told: hearing_served
        RETURN ARRAY['hearing_unserved'];
    END IF;
    SELECT greatest(max((rules->>'request_days')::integer), 5), max((rules->>'hearing_notice_days')::integer)
    INTO least, ahead FROM notice_rules_of(said.unit_id, moment) rules;
    IF EXISTS (
        SELECT FROM requests_to_hear(said, served_on, least, moment) r
        WHERE NOT EXISTS (SELECT FROM hearings_since(said.case_id, r.said_at, on_day))
    ) THEN -- told: hearing_held
        RETURN ARRAY['hearing_unheld'];
    END IF;
    -- 处罚法 64(2): told of its day seven days before. No rule says less; where none speaks of it, it is not asked.
    IF EXISTS (
        SELECT FROM requests_to_hear(said, served_on, least, moment) r
        WHERE NOT EXISTS (
            SELECT FROM hearings_since(said.case_id, r.said_at, on_day) e
            WHERE ahead IS NULL
                OR EXISTS (SELECT FROM case_term t WHERE t.event_id = e.id AND t.kind = 'hearing_notice' AND t.done_on <= e.day - greatest(ahead, 7)) -- told: hearing_announced
                OR EXISTS (SELECT FROM replies_about(said, moment) b WHERE b.kind = 'hearing_short_notice_agreed' AND b.withdrawn_at IS NULL AND b.said_at >= r.said_at AND chinese_day(b.said_at) <= e.day AND is_still_shown(b)) -- told: short_notice_agreed
        )
    ) THEN -- told: hearing_short
        RETURN ARRAY['hearing_short'];
    END IF;
    IF days_run(served_on, on_day, 'working_days') < least AND NOT EXISTS (
        SELECT FROM party_reply r
        WHERE r.notice_id = told.id AND r.kind IN ('hearing_waived', 'hearing_requested', 'hearing_request_withdrawn')
            AND r.withdrawn_at IS NULL AND r.said_at <= moment
            AND (r.kind = 'hearing_requested' OR is_still_shown(r)) -- told: hearing_waiver_shown
    ) THEN -- told: hearing_days
        RETURN ARRAY['hearing_days'];
    END IF;
    RETURN ARRAY[]::text[];
END $$;

-- Why a penalty may not be issued yet: as before, with what is said above. What is owed of a hearing stands by itself.
CREATE OR REPLACE FUNCTION told_refusals(of_version uuid) RETURNS text[]
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
    -- 处罚法 51: a fine of at most 200 yuan of a citizen, 3,000 of an organisation, or a warning; split ones are one.
    IF held.procedure = 'simple_penalty' AND (
        NOT said.measures <@ '["fine", "warning", "correction", "no_penalty"]'
        OR COALESCE(said.amount_fen, 0) + whole_amount(said.case_id, said.decision_id, said.party)
            > CASE said.party_kind WHEN 'citizen' THEN 20000 ELSE 300000 END
    ) THEN -- told: on_the_spot
        refusals := refusals || 'not_on_the_spot'::text;
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
        ELSIF days_run(served_on, on_day, counting) < greatest(least, told.days, 1) AND NOT EXISTS (
            SELECT FROM party_reply r WHERE r.notice_id = told.id AND r.kind = 'statement_waived'
                AND r.withdrawn_at IS NULL AND r.said_at <= moment
                AND is_still_shown(r) -- told: waiver_shown
        ) THEN -- told: statement_days
            refusals := refusals || 'statement_days'::text;
        END IF;
    END IF;
    IF EXISTS (
        SELECT FROM replies_about(said, moment) r
        WHERE r.kind = 'statement' AND r.withdrawn_at IS NULL
            AND NOT EXISTS (SELECT FROM reply_answer a WHERE a.reply_id = r.id AND a.withdrawn_at IS NULL)
    ) THEN -- told: answered
        refusals := refusals || 'unanswered'::text;
    END IF;
    -- What one takes back of what the party said, another one has to look into.
    IF EXISTS (
        SELECT FROM replies_about(said, moment) r
        WHERE r.kind IN ('statement', 'hearing_requested') AND r.withdrawn_at IS NOT NULL
            AND NOT EXISTS (SELECT FROM reply_answer a WHERE a.reply_id = r.id AND a.withdrawn_at IS NULL)
    ) THEN -- told: withdrawn_by_two
        refusals := refusals || 'withdrawal_unconfirmed'::text;
    END IF;
    RETURN refusals || hearing_refusals(said, held.procedure, moment);
END $$;
REVOKE EXECUTE ON FUNCTION recorded_by, is_still_shown, requests_to_hear, hearings_since, hearing_refusals FROM PUBLIC;
