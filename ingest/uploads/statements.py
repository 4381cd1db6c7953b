"""The SQL of the register: one statement, and so one round trip and one commit, for however many come together.

PostgreSQL may wait for a lock and then looks again at the row as it has become, but only at the row that is locked
(EvalPlanQual). So what decides, the station's load, is what is locked, and the limits are compared in that same
condition: two processes can never count the same room. Statements about several stations, or several
uploads, lock them in their order.

How their rows are given: given_rows.py. An entry is JSON itself, and its bytes are what PostgreSQL makes of the text
again.

Plans are kept, also those made while a table was short (storage/database.py). So whatever is looked up is named by its
key in a form that leaves a planner no other way: `= ANY (ARRAY(…))` or a LATERAL with LIMIT, and comparisons that no
partial index answers.
"""

from __future__ import annotations

from ingest.stations.authentication import HOLDER_OF
from ingest.uploads.given_rows import PLACE, RowsStatement
from ingest.uploads.upload_row import columns_of
from storage.catalog.base import none_of
from storage.catalog.uploads import GONE_STATES

_LIVES = none_of("state", *GONE_STATES)

ADMIT = f"""
    SELECT s.id, s.unit_id, s.revoked_at, s.certificate_sha256, c.public_key, s.max_uploads, s.max_waiting_bytes,
        {columns_of("u")}
    FROM unnest(%s::bytea[], %s::text[], %s::bytea[], %s::text[])
        WITH ORDINALITY AS a (token_hash, key_id, certificate_sha256, upload_id, place) {HOLDER_OF}
    LEFT JOIN LATERAL (SELECT * FROM upload WHERE id = a.upload_id AND s.id IS NOT NULL LIMIT 1) u ON true
    ORDER BY a.place
"""  # noqa: S608  put together from our own words

# All of a station's openings, or none of them: which of several still fit is then asked one by one. A station whose
# unit was merged opens nothing in it any more; its row is locked, so that a merge waits, or is seen. $1 is true
# where the commit need not wait for the disk: a crash of the database may then take a moment's openings. Whoever read
# them before they were there and commits takes them along, as his own record comes after theirs.
_OPEN = f"""
    WITH wanted AS ({PLACE}), asked AS (
        SELECT station_id, count(*) AS uploads, sum(declared_length) AS bytes,
            min(most_uploads) AS most_uploads, min(most_bytes) AS most_bytes, array_agg(unit_id) AS unit_ids
        FROM wanted GROUP BY station_id
    ), room AS (
        SELECT l.station_id FROM station_load l JOIN asked a ON a.station_id = l.station_id
            JOIN station s ON s.id = l.station_id
        WHERE l.station_id = ANY (ARRAY(SELECT station_id FROM asked))
            AND s.revoked_at IS NULL AND s.unit_id = ALL (a.unit_ids) AND l.open_uploads + a.uploads <= a.most_uploads
            AND l.waiting_bytes + a.bytes <= a.most_bytes
            AND (l.terminated_uploads < $2::bigint OR l.terminated_hour < date_trunc('hour', now(), 'UTC'))
        ORDER BY l.station_id FOR NO KEY UPDATE OF l FOR SHARE OF s
    ), opened AS (
        INSERT INTO upload (id, station_id, unit_id, declared_length, length_deferred, claims, state, expires_at,
            expires_at_latest, creation_key, node, attempts)
        SELECT id, station_id, unit_id, declared_length, length_deferred, claims, 'open', expires_at,
            expires_at_latest, creation_key, node, 0
        FROM wanted JOIN room USING (station_id)
        ON CONFLICT (station_id, creation_key)
            WHERE {_LIVES} AND creation_key IS NOT NULL DO NOTHING
        RETURNING id
    )
    INSERT INTO ledger_entry (id, unit_id, action, subject_id, entry, occurred_at)
    SELECT entry_id, unit_id, 'upload.created', id, convert_to(entry, 'UTF8'), occurred_at
    FROM wanted JOIN opened USING (id)
    RETURNING id, set_config('synchronous_commit',
        CASE WHEN $1::bool THEN 'off' ELSE current_setting('synchronous_commit') END, true)
"""  # noqa: S608  put together from our own words
OPEN = RowsStatement.of(
    _OPEN,
    "id text, station_id uuid, unit_id uuid, declared_length bigint, length_deferred boolean, claims jsonb,"
    " expires_at timestamptz, expires_at_latest timestamptz, creation_key text, node text,"
    " most_uploads bigint, most_bytes bigint, entry_id uuid, entry text, occurred_at timestamptz",
    others=2,
)

