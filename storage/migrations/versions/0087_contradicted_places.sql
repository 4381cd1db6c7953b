-- A recording whose own bytes name two places, or that has a log beside it, is judged by more than it was.
INSERT INTO judgement_due (recording_id, unit_id)
SELECT id, unit_id FROM recording r
WHERE claims @> '[{"kind": "withheld", "value": {"reason": "places_contradict"}}]'
    OR EXISTS (SELECT FROM position_track t WHERE t.recording_id = r.id AND t.read_from <> r.id)
ORDER BY sealed_at;
