-- Where no device is named, recordings of one day have nothing in common but where they came in: no sheet of the queue is
-- of two stations. Null where a device is named.
ALTER TABLE element_question
    ADD COLUMN station_id UUID,
    ADD CONSTRAINT fk_element_question_station_id FOREIGN KEY(station_id) REFERENCES station (id);

-- Answers settled bare codes, whatever they were about, and days without rules demanded nothing: everything is judged again.
INSERT INTO judgement_due (recording_id, unit_id) SELECT id, unit_id FROM recording ORDER BY sealed_at;
