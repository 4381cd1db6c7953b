-- Who may see or copy footage (调阅): rules in versions, posts (职务), what outsiders hand in, and grants by rule.

CREATE TABLE retrieval_rule (
    id UUID NOT NULL,
    unit_id UUID,
    jurisdiction TEXT NOT NULL,
    version INTEGER NOT NULL,
    valid DATERANGE NOT NULL,
    title_zh TEXT NOT NULL,
    title_en TEXT NOT NULL,
    rules JSONB NOT NULL,
    source TEXT NOT NULL,
    source_sha256 BYTEA NOT NULL,
    loaded_by UUID,
    loaded_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    in_force_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT pk_retrieval_rule PRIMARY KEY (id),
    CONSTRAINT uq_retrieval_rule_jurisdiction_unit_id_version
        UNIQUE NULLS NOT DISTINCT (jurisdiction, unit_id, version),
    CONSTRAINT ck_retrieval_rule_version CHECK (version > 0),
    CONSTRAINT ck_retrieval_rule_valid
        CHECK (lower_inc(valid) AND NOT lower_inf(valid) AND NOT upper_inc(valid)),
    CONSTRAINT ck_retrieval_rule_source_sha256 CHECK (octet_length(source_sha256) = 32),
    CONSTRAINT ex_retrieval_rule_one_version EXCLUDE USING gist (
        jurisdiction WITH =, COALESCE(unit_id, '00000000-0000-0000-0000-000000000000'::uuid) WITH =, valid WITH &&
    ),
    CONSTRAINT fk_retrieval_rule_unit_id FOREIGN KEY(unit_id) REFERENCES unit (id),
    CONSTRAINT fk_retrieval_rule_loaded_by FOREIGN KEY(loaded_by) REFERENCES person (id)
);

-- A version that was loaded only ever gets an end, once: what was asked under it stays as it was asked.
GRANT SELECT, INSERT ON retrieval_rule TO liuhen_app;
GRANT UPDATE (valid, in_force_at) ON retrieval_rule TO liuhen_app;
CREATE TRIGGER only_end BEFORE UPDATE OF valid ON retrieval_rule FOR EACH ROW EXECUTE FUNCTION only_end();
CREATE TRIGGER keep_ended BEFORE UPDATE ON retrieval_rule
    FOR EACH ROW EXECUTE FUNCTION keep_ended('in_force_at');

CREATE TABLE person_post (
    id UUID NOT NULL,
    unit_id UUID NOT NULL,
    person_id UUID NOT NULL,
    post TEXT NOT NULL,
    named_by UUID,
    named_at TIMESTAMP WITH TIME ZONE NOT NULL,
    ended_by UUID,
    ended_at TIMESTAMP WITH TIME ZONE,
    end_reason TEXT,
    CONSTRAINT pk_person_post PRIMARY KEY (id),
    CONSTRAINT ck_person_post_post CHECK (post IN ('chief', 'head_of_legal')),
    CONSTRAINT ck_person_post_ended CHECK ((ended_at IS NULL) = (end_reason IS NULL)),
    CONSTRAINT fk_person_post_unit_id FOREIGN KEY(unit_id) REFERENCES unit (id),
    CONSTRAINT fk_person_post_person_id FOREIGN KEY(person_id) REFERENCES person (id),
    CONSTRAINT fk_person_post_named_by FOREIGN KEY(named_by) REFERENCES person (id),
    CONSTRAINT fk_person_post_ended_by FOREIGN KEY(ended_by) REFERENCES person (id)
);
CREATE INDEX ix_person_post_unit_id ON person_post (unit_id);
CREATE UNIQUE INDEX uq_person_post_live ON person_post (person_id, post) WHERE ended_at IS NULL;
GRANT SELECT, INSERT ON person_post TO liuhen_app;
GRANT UPDATE (ended_by, ended_at, end_reason) ON person_post TO liuhen_app;
CREATE TRIGGER keep_ended BEFORE UPDATE ON person_post FOR EACH ROW EXECUTE FUNCTION keep_ended('ended_at');

-- Requests of before are of staff, and were asked under no rule. What was asked is never rewritten: no column is granted.
ALTER TABLE access_request
    ADD COLUMN who TEXT DEFAULT 'staff' NOT NULL,
    ADD COLUMN approval TEXT,
    ADD COLUMN needs JSONB DEFAULT '[]' NOT NULL,
    ADD COLUMN longest_hours INTEGER,
    ADD COLUMN rule_id UUID,
    ADD COLUMN body_name TEXT,
    ADD COLUMN visitor_name TEXT,
    ADD COLUMN visitor_document TEXT,
    ADD CONSTRAINT ck_access_request_who CHECK (who IN ('handler', 'staff', 'organ', 'lawyer', 'party')),
    ADD CONSTRAINT ck_access_request_approval CHECK (approval IN ('none', 'chief', 'head_of_legal')),
    ADD CONSTRAINT ck_access_request_by_rule
        CHECK (approval IS DISTINCT FROM 'none' OR who = 'handler' AND kind = 'view'),
    ADD CONSTRAINT ck_access_request_visitor CHECK (
        (who IN ('organ', 'lawyer', 'party')) = (visitor_name IS NOT NULL)
        AND (visitor_name IS NULL) = (visitor_document IS NULL)
        AND (body_name IS NULL OR visitor_name IS NOT NULL)
    ),
    ADD CONSTRAINT fk_access_request_rule_id FOREIGN KEY(rule_id) REFERENCES retrieval_rule (id);

