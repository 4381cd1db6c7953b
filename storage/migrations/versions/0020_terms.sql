-- Terms (期限规则): versions by jurisdiction and unit, none over another; and the days off of years (放假安排).

CREATE TABLE term_rule (
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
    CONSTRAINT pk_term_rule PRIMARY KEY (id),
    CONSTRAINT uq_term_rule_jurisdiction_unit_id_version
        UNIQUE NULLS NOT DISTINCT (jurisdiction, unit_id, version),
    CONSTRAINT ck_term_rule_version CHECK (version > 0),
    CONSTRAINT ck_term_rule_valid
        CHECK (lower_inc(valid) AND NOT lower_inf(valid) AND NOT upper_inc(valid)),
    CONSTRAINT ck_term_rule_source_sha256 CHECK (octet_length(source_sha256) = 32),
    CONSTRAINT ex_term_rule_one_version EXCLUDE USING gist (
        jurisdiction WITH =, COALESCE(unit_id, '00000000-0000-0000-0000-000000000000'::uuid) WITH =, valid WITH &&
    ),
    CONSTRAINT fk_term_rule_unit_id FOREIGN KEY(unit_id) REFERENCES unit (id),
    CONSTRAINT fk_term_rule_loaded_by FOREIGN KEY(loaded_by) REFERENCES person (id)
);

-- A version that was loaded only ever gets an end, once: what was judged by it stays as it was judged.
GRANT SELECT, INSERT ON term_rule TO liuhen_app;
GRANT UPDATE (valid, in_force_at) ON term_rule TO liuhen_app;
CREATE TRIGGER only_end BEFORE UPDATE OF valid ON term_rule FOR EACH ROW EXECUTE FUNCTION only_end();
CREATE TRIGGER keep_ended BEFORE UPDATE ON term_rule
    FOR EACH ROW EXECUTE FUNCTION keep_ended('in_force_at');

CREATE TABLE calendar_year (
    id UUID NOT NULL,
    year INTEGER NOT NULL,
    ordinal INTEGER NOT NULL,
    source TEXT NOT NULL,
    source_sha256 BYTEA NOT NULL,
    loaded_by UUID,
    loaded_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT pk_calendar_year PRIMARY KEY (id),
    CONSTRAINT uq_calendar_year_year_ordinal UNIQUE (year, ordinal),
    CONSTRAINT ck_calendar_year_ordinal CHECK (ordinal > 0),
    CONSTRAINT ck_calendar_year_source_sha256 CHECK (octet_length(source_sha256) = 32),
    CONSTRAINT fk_calendar_year_loaded_by FOREIGN KEY(loaded_by) REFERENCES person (id)
);

-- What a notice said stays; one that comes later stands beside it.
GRANT SELECT, INSERT ON calendar_year TO liuhen_app;
