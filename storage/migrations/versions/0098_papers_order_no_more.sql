-- What a paper orders to be done by its party (履行方式和期限) is no more than what the decision that it names does: an officer
-- types that, after all reviews of the decision's own words (0097).
CREATE OR REPLACE FUNCTION paper_refusals(of_document uuid) RETURNS text[]
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    facts jsonb;
    fields jsonb;
    decided decision_version%ROWTYPE;
    refusals text[] := ARRAY[]::text[];
BEGIN
    SELECT v.* INTO decided FROM document d JOIN decision_issue i ON i.id = d.issue_id JOIN decision_version v ON v.id = i.version_id
    WHERE d.id = of_document;
    SELECT t.facts, t.fields INTO facts, fields FROM document_text t
    WHERE t.document_id = of_document ORDER BY t.ordinal DESC LIMIT 1;
    IF facts->>'party' IS DISTINCT FROM decided.party OR fields->>'party' <> decided.party THEN -- condition: own_party
        refusals := array_append(refusals, 'other_party');
    END IF;
    IF (facts->>'amount')::numeric * 100 IS DISTINCT FROM decided.amount_fen THEN -- condition: own_amount
        refusals := array_append(refusals, 'other_amount');
    END IF;
    IF facts->>'decided' IS DISTINCT FROM decided.content OR fields->>'penalty' <> decided.content THEN -- condition: own_content
        refusals := array_append(refusals, 'other_content');
    END IF;
    IF unfit_words(fields->>'performance', decided.measures, decided.amount_fen) IS NOT NULL THEN -- condition: own_performance
        refusals := array_append(refusals, 'other_performance');
    END IF;
    RETURN refusals;
END $$;
