-- Documents (文书): the city's templates in versions; issuers and seals; drafts with every text of them, signatures,
-- numbers without gaps, and the bytes that were made final and sealed.

CREATE TABLE document_template (
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
    CONSTRAINT pk_document_template PRIMARY KEY (id),
    CONSTRAINT uq_document_template_jurisdiction_unit_id_version
        UNIQUE NULLS NOT DISTINCT (jurisdiction, unit_id, version),
    CONSTRAINT ck_document_template_version CHECK (version > 0),
    CONSTRAINT ck_document_template_valid
        CHECK (lower_inc(valid) AND NOT lower_inf(valid) AND NOT upper_inc(valid)),
    CONSTRAINT ck_document_template_source_sha256 CHECK (octet_length(source_sha256) = 32),
    -- Templates come from the city: no unit has one of its own, and no person, whatever his role, loads one (二（二）统一文书式样).
    CONSTRAINT ck_document_template_of_the_city CHECK (unit_id IS NULL AND loaded_by IS NULL),
    CONSTRAINT ck_document_template_kind CHECK (rules ? 'kind'),
    CONSTRAINT ex_document_template_one_version EXCLUDE USING gist (jurisdiction WITH =, valid WITH &&),
    CONSTRAINT ex_document_template_one_of_a_kind EXCLUDE USING gist ((rules ->> 'kind') WITH =, valid WITH &&),
    CONSTRAINT fk_document_template_unit_id FOREIGN KEY(unit_id) REFERENCES unit (id),
    CONSTRAINT fk_document_template_loaded_by FOREIGN KEY(loaded_by) REFERENCES person (id)
);

CREATE TABLE document_issuer (
    id UUID NOT NULL,
    unit_id UUID NOT NULL,
    name TEXT NOT NULL,
    word TEXT NOT NULL,
    named_at TIMESTAMP WITH TIME ZONE NOT NULL,
    ended_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT pk_document_issuer PRIMARY KEY (id),
    CONSTRAINT fk_document_issuer_unit_id FOREIGN KEY(unit_id) REFERENCES unit (id)
);
CREATE INDEX ix_document_issuer_unit_id ON document_issuer (unit_id);
CREATE UNIQUE INDEX uq_document_issuer_live ON document_issuer (unit_id) WHERE ended_at IS NULL;
CREATE UNIQUE INDEX uq_document_issuer_word ON document_issuer (word) WHERE ended_at IS NULL;

CREATE TABLE unit_seal (
    id UUID NOT NULL,
    unit_id UUID NOT NULL,
    name TEXT NOT NULL,
    certificate BYTEA NOT NULL,
    certificate_sha256 BYTEA NOT NULL,
    chain TEXT NOT NULL,
    registered_at TIMESTAMP WITH TIME ZONE NOT NULL,
    ended_at TIMESTAMP WITH TIME ZONE,
    end_reason TEXT,
    CONSTRAINT pk_unit_seal PRIMARY KEY (id),
    CONSTRAINT uq_unit_seal_certificate_sha256 UNIQUE (certificate_sha256),
    CONSTRAINT ck_unit_seal_ended CHECK ((ended_at IS NULL) = (end_reason IS NULL)),
    CONSTRAINT ck_unit_seal_certificate_sha256 CHECK (certificate_sha256 = sha256(certificate)),
    CONSTRAINT fk_unit_seal_unit_id FOREIGN KEY(unit_id) REFERENCES unit (id)
);
CREATE INDEX ix_unit_seal_unit_id ON unit_seal (unit_id);
CREATE UNIQUE INDEX uq_unit_seal_live ON unit_seal (unit_id) WHERE ended_at IS NULL;

