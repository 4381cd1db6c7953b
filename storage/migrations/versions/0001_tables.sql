-- Every table of the first release, as storage/catalog/ describes it. A test holds the two against each other.

CREATE TABLE ledger_checkpoint (
    size BIGINT NOT NULL,
    root BYTEA NOT NULL,
    note BYTEA NOT NULL,
    signed_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT pk_ledger_checkpoint PRIMARY KEY (size)
);

CREATE TABLE one_time_code (
    id UUID NOT NULL,
    code_hash BYTEA NOT NULL,
    purpose TEXT NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    expires_at TIMESTAMP WITH TIME ZONE NOT NULL,
    used_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT pk_one_time_code PRIMARY KEY (id),
    CONSTRAINT uq_one_time_code_code_hash UNIQUE (code_hash)
);

CREATE TABLE retention_class (
    code TEXT NOT NULL,
    name_zh TEXT NOT NULL,
    name_en TEXT NOT NULL,
    keep_months INTEGER,
    CONSTRAINT pk_retention_class PRIMARY KEY (code),
    CONSTRAINT ck_retention_class_keep_months CHECK (keep_months IS NULL OR keep_months > 0)
);

CREATE TABLE sign_in_failure (
    id BIGINT GENERATED ALWAYS AS IDENTITY,
    sign_in_name TEXT NOT NULL,
    address TEXT NOT NULL,
    failed_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT pk_sign_in_failure PRIMARY KEY (id)
);
CREATE INDEX ix_sign_in_failure_address ON sign_in_failure (address, failed_at);
CREATE INDEX ix_sign_in_failure_name ON sign_in_failure (sign_in_name, failed_at);

CREATE TABLE unit (
    id UUID NOT NULL,
    parent_id UUID,
    name TEXT NOT NULL,
    code TEXT NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT pk_unit PRIMARY KEY (id),
    CONSTRAINT fk_unit_parent_id FOREIGN KEY(parent_id) REFERENCES unit (id),
    CONSTRAINT uq_unit_code UNIQUE (code)
);

CREATE TABLE ledger_entry (
    id UUID NOT NULL,
    serial BIGINT GENERATED ALWAYS AS IDENTITY,
    transaction_id xid8 DEFAULT pg_current_xact_id() NOT NULL,
    unit_id UUID,
    action TEXT NOT NULL,
    subject_id TEXT NOT NULL,
    entry BYTEA NOT NULL,
    occurred_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_ledger_entry PRIMARY KEY (id),
    CONSTRAINT ck_ledger_entry_entry_size CHECK (octet_length(entry) BETWEEN 1 AND 65535),
    CONSTRAINT uq_ledger_entry_serial UNIQUE (serial),
    CONSTRAINT fk_ledger_entry_unit_id FOREIGN KEY(unit_id) REFERENCES unit (id)
);
CREATE INDEX ix_ledger_entry_action ON ledger_entry (action, serial);
CREATE INDEX ix_ledger_entry_subject ON ledger_entry (subject_id, serial);
CREATE INDEX ix_ledger_entry_transaction ON ledger_entry (transaction_id, serial);

CREATE TABLE person (
    id UUID NOT NULL,
    unit_id UUID NOT NULL,
    name TEXT NOT NULL,
    sign_in_name TEXT NOT NULL,
    badge_number TEXT,
    role TEXT NOT NULL,
    password_hash TEXT,
    active BOOLEAN NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT pk_person PRIMARY KEY (id),
    CONSTRAINT ck_person_role CHECK (role IN ('officer', 'supervisor', 'legal_reviewer', 'publisher', 'auditor', 'administrator')),
    CONSTRAINT uq_person_unit_id_badge_number UNIQUE (unit_id, badge_number),
    CONSTRAINT fk_person_unit_id FOREIGN KEY(unit_id) REFERENCES unit (id),
    CONSTRAINT uq_person_sign_in_name UNIQUE (sign_in_name)
);
CREATE INDEX ix_person_unit_id ON person (unit_id);

CREATE TABLE station (
    id UUID NOT NULL,
    unit_id UUID NOT NULL,
    name TEXT NOT NULL,
    token_hash BYTEA NOT NULL,
    max_uploads INTEGER,
    max_waiting_bytes BIGINT,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    revoked_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT pk_station PRIMARY KEY (id),
    CONSTRAINT fk_station_unit_id FOREIGN KEY(unit_id) REFERENCES unit (id),
    CONSTRAINT uq_station_name UNIQUE (name),
    CONSTRAINT uq_station_token_hash UNIQUE (token_hash)
);
CREATE INDEX ix_station_unit_id ON station (unit_id);

