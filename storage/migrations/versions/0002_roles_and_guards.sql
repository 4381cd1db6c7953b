-- Who may do what to which table, and what nobody may do: the ledger is append-only for every role, its owner included.

REVOKE ALL ON SCHEMA public FROM PUBLIC;
GRANT USAGE ON SCHEMA public TO liuhen_app, liuhen_sequencer;
GRANT SELECT ON ALL TABLES IN SCHEMA public TO liuhen_app;
REVOKE SELECT ON alembic_version FROM liuhen_app;

-- The ledger. transaction_id and serial are the database's own word: no role may state them.
GRANT INSERT (id, unit_id, action, subject_id, entry, occurred_at) ON ledger_entry TO liuhen_app;
GRANT INSERT, DELETE ON ledger_opening TO liuhen_app;
GRANT INSERT ON signing_key_epoch TO liuhen_app;
GRANT SELECT ON ledger_entry, ledger_sequence, ledger_checkpoint TO liuhen_sequencer;
GRANT INSERT ON ledger_sequence, ledger_checkpoint TO liuhen_sequencer;

CREATE FUNCTION refuse_ledger_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the ledger is append-only: % on % is refused', TG_OP, TG_TABLE_NAME
        USING ERRCODE = 'insufficient_privilege';
END $$;
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger_entry
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_ledger_change();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger_sequence
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_ledger_change();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger_checkpoint
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_ledger_change();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON signing_key_epoch
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_ledger_change();

-- Sealed facts are inserted once; only what is named may change afterwards.
GRANT INSERT ON recording, receipt, rendition, custody_attempt, case_stage, case_assignment, linking_done TO liuhen_app;
GRANT UPDATE (retention_class, retain_until, kek_id, wrapped_data_key) ON recording TO liuhen_app;
GRANT UPDATE (plaintext_sha256, kek_id, wrapped_data_key, salt, nonce_prefix) ON custody_attempt TO liuhen_app;
GRANT UPDATE (kek_id, wrapped_data_key) ON rendition TO liuhen_app;
GRANT UPDATE (outcome, looked_at) ON linking_done TO liuhen_app;

GRANT INSERT ON unit, person, sign_in_session, api_token, one_time_code, sign_in_failure, station, upload TO liuhen_app;
GRANT UPDATE (name, parent_id) ON unit TO liuhen_app;
GRANT UPDATE (name, badge_number, role, password_hash, active) ON person TO liuhen_app;
GRANT UPDATE (expires_at, ended_at) ON sign_in_session TO liuhen_app;
GRANT UPDATE (revoked_at) ON api_token TO liuhen_app;
GRANT UPDATE (used_at) ON one_time_code TO liuhen_app;
GRANT DELETE ON sign_in_failure TO liuhen_app;
GRANT UPDATE (token_hash, max_uploads, max_waiting_bytes, revoked_at) ON station TO liuhen_app;
GRANT UPDATE (state, expires_at, finished_at, leased_by, leased_until, attempts, failure_code, failure_detail, recording_id)
    ON upload TO liuhen_app;

GRANT INSERT ON media_job, "case", case_link, link_question, access_request, access_grant, playback_window, export, hold,
    disposal_due TO liuhen_app;
GRANT UPDATE (state, attempts, leased_by, leased_until, outcome, finished_at) ON media_job TO liuhen_app;
GRANT UPDATE (title, stage, closed_at) ON "case" TO liuhen_app;
GRANT UPDATE (ended_at, ended_by, end_reason) ON case_link TO liuhen_app;
GRANT UPDATE (answered_at, answered_by, chosen_case_id) ON link_question TO liuhen_app;
GRANT UPDATE (state, decided_by, decided_at, decision_reason) ON access_request TO liuhen_app;
GRANT UPDATE (revoked_at, revoked_by) ON access_grant TO liuhen_app;
GRANT UPDATE (sent_bytes, summed_up_at) ON playback_window TO liuhen_app;
GRANT UPDATE (statement_sha256, finished_at) ON export TO liuhen_app;
GRANT UPDATE (released_by, released_at, release_reason) ON hold TO liuhen_app;
GRANT DELETE ON disposal_due TO liuhen_app;

