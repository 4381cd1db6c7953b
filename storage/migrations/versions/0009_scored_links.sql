-- Why the linker linked: a score and its reasons, kept with the link. Where an assignment was at work, if anybody said so.

ALTER TABLE case_link ADD COLUMN score INTEGER, ADD COLUMN reasons JSONB;
ALTER TABLE case_link ADD CONSTRAINT ck_case_link_scored CHECK ((score IS NULL) = (reasons IS NULL));

ALTER TABLE case_assignment
    ADD COLUMN latitude DOUBLE PRECISION,
    ADD COLUMN longitude DOUBLE PRECISION,
    ADD CONSTRAINT ck_case_assignment_place CHECK (
        (latitude IS NULL) = (longitude IS NULL) AND latitude BETWEEN -90 AND 90 AND longitude BETWEEN -180 AND 180
    );

-- Clocks are learnt from recordings whose true time is known: the satellites'.
CREATE INDEX ix_recording_satellite_time ON recording (unit_id, device, started_at)
    WHERE claims @> '[{"kind": "gps_time"}]';

-- A question that was answered, or withdrawn by the linker itself (answered by nobody), stays so.
CREATE TRIGGER keep_ended BEFORE UPDATE ON link_question FOR EACH ROW EXECUTE FUNCTION keep_ended('answered_at');
