-- A time that may be off by years was taken for one that is off by a month at most, and a certificate was asked of the day
-- of its best estimate alone: what has a time is judged again.
INSERT INTO judgement_due (recording_id, unit_id)
SELECT id, unit_id FROM recording WHERE started_at IS NOT NULL ORDER BY sealed_at;
