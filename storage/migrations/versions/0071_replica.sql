-- 副本存储: the second store, and where each stored object stands in it. One row an object, made with its object_look by
-- whoever records the object. What was disposed of keeps its row until the replica has let go of it, so that no copy
-- that was on its way stays there. The application reads these rows, the worker alone moves them on.

CREATE TABLE replica_store (
    place TEXT NOT NULL,
    mark UUID,
    in_use BOOLEAN DEFAULT false NOT NULL,
    failing_since TIMESTAMP WITH TIME ZONE,
    failure TEXT,
    CONSTRAINT pk_replica_store PRIMARY KEY (place),
    CONSTRAINT ck_replica_store_in_use CHECK (NOT in_use OR mark IS NOT NULL),
    CONSTRAINT ck_replica_store_failure CHECK ((failing_since IS NULL) = (failure IS NULL))
);
CREATE UNIQUE INDEX ix_replica_store_in_use ON replica_store (in_use) WHERE in_use;
GRANT SELECT ON replica_store TO liuhen_app;
GRANT INSERT, UPDATE ON replica_store TO liuhen_worker;

CREATE TABLE object_replica (
    id UUID NOT NULL,
    kind TEXT NOT NULL,
    unit_id UUID NOT NULL,
    object_name TEXT NOT NULL,
    size_bytes BIGINT NOT NULL,
    recorded_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    state TEXT DEFAULT 'waiting' NOT NULL,
    due_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    copied_at TIMESTAMP WITH TIME ZONE,
    version_id TEXT,
    looked_at TIMESTAMP WITH TIME ZONE,
    found TEXT DEFAULT 'whole' NOT NULL,
    lost_since TIMESTAMP WITH TIME ZONE,
    removed_at TIMESTAMP WITH TIME ZONE,
    leased_by TEXT,
    leased_until TIMESTAMP WITH TIME ZONE,
    CONSTRAINT pk_object_replica PRIMARY KEY (id),
    CONSTRAINT ck_object_replica_kind CHECK (kind IN ('recording', 'rendition', 'redacted_copy', 'request_attachment')),
    CONSTRAINT ck_object_replica_state CHECK (state IN ('waiting', 'copied', 'disposed')),
    CONSTRAINT ck_object_replica_copied
        CHECK (state <> 'copied' OR (copied_at IS NOT NULL AND version_id IS NOT NULL AND looked_at IS NOT NULL)),
    CONSTRAINT ck_object_replica_found
        CHECK (found IN ('whole', 'missing', 'truncated', 'too_long', 'differs', 'unreadable', 'unsigned')),
    CONSTRAINT ck_object_replica_lost_since CHECK ((found = 'whole') = (lost_since IS NULL)),
    CONSTRAINT fk_object_replica_unit_id FOREIGN KEY(unit_id) REFERENCES unit (id)
);
CREATE INDEX ix_object_replica_unit_id ON object_replica (unit_id);
CREATE INDEX ix_object_replica_due ON object_replica (state, due_at) WHERE state <> 'copied';
CREATE INDEX ix_object_replica_waiting ON object_replica (recorded_at) WHERE state = 'waiting';
CREATE INDEX ix_object_replica_turn ON object_replica (looked_at) WHERE state = 'copied';
CREATE INDEX ix_object_replica_lost ON object_replica (looked_at) WHERE found <> 'whole';
GRANT SELECT ON object_replica TO liuhen_app;
GRANT UPDATE (state, due_at, copied_at, version_id, looked_at, found, lost_since, removed_at, leased_by, leased_until),
    DELETE ON object_replica TO liuhen_worker;

-- An archive that is full already is copied in time, the oldest first.
INSERT INTO object_replica (id, kind, unit_id, object_name, size_bytes, recorded_at)
    SELECT r.id, 'recording', r.unit_id, r.object_name, r.ciphertext_size_bytes, r.sealed_at FROM recording r
    UNION ALL SELECT c.id, 'rendition', c.unit_id, c.object_name, c.ciphertext_size_bytes, c.created_at FROM rendition c
    UNION ALL SELECT a.id, 'request_attachment', a.unit_id, a.object_name, a.ciphertext_size_bytes, a.filed_at
        FROM request_attachment a
    UNION ALL SELECT c.id, 'redacted_copy', c.unit_id, c.object_name, c.ciphertext_size_bytes,
        coalesce(c.made_at, c.asked_at) FROM redacted_copy c WHERE c.state = 'done';

CREATE OR REPLACE FUNCTION note_object() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    INSERT INTO object_look (id, kind, unit_id, size_bytes, looked_at)
        VALUES (NEW.id, TG_TABLE_NAME, NEW.unit_id, NEW.ciphertext_size_bytes, now());
    INSERT INTO object_replica (id, kind, unit_id, object_name, size_bytes)
        VALUES (NEW.id, TG_TABLE_NAME, NEW.unit_id, NEW.object_name, NEW.ciphertext_size_bytes);
    RETURN NULL;
END $$;

-- What is disposed of is no longer looked at: nobody calls it lost. Whoever copies it commits before this, and then it
-- is removed from the replica; or he finds it disposed of, and nothing of it gets there.
CREATE OR REPLACE FUNCTION forget_object() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    DELETE FROM object_look l WHERE l.id = OLD.id;
    IF EXISTS (SELECT FROM replica_store) THEN
        UPDATE object_replica r SET state = 'disposed', due_at = now(), found = 'whole', lost_since = NULL
            WHERE r.id = OLD.id;
    ELSE
        DELETE FROM object_replica r WHERE r.id = OLD.id;
    END IF;
    RETURN NULL;
END $$;

REVOKE EXECUTE ON FUNCTION note_object, forget_object FROM PUBLIC;
