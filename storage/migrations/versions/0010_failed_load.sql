-- A failed upload's bytes stay on the staging disk until somebody has it retried or releases it: they take their
-- station's room until then. Else one that fails again and again would fill the disk for all.

-- Nobody may change an upload between the count and the new functions' first use.
LOCK TABLE upload IN SHARE ROW EXCLUSIVE MODE;

CREATE OR REPLACE FUNCTION count_entered_uploads() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM add_station_load(array_agg(c.station_id), array_agg(c.opened), array_agg(c.waited)) FROM (
        SELECT station_id, count(*) FILTER (WHERE state = 'open') AS opened, sum(declared_length)::bigint AS waited
        FROM entered WHERE state IN ('open', 'finished', 'failed') GROUP BY station_id
    ) c HAVING count(*) > 0;
    RETURN NULL;
END $$;

CREATE OR REPLACE FUNCTION count_changed_uploads() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM add_station_load(array_agg(c.station_id), array_agg(c.opened), array_agg(c.waited)) FROM (
        SELECT n.station_id,
            sum((n.state = 'open')::int - (o.state = 'open')::int)::bigint AS opened,
            sum(n.declared_length * (n.state IN ('open', 'finished', 'failed'))::int
                - o.declared_length * (o.state IN ('open', 'finished', 'failed'))::int)::bigint AS waited
        FROM became n JOIN was o ON o.id = n.id
        WHERE n.state <> o.state OR n.declared_length <> o.declared_length
        GROUP BY n.station_id
    ) c HAVING count(*) > 0;
    RETURN NULL;
END $$;

UPDATE station_load l SET waiting_bytes = l.waiting_bytes + f.bytes
    FROM (SELECT station_id, sum(declared_length)::bigint AS bytes FROM upload WHERE state = 'failed' GROUP BY 1) f
    WHERE f.station_id = l.station_id;
