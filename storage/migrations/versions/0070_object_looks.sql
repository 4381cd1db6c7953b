-- 巡检: when each stored object was last read whole, and what was found. One row an object, made by whoever records the
-- object, in his transaction: the application reads these rows, the worker alone moves them on.

CREATE TABLE object_look (
    id UUID NOT NULL,
    kind TEXT NOT NULL,
    unit_id UUID NOT NULL,
    size_bytes BIGINT NOT NULL,
    looked_at TIMESTAMP WITH TIME ZONE NOT NULL,
    found TEXT DEFAULT 'whole' NOT NULL,
    lost_since TIMESTAMP WITH TIME ZONE,
    leased_by TEXT,
    leased_until TIMESTAMP WITH TIME ZONE,
    CONSTRAINT pk_object_look PRIMARY KEY (id),
    CONSTRAINT ck_object_look_kind CHECK (kind IN ('recording', 'rendition', 'redacted_copy', 'request_attachment')),
    CONSTRAINT ck_object_look_found
        CHECK (found IN ('whole', 'missing', 'truncated', 'too_long', 'differs', 'unreadable', 'unsigned')),
    CONSTRAINT ck_object_look_lost_since CHECK ((found = 'whole') = (lost_since IS NULL)),
    CONSTRAINT fk_object_look_unit_id FOREIGN KEY(unit_id) REFERENCES unit (id)
);
CREATE INDEX ix_object_look_unit_id ON object_look (unit_id);
CREATE INDEX ix_object_look_turn ON object_look (looked_at);
CREATE INDEX ix_object_look_lost ON object_look (looked_at) WHERE found <> 'whole';
GRANT SELECT ON object_look TO liuhen_app;
GRANT UPDATE (looked_at, found, lost_since, leased_by, leased_until), DELETE ON object_look TO liuhen_worker;

-- What was stored before was read back when it was recorded, as everything is: that was its first look.
INSERT INTO object_look (id, kind, unit_id, size_bytes, looked_at)
    SELECT r.id, 'recording', r.unit_id, r.ciphertext_size_bytes, r.sealed_at FROM recording r
    UNION ALL SELECT c.id, 'rendition', c.unit_id, c.ciphertext_size_bytes, c.created_at FROM rendition c
    UNION ALL SELECT a.id, 'request_attachment', a.unit_id, a.ciphertext_size_bytes, a.filed_at FROM request_attachment a
    UNION ALL SELECT c.id, 'redacted_copy', c.unit_id, c.ciphertext_size_bytes, coalesce(c.made_at, c.asked_at)
        FROM redacted_copy c WHERE c.state = 'done';

CREATE FUNCTION note_object() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    INSERT INTO object_look (id, kind, unit_id, size_bytes, looked_at)
        VALUES (NEW.id, TG_TABLE_NAME, NEW.unit_id, NEW.ciphertext_size_bytes, now());
    RETURN NULL;
END $$;
CREATE TRIGGER note_object AFTER INSERT ON recording FOR EACH ROW EXECUTE FUNCTION note_object();
CREATE TRIGGER note_object AFTER INSERT ON rendition FOR EACH ROW EXECUTE FUNCTION note_object();
CREATE TRIGGER note_object AFTER INSERT ON request_attachment FOR EACH ROW EXECUTE FUNCTION note_object();
-- A redacted copy is a job first, and has its object once it is done.
CREATE TRIGGER note_object AFTER INSERT ON redacted_copy
    FOR EACH ROW WHEN (NEW.state = 'done') EXECUTE FUNCTION note_object();
CREATE TRIGGER note_made_object AFTER UPDATE OF state ON redacted_copy
    FOR EACH ROW WHEN (NEW.state = 'done' AND OLD.state <> 'done') EXECUTE FUNCTION note_object();

-- What is disposed of is no longer looked at: nobody calls it lost.
CREATE FUNCTION forget_object() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    DELETE FROM object_look l WHERE l.id = OLD.id;
    RETURN NULL;
END $$;
CREATE TRIGGER forget_object AFTER DELETE ON recording FOR EACH ROW EXECUTE FUNCTION forget_object();
CREATE TRIGGER forget_object AFTER DELETE ON rendition FOR EACH ROW EXECUTE FUNCTION forget_object();
CREATE TRIGGER forget_object AFTER DELETE ON request_attachment FOR EACH ROW EXECUTE FUNCTION forget_object();
CREATE TRIGGER forget_object AFTER DELETE ON redacted_copy FOR EACH ROW EXECUTE FUNCTION forget_object();

REVOKE EXECUTE ON FUNCTION note_object, forget_object FROM PUBLIC;
