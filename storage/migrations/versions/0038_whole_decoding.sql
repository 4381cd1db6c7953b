-- What a first look knows of a film is that it opens; whether all of it decodes is looked at later, and entered.

ALTER TABLE recording DROP CONSTRAINT ck_recording_media_state;
ALTER TABLE recording ADD CONSTRAINT ck_recording_media_state
    CHECK (media_state IN ('intact', 'opens', 'damaged', 'unreadable'));
ALTER TABLE media_job DROP CONSTRAINT ck_media_job_kind;
ALTER TABLE media_job ADD CONSTRAINT ck_media_job_kind
    CHECK (kind IN ('recovery', 'poster', 'sprite', 'proxy', 'decode'));

CREATE TABLE whole_decoding (
    id UUID NOT NULL,
    recording_id UUID NOT NULL,
    unit_id UUID NOT NULL,
    state TEXT NOT NULL,
    reason TEXT,
    declared_frames BIGINT,
    decoded_frames BIGINT,
    refused_packets BIGINT NOT NULL,
    complaints BIGINT NOT NULL,
    first_complaint_ms BIGINT,
    way TEXT NOT NULL,
    tool TEXT NOT NULL,
    tool_version TEXT NOT NULL,
    decoded_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_whole_decoding PRIMARY KEY (id),
    CONSTRAINT uq_whole_decoding_recording_id UNIQUE (recording_id),
    CONSTRAINT ck_whole_decoding_state CHECK (state IN ('intact', 'damaged', 'not_decoded')),
    CONSTRAINT ck_whole_decoding_way CHECK (way IN ('decode', 'proxy')),
    CONSTRAINT ck_whole_decoding_reason CHECK ((reason IS NULL) = (state = 'intact')),
    CONSTRAINT fk_whole_decoding_recording_id FOREIGN KEY(recording_id) REFERENCES recording (id),
    CONSTRAINT fk_whole_decoding_unit_id FOREIGN KEY(unit_id) REFERENCES unit (id)
);
CREATE INDEX ix_whole_decoding_unit_id ON whole_decoding (unit_id);

-- Written once: nobody looks again until another word comes out.
GRANT SELECT, INSERT ON whole_decoding TO liuhen_app;