CREATE TABLE api_token (
    id UUID NOT NULL,
    unit_id UUID NOT NULL,
    person_id UUID NOT NULL,
    token_hash BYTEA NOT NULL,
    label TEXT NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    expires_at TIMESTAMP WITH TIME ZONE,
    revoked_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT pk_api_token PRIMARY KEY (id),
    CONSTRAINT fk_api_token_unit_id FOREIGN KEY(unit_id) REFERENCES unit (id),
    CONSTRAINT fk_api_token_person_id FOREIGN KEY(person_id) REFERENCES person (id),
    CONSTRAINT uq_api_token_token_hash UNIQUE (token_hash)
);
CREATE INDEX ix_api_token_unit_id ON api_token (unit_id);

CREATE TABLE "case" (
    id UUID NOT NULL,
    unit_id UUID NOT NULL,
    number TEXT NOT NULL,
    title TEXT NOT NULL,
    kind TEXT NOT NULL,
    stage TEXT NOT NULL,
    opened_by UUID NOT NULL,
    opened_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    closed_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT pk_case PRIMARY KEY (id),
    CONSTRAINT uq_case_unit_id_number UNIQUE (unit_id, number),
    CONSTRAINT ck_case_kind CHECK (kind IN ('inspection', 'coercion', 'penalty')),
    CONSTRAINT ck_case_stage CHECK (stage IN ('initiation', 'investigation', 'decision', 'execution')),
    CONSTRAINT fk_case_unit_id FOREIGN KEY(unit_id) REFERENCES unit (id),
    CONSTRAINT fk_case_opened_by FOREIGN KEY(opened_by) REFERENCES person (id)
);
CREATE INDEX ix_case_listing ON "case" (unit_id, opened_at, id);
CREATE INDEX ix_case_unit_id ON "case" (unit_id);

CREATE TABLE ledger_opening (
    entry_id UUID NOT NULL,
    name TEXT NOT NULL,
    unit_id UUID NOT NULL,
    salt BYTEA NOT NULL,
    value TEXT NOT NULL,
    CONSTRAINT pk_ledger_opening PRIMARY KEY (entry_id, name),
    CONSTRAINT fk_ledger_opening_entry_id FOREIGN KEY(entry_id) REFERENCES ledger_entry (id),
    CONSTRAINT fk_ledger_opening_unit_id FOREIGN KEY(unit_id) REFERENCES unit (id)
);
CREATE INDEX ix_ledger_opening_unit_id ON ledger_opening (unit_id);

CREATE TABLE ledger_sequence (
    index BIGINT NOT NULL,
    entry_id UUID NOT NULL,
    leaf_hash BYTEA NOT NULL,
    CONSTRAINT pk_ledger_sequence PRIMARY KEY (index),
    CONSTRAINT uq_ledger_sequence_entry_id UNIQUE (entry_id),
    CONSTRAINT fk_ledger_sequence_entry_id FOREIGN KEY(entry_id) REFERENCES ledger_entry (id)
);

