-- A district's archive of some years, as rows: what `liuhen bench search` measures over. See archive_rows.py.
--
-- The settings bench.cases, bench.recordings and bench.seed say how many of what; bench.today is the day that is now.
-- Every figure hangs on the seed and a row's number alone, so that the same seed makes the same archive on the same day.
-- Run as superuser with session_replication_role = replica: triggers that ask for a person's deed do not fire. Foreign
-- keys hold by construction, and archive_rows.py looks afterwards.

-- step: functions
CREATE FUNCTION pg_temp.size(name TEXT) RETURNS BIGINT LANGUAGE sql STABLE AS
    $$ SELECT current_setting('bench.' || name)::BIGINT $$;
CREATE FUNCTION pg_temp.share(number BIGINT, salt INTEGER) RETURNS DOUBLE PRECISION LANGUAGE sql STABLE AS
    $$ SELECT (hashint8extended(number, pg_temp.size('seed') * 1000 + salt) & 4294967295) / 4294967296.0 $$;
CREATE FUNCTION pg_temp.uuid_of(kind TEXT, number BIGINT) RETURNS UUID LANGUAGE sql STABLE AS
    $$ SELECT md5(current_setting('bench.seed') || kind || number)::UUID $$;
CREATE FUNCTION pg_temp.one(words TEXT[], share DOUBLE PRECISION) RETURNS TEXT LANGUAGE sql IMMUTABLE AS
    $$ SELECT words[1 + floor(share * array_length(words, 1))::INTEGER] $$;
CREATE FUNCTION pg_temp.digest(kind TEXT, number BIGINT) RETURNS BYTEA LANGUAGE sql STABLE AS
    $$ SELECT sha256(convert_to(current_setting('bench.seed') || kind || number, 'UTF8')) $$;

-- step: units
-- A bureau, four detachments, twenty-four brigades of which the largest has a sixth of all cases.
INSERT INTO unit (id, parent_id, name, code)
SELECT pg_temp.uuid_of('unit', u),
    CASE WHEN u = 0 THEN NULL WHEN u < 5 THEN pg_temp.uuid_of('unit', 0) ELSE pg_temp.uuid_of('unit', 1 + u % 4) END,
    CASE WHEN u = 0 THEN '江城区城市管理综合行政执法局' WHEN u < 5 THEN '执法第' || u || '支队'
        ELSE (ARRAY['观音桥','华新街','五里店','石马河','大石坝','寸滩','铁山坪','郭家沱','复盛','鱼嘴','五宝','江北城',
            '唐家沱','鸿恩寺','北滨路','溉澜溪','玉带山','红旗河沟','松树桥','花园村','洋河','建新','鲤鱼池','兴隆']
            )[u - 4] || '街道执法大队' END,
    'BENCH' || lpad(u::TEXT, 2, '0')
FROM generate_series(0, 28) u;

-- step: people
-- Five of every unit have its other roles; nineteen are officers.
INSERT INTO person (id, unit_id, name, sign_in_name, badge_number, role, active, created_at)
SELECT pg_temp.uuid_of('person', u * 24 + k), pg_temp.uuid_of('unit', u),
    pg_temp.one(ARRAY['王','李','张','刘','陈','杨','赵','黄','周','吴','徐','孙','胡','朱','高','林','何','郭','马','罗'],
        pg_temp.share(u * 24 + k, 1))
    || pg_temp.one(ARRAY['伟','敏','静','丽','强','磊','军','洋','勇','艳','杰','娟','涛','明','超','秀英','霞','平','刚',
        '桂英','建国','志强','海燕','晓东','国庆','文博','雨桐','子轩'], pg_temp.share(u * 24 + k, 2)),
    'bench-' || u || '-' || k, lpad((u * 24 + k)::TEXT, 6, '0'),
    coalesce((ARRAY['supervisor','legal_reviewer','publisher','auditor','administrator'])[k + 1], 'officer'),
    TRUE, current_setting('bench.today')::TIMESTAMPTZ - INTERVAL '6 years'
FROM generate_series(0, 28) u, generate_series(0, 23) k;

-- step: register
INSERT INTO station (id, unit_id, name, token_hash)
SELECT pg_temp.uuid_of('station', u), pg_temp.uuid_of('unit', u), '采集站-' || u, pg_temp.digest('station', u)
FROM generate_series(0, 28) u;
INSERT INTO device (id, unit_id, code, model)
SELECT pg_temp.uuid_of('device', u * 24 + k), pg_temp.uuid_of('unit', u), 'DSJ' || lpad((u * 24 + k)::TEXT, 4, '0'),
    'DSJ-' || chr(65 + k % 5)