CREATE TABLE request_attachment (
    id UUID NOT NULL,
    unit_id UUID NOT NULL,
    request_id UUID NOT NULL,
    kind TEXT NOT NULL,
    name TEXT NOT NULL,
    media_type TEXT NOT NULL,
    size_bytes BIGINT NOT NULL,
    sha256 BYTEA NOT NULL,
    object_name TEXT NOT NULL,
    ciphertext_size_bytes BIGINT NOT NULL,
    ciphertext_sha256 BYTEA NOT NULL,
    kek_id TEXT NOT NULL,
    wrapped_data_key BYTEA NOT NULL,
    filed_by UUID NOT NULL,
    filed_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_request_attachment PRIMARY KEY (id),
    CONSTRAINT ck_request_attachment_kind CHECK (kind IN ('letter', 'identity')),
    CONSTRAINT ck_request_attachment_media_type
        CHECK (media_type IN ('application/pdf', 'image/jpeg', 'image/png')),
    CONSTRAINT uq_request_attachment_object_name UNIQUE (object_name),
    CONSTRAINT fk_request_attachment_unit_id FOREIGN KEY(unit_id) REFERENCES unit (id),
    CONSTRAINT fk_request_attachment_request_id FOREIGN KEY(request_id) REFERENCES access_request (id),
    CONSTRAINT fk_request_attachment_filed_by FOREIGN KEY(filed_by) REFERENCES person (id)
);
CREATE INDEX ix_request_attachment_unit_id ON request_attachment (unit_id);
CREATE INDEX ix_request_attachment_request_id ON request_attachment (request_id);
GRANT SELECT, INSERT ON request_attachment TO liuhen_app;

-- What was handed in after somebody had decided would look as if he had seen it.
CREATE FUNCTION require_pending_request() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM FROM access_request r
        WHERE r.id = NEW.request_id AND r.unit_id = NEW.unit_id AND r.state = 'pending' FOR SHARE;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'request % is decided, or of another unit, and takes no more papers', NEW.request_id
            USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER pending_request BEFORE INSERT ON request_attachment
    FOR EACH ROW EXECUTE FUNCTION require_pending_request();

-- A grant by rule is of somebody who handles the case; every other one has an approver with the role that his post goes
-- with, still active; and whatever papers the request needs are there.
ALTER TABLE access_grant ALTER COLUMN approved_by DROP NOT NULL;
CREATE OR REPLACE FUNCTION require_approved_request() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE asked access_request;
BEGIN
    SELECT * INTO asked FROM access_request r
        WHERE r.id = NEW.request_id AND r.state = 'approved' AND r.person_id = NEW.person_id AND r.case_id = NEW.case_id
            AND r.kind = NEW.kind AND r.unit_id = NEW.unit_id AND r.decided_by IS NOT DISTINCT FROM NEW.approved_by;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'a grant is of its own approved request' USING ERRCODE = 'check_violation';
    END IF;
    IF NEW.approved_by IS NULL AND (asked.approval IS DISTINCT FROM 'none' OR NOT EXISTS (
        SELECT FROM case_officer o
            WHERE o.case_id = NEW.case_id AND o.person_id = NEW.person_id AND o.ended_at IS NULL
    )) THEN
        RAISE EXCEPTION 'without approval a grant is of an officer of the case' USING ERRCODE = 'check_violation';
    END IF;
    IF NEW.approved_by IS NOT NULL AND asked.approval IS NOT NULL AND NOT EXISTS (
        SELECT FROM person p WHERE p.id = NEW.approved_by AND p.active
            AND p.role = CASE asked.approval WHEN 'chief' THEN 'supervisor' WHEN 'head_of_legal' THEN 'legal_reviewer' END
    ) THEN
        RAISE EXCEPTION 'this grant needs the approval of the %', asked.approval USING ERRCODE = 'check_violation';
    END IF;
    IF EXISTS (
        SELECT FROM jsonb_array_elements_text(asked.needs) AS needed(kind) WHERE NOT EXISTS (
            SELECT FROM request_attachment a WHERE a.request_id = asked.id AND a.kind = needed.kind
        )
    ) THEN
        RAISE EXCEPTION 'papers are missing from request %', asked.id USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