CREATE TABLE recording (
    id UUID NOT NULL,
    unit_id UUID NOT NULL,
    station_id UUID NOT NULL,
    original_name TEXT NOT NULL,
    size_bytes BIGINT NOT NULL,
    sha256 BYTEA NOT NULL,
    sm3 BYTEA NOT NULL,
    chunk_root BYTEA NOT NULL,
    object_name TEXT NOT NULL,
    object_version TEXT NOT NULL,
    ciphertext_size_bytes BIGINT NOT NULL,
    ciphertext_sha256 BYTEA NOT NULL,
    kek_id TEXT NOT NULL,
    wrapped_data_key BYTEA NOT NULL,
    media_state TEXT NOT NULL,
    findings JSONB NOT NULL,
    claims JSONB NOT NULL,
    device TEXT,
    officer TEXT,
    started_at TIMESTAMP WITH TIME ZONE,
    duration_seconds DOUBLE PRECISION,
    received_at TIMESTAMP WITH TIME ZONE NOT NULL,
    sealed_at TIMESTAMP WITH TIME ZONE NOT NULL,
    manifest BYTEA NOT NULL,
    manifest_sha256 BYTEA NOT NULL,
    token BYTEA NOT NULL,
    token_time TIMESTAMP WITH TIME ZONE NOT NULL,
    sealed_entry_id UUID NOT NULL,
    retention_class TEXT NOT NULL,
    retain_until DATE,
    CONSTRAINT pk_recording PRIMARY KEY (id),
    CONSTRAINT uq_recording_unit_id_sha256 UNIQUE (unit_id, sha256),
    CONSTRAINT ck_recording_media_state CHECK (media_state IN ('intact', 'damaged', 'unreadable')),
    CONSTRAINT fk_recording_unit_id FOREIGN KEY(unit_id) REFERENCES unit (id),
    CONSTRAINT fk_recording_station_id FOREIGN KEY(station_id) REFERENCES station (id),
    CONSTRAINT uq_recording_object_name UNIQUE (object_name),
    CONSTRAINT fk_recording_sealed_entry_id FOREIGN KEY(sealed_entry_id) REFERENCES ledger_entry (id),
    CONSTRAINT fk_recording_retention_class FOREIGN KEY(retention_class) REFERENCES retention_class (code)
);
CREATE INDEX ix_recording_listing ON recording (unit_id, sealed_at, id);
CREATE INDEX ix_recording_retain_until ON recording (retain_until) WHERE retain_until IS NOT NULL;
CREATE INDEX ix_recording_sha256 ON recording (sha256);
CREATE INDEX ix_recording_started ON recording (unit_id, started_at);
CREATE INDEX ix_recording_unit_id ON recording (unit_id);

CREATE TABLE sign_in_session (
    id UUID NOT NULL,
    unit_id UUID NOT NULL,
    person_id UUID NOT NULL,
    token_hash BYTEA NOT NULL,
    csrf_token TEXT NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    expires_at TIMESTAMP WITH TIME ZONE NOT NULL,
    ended_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT pk_sign_in_session PRIMARY KEY (id),
    CONSTRAINT fk_sign_in_session_unit_id FOREIGN KEY(unit_id) REFERENCES unit (id),
    CONSTRAINT fk_sign_in_session_person_id FOREIGN KEY(person_id) REFERENCES person (id),
    CONSTRAINT uq_sign_in_session_token_hash UNIQUE (token_hash)
);
CREATE INDEX ix_sign_in_session_unit_id ON sign_in_session (unit_id);

CREATE TABLE signing_key_epoch (
    purpose TEXT NOT NULL,
    epoch INTEGER NOT NULL,
    key_id TEXT NOT NULL,
    public_key BYTEA NOT NULL,
    entry_id UUID NOT NULL,
    activated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT pk_signing_key_epoch PRIMARY KEY (purpose, epoch),
    CONSTRAINT ck_signing_key_epoch_purpose CHECK (purpose IN ('manifest', 'receipt', 'ledger', 'package')),
    CONSTRAINT uq_signing_key_epoch_key_id UNIQUE (key_id),
    CONSTRAINT fk_signing_key_epoch_entry_id FOREIGN KEY(entry_id) REFERENCES ledger_entry (id)
);

CREATE TABLE access_request (
    id UUID NOT NULL,
    unit_id UUID NOT NULL,
    case_id UUID NOT NULL,
    person_id UUID NOT NULL,
    kind TEXT NOT NULL,
    purpose TEXT NOT NULL,
    state TEXT NOT NULL,
    asked_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    decided_by UUID,
    decided_at TIMESTAMP WITH TIME ZONE,
    decision_reason TEXT,
    CONSTRAINT pk_access_request PRIMARY KEY (id),
    CONSTRAINT ck_access_request_kind CHECK (kind IN ('view', 'copy')),
    CONSTRAINT ck_access_request_state CHECK (state IN ('pending', 'approved', 'refused')),
    CONSTRAINT ck_access_request_decided_by_somebody_else CHECK (decided_by IS DISTINCT FROM person_id),
    CONSTRAINT fk_access_request_unit_id FOREIGN KEY(unit_id) REFERENCES unit (id),
    CONSTRAINT fk_access_request_case_id FOREIGN KEY(case_id) REFERENCES "case" (id),
    CONSTRAINT fk_access_request_person_id FOREIGN KEY(person_id) REFERENCES person (id),
    CONSTRAINT fk_access_request_decided_by FOREIGN KEY(decided_by) REFERENCES person (id)
);
CREATE INDEX ix_access_request_case_id ON access_request (case_id);
CREATE INDEX ix_access_request_listing ON access_request (unit_id, asked_at, id);
CREATE INDEX ix_access_request_person_id ON access_request (person_id);
CREATE INDEX ix_access_request_unit_id ON access_request (unit_id);

