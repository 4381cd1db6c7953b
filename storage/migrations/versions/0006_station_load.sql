-- What each station has open and waiting. Counting its uploads anew for every creation took longer with each one that
-- waited; this is kept by the statements that change them, whoever sends those, in their own transactions.

CREATE TABLE station_load (
    station_id UUID NOT NULL,
    unit_id UUID NOT NULL,
    open_uploads BIGINT DEFAULT 0 NOT NULL,
    waiting_bytes BIGINT DEFAULT 0 NOT NULL,
    CONSTRAINT pk_station_load PRIMARY KEY (station_id),
    CONSTRAINT ck_station_load_open_uploads CHECK (open_uploads >= 0),
    CONSTRAINT ck_station_load_waiting_bytes CHECK (waiting_bytes >= 0),
    CONSTRAINT fk_station_load_station_id FOREIGN KEY(station_id) REFERENCES station (id),
    CONSTRAINT fk_station_load_unit_id FOREIGN KEY(unit_id) REFERENCES unit (id)
) WITH (fillfactor = 20);
CREATE INDEX ix_station_load_unit_id ON station_load (unit_id);

GRANT SELECT, INSERT, UPDATE (open_uploads, waiting_bytes) ON station_load TO liuhen_app;

INSERT INTO station_load (station_id, unit_id, open_uploads, waiting_bytes)
    SELECT s.id, s.unit_id, count(u.id) FILTER (WHERE u.state = 'open'), coalesce(sum(u.declared_length), 0)
    FROM station s LEFT JOIN upload u ON u.station_id = s.id AND u.state IN ('open', 'finished')
    GROUP BY s.id;

CREATE FUNCTION begin_station_load() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO station_load (station_id, unit_id) VALUES (NEW.id, NEW.unit_id);
    RETURN NEW;
END $$;
CREATE TRIGGER begin_load AFTER INSERT ON station FOR EACH ROW EXECUTE FUNCTION begin_station_load();

-- Rows are locked in the order of stations, so that two statements about several stations wait for each other in turn.
CREATE FUNCTION add_station_load(changed uuid[], opened bigint[], waited bigint[]) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    IF cardinality(changed) > 1 THEN
        PERFORM FROM station_load WHERE station_id = ANY (changed) ORDER BY station_id FOR NO KEY UPDATE;
    END IF;
    UPDATE station_load l SET open_uploads = l.open_uploads + c.opened, waiting_bytes = l.waiting_bytes + c.waited
        FROM unnest(changed, opened, waited) AS c (station_id, opened, waited) WHERE l.station_id = c.station_id;
END $$;

CREATE FUNCTION count_entered_uploads() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM add_station_load(array_agg(c.station_id), array_agg(c.opened), array_agg(c.waited)) FROM (
        SELECT station_id, count(*) FILTER (WHERE state = 'open') AS opened, sum(declared_length)::bigint AS waited
        FROM entered WHERE state IN ('open', 'finished') GROUP BY station_id
    ) c HAVING count(*) > 0;
    RETURN NULL;
END $$;
CREATE TRIGGER count_entered AFTER INSERT ON upload REFERENCING NEW TABLE AS entered
    FOR EACH STATEMENT EXECUTE FUNCTION count_entered_uploads();

CREATE FUNCTION count_changed_uploads() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM add_station_load(array_agg(c.station_id), array_agg(c.opened), array_agg(c.waited)) FROM (
        SELECT n.station_id,
            sum((n.state = 'open')::int - (o.state = 'open')::int)::bigint AS opened,
            sum(n.declared_length * (n.state IN ('open', 'finished'))::int
                - o.declared_length * (o.state IN ('open', 'finished'))::int)::bigint AS waited
        FROM became n JOIN was o ON o.id = n.id
        WHERE n.state <> o.state OR n.declared_length <> o.declared_length
        GROUP BY n.station_id
    ) c HAVING count(*) > 0;
    RETURN NULL;
END $$;
CREATE TRIGGER count_changed AFTER UPDATE ON upload REFERENCING OLD TABLE AS was NEW TABLE AS became
    FOR EACH STATEMENT EXECUTE FUNCTION count_changed_uploads();
