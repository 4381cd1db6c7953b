-- What waits is looked for by day, by officer, by what nobody has decided yet, and among the cases that are open: each by
-- an index of its own, for an archive keeps a hundred thousand cases and these pages look at some dozens.

CREATE INDEX ix_case_act_statement_span ON case_act_statement USING gist (unit_id, span);
CREATE INDEX ix_case_act_statement_officer_id ON case_act_statement (officer_id);
CREATE INDEX ix_case_act_statement_second_officer_id ON case_act_statement (second_officer_id);
CREATE INDEX ix_act_explanation_pending ON act_explanation (unit_id) WHERE decision IS NULL AND withdrawn_at IS NULL;
CREATE INDEX ix_case_open ON "case" (unit_id, stage, opened_at) WHERE closed_at IS NULL;