CREATE TABLE case_assignment (
    id UUID NOT NULL,
    unit_id UUID NOT NULL,
    case_id UUID NOT NULL,
    officer TEXT,
    device TEXT,
    stage TEXT NOT NULL,
    span TSTZRANGE NOT NULL,
    CONSTRAINT pk_case_assignment PRIMARY KEY (id),
    CONSTRAINT ck_case_assignment_officer_or_device CHECK (officer IS NOT NULL OR device IS NOT NULL),
    CONSTRAINT fk_case_assignment_unit_id FOREIGN KEY(unit_id) REFERENCES unit (id),
    CONSTRAINT fk_case_assignment_case_id FOREIGN KEY(case_id) REFERENCES "case" (id)
);
CREATE INDEX ix_case_assignment_case_id ON case_assignment (case_id);
CREATE INDEX ix_case_assignment_span ON case_assignment USING gist (span);
CREATE INDEX ix_case_assignment_unit_id ON case_assignment (unit_id);

CREATE TABLE case_link (
    id UUID NOT NULL,
    unit_id UUID NOT NULL,
    case_id UUID NOT NULL,
    recording_id UUID NOT NULL,
    stage TEXT NOT NULL,
    made_by TEXT NOT NULL,
    person_id UUID,
    reason TEXT NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    ended_at TIMESTAMP WITH TIME ZONE,
    ended_by UUID,
    end_reason TEXT,
    CONSTRAINT pk_case_link PRIMARY KEY (id),
    CONSTRAINT ck_case_link_made_by CHECK (made_by IN ('person', 'window')),
    CONSTRAINT fk_case_link_unit_id FOREIGN KEY(unit_id) REFERENCES unit (id),
    CONSTRAINT fk_case_link_case_id FOREIGN KEY(case_id) REFERENCES "case" (id),
    CONSTRAINT fk_case_link_recording_id FOREIGN KEY(recording_id) REFERENCES recording (id),
    CONSTRAINT fk_case_link_person_id FOREIGN KEY(person_id) REFERENCES person (id),
    CONSTRAINT fk_case_link_ended_by FOREIGN KEY(ended_by) REFERENCES person (id)
);
CREATE INDEX ix_case_link_recording_id ON case_link (recording_id);
CREATE INDEX ix_case_link_unit_id ON case_link (unit_id);
CREATE UNIQUE INDEX uq_case_link_live ON case_link (case_id, recording_id) WHERE ended_at IS NULL;

CREATE TABLE case_stage (
    id UUID NOT NULL,
    unit_id UUID NOT NULL,
    case_id UUID NOT NULL,
    stage TEXT NOT NULL,
    entered_by UUID NOT NULL,
    entered_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_case_stage PRIMARY KEY (id),
    CONSTRAINT ck_case_stage_stage CHECK (stage IN ('initiation', 'investigation', 'decision', 'execution')),
    CONSTRAINT uq_case_stage_case_id_stage UNIQUE (case_id, stage),
    CONSTRAINT fk_case_stage_unit_id FOREIGN KEY(unit_id) REFERENCES unit (id),
    CONSTRAINT fk_case_stage_case_id FOREIGN KEY(case_id) REFERENCES "case" (id),
    CONSTRAINT fk_case_stage_entered_by FOREIGN KEY(entered_by) REFERENCES person (id)
);
CREATE INDEX ix_case_stage_unit_id ON case_stage (unit_id);

CREATE TABLE disposal_due (
    recording_id UUID NOT NULL,
    unit_id UUID NOT NULL,
    due_since DATE NOT NULL,
    listed_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT pk_disposal_due PRIMARY KEY (recording_id),
    CONSTRAINT fk_disposal_due_recording_id FOREIGN KEY(recording_id) REFERENCES recording (id),
    CONSTRAINT fk_disposal_due_unit_id FOREIGN KEY(unit_id) REFERENCES unit (id)
);
CREATE INDEX ix_disposal_due_unit_id ON disposal_due (unit_id);

