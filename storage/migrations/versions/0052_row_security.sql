-- What hangs on a case or a recording is seen by the people of its unit and of those above it, and by nobody without
-- signing in: the coarse wall behind the rules of casework/. docs/decisions/0021 says who is let through and why.
--
-- Every policy asks for the units once a statement. Workers act for nobody and see all; the owner migrates.

DO $$
DECLARE
    each text;
BEGIN
    FOREACH each IN ARRAY ARRAY[
        'recording', 'rendition', 'custody_attempt', 'position_track', 'recording_segment', 'recording_judgement',
        'whole_decoding', 'redaction', 'redaction_check', 'redacted_copy', 'element_answer', 'element_question',
        'link_question', 'case_link', 'hold', 'disposal_due',
        'case', 'case_act', 'case_act_statement', 'act_explanation', 'case_archive', 'case_assignment', 'case_catalogue',
        'case_event', 'case_officer', 'case_secrecy', 'case_service', 'case_stage', 'case_term', 'term_answer',
        'identity_shown', 'notice_given', 'room_session',
        'decision', 'decision_version', 'decision_submission', 'decision_review', 'decision_disagreement',
        'decision_issue', 'committee_session', 'committee_attendance', 'adviser_conflict', 'crime_transfer',
        'document', 'document_text', 'document_signature', 'final_document', 'sealed_document',
        'access_request', 'access_grant', 'request_attachment', 'playback_window', 'export', 'viewing_review',
        'publication_posting', 'publication_push', 'posting_evidence',
        'file_review_score', 'file_review_finding', 'file_review_answer',
        'sign_in_session', 'api_token'
    ] LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', each);
        EXECUTE format('CREATE POLICY of_workers ON %I TO liuhen_worker USING (true)', each);
        EXECUTE format(
            'CREATE POLICY of_seen_units ON %I TO liuhen_app USING (unit_id = ANY ((SELECT seen_units())::uuid[]))', each
        );
    END LOOP;
END $$;

-- What a commitment in the ledger opens to is of its unit; written it is with every entry, whoever makes it.
ALTER TABLE ledger_opening ENABLE ROW LEVEL SECURITY;
CREATE POLICY of_workers ON ledger_opening TO liuhen_worker USING (true);
CREATE POLICY of_seen_units ON ledger_opening FOR SELECT TO liuhen_app
    USING (unit_id = ANY ((SELECT seen_units())::uuid[]));
CREATE POLICY of_every_entry ON ledger_opening FOR INSERT TO liuhen_app WITH CHECK (true);

-- A unit draws from the pool of advisers above it, and sees that the unit above reviews files, and which were drawn.
DO $$
DECLARE
    each text;
BEGIN
    FOREACH each IN ARRAY ARRAY['adviser', 'file_review', 'file_review_draw'] LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', each);
        EXECUTE format('CREATE POLICY of_workers ON %I TO liuhen_worker USING (true)', each);
        EXECUTE format(
            'CREATE POLICY of_seen_units ON %I TO liuhen_app USING (unit_id = ANY ((SELECT seen_units())::uuid[]))', each
        );
        EXECUTE format(
            'CREATE POLICY of_units_above ON %I FOR SELECT TO liuhen_app '
            'USING (unit_id = ANY ((SELECT units_above())::uuid[]))', each
        );
    END LOOP;
END $$;

-- What was published is the public's, and its history; what is being prepared is the unit's.
CREATE FUNCTION was_published(of_publication UUID, of_version UUID) RETURNS BOOLEAN
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT EXISTS (
        SELECT FROM public.publication_step s
        WHERE s.publication_id = of_publication AND s.step = 'published'
            AND (of_version IS NULL OR s.version_id = of_version)
    )
$$;
DO $$
DECLARE
    each text;
BEGIN
    FOREACH each IN ARRAY ARRAY['publication', 'publication_version', 'publication_step'] LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', each);
        EXECUTE format('CREATE POLICY of_workers ON %I TO liuhen_worker USING (true)', each);
        EXECUTE format(
            'CREATE POLICY of_seen_units ON %I TO liuhen_app USING (unit_id = ANY ((SELECT seen_units())::uuid[]))', each
        );
    END LOOP;
END $$;
CREATE POLICY of_the_public ON publication FOR SELECT TO liuhen_app
    USING (shown_version_id IS NOT NULL OR was_published(id, NULL));
CREATE POLICY of_the_public ON publication_version FOR SELECT TO liuhen_app
    USING (was_published(publication_id, id));
CREATE POLICY of_the_public ON publication_step FOR SELECT TO liuhen_app
    USING (step IN ('published', 'taken_down') OR step = 'withheld' AND was_published(publication_id, NULL));

-- Units and people are a directory: their names stand on boards and documents of every unit. To change them, or to be
-- somebody else, is another matter.
ALTER TABLE unit ENABLE ROW LEVEL SECURITY;
CREATE POLICY of_workers ON unit TO liuhen_worker USING (true);
CREATE POLICY of_everybody ON unit FOR SELECT TO liuhen_app USING (true);
CREATE POLICY below_seen_units ON unit FOR INSERT TO liuhen_app
    WITH CHECK (parent_id = ANY ((SELECT seen_units())::uuid[]) OR parent_id IS NULL AND (SELECT sees_all()));
CREATE POLICY of_seen_units ON unit FOR UPDATE TO liuhen_app
    USING (id = ANY ((SELECT seen_units())::uuid[]))
    WITH CHECK (id = ANY ((SELECT seen_units())::uuid[]) AND parent_id = ANY ((SELECT seen_units())::uuid[]));

