-- A station's own limits can be set: a limit of nothing would be a revocation without its name.

ALTER TABLE station ADD CONSTRAINT ck_station_max_uploads CHECK (max_uploads > 0);
ALTER TABLE station ADD CONSTRAINT ck_station_max_waiting_bytes CHECK (max_waiting_bytes > 0);