FROM generate_series(0, 28) u, generate_series(5, 23) k;
INSERT INTO device_issue (id, unit_id, device_id, person_id, span)
SELECT pg_temp.uuid_of('issue', u * 24 + k), pg_temp.uuid_of('unit', u), pg_temp.uuid_of('device', u * 24 + k),
    pg_temp.uuid_of('person', u * 24 + k),
    tstzrange(current_setting('bench.today')::TIMESTAMPTZ - INTERVAL '6 years', NULL)
FROM generate_series(0, 28) u, generate_series(5, 23) k;
INSERT INTO officer_certificate (id, unit_id, person_id, jurisdiction_id, number, valid)
SELECT pg_temp.uuid_of('certificate', u * 24 + k), pg_temp.uuid_of('unit', u),
    pg_temp.uuid_of('person', u * 24 + k), pg_temp.uuid_of('unit', 0), 'B' || lpad((u * 24 + k)::TEXT, 8, '0'),
    daterange(current_date - 2200, current_date + 700)
FROM generate_series(0, 28) u, generate_series(5, 23) k;

-- step: plan of cases
CREATE TEMPORARY TABLE planned AS
WITH drawn AS (
    SELECT i, 5 + floor(24 * pg_temp.share(i, 10) ^ 1.8)::INTEGER AS u, pg_temp.share(i, 11) AS sort,
        5 + floor(19 * pg_temp.share(i, 12))::INTEGER AS k,
        current_setting('bench.today')::TIMESTAMPTZ - pg_temp.share(i, 13) * INTERVAL '1826 days' AS opened_at,
        pg_temp.one(ARRAY['建新北路','建新东路','洋河一路','兴隆路','北滨一路','石子山','红石路','渝北四村','观音桥步行街',
            '五红路','金港新区','大庆村','电仪路','海尔路','港城东路','盘溪路','松石支路','鲤鱼池正街','塔坪','聚贤街'],
            pg_temp.share(i, 14)) || (1 + floor(300 * pg_temp.share(i, 15))) || '号' AS place,
        pg_temp.one(ARRAY['占道经营','占道经营','占道经营','占道经营','乱倒建筑垃圾','违法建设','违法建设','油烟超标','夜间施工噪声',
            '擅自设置户外广告','生活垃圾未分类','生活垃圾未分类','渣土车沿途撒漏','损坏绿地','擅自挖掘道路','露天烧烤'],
            pg_temp.share(i, 16)) AS act,
        pg_temp.one(ARRAY['重庆','渝城','江北','山城','嘉陵','巴渝','长江','红岩'], pg_temp.share(i, 17))
        || pg_temp.one(ARRAY['鑫源','恒达','味道','兴旺','顺意','宏图','金凤','老灶','百姓','诚信','蓝天','佳家'],
            pg_temp.share(i, 18)) || floor(400 * pg_temp.share(i, 19))
        || pg_temp.one(ARRAY['餐饮店','建筑工程有限公司','火锅店','便利店','物业服务有限公司','运输有限公司','水果店'],
            pg_temp.share(i, 20)) AS party,
        pg_temp.share(i, 21) AS closes
    FROM generate_series(1, pg_temp.size('cases')) i
)
SELECT *, pg_temp.uuid_of('case', i) AS id, pg_temp.uuid_of('unit', u) AS unit_id,
    pg_temp.uuid_of('person', u * 24 + k) AS officer_id,
    pg_temp.uuid_of('person', u * 24 + 5 + (k - 4) % 19) AS second_id,
    CASE WHEN sort < 0.75 THEN 'penalty' WHEN sort < 0.95 THEN 'inspection' ELSE 'coercion' END AS kind,
    CASE WHEN sort < 0.5 THEN 'ordinary_penalty' WHEN sort < 0.75 THEN 'simple_penalty'
        WHEN sort < 0.85 THEN 'routine_check' WHEN sort < 0.95 THEN 'random_check' ELSE 'coercive_measure' END AS procedure,
    CASE WHEN opened_at < current_setting('bench.today')::TIMESTAMPTZ - INTERVAL '90 days' AND closes < 0.98
        OR closes < 0.3 AND opened_at < current_setting('bench.today')::TIMESTAMPTZ - INTERVAL '8 days'
        THEN opened_at + INTERVAL '173 hours' END AS closed_at
