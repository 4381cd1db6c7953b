-- The reason somebody gave when he answered the linker: where he says that no case is the recording's, no link keeps it.
ALTER TABLE link_question
    ADD COLUMN reason TEXT,
    ADD CONSTRAINT ck_link_question_reason CHECK (reason IS NULL OR answered_by IS NOT NULL);
GRANT UPDATE (reason) ON link_question TO liuhen_app;

-- The linker goes by answers: a new fact of a device, or of a time, also touches what was answered to be of it. Values are
-- ids and instants in UTC, compared sign by sign.
CREATE INDEX ix_element_answer_value ON element_answer (unit_id, element, value COLLATE "C");