CREATE TABLE hold (
    id UUID NOT NULL,
    unit_id UUID NOT NULL,
    recording_id UUID,
    case_id UUID,
    reason TEXT NOT NULL,
    placed_by UUID NOT NULL,
    placed_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    released_by UUID,
    released_at TIMESTAMP WITH TIME ZONE,
    release_reason TEXT,
    CONSTRAINT pk_hold PRIMARY KEY (id),
    CONSTRAINT ck_hold_one_target CHECK ((recording_id IS NULL) <> (case_id IS NULL)),
    CONSTRAINT fk_hold_unit_id FOREIGN KEY(unit_id) REFERENCES unit (id),
    CONSTRAINT fk_hold_recording_id FOREIGN KEY(recording_id) REFERENCES recording (id),
    CONSTRAINT fk_hold_case_id FOREIGN KEY(case_id) REFERENCES "case" (id),
    CONSTRAINT fk_hold_placed_by FOREIGN KEY(placed_by) REFERENCES person (id),
    CONSTRAINT fk_hold_released_by FOREIGN KEY(released_by) REFERENCES person (id)
);
CREATE INDEX ix_hold_live_case ON hold (case_id) WHERE released_at IS NULL;
CREATE INDEX ix_hold_live_recording ON hold (recording_id) WHERE released_at IS NULL;
CREATE INDEX ix_hold_unit_id ON hold (unit_id);

CREATE TABLE link_question (
    id UUID NOT NULL,
    unit_id UUID NOT NULL,
    recording_id UUID NOT NULL,
    candidates JSONB NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    answered_at TIMESTAMP WITH TIME ZONE,
    answered_by UUID,
    chosen_case_id UUID,
    CONSTRAINT pk_link_question PRIMARY KEY (id),
    CONSTRAINT fk_link_question_unit_id FOREIGN KEY(unit_id) REFERENCES unit (id),
    CONSTRAINT fk_link_question_recording_id FOREIGN KEY(recording_id) REFERENCES recording (id),
    CONSTRAINT fk_link_question_answered_by FOREIGN KEY(answered_by) REFERENCES person (id),
    CONSTRAINT fk_link_question_chosen_case_id FOREIGN KEY(chosen_case_id) REFERENCES "case" (id)
);
CREATE INDEX ix_link_question_unit_id ON link_question (unit_id);
CREATE UNIQUE INDEX uq_link_question_open ON link_question (recording_id) WHERE answered_at IS NULL;

CREATE TABLE linking_done (
    recording_id UUID NOT NULL,
    unit_id UUID NOT NULL,
    outcome TEXT NOT NULL,
    looked_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT pk_linking_done PRIMARY KEY (recording_id),
    CONSTRAINT fk_linking_done_recording_id FOREIGN KEY(recording_id) REFERENCES recording (id),
    CONSTRAINT fk_linking_done_unit_id FOREIGN KEY(unit_id) REFERENCES unit (id)
);
CREATE INDEX ix_linking_done_again ON linking_done (recording_id) WHERE outcome = 'again';
CREATE INDEX ix_linking_done_unit_id ON linking_done (unit_id);

CREATE TABLE media_job (
    id UUID NOT NULL,
    recording_id UUID NOT NULL,
    unit_id UUID NOT NULL,
    kind TEXT NOT NULL,
    state TEXT NOT NULL,
    attempts INTEGER NOT NULL,
    leased_by TEXT,
    leased_until TIMESTAMP WITH TIME ZONE,
    outcome TEXT,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    finished_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT pk_media_job PRIMARY KEY (id),
    CONSTRAINT uq_media_job_recording_id_kind UNIQUE (recording_id, kind),
    CONSTRAINT ck_media_job_state CHECK (state IN ('due', 'done', 'nothing', 'failed')),
    CONSTRAINT ck_media_job_kind CHECK (kind IN ('poster', 'sprite', 'proxy')),
    CONSTRAINT fk_media_job_recording_id FOREIGN KEY(recording_id) REFERENCES recording (id),
    CONSTRAINT fk_media_job_unit_id FOREIGN KEY(unit_id) REFERENCES unit (id)
);
CREATE INDEX ix_media_job_due ON media_job (created_at) WHERE state = 'due';
CREATE INDEX ix_media_job_unit_id ON media_job (unit_id);

