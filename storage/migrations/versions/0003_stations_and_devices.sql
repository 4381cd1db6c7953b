-- A station proves itself by a token, by a key of its own, or by a client certificate; it reports how it is.
-- A device is with one officer at a time, and a certificate number is one person's at a time.

ALTER TABLE station ALTER COLUMN token_hash DROP NOT NULL;
ALTER TABLE station ADD COLUMN certificate_sha256 BYTEA;
ALTER TABLE station ADD CONSTRAINT uq_station_certificate_sha256 UNIQUE (certificate_sha256);
ALTER TABLE station ADD CONSTRAINT ck_station_certificate_sha256 CHECK (octet_length(certificate_sha256) = 32);

CREATE TABLE station_key (
    id TEXT NOT NULL,
    unit_id UUID NOT NULL,
    station_id UUID NOT NULL,
    public_key BYTEA NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    ended_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT pk_station_key PRIMARY KEY (id),
    CONSTRAINT ck_station_key_id CHECK (id ~ '^[0-9a-f]{64}$'),
    CONSTRAINT ck_station_key_public_key CHECK (octet_length(public_key) = 32),
    CONSTRAINT fk_station_key_unit_id FOREIGN KEY(unit_id) REFERENCES unit (id),
    CONSTRAINT fk_station_key_station_id FOREIGN KEY(station_id) REFERENCES station (id)
);
CREATE INDEX ix_station_key_station_id ON station_key (station_id);
CREATE INDEX ix_station_key_unit_id ON station_key (unit_id);
CREATE UNIQUE INDEX uq_station_key_live ON station_key (station_id) WHERE ended_at IS NULL;

CREATE TABLE station_code (
    id UUID NOT NULL,
    unit_id UUID NOT NULL,
    station_id UUID NOT NULL,
    code_hash BYTEA NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    expires_at TIMESTAMP WITH TIME ZONE NOT NULL,
    used_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT pk_station_code PRIMARY KEY (id),
    CONSTRAINT fk_station_code_unit_id FOREIGN KEY(unit_id) REFERENCES unit (id),
    CONSTRAINT fk_station_code_station_id FOREIGN KEY(station_id) REFERENCES station (id),
    CONSTRAINT uq_station_code_code_hash UNIQUE (code_hash)
);
CREATE INDEX ix_station_code_unit_id ON station_code (unit_id);
CREATE INDEX ix_station_code_unused ON station_code (station_id) WHERE used_at IS NULL;

CREATE TABLE station_nonce (
    key_id TEXT NOT NULL,
    nonce TEXT NOT NULL,
    expires_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_station_nonce PRIMARY KEY (key_id, nonce)
);
CREATE INDEX ix_station_nonce_expires_at ON station_nonce (expires_at);

CREATE TABLE station_state (
    station_id UUID NOT NULL,
    unit_id UUID NOT NULL,
    seen_at TIMESTAMP WITH TIME ZONE,
    reported_at TIMESTAMP WITH TIME ZONE,
    agent_version TEXT,
    free_bytes BIGINT,
    clock_offset_seconds DOUBLE PRECISION,
    clock_uncertainty_seconds DOUBLE PRECISION,
    waiting_files INTEGER,
    silent_since TIMESTAMP WITH TIME ZONE,
    clock_off_since TIMESTAMP WITH TIME ZONE,
    CONSTRAINT pk_station_state PRIMARY KEY (station_id),
    CONSTRAINT fk_station_state_station_id FOREIGN KEY(station_id) REFERENCES station (id),
    CONSTRAINT fk_station_state_unit_id FOREIGN KEY(unit_id) REFERENCES unit (id)
);
CREATE INDEX ix_station_state_unit_id ON station_state (unit_id);

CREATE TABLE station_report (
    id BIGINT GENERATED ALWAYS AS IDENTITY,
    unit_id UUID NOT NULL,
    station_id UUID NOT NULL,
    received_at TIMESTAMP WITH TIME ZONE NOT NULL,
    reported_at TIMESTAMP WITH TIME ZONE NOT NULL,
    agent_version TEXT NOT NULL,
    free_bytes BIGINT NOT NULL,
    clock_offset_seconds DOUBLE PRECISION,
    clock_uncertainty_seconds DOUBLE PRECISION,
    waiting_files INTEGER NOT NULL,
    CONSTRAINT pk_station_report PRIMARY KEY (id),
    CONSTRAINT fk_station_report_unit_id FOREIGN KEY(unit_id) REFERENCES unit (id),
    CONSTRAINT fk_station_report_station_id FOREIGN KEY(station_id) REFERENCES station (id)
);
CREATE INDEX ix_station_report_received_at ON station_report (received_at);
CREATE INDEX ix_station_report_station ON station_report (station_id, received_at);
CREATE INDEX ix_station_report_unit_id ON station_report (unit_id);