FROM drawn;
ALTER TABLE planned ADD COLUMN stage TEXT;
UPDATE planned SET stage = CASE WHEN closed_at IS NOT NULL THEN 'execution'
    ELSE (ARRAY['initiation','investigation','investigation','decision','execution'])[(1 + i % 5)::INTEGER] END;
CREATE INDEX ON planned (i);
ANALYZE planned;

-- step: cases
INSERT INTO "case" (id, unit_id, number, title, kind, procedure, stage, opened_by, opened_at, closed_at)
SELECT id, unit_id, '江城罚〔' || extract(YEAR FROM opened_at) || '〕' || i || '号', place || act || '（' || party || '）',
    kind, procedure, stage, officer_id, opened_at, closed_at
FROM planned;
INSERT INTO case_stage (id, unit_id, case_id, ordinal, from_stage, stage, entered_by, entered_at)
SELECT pg_temp.uuid_of('stage', i * 8 + s.ordinal), unit_id, id, s.ordinal, s.former, s.stage, officer_id,
    opened_at + INTERVAL '1 day' * s.ordinal
FROM planned, (VALUES (1, NULL, 'initiation'), (2, 'initiation', 'investigation'), (3, 'investigation', 'decision'),
    (4, 'decision', 'execution')) s (ordinal, former, stage)
WHERE s.ordinal <= array_position(ARRAY['initiation','investigation','decision','execution'], planned.stage);
INSERT INTO case_officer (id, unit_id, case_id, person_id, named_by, named_at)
SELECT pg_temp.uuid_of('handler', i * 2 + turn), unit_id, id, CASE turn WHEN 0 THEN officer_id ELSE second_id END,
    pg_temp.uuid_of('person', u * 24), opened_at
FROM planned, generate_series(0, 1) turn;
-- Four in a hundred keep privacy, one in a thousand a state secret.
INSERT INTO case_secrecy (id, unit_id, case_id, ordinal, secrecy_class, stated_by, stated_at)
SELECT pg_temp.uuid_of('secrecy', i), unit_id, id, 1,
    CASE WHEN pg_temp.share(i, 22) < 0.001 THEN 'state_secret' ELSE 'privacy' END, officer_id, opened_at
FROM planned WHERE pg_temp.share(i, 22) < 0.041;

-- step: acts
INSERT INTO case_act (id, unit_id, case_id, added_by, added_at)
SELECT pg_temp.uuid_of('act', i * 2 + turn), unit_id, id, officer_id, opened_at FROM planned, generate_series(0, 1) turn;
INSERT INTO case_act_statement (id, unit_id, case_id, act_id, ordinal, kind, span, place, officer_id, second_officer_id,
    checklists, stated_by, stated_at)
SELECT pg_temp.uuid_of('statement', i * 2 + turn), unit_id, id, pg_temp.uuid_of('act', i * 2 + turn), 1,
    CASE WHEN turn = 0 THEN 'on_site' WHEN kind = 'coercion' THEN 'seizure' ELSE 'questioning' END,
    tstzrange(opened_at + turn * INTERVAL '2 hours', opened_at + turn * INTERVAL '2 hours' + INTERVAL '40 minutes'),
    CASE turn WHEN 0 THEN place ELSE '询问室' END, officer_id, second_id,
    (SELECT jsonb_agg(c.id::TEXT) FROM recording_checklist c WHERE c.valid @> current_date), officer_id, opened_at
FROM planned, generate_series(0, 1) turn;

-- Of each act that somebody showed his certificate, of each case that notice was given.
INSERT INTO identity_shown (id, unit_id, case_id, act_id, person_id, shown_at, stated_by, stated_at)
SELECT pg_temp.uuid_of('shown', i * 2 + turn), unit_id, id, pg_temp.uuid_of('act', i * 2 + turn), officer_id,
    opened_at + turn * INTERVAL '2 hours', officer_id, opened_at
FROM planned, generate_series(0, 1) turn;
INSERT INTO notice_given (id, unit_id, case_id, act_id, person_id, given_at, stated_by, stated_at)
SELECT pg_temp.uuid_of('notice', i), unit_id, id, pg_temp.uuid_of('act', i * 2), officer_id, opened_at, officer_id,
    opened_at