CREATE TABLE rendition (
    id UUID NOT NULL,
    recording_id UUID NOT NULL,
    unit_id UUID NOT NULL,
    name TEXT NOT NULL,
    media_type TEXT NOT NULL,
    size_bytes BIGINT NOT NULL,
    sha256 BYTEA NOT NULL,
    object_name TEXT NOT NULL,
    ciphertext_size_bytes BIGINT NOT NULL,
    ciphertext_sha256 BYTEA NOT NULL,
    kek_id TEXT NOT NULL,
    wrapped_data_key BYTEA NOT NULL,
    parent_sha256 BYTEA NOT NULL,
    tool TEXT NOT NULL,
    tool_version TEXT NOT NULL,
    settings JSONB NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT pk_rendition PRIMARY KEY (id),
    CONSTRAINT uq_rendition_recording_id_name UNIQUE (recording_id, name),
    CONSTRAINT fk_rendition_recording_id FOREIGN KEY(recording_id) REFERENCES recording (id),
    CONSTRAINT fk_rendition_unit_id FOREIGN KEY(unit_id) REFERENCES unit (id),
    CONSTRAINT uq_rendition_object_name UNIQUE (object_name)
);
CREATE INDEX ix_rendition_unit_id ON rendition (unit_id);

CREATE TABLE upload (
    id VARCHAR(32) NOT NULL,
    station_id UUID NOT NULL,
    unit_id UUID NOT NULL,
    declared_length BIGINT NOT NULL,
    claims JSONB NOT NULL,
    state TEXT NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    expires_at TIMESTAMP WITH TIME ZONE NOT NULL,
    finished_at TIMESTAMP WITH TIME ZONE,
    leased_by TEXT,
    leased_until TIMESTAMP WITH TIME ZONE,
    attempts INTEGER NOT NULL,
    failure_code TEXT,
    failure_detail TEXT,
    recording_id UUID,
    CONSTRAINT pk_upload PRIMARY KEY (id),
    CONSTRAINT ck_upload_state CHECK (state IN ('open', 'finished', 'sealed', 'receipted', 'failed', 'terminated', 'expired')),
    CONSTRAINT ck_upload_declared_length CHECK (declared_length > 0),
    CONSTRAINT ck_upload_id CHECK (id ~ '^[0-9a-f]{32}$'),
    CONSTRAINT fk_upload_station_id FOREIGN KEY(station_id) REFERENCES station (id),
    CONSTRAINT fk_upload_unit_id FOREIGN KEY(unit_id) REFERENCES unit (id),
    CONSTRAINT fk_upload_recording_id FOREIGN KEY(recording_id) REFERENCES recording (id)
);
CREATE INDEX ix_upload_due ON upload (finished_at) WHERE state IN ('finished', 'sealed');
CREATE INDEX ix_upload_station_open ON upload (station_id) WHERE state IN ('open', 'finished', 'sealed');
CREATE INDEX ix_upload_unit_id ON upload (unit_id);

CREATE TABLE access_grant (
    id UUID NOT NULL,
    unit_id UUID NOT NULL,
    request_id UUID NOT NULL,
    case_id UUID NOT NULL,
    person_id UUID NOT NULL,
    kind TEXT NOT NULL,
    approved_by UUID NOT NULL,
    granted_at TIMESTAMP WITH TIME ZONE NOT NULL,
    expires_at TIMESTAMP WITH TIME ZONE NOT NULL,
    revoked_at TIMESTAMP WITH TIME ZONE,
    revoked_by UUID,
    CONSTRAINT pk_access_grant PRIMARY KEY (id),
    CONSTRAINT ck_access_grant_kind CHECK (kind IN ('view', 'copy')),
    CONSTRAINT ck_access_grant_approved_by_somebody_else CHECK (approved_by <> person_id),
    CONSTRAINT ck_access_grant_expires_after_granted CHECK (expires_at > granted_at),
    CONSTRAINT fk_access_grant_unit_id FOREIGN KEY(unit_id) REFERENCES unit (id),
    CONSTRAINT uq_access_grant_request_id UNIQUE (request_id),
    CONSTRAINT fk_access_grant_request_id FOREIGN KEY(request_id) REFERENCES access_request (id),
    CONSTRAINT fk_access_grant_case_id FOREIGN KEY(case_id) REFERENCES "case" (id),
    CONSTRAINT fk_access_grant_person_id FOREIGN KEY(person_id) REFERENCES person (id),
    CONSTRAINT fk_access_grant_approved_by FOREIGN KEY(approved_by) REFERENCES person (id),
    CONSTRAINT fk_access_grant_revoked_by FOREIGN KEY(revoked_by) REFERENCES person (id)
);
CREATE INDEX ix_access_grant_person ON access_grant (person_id, case_id);
CREATE INDEX ix_access_grant_unit_id ON access_grant (unit_id);

