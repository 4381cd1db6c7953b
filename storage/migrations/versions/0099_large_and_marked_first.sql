-- Whose turn it is among a station's uploads: what its recorder marked as evidence, then the oldest. A large one has an
-- index of its own, for the lane that looks for it: it does not wait for the thousands of small ones that came before.
-- The former release asks by station and node alone, and sorts what it finds.
DROP INDEX ix_upload_due;
CREATE INDEX ix_upload_due ON upload (station_id, node, (claims ->> 'marked'), finished_at)
    WHERE state IN ('finished', 'sealed');
CREATE INDEX ix_upload_due_large ON upload (station_id, node, (claims ->> 'marked'), finished_at)
    WHERE state IN ('finished', 'sealed') AND declared_length >= 4194304;