CREATE TABLE document (
    id UUID NOT NULL,
    unit_id UUID NOT NULL,
    case_id UUID NOT NULL,
    stage TEXT NOT NULL,
    kind TEXT NOT NULL,
    issues_decision BOOLEAN NOT NULL,
    template_id UUID NOT NULL,
    act_id UUID,
    begun_by UUID NOT NULL,
    begun_at TIMESTAMP WITH TIME ZONE NOT NULL,
    withdrawn_at TIMESTAMP WITH TIME ZONE,
    withdrawn_by UUID,
    withdraw_reason TEXT,
    CONSTRAINT pk_document PRIMARY KEY (id),
    CONSTRAINT ck_document_kind CHECK (kind IN (
        'filing_approval', 'inspection_record', 'inquiry_record', 'investigation_report', 'penalty_notice',
        'hearing_rights_notice', 'seizure_decision', 'review_opinion', 'penalty_decision', 'service_receipt',
        'correction_notice', 'closing_report'
    )),
    -- Which documents issue a decision is no writer's to say.
    CONSTRAINT ck_document_issues_decision CHECK (issues_decision = (kind IN ('seizure_decision', 'penalty_decision'))),
    CONSTRAINT ck_document_withdrawn CHECK (
        (withdrawn_at IS NULL) = (withdrawn_by IS NULL) AND (withdrawn_at IS NULL) = (withdraw_reason IS NULL)
    ),
    CONSTRAINT fk_document_unit_id FOREIGN KEY(unit_id) REFERENCES unit (id),
    CONSTRAINT fk_document_case_id FOREIGN KEY(case_id) REFERENCES "case" (id),
    CONSTRAINT fk_document_template_id FOREIGN KEY(template_id) REFERENCES document_template (id),
    CONSTRAINT fk_document_act_id FOREIGN KEY(act_id) REFERENCES case_act (id),
    CONSTRAINT fk_document_begun_by FOREIGN KEY(begun_by) REFERENCES person (id),
    CONSTRAINT fk_document_withdrawn_by FOREIGN KEY(withdrawn_by) REFERENCES person (id)
);
CREATE INDEX ix_document_case_id ON document (case_id);
CREATE INDEX ix_document_unit_id ON document (unit_id);

CREATE TABLE document_text (
    id UUID NOT NULL,
    unit_id UUID NOT NULL,
    case_id UUID NOT NULL,
    document_id UUID NOT NULL,
    ordinal INTEGER NOT NULL,
    fields JSONB NOT NULL,
    facts JSONB NOT NULL,
    sha256 BYTEA NOT NULL,
    saved_by UUID NOT NULL,
    saved_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_document_text PRIMARY KEY (id),
    CONSTRAINT uq_document_text_document_id_ordinal UNIQUE (document_id, ordinal),
    CONSTRAINT ck_document_text_ordinal CHECK (ordinal > 0),
    CONSTRAINT ck_document_text_sha256 CHECK (octet_length(sha256) = 32),
    CONSTRAINT fk_document_text_unit_id FOREIGN KEY(unit_id) REFERENCES unit (id),
    CONSTRAINT fk_document_text_case_id FOREIGN KEY(case_id) REFERENCES "case" (id),
    CONSTRAINT fk_document_text_document_id FOREIGN KEY(document_id) REFERENCES document (id),
    CONSTRAINT fk_document_text_saved_by FOREIGN KEY(saved_by) REFERENCES person (id)
);
CREATE INDEX ix_document_text_unit_id ON document_text (unit_id);

CREATE TABLE document_signature (
    id UUID NOT NULL,
    unit_id UUID NOT NULL,
    case_id UUID NOT NULL,
    document_id UUID NOT NULL,
    text_id UUID NOT NULL,
    role TEXT NOT NULL,
    person_id UUID,
    name TEXT NOT NULL,
    outcome TEXT NOT NULL,
    note TEXT,
    signed_at TIMESTAMP WITH TIME ZONE NOT NULL,
    stated_by UUID NOT NULL,
    stated_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_document_signature PRIMARY KEY (id),
    CONSTRAINT uq_document_signature_text_id_role_person_id UNIQUE (text_id, role, person_id),
    CONSTRAINT ck_document_signature_role CHECK (role IN ('officer', 'approver', 'reviewer', 'party', 'witness')),
    CONSTRAINT ck_document_signature_outcome CHECK (outcome IN ('signed', 'refused')),
    CONSTRAINT ck_document_signature_person CHECK ((role IN ('officer', 'approver', 'reviewer')) = (person_id IS NOT NULL)),
    CONSTRAINT ck_document_signature_for_himself CHECK (person_id IS NULL OR person_id = stated_by),
    CONSTRAINT ck_document_signature_refused CHECK (outcome = 'signed' OR (person_id IS NULL AND note IS NOT NULL)),
    CONSTRAINT fk_document_signature_unit_id FOREIGN KEY(unit_id) REFERENCES unit (id),
    CONSTRAINT fk_document_signature_case_id FOREIGN KEY(case_id) REFERENCES "case" (id),
    CONSTRAINT fk_document_signature_document_id FOREIGN KEY(document_id) REFERENCES document (id),
    CONSTRAINT fk_document_signature_text_id FOREIGN KEY(text_id) REFERENCES document_text (id),
    CONSTRAINT fk_document_signature_person_id FOREIGN KEY(person_id) REFERENCES person (id),
    CONSTRAINT fk_document_signature_stated_by FOREIGN KEY(stated_by) REFERENCES person (id)
);
CREATE INDEX ix_document_signature_document_id ON document_signature (document_id);
CREATE INDEX ix_document_signature_unit_id ON document_signature (unit_id);

