-- Recovery copies of damaged recordings, and which whole recording a person chose to help with one.

ALTER TABLE media_job DROP CONSTRAINT ck_media_job_kind;
ALTER TABLE media_job ADD CONSTRAINT ck_media_job_kind CHECK (kind IN ('recovery', 'poster', 'sprite', 'proxy'));
ALTER TABLE media_job ADD COLUMN reference_id UUID;
ALTER TABLE media_job ADD CONSTRAINT fk_media_job_reference_id FOREIGN KEY(reference_id) REFERENCES recording (id);
ALTER TABLE media_job ADD CONSTRAINT ck_media_job_reference CHECK (reference_id IS NULL OR kind = 'recovery');

GRANT UPDATE (reference_id) ON media_job TO liuhen_app;
