-- An unfinished upload expires by its last progress, which is in the file beside its bytes: never before expires_at,
-- as its station was told when it began, and never after this.

ALTER TABLE upload ADD COLUMN expires_at_latest TIMESTAMP WITH TIME ZONE;
