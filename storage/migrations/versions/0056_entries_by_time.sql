-- A draw of viewings asks for the first entry of after a month. Entries are written in the order of their time, but for
-- a moment: a summary of each run of blocks says which of them are that late, and costs a write next to nothing.
CREATE INDEX ix_ledger_entry_occurred ON ledger_entry USING brin (occurred_at) WITH (autosummarize = on);
