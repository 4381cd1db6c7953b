-- An upload may begin before its length is known (tus: creation-defer-length). Until it is declared, declared_length is
-- what is reserved for it, so that a station's room is counted as for every other upload.

ALTER TABLE upload ADD COLUMN length_deferred BOOLEAN DEFAULT FALSE NOT NULL;
ALTER TABLE upload ADD CONSTRAINT ck_upload_length_deferred CHECK (NOT length_deferred OR state IN
    ('open', 'terminated', 'expired'));

GRANT UPDATE (declared_length, length_deferred) ON upload TO liuhen_app;

-- Declared once: what a station was told about its upload's length holds.
CREATE FUNCTION keep_declared_length() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT OLD.length_deferred THEN
        RAISE EXCEPTION 'the length of upload % is declared', OLD.id USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER keep_declared_length BEFORE UPDATE OF declared_length, length_deferred ON upload
    FOR EACH ROW EXECUTE FUNCTION keep_declared_length();