FROM planned;
-- Of every third case some minutes are explained; of every thirtieth nobody has decided on it yet.
INSERT INTO act_explanation (id, unit_id, case_id, act_id, span, reason, given_by, given_at, decision, decided_by,
    decided_at)
SELECT pg_temp.uuid_of('explanation', i), unit_id, id, pg_temp.uuid_of('act', i * 2),
    tstzrange(opened_at + INTERVAL '20 minutes', opened_at + INTERVAL '30 minutes'), '执法记录仪电池耗尽', officer_id,
    opened_at + INTERVAL '1 day', CASE WHEN decided THEN 'confirmed' END,
    CASE WHEN decided THEN pg_temp.uuid_of('person', u * 24) END, CASE WHEN decided THEN opened_at + INTERVAL '2 days' END
FROM (SELECT *, i % 30 <> 0 AS decided FROM planned WHERE i % 3 = 0) p;

-- step: terms
INSERT INTO case_event (id, unit_id, case_id, kind, day, entered_by, entered_at)
SELECT pg_temp.uuid_of('event', i), unit_id, id,
    CASE kind WHEN 'inspection' THEN 'inspection_concluded' ELSE 'case_filed' END,
    (opened_at AT TIME ZONE 'Asia/Shanghai')::DATE, officer_id, opened_at
FROM planned;
INSERT INTO case_term (id, unit_id, case_id, event_id, kind, done_on, done_by, done_at)
SELECT pg_temp.uuid_of('term', i), unit_id, id, pg_temp.uuid_of('event', i),
    CASE kind WHEN 'inspection' THEN 'publish_inspection' ELSE 'decision' END, closed_at::DATE,
    CASE WHEN closed_at IS NOT NULL THEN officer_id END, closed_at
FROM planned;
INSERT INTO term_answer (id, unit_id, case_id, term_id, ordinal, due_on, unannounced, rule_id, because, computed_at)
SELECT pg_temp.uuid_of('answer', i), unit_id, id, pg_temp.uuid_of('term', i), 1,
    (opened_at AT TIME ZONE 'Asia/Shanghai')::DATE + CASE kind WHEN 'inspection' THEN 28 ELSE 90 END, '[]',
    (SELECT t.id FROM term_rule t
        WHERE t.rules::TEXT LIKE CASE kind WHEN 'inspection' THEN '%"publish_inspection"%' ELSE '%"decision"%' END
        ORDER BY t.valid DESC, t.id LIMIT 1), 'entered', opened_at
FROM planned;

-- step: documents
INSERT INTO document (id, unit_id, case_id, stage, kind, issues_decision, template_id, begun_by, begun_at)
SELECT pg_temp.uuid_of('document', i * 2 + turn), unit_id, id, 'investigation', s.kind, FALSE,
    (SELECT t.id FROM document_template t WHERE t.rules->>'kind' = s.kind ORDER BY t.version DESC LIMIT 1),
    officer_id, opened_at + INTERVAL '1 hour' * s.turn
FROM planned, (VALUES (0, 'inspection_record'), (1, 'correction_notice')) s (turn, kind);
INSERT INTO document_text (id, unit_id, case_id, document_id, ordinal, fields, facts, sha256, saved_by, saved_at)
SELECT pg_temp.uuid_of('text', i * 2 + turn), unit_id, id, pg_temp.uuid_of('document', i * 2 + turn), 1,
    jsonb_build_object('party', party, 'place', place, 'facts', '经查，当事人在' || place || '实施' || act
        || '，经执法人员现场检查属实，' || pg_temp.one(ARRAY['责令当日内清理完毕','责令三日内改正','责令停止施工','当场予以劝离'],
        pg_temp.share(i, 30 + turn)) || '。'), '{}', pg_temp.digest('text', i * 2 + turn), officer_id, opened_at
FROM planned, generate_series(0, 1) turn;
INSERT INTO document_number (id, unit_id, document_id, word, year, number, drawn_by, drawn_at)
SELECT pg_temp.uuid_of('number', i), unit_id, pg_temp.uuid_of('document', i * 2 + 1), '江综执责改',
    extract(YEAR FROM opened_at), row_number() OVER (PARTITION BY unit_id, extract(YEAR FROM opened_at) ORDER BY i),
    officer_id, opened_at
FROM planned WHERE kind = 'penalty';

-- step: publications
INSERT INTO publication (id, unit_id, case_id, kind, event_id, begun_by, begun_at, shown_version_id, shown_at)
SELECT pg_temp.uuid_of('publication', i), unit_id, id, 'inspection', pg_temp.uuid_of('event', i),
    pg_temp.uuid_of('person', u * 24 + 2), opened_at, pg_temp.uuid_of('version', i), closed_at