CREATE TABLE document_number (
    id UUID NOT NULL,
    unit_id UUID NOT NULL,
    document_id UUID NOT NULL,
    word TEXT NOT NULL,
    year INTEGER NOT NULL,
    number INTEGER NOT NULL,
    drawn_by UUID NOT NULL,
    drawn_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_document_number PRIMARY KEY (id),
    CONSTRAINT uq_document_number_document_id UNIQUE (document_id),
    CONSTRAINT uq_document_number_unit_id_year_word_number UNIQUE (unit_id, year, word, number),
    CONSTRAINT ck_document_number_number CHECK (number > 0),
    CONSTRAINT fk_document_number_unit_id FOREIGN KEY(unit_id) REFERENCES unit (id),
    CONSTRAINT fk_document_number_document_id FOREIGN KEY(document_id) REFERENCES document (id),
    CONSTRAINT fk_document_number_drawn_by FOREIGN KEY(drawn_by) REFERENCES person (id)
);
CREATE INDEX ix_document_number_unit_id ON document_number (unit_id);

CREATE TABLE final_document (
    id UUID NOT NULL,
    unit_id UUID NOT NULL,
    case_id UUID NOT NULL,
    document_id UUID NOT NULL,
    text_id UUID NOT NULL,
    number_id UUID,
    dated_on DATE NOT NULL,
    pdf BYTEA NOT NULL,
    sha256 BYTEA NOT NULL,
    size_bytes BIGINT NOT NULL,
    rendered_with JSONB NOT NULL,
    finalised_by UUID NOT NULL,
    finalised_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_final_document PRIMARY KEY (id),
    CONSTRAINT uq_final_document_document_id UNIQUE (document_id),
    CONSTRAINT uq_final_document_number_id UNIQUE (number_id),
    CONSTRAINT ck_final_document_bytes CHECK (sha256 = sha256(pdf) AND size_bytes = octet_length(pdf)),
    CONSTRAINT fk_final_document_unit_id FOREIGN KEY(unit_id) REFERENCES unit (id),
    CONSTRAINT fk_final_document_case_id FOREIGN KEY(case_id) REFERENCES "case" (id),
    CONSTRAINT fk_final_document_document_id FOREIGN KEY(document_id) REFERENCES document (id),
    CONSTRAINT fk_final_document_text_id FOREIGN KEY(text_id) REFERENCES document_text (id),
    CONSTRAINT fk_final_document_number_id FOREIGN KEY(number_id) REFERENCES document_number (id),
    CONSTRAINT fk_final_document_finalised_by FOREIGN KEY(finalised_by) REFERENCES person (id)
);
CREATE INDEX ix_final_document_case_id ON final_document (case_id);
CREATE INDEX ix_final_document_unit_id ON final_document (unit_id);

