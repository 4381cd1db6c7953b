-- 事前公开: the catalogue of what is public before anything happens, in versions.

CREATE TABLE disclosure_rule (
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
    CONSTRAINT pk_disclosure_rule PRIMARY KEY (id),
    CONSTRAINT uq_disclosure_rule_jurisdiction_unit_id_version
        UNIQUE NULLS NOT DISTINCT (jurisdiction, unit_id, version),
    CONSTRAINT ck_disclosure_rule_version CHECK (version > 0),
    CONSTRAINT ck_disclosure_rule_valid
        CHECK (lower_inc(valid) AND NOT lower_inf(valid) AND NOT upper_inc(valid)),
    CONSTRAINT ck_disclosure_rule_source_sha256 CHECK (octet_length(source_sha256) = 32),
    CONSTRAINT ex_disclosure_rule_one_version EXCLUDE USING gist (
        jurisdiction WITH =, COALESCE(unit_id, '00000000-0000-0000-0000-000000000000'::uuid) WITH =, valid WITH &&
    ),
    CONSTRAINT fk_disclosure_rule_unit_id FOREIGN KEY(unit_id) REFERENCES unit (id),
    CONSTRAINT fk_disclosure_rule_loaded_by FOREIGN KEY(loaded_by) REFERENCES person (id)
);
GRANT SELECT, INSERT ON disclosure_rule TO liuhen_app;
GRANT UPDATE (valid, in_force_at) ON disclosure_rule TO liuhen_app;
CREATE TRIGGER only_end BEFORE UPDATE OF valid ON disclosure_rule FOR EACH ROW EXECUTE FUNCTION only_end();
CREATE TRIGGER keep_ended BEFORE UPDATE ON disclosure_rule FOR EACH ROW EXECUTE FUNCTION keep_ended('in_force_at');
