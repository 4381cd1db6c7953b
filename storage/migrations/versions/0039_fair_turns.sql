-- What is due is asked for by station: one that has ten thousand files waiting is passed by with one look at the index.

DROP INDEX ix_upload_due;
CREATE INDEX ix_upload_due ON upload (station_id, finished_at) WHERE state IN ('finished', 'sealed');