FROM planned WHERE kind = 'inspection' AND closed_at IS NOT NULL;
INSERT INTO publication_version (id, unit_id, case_id, publication_id, ordinal, party_full, party_kind, conclusion_full,
    names, authority, party, category, conclusion, decided_on, kept, rules, needs_second, hides_former, stated_by,
    stated_at)
SELECT pg_temp.uuid_of('version', i), unit_id, id, pg_temp.uuid_of('publication', i), 1, party, 'organisation',
    '现场检查：' || act || '，责令改正', '[]', '江城区城市管理综合行政执法局', party, '行政检查',
    '现场检查：' || act || '，责令改正', closed_at::DATE, '[]', '[]', FALSE, FALSE,
    pg_temp.uuid_of('person', u * 24 + 2), opened_at
FROM planned WHERE kind = 'inspection' AND closed_at IS NOT NULL;
INSERT INTO publication_step (id, unit_id, case_id, publication_id, version_id, ordinal, step, taken_by, taken_at)
SELECT pg_temp.uuid_of('publicstep', i * 4 + s.ordinal), unit_id, id, pg_temp.uuid_of('publication', i),
    pg_temp.uuid_of('version', i), s.ordinal, s.step, pg_temp.uuid_of('person', u * 24 + s.who), closed_at
FROM planned, (VALUES (1, 'transmitted', 2), (2, 'passed', 0), (3, 'published', 4)) s (ordinal, step, who)
WHERE kind = 'inspection' AND closed_at IS NOT NULL;

-- step: plan of recordings
CREATE TEMPORARY TABLE filmed AS
SELECT n, p.i, p.id AS case_id, p.u, p.unit_id, p.stage AS case_stage,
    CASE WHEN n % 2 = 0 THEN p.officer_id ELSE p.second_id END AS officer_id,
    CASE WHEN n % 2 = 0 THEN p.k ELSE 5 + (p.k - 4) % 19 END AS k,
    least(p.opened_at + (n / pg_temp.size('cases')) * INTERVAL '13 minutes', current_setting('bench.today')::TIMESTAMPTZ
        - INTERVAL '1 minute') AS started_at,
    60 + floor(800 * pg_temp.share(n, 40)) AS seconds, pg_temp.share(n, 41) AS docked, pg_temp.share(n, 42) AS health,
    pg_temp.share(n, 44) < 0.2 AS by_satellites
FROM generate_series(1, pg_temp.size('recordings')) n
JOIN planned p ON p.i = 1 + (n - 1) % pg_temp.size('cases');

-- step: ledger entries
INSERT INTO ledger_entry (id, unit_id, action, subject_id, entry, occurred_at)
SELECT pg_temp.uuid_of('entry', n), unit_id, 'recording.sealed', pg_temp.uuid_of('recording', n)::TEXT,
    convert_to(json_build_object('action', 'recording.sealed', 'actor', json_build_object('id', NULL, 'kind', 'system'),
        'data', json_build_object(), 'id', pg_temp.uuid_of('entry', n), 'occurred_at', started_at, 'subject',
        json_build_object('id', pg_temp.uuid_of('recording', n), 'kind', 'recording'), 'unit_id', unit_id, 'v', 1)::TEXT,
        'UTF8'), started_at
-- As they came in, which is what an index over blocks lives by.
FROM filmed ORDER BY started_at;

-- step: recordings
-- What the file's name says; and of every fifth what the satellites said.
INSERT INTO recording (id, unit_id, station_id, original_name, size_bytes, sha256, sm3, chunk_root, object_name,
    object_version, ciphertext_size_bytes, ciphertext_sha256, kek_id, wrapped_data_key, media_state, findings, claims,
    device, officer, started_at, started_at_source, started_at_uncertainty_seconds, duration_seconds, received_at,
    sealed_at, manifest, manifest_sha256, token, token_time, sealed_entry_id, retention_class, retain_until)
