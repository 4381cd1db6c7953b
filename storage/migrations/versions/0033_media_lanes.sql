-- Copies that are quick to make wait for none that is not, units take turns, and what our side put off comes ever later.

ALTER TABLE media_job ADD COLUMN lane TEXT NOT NULL DEFAULT 'quick';
ALTER TABLE media_job ADD COLUMN deferrals INTEGER NOT NULL DEFAULT 0;
ALTER TABLE media_job ADD COLUMN taken_at TIMESTAMP WITH TIME ZONE;
ALTER TABLE media_job ALTER COLUMN lane DROP DEFAULT;
ALTER TABLE media_job ALTER COLUMN deferrals DROP DEFAULT;
ALTER TABLE media_job ADD CONSTRAINT ck_media_job_lane CHECK (lane IN ('quick', 'slow', 'decode'));
DROP INDEX ix_media_job_due;
CREATE INDEX ix_media_job_due ON media_job (lane, unit_id, created_at) WHERE state = 'due';
CREATE INDEX ix_media_job_turn ON media_job (unit_id, lane, taken_at);

GRANT UPDATE (lane, deferrals, taken_at) ON media_job TO liuhen_app;
