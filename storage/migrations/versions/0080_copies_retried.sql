-- How often a copy missed its deadline is counted apart from what else put it off: a full disk or a database that
-- restarts says nothing of the file, and five missed deadlines do.
ALTER TABLE media_job ADD COLUMN deadlines INTEGER DEFAULT 0 NOT NULL;
ALTER TABLE redacted_copy ADD COLUMN deadlines INTEGER DEFAULT 0 NOT NULL;
GRANT UPDATE (deadlines) ON redacted_copy TO liuhen_app;

-- What was given up is made due again when a person says so, behind what waits by then: created_at is since when it is
-- due, and what a first look broke is no reason any more not to try.
ALTER TABLE media_job ADD COLUMN retried_at TIMESTAMP WITH TIME ZONE;
GRANT UPDATE (deadlines, retried_at, created_at) ON media_job TO liuhen_app;

-- That nobody could say whether a recording decodes is not the last word on it. Any other word still is, and there is
-- one: none of them is ever changed.
ALTER TABLE whole_decoding DROP CONSTRAINT uq_whole_decoding_recording_id;
CREATE INDEX ix_whole_decoding_recording_id ON whole_decoding (recording_id);
CREATE UNIQUE INDEX uq_whole_decoding_settled ON whole_decoding (recording_id) WHERE state <> 'not_decoded';