CREATE TABLE sealed_document (
    id UUID NOT NULL,
    unit_id UUID NOT NULL,
    case_id UUID NOT NULL,
    document_id UUID NOT NULL,
    final_id UUID NOT NULL,
    seal_id UUID NOT NULL,
    pdf BYTEA NOT NULL,
    sha256 BYTEA NOT NULL,
    size_bytes BIGINT NOT NULL,
    stamped_at TIMESTAMP WITH TIME ZONE,
    sealed_by UUID NOT NULL,
    sealed_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_sealed_document PRIMARY KEY (id),
    CONSTRAINT uq_sealed_document_document_id UNIQUE (document_id),
    CONSTRAINT uq_sealed_document_final_id UNIQUE (final_id),
    CONSTRAINT ck_sealed_document_bytes CHECK (sha256 = sha256(pdf) AND size_bytes = octet_length(pdf)),
    CONSTRAINT fk_sealed_document_unit_id FOREIGN KEY(unit_id) REFERENCES unit (id),
    CONSTRAINT fk_sealed_document_case_id FOREIGN KEY(case_id) REFERENCES "case" (id),
    CONSTRAINT fk_sealed_document_document_id FOREIGN KEY(document_id) REFERENCES document (id),
    CONSTRAINT fk_sealed_document_final_id FOREIGN KEY(final_id) REFERENCES final_document (id),
    CONSTRAINT fk_sealed_document_seal_id FOREIGN KEY(seal_id) REFERENCES unit_seal (id),
    CONSTRAINT fk_sealed_document_sealed_by FOREIGN KEY(sealed_by) REFERENCES person (id)
);
CREATE INDEX ix_sealed_document_case_id ON sealed_document (case_id);
CREATE INDEX ix_sealed_document_unit_id ON sealed_document (unit_id);
-- A PDF is compressed already, and is compared by its beginning.
ALTER TABLE final_document ALTER COLUMN pdf SET STORAGE EXTERNAL;
ALTER TABLE sealed_document ALTER COLUMN pdf SET STORAGE EXTERNAL;

-- Rows are only added; what may end, ends once.
GRANT SELECT, INSERT ON document_template, document_issuer, unit_seal, document, document_text, document_signature,
    document_number, final_document, sealed_document TO liuhen_app;
GRANT UPDATE (valid, in_force_at) ON document_template TO liuhen_app;
GRANT UPDATE (ended_at) ON document_issuer TO liuhen_app;
GRANT UPDATE (ended_at, end_reason) ON unit_seal TO liuhen_app;
GRANT UPDATE (withdrawn_at, withdrawn_by, withdraw_reason) ON document TO liuhen_app;
CREATE TRIGGER only_end BEFORE UPDATE OF valid ON document_template FOR EACH ROW EXECUTE FUNCTION only_end();
CREATE TRIGGER keep_ended BEFORE UPDATE ON document_template FOR EACH ROW EXECUTE FUNCTION keep_ended('in_force_at');
CREATE TRIGGER keep_ended BEFORE UPDATE ON document_issuer FOR EACH ROW EXECUTE FUNCTION keep_ended('ended_at');
CREATE TRIGGER keep_ended BEFORE UPDATE ON unit_seal FOR EACH ROW EXECUTE FUNCTION keep_ended('ended_at');
CREATE TRIGGER keep_withdrawn BEFORE UPDATE ON document FOR EACH ROW EXECUTE FUNCTION keep_ended('withdrawn_at');