SELECT pg_temp.uuid_of('recording', n), unit_id, pg_temp.uuid_of('station', u),
    'DSJ' || lpad((u * 24 + k)::TEXT, 4, '0') || '_' || lpad((u * 24 + k)::TEXT, 6, '0') || '_'
        || to_char(started_at AT TIME ZONE 'Asia/Shanghai', 'YYYYMMDDHH24MISS') || '.MP4',
    seconds::BIGINT * 500000, d, d, d, 'originals/bench/' || n, '1', seconds::BIGINT * 500000 + 4096, d, 'bench', d,
    CASE WHEN health < 0.001 THEN 'unreadable' WHEN health < 0.004 THEN 'damaged' ELSE 'opens' END,
    '{"kind": "video"}', jsonb_build_array(
        jsonb_build_object('kind', 'device', 'value', 'DSJ' || lpad((u * 24 + k)::TEXT, 4, '0'), 'source',
            'name:ga/t-947', 'confidence', 'stated', 'notes', '[]'::JSONB),
        jsonb_build_object('kind', 'officer', 'value', lpad((u * 24 + k)::TEXT, 6, '0'), 'source', 'name:ga/t-947',
            'confidence', 'stated', 'notes', '[]'::JSONB),
        jsonb_build_object('kind', 'started_at', 'value', jsonb_build_object('time', started_at), 'source',
            'name:ga/t-947', 'confidence', 'assumed', 'notes', '[]'::JSONB))
        || CASE WHEN by_satellites THEN jsonb_build_array(jsonb_build_object('kind', 'gps_time', 'value',
            jsonb_build_object('time', started_at, 'spread_seconds', 0.5), 'source', 'nmea', 'confidence', 'stated',
            'notes', '[]'::JSONB)) ELSE '[]' END,
    'DSJ' || lpad((u * 24 + k)::TEXT, 4, '0'), lpad((u * 24 + k)::TEXT, 6, '0'), started_at,
    CASE WHEN by_satellites THEN 'nmea' ELSE 'name:ga/t-947' END, CASE WHEN by_satellites THEN 1 ELSE 300 END, seconds,
    received_at, received_at + INTERVAL '2 minutes', d || d || d || d, d, d || d || d || d,
    received_at, pg_temp.uuid_of('entry', n), (SELECT code FROM retention_class ORDER BY keep_months LIMIT 1),
    received_at::DATE + 180
FROM (SELECT *, pg_temp.digest('recording', n) AS d,
    least(started_at + seconds * INTERVAL '1 second' + docked ^ 3 * INTERVAL '30 hours',
        current_setting('bench.today')::TIMESTAMPTZ) AS received_at FROM filmed) f;

-- step: what is known of recordings
INSERT INTO recording_judgement (recording_id, unit_id, day, policies, elements, officer_id, device_id, judged_at)
SELECT pg_temp.uuid_of('recording', n), unit_id, started_at::DATE, '[]', '{}', officer_id,
    pg_temp.uuid_of('device', u * 24 + k), started_at
FROM filmed;
INSERT INTO linking_done (recording_id, unit_id, outcome, looked_at)
SELECT pg_temp.uuid_of('recording', n), unit_id, 'linked', started_at FROM filmed;
INSERT INTO whole_decoding (id, recording_id, unit_id, state, reason, refused_packets, complaints, way, tool,
    tool_version, decoded_at)
SELECT pg_temp.uuid_of('decoding', n), pg_temp.uuid_of('recording', n), unit_id,
    CASE WHEN health > 0.996 THEN 'damaged' ELSE 'intact' END, CASE WHEN health > 0.996 THEN 'packets' END, 0, 0,
    'decode', 'ffmpeg', '7.1', started_at
FROM filmed WHERE health >= 0.05;
INSERT INTO rendition (id, recording_id, unit_id, name, media_type, size_bytes, sha256, object_name,
    ciphertext_size_bytes, ciphertext_sha256, kek_id, wrapped_data_key, parent_sha256, tool, tool_version, settings)
SELECT pg_temp.uuid_of('poster', n), pg_temp.uuid_of('recording', n), unit_id, 'poster', 'image/jpeg', 20000, d,
    'renditions/bench/' || n, 21000, d, 'bench', d, d, 'ffmpeg', '7.1', '[]'
FROM (SELECT *, pg_temp.digest('poster', n) AS d FROM filmed) f;
-- Eight in a hundred stand in no case.
INSERT INTO case_link (id, unit_id, case_id, recording_id, stage, made_by, reason, created_at)
SELECT pg_temp.uuid_of('link', n), unit_id, case_id, pg_temp.uuid_of('recording', n), 'investigation', 'window',
    'window', started_at
FROM filmed WHERE pg_temp.share(n, 43) >= 0.08;
