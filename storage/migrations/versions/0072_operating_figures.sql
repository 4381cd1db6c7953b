-- How far the archive is behind with what it owes, for /metrics: whoever asks is not signed in, so a function counts for
-- him, and gives numbers alone. `figure` and `label` are those of docs/monitoring.md; what there is none of has no row.
-- Recordings are looked at by unit and time of sealing, which is how they are indexed: of a day, however many there are.
CREATE FUNCTION operating_figures() RETURNS TABLE (figure TEXT, label TEXT, value DOUBLE PRECISION)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    WITH day AS MATERIALIZED (
        SELECT r.id, r.sealed_at, r.received_at, r.size_bytes
        FROM public.unit u CROSS JOIN LATERAL (
            SELECT r.id, r.sealed_at, r.received_at, r.size_bytes FROM public.recording r
            WHERE r.unit_id = u.id AND r.sealed_at > now() - interval '1 day'
        ) r
    ),
    last_hour AS (
        SELECT extract(epoch FROM d.sealed_at - d.received_at)::float8 AS seconds, d.size_bytes
        FROM day d WHERE d.sealed_at > now() - interval '1 hour'
    ),
    -- Entries that no checkpoint covers. Numbers are given as transactions begin and places as they end: what is not
    -- covered yet is among the latest, or a few before them.
    covered AS (
        SELECT coalesce(max(e.serial), 0) AS serial, coalesce(max(c.size), 0) AS size
        FROM (SELECT max(size) AS size FROM public.ledger_checkpoint) c
        LEFT JOIN public.ledger_sequence s ON s.index = c.size - 1
        LEFT JOIN public.ledger_entry e ON e.id = s.entry_id
    ),
    uncovered AS (
        SELECT e.occurred_at FROM covered, public.ledger_entry e
        WHERE e.serial > covered.serial - 1000 AND NOT EXISTS (
            SELECT FROM public.ledger_sequence s WHERE s.entry_id = e.id AND s.index < covered.size
        )
    ),
    waiting (queue, since) AS (
        SELECT 'sealing', u.finished_at FROM public.upload u WHERE u.state IN ('finished', 'sealed')
        UNION ALL SELECT 'copies_' || j.lane, j.created_at FROM public.media_job j WHERE j.state = 'due'
        UNION ALL SELECT 'redaction', c.asked_at FROM public.redacted_copy c WHERE c.state = 'due'
        UNION ALL SELECT 'ledger', o.occurred_at FROM uncovered o
        UNION ALL SELECT 'linking', d.sealed_at FROM day d
            WHERE NOT EXISTS (SELECT FROM public.linking_done l WHERE l.recording_id = d.id)
    ),
    last_token AS (
        SELECT max(r.token_time) AS token_time
        FROM public.unit u CROSS JOIN LATERAL (
            SELECT r.token_time FROM public.recording r WHERE r.unit_id = u.id ORDER BY r.sealed_at DESC LIMIT 1
        ) r
    )
    SELECT 'sealed_last_hour', '', count(*)::float8 FROM last_hour
    UNION ALL SELECT 'sealed_bytes_last_hour', '', coalesce(sum(size_bytes), 0)::float8 FROM last_hour
    UNION ALL SELECT 'seal_seconds', q.label, percentile_cont(q.fraction) WITHIN GROUP (ORDER BY h.seconds)
        FROM last_hour h, (VALUES ('0.5', 0.5::float8), ('0.95', 0.95), ('1', 1.0)) q (label, fraction)
        GROUP BY q.label, q.fraction
    UNION ALL SELECT 'backlog', w.queue, count(*)::float8 FROM waiting w GROUP BY w.queue
    UNION ALL SELECT 'backlog_oldest_seconds', w.queue, greatest(0, extract(epoch FROM now() - min(w.since)))::float8
        FROM waiting w GROUP BY w.queue
    UNION ALL SELECT 'link_questions_open', '', count(*)::float8 FROM public.link_question q WHERE q.answered_at IS NULL
    UNION ALL SELECT 'unlinked_last_day', '', count(*)::float8 FROM day d
        WHERE EXISTS (SELECT FROM public.linking_done l WHERE l.recording_id = d.id) AND NOT EXISTS (
            SELECT FROM public.case_link l WHERE l.recording_id = d.id AND l.ended_at IS NULL
        )
    UNION ALL SELECT 'time_stamp_age_seconds', '', greatest(0, extract(epoch FROM now() - t.token_time))::float8
        FROM last_token t WHERE t.token_time IS NOT NULL
$$;
REVOKE EXECUTE ON FUNCTION operating_figures FROM PUBLIC;
GRANT EXECUTE ON FUNCTION operating_figures TO liuhen_app, liuhen_worker;
