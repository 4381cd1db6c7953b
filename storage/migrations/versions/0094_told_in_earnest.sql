-- Ways round what a party is told (migration 0092), closed: docs/decisions/0039-told-before-punished.md, "Ways round".
-- Lines marked `told:` are each tried by a test that takes it out.

-- A paper that the party signed before he was told gives nothing up.
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
    IF NEW.kind IN ('statement_waived', 'hearing_waived', 'hearing_request_withdrawn') AND told.document_id IS NOT NULL
        AND num_nonnulls(NEW.document_id, NEW.recording_id) = 0
    THEN
        RAISE EXCEPTION 'what a party gives up is in writing, or recorded' USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;

-- In other words it may become less where yuan say all that it is. How long a business is shut, or what is confiscated,
-- words alone say: whoever takes one yuan off and shuts it for a year tells him anew.
CREATE OR REPLACE FUNCTION tells_of(told decision_version, said decision_version) RETURNS boolean
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT TRUE
        AND bare_party(told.party) = bare_party(said.party) -- told: same_party
        AND said.measures <@ told.measures -- told: no_more_measures
        AND COALESCE(said.amount_fen, 0) <= COALESCE(told.amount_fen, 0) -- told: no_more_amount
        AND (bare_text(told.content) = bare_text(said.content) OR COALESCE(said.amount_fen, 0) < COALESCE(told.amount_fen, 0) OR NOT told.measures <@ said.measures) -- told: no_other_words
        AND (bare_text(told.content) = bare_text(said.content) OR said.measures <@ '["fine", "warning", "criticism", "correction", "no_penalty"]') -- told: words_that_weigh
$$;

-- As before, and by no day that is earlier than the service: who writes rows writes `counts_on`.
CREATE OR REPLACE FUNCTION notice_counts_on(of_notice uuid, of_party text, until_day date) RETURNS date
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT min(s.counts_on) FROM party_notice n JOIN document d ON d.id = n.document_id
    JOIN final_document f ON f.document_id = d.id JOIN case_service s ON s.document_id = d.id
    WHERE n.id = of_notice
        AND d.withdrawn_at IS NULL -- told: paper_stands
        AND s.withdrawn_at IS NULL -- told: service_stands
        AND s.served_at >= date_trunc('minute', f.finalised_at) -- told: served_once_final
        AND position(NULLIF(bare_party(of_party), '') IN bare_party(s.addressee)) > 0 -- told: served_on_party
        AND is_proven_service(s) -- told: service_proven
        AND s.counts_on <= until_day -- told: service_counts
        AND s.counts_on >= chinese_day(s.served_at) + CASE s.method WHEN 'posted' THEN 30 ELSE 0 END -- told: counts_once_served
$$;

-- What the party said, and what still stands of it: to notices of this decision, and to those of a draft against him in
-- the same case that came to nothing. Else a draft is withdrawn, and with it whatever he said to it.
CREATE FUNCTION replies_about(said decision_version, on_moment timestamptz) RETURNS SETOF party_reply
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT r.* FROM party_reply r JOIN party_notice n ON n.id = r.notice_id
    JOIN decision_version v ON v.id = n.version_id JOIN decision d ON d.id = n.decision_id
    WHERE r.withdrawn_at IS NULL AND r.said_at <= on_moment AND (
        n.decision_id = said.decision_id
        OR n.case_id = said.case_id AND is_same_party(v.party, said.party) AND (d.withdrawn_at IS NOT NULL OR NOT EXISTS (SELECT FROM decision_issue i WHERE i.decision_id = d.id)) -- told: drafts_of_before
    )
$$;
REVOKE EXECUTE ON FUNCTION replies_about FROM PUBLIC;

-- Why a penalty may not be issued yet: as before, with what is said above, and no longer on the spot than the law allows.
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
        ) THEN -- told: statement_days
            refusals := refusals || 'statement_days'::text;
        END IF;
    END IF;
    IF EXISTS (
        SELECT FROM replies_about(said, moment) r
        WHERE r.kind = 'statement'
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
    SELECT greatest(max((rules->>'request_days')::integer), 5) INTO least FROM notice_rules_of(said.unit_id, moment) rules;
    counting := 'working_days';
    -- In time: so much had not run when it was said. What was taken back later is no request any more; a hearing that was
    -- held before he asked is none that he asked for.
    IF EXISTS (
        SELECT FROM replies_about(said, moment) r
        WHERE r.kind = 'hearing_requested' AND days_run(served_on, chinese_day(r.said_at), counting) < least
            AND NOT EXISTS (
                SELECT FROM replies_about(said, moment) b
                WHERE b.kind = 'hearing_request_withdrawn' AND b.said_at >= r.said_at
            )
            AND NOT EXISTS (
                SELECT FROM case_event e
                WHERE e.case_id = said.case_id AND e.kind = 'hearing_held' AND e.withdrawn_at IS NULL
                    AND e.day <= on_day
                    AND e.day >= chinese_day(r.said_at) -- told: held_once_asked
            )
    ) THEN -- told: hearing_held
        RETURN refusals || 'hearing_unheld'::text;
    END IF;
    IF days_run(served_on, on_day, counting) < least AND NOT EXISTS (
        SELECT FROM party_reply r
        WHERE r.notice_id = told.id AND r.kind IN ('hearing_waived', 'hearing_requested', 'hearing_request_withdrawn')
            AND r.withdrawn_at IS NULL AND r.said_at <= moment
    ) THEN -- told: hearing_days
        RETURN refusals || 'hearing_days'::text;
    END IF;
    RETURN refusals;
END $$;

-- What is archived stays as it is.
CREATE TRIGGER unarchived BEFORE INSERT OR UPDATE ON party_notice FOR EACH ROW EXECUTE FUNCTION require_unarchived_case();
CREATE TRIGGER unarchived BEFORE INSERT OR UPDATE ON party_reply FOR EACH ROW EXECUTE FUNCTION require_unarchived_case();
CREATE TRIGGER unarchived BEFORE INSERT OR UPDATE ON reply_answer FOR EACH ROW EXECUTE FUNCTION require_unarchived_case();