INSERT INTO retention_class (code, name_zh, name_en, keep_months) VALUES
    ('general', '一般（六个月）', 'General (six months)', 6),
    ('extended', '长期（五年）', 'Extended (five years)', 60),
    ('permanent', '永久', 'Permanent', NULL);

-- What SQL alone can hold, whoever writes it: an entry's columns are those of its bytes, a grant is of its own approved
-- request, what has ended stays ended, and retention only lengthens.
CREATE FUNCTION require_entry_columns() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE said jsonb;
BEGIN
    said := convert_from(NEW.entry, 'UTF8')::jsonb;
    IF said->>'id' IS DISTINCT FROM NEW.id::text
        OR said->>'action' IS DISTINCT FROM NEW.action
        OR said->>'unit_id' IS DISTINCT FROM NEW.unit_id::text
        OR said->'subject'->>'id' IS DISTINCT FROM NEW.subject_id
        OR (said->>'occurred_at')::timestamptz IS DISTINCT FROM NEW.occurred_at THEN
        RAISE EXCEPTION 'a ledger entry says otherwise than its row' USING ERRCODE = 'check_violation';
    END IF;
    IF NEW.occurred_at NOT BETWEEN now() - interval '1 hour' AND clock_timestamp() + interval '1 hour' THEN
        RAISE EXCEPTION 'a ledger entry is of now, not of %', NEW.occurred_at USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER columns_of_bytes BEFORE INSERT ON ledger_entry FOR EACH ROW EXECUTE FUNCTION require_entry_columns();

CREATE FUNCTION require_approved_request() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM FROM access_request r
        WHERE r.id = NEW.request_id AND r.state = 'approved' AND r.person_id = NEW.person_id AND r.case_id = NEW.case_id
            AND r.kind = NEW.kind AND r.unit_id = NEW.unit_id AND r.decided_by = NEW.approved_by;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'a grant is of its own approved request' USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE CONSTRAINT TRIGGER own_approved_request AFTER INSERT ON access_grant DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION require_approved_request();

CREATE FUNCTION keep_ended() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF to_jsonb(OLD)->>TG_ARGV[0] IS NOT NULL AND to_jsonb(NEW)->>TG_ARGV[0] IS DISTINCT FROM to_jsonb(OLD)->>TG_ARGV[0] THEN
        RAISE EXCEPTION '%.% was set and stays', TG_TABLE_NAME, TG_ARGV[0] USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER keep_ended BEFORE UPDATE ON access_grant FOR EACH ROW EXECUTE FUNCTION keep_ended('revoked_at');
CREATE TRIGGER keep_ended BEFORE UPDATE ON access_request FOR EACH ROW EXECUTE FUNCTION keep_ended('decided_at');
CREATE TRIGGER keep_ended BEFORE UPDATE ON case_link FOR EACH ROW EXECUTE FUNCTION keep_ended('ended_at');
CREATE TRIGGER keep_ended BEFORE UPDATE ON "case" FOR EACH ROW EXECUTE FUNCTION keep_ended('closed_at');
CREATE TRIGGER keep_ended BEFORE UPDATE ON hold FOR EACH ROW EXECUTE FUNCTION keep_ended('released_at');
CREATE TRIGGER keep_ended BEFORE UPDATE ON station FOR EACH ROW EXECUTE FUNCTION keep_ended('revoked_at');
CREATE TRIGGER keep_ended BEFORE UPDATE ON api_token FOR EACH ROW EXECUTE FUNCTION keep_ended('revoked_at');

CREATE FUNCTION only_lengthen() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.retain_until IS NOT NULL AND (OLD.retain_until IS NULL OR NEW.retain_until < OLD.retain_until) THEN
        RAISE EXCEPTION 'retention only lengthens' USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER only_lengthen BEFORE UPDATE OF retain_until ON recording FOR EACH ROW EXECUTE FUNCTION only_lengthen();