# By a station's own word for its creation, of uploads that live. Whoever asks has waited for the row that has it.
OPENED_BEFORE = f"""
    SELECT {columns_of("u")}
    FROM (SELECT %s::uuid AS station_id, %s::text AS creation_key) AS a, LATERAL (
        SELECT * FROM upload WHERE station_id = a.station_id AND creation_key = a.creation_key
            AND {_LIVES} LIMIT 1
    ) u
"""  # noqa: S608  put together from our own words

NOTE_SEEN = """
    INSERT INTO station_state AS s (station_id, unit_id, seen_at) VALUES (%s, %s, %s)
    ON CONFLICT (station_id) DO UPDATE SET seen_at = greatest(s.seen_at, EXCLUDED.seen_at)
    RETURNING station_id
"""

# A commit that waits, of nothing: what was committed before it is on the disk with it.
KEEP_PROMISES = "SELECT pg_logical_emit_message(true, 'liuhen', '')"

# FOR SHARE waits for a transaction that is ending the upload, also of a process that was killed since: a commit is
# asked for only by whoever holds the row's lock.
SETTLED = f"""
    SELECT {columns_of("u")}
    FROM upload u WHERE u.id = ANY (%s::text[]) FOR SHARE
"""  # noqa: S608  put together from our own words

STATES = "SELECT id, state FROM upload WHERE id = ANY (%s::text[])"

# With the seconds that are left of an hour in which as many as may be were terminated.
LOAD = """
    SELECT s.revoked_at IS NOT NULL, l.open_uploads, l.waiting_bytes, s.unit_id,
        CASE WHEN l.terminated_uploads >= %s THEN
            ceil(extract(epoch FROM l.terminated_hour + interval '1 hour' - now()))::int END,
        l.terminated_uploads
    FROM station s JOIN station_load l ON l.station_id = s.id WHERE s.id = %s
"""

# Less than was reserved always fits, also when the station's limit has come down since.
DECLARE = """
    WITH room AS (
        SELECT u.id FROM upload u JOIN station_load l ON l.station_id = u.station_id
        WHERE u.id = %(id)s AND u.station_id = %(station)s AND u.unit_id = %(unit)s
            AND u.state = 'open' AND u.length_deferred
            AND (%(length)s <= u.declared_length OR l.waiting_bytes - u.declared_length + %(length)s <= %(most_bytes)s)
        FOR NO KEY UPDATE OF l
    ), declared AS (
        UPDATE upload u SET declared_length = %(length)s, length_deferred = FALSE
        FROM room WHERE u.id = room.id AND u.state = 'open' AND u.length_deferred RETURNING u.*
    )
    INSERT INTO ledger_entry (id, unit_id, action, subject_id, entry, occurred_at)
    SELECT %(entry_id)s, unit_id, 'upload.length_declared', id, %(entry)s, %(occurred_at)s FROM declared
    RETURNING id
"""

# Only where the row is still as the caller knows it, at his node: of one that was moved meanwhile no bytes here count.
# By entry, not by upload: of two who end the same upload here, the one whose entry was written did it. Uploads are
# locked in their order, whatever plan is taken: two that end several of the same would else wait for each other.
_END = f"""
    WITH asked AS ({PLACE}), locked AS (
        SELECT id FROM upload WHERE id = ANY (ARRAY(SELECT id FROM asked)) ORDER BY id FOR NO KEY UPDATE
    ), ended AS (
        UPDATE upload u SET state = $1, finished_at = CASE WHEN $1 = 'finished' THEN a.occurred_at END
        FROM asked a
        WHERE u.id = ANY (ARRAY(SELECT id FROM locked)) AND u.id = a.id
            AND (u.station_id, u.unit_id, u.node, u.state)
                IS NOT DISTINCT FROM (a.station_id, a.unit_id, a.node, 'open')
        RETURNING a.*
    )
    INSERT INTO ledger_entry (id, unit_id, action, subject_id, entry, occurred_at)
    SELECT entry_id, unit_id, $2, id, convert_to(entry, 'UTF8'), occurred_at FROM ended
    RETURNING id
"""  # noqa: S608  put together from our own words
END = RowsStatement.of(
    _END,
    "id text, station_id uuid, unit_id uuid, node text, entry_id uuid, entry text, occurred_at timestamptz",
    others=2,
)
