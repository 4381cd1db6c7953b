-- Lists of a day go by when a recording was made. Under row security PostgreSQL takes COALESCE for a function that may
-- tell of rows that are not seen, and looks into no index by it: of the largest unit every row was read.
ALTER TABLE recording ADD COLUMN made_at TIMESTAMP WITH TIME ZONE NOT NULL
    GENERATED ALWAYS AS (COALESCE(started_at, received_at)) STORED;
DROP INDEX ix_recording_made;
CREATE INDEX ix_recording_made ON recording (unit_id, made_at);
