-- The unit of a row that is not seen, of what came under row security with migration 0052 as well: publications, their
-- postings and messages, and findings.
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
        'publication_push', 'posting_evidence', 'adviser', 'file_review', 'file_review_finding'
    ) THEN
        RETURN NULL;
    END IF;
    EXECUTE format('SELECT unit_id FROM public.%I WHERE id = $1', named) INTO found USING row_id;
    RETURN found;
END $$;
