-- What a file says of when and where it was made, stated with its source and how far it may be off; and segments of one act.

ALTER TABLE recording
    ADD COLUMN started_at_source TEXT,
    ADD COLUMN started_at_uncertainty_seconds DOUBLE PRECISION,
    ADD COLUMN latitude DOUBLE PRECISION,
    ADD COLUMN longitude DOUBLE PRECISION,
    ADD COLUMN place_source TEXT,
    ADD CONSTRAINT ck_recording_place CHECK (
        (latitude IS NULL) = (longitude IS NULL) AND latitude BETWEEN -90 AND 90 AND longitude BETWEEN -180 AND 180
    );
CREATE INDEX ix_recording_device ON recording (unit_id, device, started_at);

-- One track a source. Its digest is in the signed manifest of the file it was read from.
CREATE TABLE position_track (
    id UUID NOT NULL,
    recording_id UUID NOT NULL,
    read_from UUID NOT NULL,
    unit_id UUID NOT NULL,
    source TEXT NOT NULL,
    point_count INTEGER NOT NULL,
    points JSONB NOT NULL,
    sha256 BYTEA NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT pk_position_track PRIMARY KEY (id),
    CONSTRAINT ck_position_track_point_count CHECK (point_count > 0),
    CONSTRAINT uq_position_track_recording_id_read_from_source UNIQUE (recording_id, read_from, source),
    CONSTRAINT fk_position_track_recording_id FOREIGN KEY(recording_id) REFERENCES recording (id),
    CONSTRAINT fk_position_track_read_from FOREIGN KEY(read_from) REFERENCES recording (id),
    CONSTRAINT fk_position_track_unit_id FOREIGN KEY(unit_id) REFERENCES unit (id)
);
CREATE INDEX ix_position_track_read_from ON position_track (read_from);
CREATE INDEX ix_position_track_unit_id ON position_track (unit_id);

-- A recording's place among the segments of one act; of a lone one, that it was looked at.
CREATE TABLE recording_segment (
    recording_id UUID NOT NULL,
    unit_id UUID NOT NULL,
    first_recording_id UUID NOT NULL,
    ordinal INTEGER NOT NULL,
    segment_count INTEGER NOT NULL,
    gap_seconds DOUBLE PRECISION,
    basis TEXT NOT NULL,
    grouped_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT pk_recording_segment PRIMARY KEY (recording_id),
    CONSTRAINT ck_recording_segment_ordinal CHECK (ordinal BETWEEN 1 AND segment_count),
    CONSTRAINT fk_recording_segment_recording_id FOREIGN KEY(recording_id) REFERENCES recording (id),
    CONSTRAINT fk_recording_segment_unit_id FOREIGN KEY(unit_id) REFERENCES unit (id),
    CONSTRAINT fk_recording_segment_first_recording_id FOREIGN KEY(first_recording_id) REFERENCES recording (id)
);
CREATE INDEX ix_recording_segment_first_recording_id ON recording_segment (first_recording_id);
CREATE INDEX ix_recording_segment_unit_id ON recording_segment (unit_id);

GRANT SELECT, INSERT ON position_track, recording_segment TO liuhen_app;
GRANT UPDATE (first_recording_id, ordinal, segment_count, gap_seconds, basis, grouped_at) ON recording_segment TO liuhen_app;
-- A sidecar may bring the place of a recording that has none; a place that is there stays.
GRANT UPDATE (latitude, longitude, place_source) ON recording TO liuhen_app;
CREATE FUNCTION keep_place() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.place_source IS NOT NULL AND (OLD.latitude, OLD.longitude, OLD.place_source)
        IS DISTINCT FROM (NEW.latitude, NEW.longitude, NEW.place_source) THEN
        RAISE EXCEPTION 'the place of a recording was set and stays' USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER keep_place BEFORE UPDATE OF latitude, longitude, place_source ON recording
    FOR EACH ROW EXECUTE FUNCTION keep_place();