-- The gate. Whatever brings a document that issues a decision into the world comes through here: step is number, final
-- or seal. Who builds legal review replaces the body of this one function, and refuses by raising check_violation.
CREATE FUNCTION document_gate(of_document uuid, step text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    RETURN;
END $$;
CREATE FUNCTION require_document_gate() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (SELECT d.issues_decision FROM document d WHERE d.id = NEW.document_id) THEN
        PERFORM document_gate(NEW.document_id, TG_ARGV[0]);
    END IF;
    RETURN NEW;
END $$;

-- A document is of a case that is open (送达回证: or closed, and not archived), by a template of its kind that held on the day it was begun.
CREATE FUNCTION require_begun_document() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM FROM "case" c WHERE c.id = NEW.case_id AND c.unit_id = NEW.unit_id
        AND (c.closed_at IS NULL OR NEW.kind IN ('service_receipt'))
        AND NOT EXISTS (SELECT FROM case_archive a WHERE a.case_id = c.id) FOR SHARE;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'case % is closed, or of another unit, and takes no more documents', NEW.case_id
            USING ERRCODE = 'check_violation';
    END IF;
    PERFORM FROM document_template t WHERE t.id = NEW.template_id AND t.rules ->> 'kind' = NEW.kind
        AND t.valid @> (NEW.begun_at AT TIME ZONE 'Asia/Shanghai')::date;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'template % is of another kind, or did not hold', NEW.template_id USING ERRCODE = 'check_violation';
    END IF;
    IF NEW.act_id IS NOT NULL AND NOT EXISTS (
        SELECT FROM case_act a WHERE a.id = NEW.act_id AND a.case_id = NEW.case_id AND a.withdrawn_at IS NULL
    ) THEN
        RAISE EXCEPTION 'act % is of another case, or withdrawn', NEW.act_id USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER begun_document BEFORE INSERT ON document FOR EACH ROW EXECUTE FUNCTION require_begun_document();

-- What is added to a document is of its own case, while it stands and is no final one. The lock makes two wait for each
-- other, and whoever closes the case for us.
CREATE FUNCTION require_draft() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE held document%ROWTYPE;
BEGIN
    SELECT * INTO held FROM document d WHERE d.id = NEW.document_id AND d.case_id = NEW.case_id
        AND d.unit_id = NEW.unit_id AND d.withdrawn_at IS NULL FOR NO KEY UPDATE;
    IF NOT FOUND OR EXISTS (SELECT FROM final_document f WHERE f.document_id = NEW.document_id) THEN
        RAISE EXCEPTION 'document % is final, withdrawn, or of another case', NEW.document_id
            USING ERRCODE = 'check_violation';
    END IF;
    PERFORM FROM "case" c WHERE c.id = NEW.case_id AND (c.closed_at IS NULL OR held.kind IN ('service_receipt'))
        AND NOT EXISTS (SELECT FROM case_archive a WHERE a.case_id = c.id) FOR SHARE;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'case % is closed and takes no more documents', NEW.case_id USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER draft BEFORE INSERT ON document_text FOR EACH ROW EXECUTE FUNCTION require_draft();
CREATE TRIGGER draft BEFORE INSERT ON document_signature FOR EACH ROW EXECUTE FUNCTION require_draft();
CREATE TRIGGER draft BEFORE INSERT ON final_document FOR EACH ROW EXECUTE FUNCTION require_draft();

CREATE FUNCTION require_next_text() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.ordinal <> (SELECT coalesce(max(t.ordinal), 0) + 1 FROM document_text t WHERE t.document_id = NEW.document_id) THEN
        RAISE EXCEPTION 'text % of document % is not its next', NEW.ordinal, NEW.document_id
            USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER next_text BEFORE INSERT ON document_text FOR EACH ROW EXECUTE FUNCTION require_next_text();

CREATE FUNCTION is_latest_text(of_document uuid, of_text uuid) RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT of_text = (SELECT t.id FROM document_text t WHERE t.document_id = of_document ORDER BY t.ordinal DESC LIMIT 1)
$$;
-- Whoever signs, signs what the document says now; and nobody approves what he signed as its officer.
CREATE FUNCTION require_signed_text() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF is_latest_text(NEW.document_id, NEW.text_id) IS NOT TRUE THEN
        RAISE EXCEPTION 'text % is not what document % says now', NEW.text_id, NEW.document_id
            USING ERRCODE = 'check_violation';
    END IF;
    IF EXISTS (
        SELECT FROM document_signature s
        WHERE s.text_id = NEW.text_id AND s.person_id = NEW.person_id AND s.role <> NEW.role
    ) THEN
        RAISE EXCEPTION 'person % has signed document % in another role', NEW.person_id, NEW.document_id
            USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER signed_text BEFORE INSERT ON document_signature FOR EACH ROW EXECUTE FUNCTION require_signed_text();

-- Numbers have no gaps: one after the other under a lock, by the issuer's own word, in the year of the day on which it is
-- drawn, and only together with the final document that bears it.
CREATE FUNCTION require_next_number() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE expected text;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended(format('document number %s %s %s', NEW.unit_id, NEW.year, NEW.word), 0));
    SELECT i.word || (t.rules ->> 'word') INTO expected
    FROM document d JOIN document_template t ON t.id = d.template_id, document_issuer i
    WHERE d.id = NEW.document_id AND d.withdrawn_at IS NULL AND i.unit_id = NEW.unit_id AND i.ended_at IS NULL;
    IF expected IS NULL OR expected <> NEW.word THEN
        RAISE EXCEPTION 'document % takes no number of this word', NEW.document_id USING ERRCODE = 'check_violation';
    END IF;
    IF NEW.year <> extract(year FROM NEW.drawn_at AT TIME ZONE 'Asia/Shanghai')
        OR NEW.drawn_at NOT BETWEEN now() - interval '1 hour' AND now() + interval '1 hour' THEN
        RAISE EXCEPTION 'a number is drawn in the year that it bears' USING ERRCODE = 'check_violation';
    END IF;
    IF NEW.number <> (
        SELECT coalesce(max(n.number), 0) + 1 FROM document_number n
        WHERE n.unit_id = NEW.unit_id AND n.year = NEW.year AND n.word = NEW.word
    ) THEN
        RAISE EXCEPTION 'number % of % is not the next', NEW.number, NEW.word USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER next_number BEFORE INSERT ON document_number FOR EACH ROW EXECUTE FUNCTION require_next_number();
