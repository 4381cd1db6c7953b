-- What came off one card, or out of one folder, is one sheet of the queue: where a file names no device, its station and
-- the day said too little, since a station takes many cards a day. NULL: the station did not say, or the device is known.
ALTER TABLE element_question ADD COLUMN card TEXT;
UPDATE element_question q SET card = said.card FROM (
    SELECT r.id, jsonb_path_query_first(r.claims, '$[*] ? (@.kind == "group" && @.source == "station").value') #>> '{}' AS card
    FROM recording r
) said
WHERE said.id = q.recording_id AND q.station_id IS NOT NULL;
