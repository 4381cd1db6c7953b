-- Search in Chinese: what a row is found by, kept beside it in a form that an index of trigrams serves from two signs on.
--
-- A trigram index finds nothing by 违建, which has no three signs. With each sign written twice (违违建建) any two
-- neighbours are four signs, which is two trigrams. Casework/search/words.py writes what is asked for the same way.

CREATE FUNCTION sought_text(
    first TEXT, second TEXT DEFAULT NULL, third TEXT DEFAULT NULL, fourth TEXT DEFAULT NULL
) RETURNS TEXT LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT regexp_replace(
        lower(normalize(
            coalesce(first, '') || E'\n' || coalesce(second, '') || E'\n' || coalesce(third, '') || E'\n'
                || coalesce(fourth, ''),
            NFKC
        )),
        '(.)', '\1\1', 'g'
    )
$$;

-- Every text at any depth, those in rows of tables as well, and no name of a field. With its schema, for a dump is read
-- back with none in the search path.
CREATE FUNCTION sought_values(fields JSONB) RETURNS TEXT LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT public.sought_text(string_agg(said.value #>> '{}', E'\n' ORDER BY said.place))
    FROM jsonb_path_query(fields, 'strict $.**') WITH ORDINALITY said (value, place)
    WHERE jsonb_typeof(said.value) = 'string'
$$;

CREATE FUNCTION sought_number(word TEXT, year INTEGER, number INTEGER) RETURNS TEXT
    LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT public.sought_text(word || '字〔' || year || '〕第' || number || '号')
$$;

ALTER TABLE "case" ADD COLUMN sought TEXT GENERATED ALWAYS AS (sought_text(number, title)) STORED NOT NULL;
ALTER TABLE person ADD COLUMN sought TEXT GENERATED ALWAYS AS (sought_text(name, badge_number)) STORED NOT NULL;
ALTER TABLE recording ADD COLUMN sought TEXT
    GENERATED ALWAYS AS (sought_text(original_name, device, officer)) STORED NOT NULL;
ALTER TABLE document_text ADD COLUMN sought TEXT GENERATED ALWAYS AS (sought_values(fields)) STORED NOT NULL;
ALTER TABLE document_number ADD COLUMN sought TEXT
    GENERATED ALWAYS AS (sought_number(word, year, number)) STORED NOT NULL;
ALTER TABLE case_act_statement ADD COLUMN sought TEXT GENERATED ALWAYS AS (sought_text(place)) STORED NOT NULL;
-- Of what is published, what is public of it and nothing else: anybody searches it.
ALTER TABLE publication_version ADD COLUMN sought TEXT
    GENERATED ALWAYS AS (sought_text(party, conclusion, document_number, authority)) STORED NOT NULL;

CREATE INDEX ix_case_sought ON "case" USING gin (sought gin_trgm_ops);
CREATE INDEX ix_person_sought ON person USING gin (sought gin_trgm_ops);
CREATE INDEX ix_recording_sought ON recording USING gin (sought gin_trgm_ops);
CREATE INDEX ix_document_text_sought ON document_text USING gin (sought gin_trgm_ops);
CREATE INDEX ix_document_number_sought ON document_number USING gin (sought gin_trgm_ops);
CREATE INDEX ix_case_act_statement_sought ON case_act_statement USING gin (sought gin_trgm_ops);
CREATE INDEX ix_publication_version_sought ON publication_version USING gin (sought gin_trgm_ops);

-- Lists that walked a unit's recordings to find few of them.
CREATE INDEX ix_recording_state ON recording (unit_id, media_state, sealed_at, id);
CREATE INDEX ix_recording_sm3 ON recording (sm3);
CREATE INDEX ix_recording_made ON recording (unit_id, COALESCE(started_at, received_at));
CREATE INDEX ix_recording_claimed_officer ON recording (unit_id, officer, sealed_at, id);
CREATE INDEX ix_whole_decoding_damaged ON whole_decoding (unit_id, recording_id) WHERE state = 'damaged';
CREATE INDEX ix_document_begun ON document (unit_id, begun_at, id);
