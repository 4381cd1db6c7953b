-- Logs beside recordings are looked at once, and again when a film comes to their station: not all of them every time.

CREATE TABLE sidecar_look (
    recording_id UUID NOT NULL,
    unit_id UUID NOT NULL,
    looked_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_sidecar_look PRIMARY KEY (recording_id),
    CONSTRAINT fk_sidecar_look_recording_id FOREIGN KEY(recording_id) REFERENCES recording (id),
    CONSTRAINT fk_sidecar_look_unit_id FOREIGN KEY(unit_id) REFERENCES unit (id)
);
CREATE INDEX ix_sidecar_look_unit_id ON sidecar_look (unit_id);
GRANT SELECT, INSERT ON sidecar_look TO liuhen_app;
GRANT UPDATE (looked_at) ON sidecar_look TO liuhen_app;

CREATE INDEX ix_position_track_log ON position_track (created_at)
    WHERE read_from = recording_id AND source IN ('nmea', 'gpx', 'srt');
