-- What it takes to show a copy (of a sprite: which moment each of its pictures is of) was known when it was made, and
-- thrown away. NULL: the copy is older than this column. As with all but a copy's key, no role may change it: what the
-- application and its workers may update of `rendition` stands in 0002, and the entry rendition.made states its digest.
ALTER TABLE rendition
    ADD COLUMN facts JSONB,
    ADD CONSTRAINT ck_rendition_facts CHECK (jsonb_typeof(facts) = 'object');