ALTER TABLE person ENABLE ROW LEVEL SECURITY;
CREATE POLICY of_workers ON person TO liuhen_worker USING (true);
CREATE POLICY of_everybody ON person FOR SELECT TO liuhen_app USING (true);
CREATE POLICY into_seen_units ON person FOR INSERT TO liuhen_app
    WITH CHECK (unit_id = ANY ((SELECT seen_units())::uuid[]));
CREATE POLICY of_seen_units ON person FOR UPDATE TO liuhen_app
    USING (unit_id = ANY ((SELECT seen_units())::uuid[]));

-- Whether a function that sees all may answer of a unit: to workers always, to the application as its policies say.
CREATE FUNCTION may_see(of_unit UUID) RETURNS BOOLEAN
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT session_user <> 'liuhen_app' OR of_unit = ANY (public.seen_units())
$$;

-- What they answer is facts of a case, or ids of cases: for the gate's own triggers, which run as the owner.
REVOKE EXECUTE ON FUNCTION stated_facts, whole_amount, review_scope_of, states_issued_amount FROM PUBLIC;
ALTER FUNCTION file_review_eligible(uuid, date, date) RENAME TO every_eligible_case;
REVOKE EXECUTE ON FUNCTION every_eligible_case FROM PUBLIC;
CREATE FUNCTION file_review_eligible(of_unit UUID, first_day DATE, last_day DATE) RETURNS JSONB
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT CASE WHEN public.may_see(of_unit) THEN public.every_eligible_case(of_unit, first_day, last_day) END
$$;

-- The unit of a row that is not seen: somebody is told that it is another unit's, and told so he has left an entry.
CREATE FUNCTION unit_of(kind TEXT, row_id UUID) RETURNS UUID
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    found uuid;
BEGIN
    IF kind NOT IN (
        'recording', 'case', 'case_link', 'link_question', 'access_request', 'access_grant', 'export', 'hold', 'case_act',
        'act_explanation', 'case_event', 'case_term', 'case_officer', 'document', 'crime_transfer', 'decision',
        'decision_submission', 'decision_review', 'decision_disagreement', 'case_service', 'redaction', 'redacted_copy',
        'request_attachment', 'room_session', 'person', 'api_token'
    ) THEN
        RETURN NULL;
    END IF;
    EXECUTE format('SELECT unit_id FROM public.%I WHERE id = $1', kind) INTO found USING row_id;
    RETURN found;
END $$;

-- The object that a station's receipt vouches for: whoever asks may wipe next, and nobody is signed in.
CREATE FUNCTION sealed_object_of(of_recording UUID)
RETURNS TABLE (unit_id UUID, object_name TEXT, ciphertext_size_bytes BIGINT)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT r.unit_id, r.object_name, r.ciphertext_size_bytes FROM public.recording r WHERE r.id = of_recording
$$;

-- One request notes what left in others, too: what is added is a number.
CREATE FUNCTION note_sent_bytes(of_window UUID, more BIGINT) RETURNS BOOLEAN
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    UPDATE public.playback_window SET sent_bytes = sent_bytes + more, summed_up_at = NULL
    WHERE id = of_window AND more >= 0;
    RETURN FOUND;
END $$;

-- How many, for /metrics and /readyz.
CREATE FUNCTION redacted_copies_due(outcome_begins TEXT) RETURNS BIGINT
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT count(*) FROM public.redacted_copy c
    WHERE c.state = 'due' AND (outcome_begins IS NULL OR starts_with(c.outcome, outcome_begins))
$$;

-- Search: an operator that could tell of rows it is not asked about, as LIKE could, serves as no condition of an index
-- under row security. Here it does, among the units that are seen. NULL where more than `most` are found: then the rows
-- are many, and the newest of them are found soon by the index of a list.
CREATE FUNCTION sought_ids(of_table TEXT, patterns TEXT[], most INTEGER) RETURNS UUID[]
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    each_stands text := (SELECT string_agg(format('t.sought LIKE %L', p.pattern), ' AND ') FROM unnest(patterns) p (pattern));
    units text := CASE WHEN session_user = 'liuhen_app' THEN 't.unit_id = ANY ($1)' ELSE '$1 IS NOT NULL' END;
    found uuid[];
BEGIN
    IF of_table NOT IN ('case', 'recording', 'document_text', 'case_act_statement', 'publication_version') OR each_stands IS NULL THEN
        RAISE EXCEPTION 'nothing is sought in % by %', of_table, patterns USING ERRCODE = 'invalid_parameter_value';
    END IF;
    EXECUTE format('SELECT ARRAY(SELECT t.id FROM public.%I t WHERE %s AND %s LIMIT $2)', of_table, units, each_stands)
        INTO found USING public.seen_units(), most + 1;
    RETURN CASE WHEN cardinality(found) <= most THEN found END;
END $$;

-- The same of what is public now: nobody is signed in.
CREATE FUNCTION sought_public_ids(pattern TEXT, most INTEGER) RETURNS UUID[]
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    named uuid[];
BEGIN
    EXECUTE format(
        'SELECT ARRAY(SELECT v.id FROM public.publication_version v JOIN public.publication p ON p.shown_version_id = v.id '
        'AND p.id = v.publication_id WHERE v.sought LIKE %L LIMIT $1)', pattern
    ) INTO named USING most + 1;
    RETURN CASE WHEN cardinality(named) <= most THEN named END;
END $$;
