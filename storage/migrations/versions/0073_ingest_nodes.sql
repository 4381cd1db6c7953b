-- In whose staging folder an upload's bytes are (docs/decisions/0029-ingest-nodes.md). '' is the one box, and what the
-- release before this one opens while both run. No claim and no evidence: an operator says so anew for a whole node.

ALTER TABLE upload ADD COLUMN node TEXT NOT NULL DEFAULT ''
    CONSTRAINT ck_upload_node CHECK (node ~ '^([a-z0-9][a-z0-9-]{0,30})?$');
GRANT UPDATE (node) ON upload TO liuhen_worker;

-- Still one look for each station: what other nodes have of it is passed by. The former release asks by station alone.
DROP INDEX ix_upload_due;
CREATE INDEX ix_upload_due ON upload (station_id, node, finished_at) WHERE state IN ('finished', 'sealed');
