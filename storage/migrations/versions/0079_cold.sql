-- 冷存储: originals that are old and little looked at lie in a second place, and are brought back when somebody asks.
-- A row an original that was chosen, moved on by the worker alone; whoever answers people reads it, and asks.

CREATE TABLE cold_store (
    place TEXT NOT NULL,
    mark UUID,
    in_use BOOLEAN DEFAULT false NOT NULL,
    failing_since TIMESTAMP WITH TIME ZONE,
    failure TEXT,
    CONSTRAINT pk_cold_store PRIMARY KEY (place),
    CONSTRAINT ck_cold_store_in_use CHECK (NOT in_use OR mark IS NOT NULL),
    CONSTRAINT ck_cold_store_failure CHECK ((failing_since IS NULL) = (failure IS NULL))
);
CREATE UNIQUE INDEX ix_cold_store_in_use ON cold_store (in_use) WHERE in_use;
GRANT SELECT ON cold_store TO liuhen_app;
GRANT INSERT, UPDATE ON cold_store TO liuhen_worker;

CREATE TABLE cold_object (
    id UUID NOT NULL,
    unit_id UUID NOT NULL,
    object_name TEXT NOT NULL,
    size_bytes BIGINT NOT NULL,
    state TEXT DEFAULT 'moving' NOT NULL,
    due_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    version_id TEXT,
    moved_at TIMESTAMP WITH TIME ZONE,
    given_up_at TIMESTAMP WITH TIME ZONE,
    wanted_since TIMESTAMP WITH TIME ZONE,
    recalled_at TIMESTAMP WITH TIME ZONE,
    leased_by TEXT,
    leased_until TIMESTAMP WITH TIME ZONE,
    CONSTRAINT pk_cold_object PRIMARY KEY (id),
    CONSTRAINT ck_cold_object_state CHECK (state IN ('moving', 'cold', 'both', 'disposed')),
    CONSTRAINT ck_cold_object_moved
        CHECK (state NOT IN ('cold', 'both') OR (moved_at IS NOT NULL AND version_id IS NOT NULL)),
    CONSTRAINT ck_cold_object_wanted CHECK (wanted_since IS NULL OR state = 'cold'),
    CONSTRAINT fk_cold_object_unit_id FOREIGN KEY(unit_id) REFERENCES unit (id)
);
CREATE INDEX ix_cold_object_unit_id ON cold_object (unit_id);
CREATE INDEX ix_cold_object_object_name ON cold_object (object_name);
CREATE INDEX ix_cold_object_due ON cold_object (state, due_at);
CREATE INDEX ix_cold_object_wanted ON cold_object (wanted_since) WHERE wanted_since IS NOT NULL;
GRANT SELECT ON cold_object TO liuhen_app;
GRANT INSERT, UPDATE (
    state, due_at, version_id, moved_at, given_up_at, wanted_since, recalled_at, leased_by, leased_until
), DELETE ON cold_object TO liuhen_worker;

CREATE TABLE recall_request (
    id UUID NOT NULL,
    unit_id UUID NOT NULL,
    recording_id UUID NOT NULL,
    person_id UUID NOT NULL,
    grant_id UUID NOT NULL,
    asked_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    arrived_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT pk_recall_request PRIMARY KEY (id),
    CONSTRAINT fk_recall_request_unit_id FOREIGN KEY(unit_id) REFERENCES unit (id),
    CONSTRAINT fk_recall_request_recording_id FOREIGN KEY(recording_id) REFERENCES recording (id),
    CONSTRAINT fk_recall_request_person_id FOREIGN KEY(person_id) REFERENCES person (id),
    CONSTRAINT fk_recall_request_grant_id FOREIGN KEY(grant_id) REFERENCES access_grant (id)
);
CREATE INDEX ix_recall_request_unit_id ON recall_request (unit_id);
CREATE UNIQUE INDEX ix_recall_request_waiting ON recall_request (recording_id, person_id) WHERE arrived_at IS NULL;
GRANT SELECT, INSERT ON recall_request TO liuhen_app;
GRANT UPDATE (arrived_at) ON recall_request TO liuhen_worker;
ALTER TABLE recall_request ENABLE ROW LEVEL SECURITY;
CREATE POLICY of_workers ON recall_request TO liuhen_worker USING (true);
CREATE POLICY of_seen_units ON recall_request TO liuhen_app USING (unit_id = ANY ((SELECT seen_units())::uuid[]));

-- What is in the store already is not asked for: nothing is written then. With the original's row locked, so that the
-- worker who has just brought it back, or is about to give up the store's, comes wholly before or after.
CREATE FUNCTION want_original() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    UPDATE cold_object o SET wanted_since = coalesce(o.wanted_since, now()),
            due_at = CASE WHEN o.wanted_since IS NULL THEN now() ELSE o.due_at END
        WHERE o.id = NEW.recording_id AND o.state = 'cold';
    IF NOT FOUND THEN
        RETURN NULL;
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER want_original BEFORE INSERT ON recall_request FOR EACH ROW EXECUTE FUNCTION want_original();

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
    UPDATE cold_object c SET state = 'disposed', due_at = now(), wanted_since = NULL WHERE c.id = OLD.id;
    RETURN NULL;
END $$;

REVOKE EXECUTE ON FUNCTION want_original, forget_object FROM PUBLIC;
