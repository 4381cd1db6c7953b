-- What a step of housekeeping could not get through with no longer stops it for ever: it is set aside, and tried again.

CREATE TABLE recording_set_aside (
    recording_id UUID NOT NULL,
    step TEXT NOT NULL,
    unit_id UUID NOT NULL,
    failures INTEGER NOT NULL,
    error TEXT NOT NULL,
    since TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    due_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_recording_set_aside PRIMARY KEY (recording_id, step),
    CONSTRAINT fk_recording_set_aside_recording_id FOREIGN KEY(recording_id) REFERENCES recording (id),
    CONSTRAINT fk_recording_set_aside_unit_id FOREIGN KEY(unit_id) REFERENCES unit (id),
    CONSTRAINT ck_recording_set_aside_step CHECK (step IN ('linking', 'judging', 'grouping', 'attaching')),
    CONSTRAINT ck_recording_set_aside_failures CHECK (failures > 0)
);
CREATE INDEX ix_recording_set_aside_unit_id ON recording_set_aside (unit_id);
CREATE INDEX ix_recording_set_aside_due_at ON recording_set_aside (step, due_at);
GRANT SELECT, INSERT, DELETE ON recording_set_aside TO liuhen_app;
GRANT UPDATE (failures, error, due_at) ON recording_set_aside TO liuhen_app;
