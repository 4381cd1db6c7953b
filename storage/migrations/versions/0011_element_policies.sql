-- Which elements a recording must have: versions by jurisdiction and unit, none over another.

CREATE TABLE element_policy (
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
    CONSTRAINT pk_element_policy PRIMARY KEY (id),
    CONSTRAINT uq_element_policy_jurisdiction_unit_id_version UNIQUE NULLS NOT DISTINCT (jurisdiction, unit_id, version),
    CONSTRAINT ck_element_policy_version CHECK (version > 0),
    CONSTRAINT ck_element_policy_valid CHECK (lower_inc(valid) AND NOT lower_inf(valid) AND NOT upper_inc(valid)),
    CONSTRAINT ck_element_policy_source_sha256 CHECK (octet_length(source_sha256) = 32),
    CONSTRAINT ex_element_policy_one_version EXCLUDE USING gist (
        jurisdiction WITH =, COALESCE(unit_id, '00000000-0000-0000-0000-000000000000'::uuid) WITH =, valid WITH &&
    ),
    CONSTRAINT fk_element_policy_unit_id FOREIGN KEY(unit_id) REFERENCES unit (id),
    CONSTRAINT fk_element_policy_loaded_by FOREIGN KEY(loaded_by) REFERENCES person (id)
);

-- A version that was loaded only ever gets an end, once: what was judged by it stays as it was judged.
GRANT SELECT, INSERT ON element_policy TO liuhen_app;
GRANT UPDATE (valid, in_force_at) ON element_policy TO liuhen_app;

CREATE FUNCTION only_end() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.valid IS DISTINCT FROM OLD.valid
        AND (lower(NEW.valid) IS DISTINCT FROM lower(OLD.valid) OR NOT upper_inf(OLD.valid)) THEN
        RAISE EXCEPTION 'a version ends once, and begins when it began' USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER only_end BEFORE UPDATE OF valid ON element_policy FOR EACH ROW EXECUTE FUNCTION only_end();
CREATE TRIGGER keep_ended BEFORE UPDATE ON element_policy FOR EACH ROW EXECUTE FUNCTION keep_ended('in_force_at');
