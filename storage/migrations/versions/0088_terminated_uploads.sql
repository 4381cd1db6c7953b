-- A station may terminate what it created, and create anew: each time a row and two ledger entries stay for good, and
-- nothing else bounded how many. So they are counted by the hour.
ALTER TABLE station_load
    ADD COLUMN terminated_uploads BIGINT DEFAULT 0 NOT NULL,
    ADD COLUMN terminated_hour TIMESTAMP WITH TIME ZONE DEFAULT '2000-01-01 00:00:00+00' NOT NULL;
GRANT UPDATE (terminated_uploads, terminated_hour) ON station_load TO liuhen_app;

CREATE OR REPLACE FUNCTION count_changed_uploads() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    this_hour timestamptz := date_trunc('hour', now(), 'UTC');
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
    -- Behind the other, which has locked the rows of several stations in their order.
    IF EXISTS (SELECT FROM became WHERE state = 'terminated') THEN
        UPDATE station_load l SET terminated_hour = this_hour,
            terminated_uploads = c.ended + CASE WHEN l.terminated_hour = this_hour THEN l.terminated_uploads ELSE 0 END
        FROM (
            SELECT n.station_id, count(*) AS ended FROM became n JOIN was o ON o.id = n.id
            WHERE n.state = 'terminated' AND o.state <> 'terminated' GROUP BY n.station_id
        ) c WHERE l.station_id = c.station_id;
    END IF;
    RETURN NULL;
END $$;
