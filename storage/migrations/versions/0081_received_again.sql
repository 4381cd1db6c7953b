-- 再次收到: whoever sends a file first decides nothing for whoever sends it next. What each says is kept beside the sealed
-- recording, which stays as it was signed; where it is said otherwise, its case and its elements are looked at again.

CREATE TABLE received_again (
    upload_id VARCHAR(32) NOT NULL,
    recording_id UUID NOT NULL,
    unit_id UUID NOT NULL,
    station_id UUID NOT NULL,
    original_name TEXT NOT NULL,
    claims JSONB NOT NULL,
    differs JSONB NOT NULL,
    device TEXT,
    officer TEXT,
    act TEXT,
    started_at TIMESTAMP WITH TIME ZONE,
    started_at_source TEXT,
    started_at_uncertainty_seconds DOUBLE PRECISION,
    received_at TIMESTAMP WITH TIME ZONE NOT NULL,
    recorded_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT pk_received_again PRIMARY KEY (upload_id),
    CONSTRAINT fk_received_again_upload_id FOREIGN KEY(upload_id) REFERENCES upload (id),
    CONSTRAINT fk_received_again_recording_id FOREIGN KEY(recording_id) REFERENCES recording (id),
    CONSTRAINT fk_received_again_unit_id FOREIGN KEY(unit_id) REFERENCES unit (id),
    CONSTRAINT fk_received_again_station_id FOREIGN KEY(station_id) REFERENCES station (id)
);
CREATE INDEX ix_received_again_recording_id ON received_again (recording_id);
CREATE INDEX ix_received_again_unit_id ON received_again (unit_id);
GRANT SELECT ON received_again TO liuhen_app;
GRANT INSERT ON received_again TO liuhen_worker;
ALTER TABLE received_again ENABLE ROW LEVEL SECURITY;
CREATE POLICY of_workers ON received_again TO liuhen_worker USING (true);
CREATE POLICY of_seen_units ON received_again TO liuhen_app USING (unit_id = ANY ((SELECT seen_units())::uuid[]));

-- With the recording's row locked: whoever links, judges or answers comes wholly before, and is looked at again, or
-- wholly after, and reads this. So the instant is that of the lock, and no answer that saw nothing of it is later.
CREATE FUNCTION look_again_at_received() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    PERFORM FROM recording r WHERE r.id = NEW.recording_id FOR NO KEY UPDATE;
    NEW.recorded_at := clock_timestamp();
    IF NEW.differs <> '[]'::jsonb THEN
        UPDATE linking_done d SET outcome = 'again', looked_at = now()
            WHERE d.recording_id = NEW.recording_id AND d.outcome IN ('linked', 'question', 'no_case', 'no_data');
        INSERT INTO judgement_due (recording_id, unit_id) VALUES (NEW.recording_id, NEW.unit_id);
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER look_again BEFORE INSERT ON received_again FOR EACH ROW EXECUTE FUNCTION look_again_at_received();
REVOKE EXECUTE ON FUNCTION look_again_at_received FROM PUBLIC;