CREATE TABLE device (
    id UUID NOT NULL,
    unit_id UUID NOT NULL,
    code TEXT NOT NULL,
    serial TEXT,
    model TEXT,
    name TEXT,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    retired_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT pk_device PRIMARY KEY (id),
    CONSTRAINT uq_device_unit_id_code UNIQUE (unit_id, code),
    CONSTRAINT fk_device_unit_id FOREIGN KEY(unit_id) REFERENCES unit (id)
);
CREATE INDEX ix_device_unit_id ON device (unit_id);

CREATE TABLE device_issue (
    id UUID NOT NULL,
    unit_id UUID NOT NULL,
    device_id UUID NOT NULL,
    person_id UUID NOT NULL,
    span TSTZRANGE NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    voided_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT pk_device_issue PRIMARY KEY (id),
    CONSTRAINT ck_device_issue_span CHECK (lower_inc(span) AND NOT lower_inf(span) AND NOT upper_inc(span)),
    CONSTRAINT ex_device_issue_one_officer EXCLUDE USING gist (device_id WITH =, span WITH &&) WHERE (voided_at IS NULL),
    CONSTRAINT fk_device_issue_unit_id FOREIGN KEY(unit_id) REFERENCES unit (id),
    CONSTRAINT fk_device_issue_device_id FOREIGN KEY(device_id) REFERENCES device (id),
    CONSTRAINT fk_device_issue_person_id FOREIGN KEY(person_id) REFERENCES person (id)
);
CREATE INDEX ix_device_issue_person_id ON device_issue (person_id);
CREATE INDEX ix_device_issue_unit_id ON device_issue (unit_id);

CREATE TABLE officer_certificate (
    id UUID NOT NULL,
    unit_id UUID NOT NULL,
    person_id UUID NOT NULL,
    number TEXT NOT NULL,
    valid DATERANGE NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    voided_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT pk_officer_certificate PRIMARY KEY (id),
    CONSTRAINT ck_officer_certificate_valid CHECK (lower_inc(valid) AND NOT lower_inf(valid) AND NOT upper_inc(valid)),
    CONSTRAINT ex_officer_certificate_one_person
        EXCLUDE USING gist (unit_id WITH =, number WITH =, valid WITH &&) WHERE (voided_at IS NULL),
    CONSTRAINT fk_officer_certificate_unit_id FOREIGN KEY(unit_id) REFERENCES unit (id),
    CONSTRAINT fk_officer_certificate_person_id FOREIGN KEY(person_id) REFERENCES person (id)
);
CREATE INDEX ix_officer_certificate_person_id ON officer_certificate (person_id);
CREATE INDEX ix_officer_certificate_unit_id ON officer_certificate (unit_id);

-- Registers are written once and ended once: none of their rows is ever deleted by the application. What a nonce or an
-- old report said is no evidence, and goes.
GRANT SELECT ON station_key, station_code, station_nonce, station_state, station_report, device, device_issue,
    officer_certificate TO liuhen_app;
GRANT INSERT ON station_key, station_code, station_nonce, station_state, station_report, device, device_issue,
    officer_certificate TO liuhen_app;
GRANT UPDATE (certificate_sha256) ON station TO liuhen_app;
GRANT UPDATE (ended_at) ON station_key TO liuhen_app;
GRANT UPDATE (used_at) ON station_code TO liuhen_app;
GRANT UPDATE (seen_at, reported_at, agent_version, free_bytes, clock_offset_seconds, clock_uncertainty_seconds,
    waiting_files, silent_since, clock_off_since) ON station_state TO liuhen_app;
GRANT DELETE ON station_nonce, station_report TO liuhen_app;
GRANT UPDATE (serial, model, name, retired_at) ON device TO liuhen_app;
GRANT UPDATE (span, voided_at) ON device_issue TO liuhen_app;
GRANT UPDATE (voided_at) ON officer_certificate TO liuhen_app;

CREATE TRIGGER keep_ended BEFORE UPDATE ON station_key FOR EACH ROW EXECUTE FUNCTION keep_ended('ended_at');
CREATE TRIGGER keep_ended BEFORE UPDATE ON station_code FOR EACH ROW EXECUTE FUNCTION keep_ended('used_at');
CREATE TRIGGER keep_ended BEFORE UPDATE ON device FOR EACH ROW EXECUTE FUNCTION keep_ended('retired_at');
CREATE TRIGGER keep_ended BEFORE UPDATE ON device_issue FOR EACH ROW EXECUTE FUNCTION keep_ended('voided_at');
CREATE TRIGGER keep_ended BEFORE UPDATE ON officer_certificate FOR EACH ROW EXECUTE FUNCTION keep_ended('voided_at');

CREATE FUNCTION only_return() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.span IS DISTINCT FROM OLD.span AND (lower(NEW.span) IS DISTINCT FROM lower(OLD.span) OR NOT upper_inf(OLD.span)) THEN
        RAISE EXCEPTION 'an issue ends once, and begins when it began' USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER only_return BEFORE UPDATE OF span ON device_issue FOR EACH ROW EXECUTE FUNCTION only_return();
