-- What a station called a creation before it asked for it: a POST that is sent again, because its answer was lost, finds
-- the upload of the first one instead of reserving for another. One that has ended without a recording may be opened anew.

ALTER TABLE upload ADD COLUMN creation_key VARCHAR(64);
CREATE UNIQUE INDEX uq_upload_creation_key ON upload (station_id, creation_key)
    WHERE state NOT IN ('terminated', 'expired') AND creation_key IS NOT NULL;