CREATE TRIGGER gate BEFORE INSERT ON document_number FOR EACH ROW EXECUTE FUNCTION require_document_gate('number');
CREATE FUNCTION require_borne_number() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (
        SELECT FROM final_document f WHERE f.number_id = NEW.id AND f.document_id = NEW.document_id
    ) THEN
        RAISE EXCEPTION 'number % of % was drawn, and no final document bears it', NEW.number, NEW.word
            USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER borne_number AFTER INSERT ON document_number DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION require_borne_number();

-- Final is what the document says now, signed by as many as its template asks for, with a number where it has a word.
CREATE FUNCTION require_whole_document() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    ruled jsonb;
    needed record;
BEGIN
    SELECT t.rules INTO ruled FROM document d JOIN document_template t ON t.id = d.template_id WHERE d.id = NEW.document_id;
    IF is_latest_text(NEW.document_id, NEW.text_id) IS NOT TRUE THEN
        RAISE EXCEPTION 'text % is not what document % says now', NEW.text_id, NEW.document_id
            USING ERRCODE = 'check_violation';
    END IF;
    FOR needed IN SELECT key AS role, value::integer AS count FROM jsonb_each_text(ruled -> 'signatures') LOOP
        IF (SELECT count(*) FROM document_signature s WHERE s.text_id = NEW.text_id AND s.role = needed.role) < needed.count THEN
            RAISE EXCEPTION 'document % lacks the signature of its %', NEW.document_id, needed.role
                USING ERRCODE = 'check_violation';
        END IF;
    END LOOP;
    IF (ruled ->> 'word' IS NULL) <> (NEW.number_id IS NULL) OR NEW.number_id IS NOT NULL AND NOT EXISTS (
        SELECT FROM document_number n WHERE n.id = NEW.number_id AND n.document_id = NEW.document_id
    ) THEN
        RAISE EXCEPTION 'document % does not bear its number', NEW.document_id USING ERRCODE = 'check_violation';
    END IF;
    IF NEW.dated_on <> (NEW.finalised_at AT TIME ZONE 'Asia/Shanghai')::date
        OR NEW.finalised_at NOT BETWEEN now() - interval '1 hour' AND now() + interval '1 hour' THEN
        RAISE EXCEPTION 'a document bears the day on which it becomes final' USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER whole_document BEFORE INSERT ON final_document FOR EACH ROW EXECUTE FUNCTION require_whole_document();
CREATE TRIGGER gate BEFORE INSERT ON final_document FOR EACH ROW EXECUTE FUNCTION require_document_gate('final');

-- Sealed is the final document, byte for byte, and what was appended to it; by a seal that is not ended.
CREATE FUNCTION require_sealed_final() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM FROM document d JOIN final_document f ON f.document_id = d.id
    WHERE d.id = NEW.document_id AND d.case_id = NEW.case_id AND d.unit_id = NEW.unit_id AND d.withdrawn_at IS NULL
        AND f.id = NEW.final_id AND octet_length(NEW.pdf) > f.size_bytes
        AND substring(NEW.pdf FROM 1 FOR f.size_bytes::integer) = f.pdf
    FOR SHARE OF d;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'document % is withdrawn, or this is not its final form', NEW.document_id
            USING ERRCODE = 'check_violation';
    END IF;
    PERFORM FROM unit_seal s WHERE s.id = NEW.seal_id AND s.ended_at IS NULL FOR SHARE;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'seal % is ended', NEW.seal_id USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER sealed_final BEFORE INSERT ON sealed_document FOR EACH ROW EXECUTE FUNCTION require_sealed_final();
CREATE TRIGGER gate BEFORE INSERT ON sealed_document FOR EACH ROW EXECUTE FUNCTION require_document_gate('seal');