CREATE TABLE custody_attempt (
    recording_id UUID NOT NULL,
    upload_id VARCHAR(32) NOT NULL,
    unit_id UUID NOT NULL,
    object_name TEXT NOT NULL,
    kek_id TEXT NOT NULL,
    wrapped_data_key BYTEA NOT NULL,
    salt BYTEA NOT NULL,
    nonce_prefix BYTEA NOT NULL,
    plaintext_sha256 BYTEA,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT pk_custody_attempt PRIMARY KEY (recording_id),
    CONSTRAINT uq_custody_attempt_upload_id UNIQUE (upload_id),
    CONSTRAINT fk_custody_attempt_upload_id FOREIGN KEY(upload_id) REFERENCES upload (id),
    CONSTRAINT fk_custody_attempt_unit_id FOREIGN KEY(unit_id) REFERENCES unit (id),
    CONSTRAINT uq_custody_attempt_object_name UNIQUE (object_name)
);
CREATE INDEX ix_custody_attempt_unit_id ON custody_attempt (unit_id);

CREATE TABLE receipt (
    upload_id VARCHAR(32) NOT NULL,
    recording_id UUID NOT NULL,
    unit_id UUID NOT NULL,
    envelope BYTEA NOT NULL,
    repeat BOOLEAN NOT NULL,
    issued_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_receipt PRIMARY KEY (upload_id),
    CONSTRAINT fk_receipt_upload_id FOREIGN KEY(upload_id) REFERENCES upload (id),
    CONSTRAINT fk_receipt_recording_id FOREIGN KEY(recording_id) REFERENCES recording (id),
    CONSTRAINT fk_receipt_unit_id FOREIGN KEY(unit_id) REFERENCES unit (id)
);
CREATE INDEX ix_receipt_recording_id ON receipt (recording_id);
CREATE INDEX ix_receipt_unit_id ON receipt (unit_id);

CREATE TABLE export (
    id UUID NOT NULL,
    unit_id UUID NOT NULL,
    case_id UUID NOT NULL,
    grant_id UUID NOT NULL,
    person_id UUID NOT NULL,
    statement_sha256 BYTEA,
    started_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    finished_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT pk_export PRIMARY KEY (id),
    CONSTRAINT fk_export_unit_id FOREIGN KEY(unit_id) REFERENCES unit (id),
    CONSTRAINT fk_export_case_id FOREIGN KEY(case_id) REFERENCES "case" (id),
    CONSTRAINT fk_export_grant_id FOREIGN KEY(grant_id) REFERENCES access_grant (id),
    CONSTRAINT fk_export_person_id FOREIGN KEY(person_id) REFERENCES person (id)
);
CREATE INDEX ix_export_unit_id ON export (unit_id);

CREATE TABLE playback_window (
    id UUID NOT NULL,
    unit_id UUID NOT NULL,
    person_id UUID NOT NULL,
    grant_id UUID NOT NULL,
    recording_id UUID NOT NULL,
    object_name TEXT NOT NULL,
    first_byte BIGINT NOT NULL,
    last_byte BIGINT NOT NULL,
    opened_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    expires_at TIMESTAMP WITH TIME ZONE NOT NULL,
    sent_bytes BIGINT NOT NULL,
    summed_up_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT pk_playback_window PRIMARY KEY (id),
    CONSTRAINT fk_playback_window_unit_id FOREIGN KEY(unit_id) REFERENCES unit (id),
    CONSTRAINT fk_playback_window_person_id FOREIGN KEY(person_id) REFERENCES person (id),
    CONSTRAINT fk_playback_window_grant_id FOREIGN KEY(grant_id) REFERENCES access_grant (id),
    CONSTRAINT fk_playback_window_recording_id FOREIGN KEY(recording_id) REFERENCES recording (id)
);
CREATE INDEX ix_playback_window_grant_id ON playback_window (grant_id);
CREATE INDEX ix_playback_window_lookup ON playback_window (person_id, recording_id, object_name, expires_at);
CREATE INDEX ix_playback_window_open ON playback_window (expires_at) WHERE summed_up_at IS NULL;
CREATE INDEX ix_playback_window_recording_id ON playback_window (recording_id);
CREATE INDEX ix_playback_window_unit_id ON playback_window (unit_id);
