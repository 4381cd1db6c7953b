-- A certificate's number is unique where it is issued. That is more than one unit: a bureau's detachments and brigades
-- get theirs from one office, and whoever moves between them keeps his. So the number is one person's at a time in the
-- whole tree of units that the highest one above him heads; two bureaus in one archive count for themselves.

CREATE FUNCTION topmost_unit(start uuid) RETURNS uuid LANGUAGE sql STABLE AS $$
    WITH RECURSIVE line AS (
        SELECT u.id, u.parent_id, 1 AS height FROM public.unit u WHERE u.id = start
        -- A ring of parents, should there ever be one, ends the walk.
        UNION ALL SELECT u.id, u.parent_id, line.height + 1 FROM public.unit u JOIN line ON line.parent_id = u.id
            WHERE line.height < 20
    )
    SELECT id FROM line ORDER BY height DESC LIMIT 1
$$;

ALTER TABLE officer_certificate
    ADD COLUMN jurisdiction_id UUID,
    ADD CONSTRAINT fk_officer_certificate_jurisdiction_id FOREIGN KEY(jurisdiction_id) REFERENCES unit (id);
UPDATE officer_certificate SET jurisdiction_id = topmost_unit(unit_id);
ALTER TABLE officer_certificate ALTER COLUMN jurisdiction_id SET NOT NULL;
CREATE INDEX ix_officer_certificate_jurisdiction_id ON officer_certificate (jurisdiction_id);

DO $$
DECLARE clashing bigint;
BEGIN
    SELECT count(*) INTO clashing FROM officer_certificate a JOIN officer_certificate b
        ON a.id < b.id AND a.jurisdiction_id = b.jurisdiction_id AND a.number = b.number AND a.valid && b.valid
        WHERE a.voided_at IS NULL AND b.voided_at IS NULL;
    IF clashing > 0 THEN
        RAISE EXCEPTION '% pairs of certificates bear one number in one bureau at overlapping times', clashing
            USING ERRCODE = 'exclusion_violation',
            HINT = 'with the version before, void the wrong one of each: liuhen admin officer list, liuhen admin officer void';
    END IF;
END $$;
ALTER TABLE officer_certificate DROP CONSTRAINT ex_officer_certificate_one_person;
ALTER TABLE officer_certificate ADD CONSTRAINT ex_officer_certificate_one_person
    EXCLUDE USING gist (jurisdiction_id WITH =, number WITH =, valid WITH &&) WHERE (voided_at IS NULL);

-- Nobody states it: it follows from the unit.
CREATE FUNCTION set_jurisdiction() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.jurisdiction_id := topmost_unit(NEW.unit_id);
    RETURN NEW;
END $$;
CREATE TRIGGER set_jurisdiction BEFORE INSERT ON officer_certificate FOR EACH ROW EXECUTE FUNCTION set_jurisdiction();

-- A unit that comes under another brings its certificates into that one's jurisdiction; it cannot while numbers clash.
CREATE FUNCTION move_jurisdiction() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
BEGIN
    UPDATE public.officer_certificate SET jurisdiction_id = public.topmost_unit(unit_id)
        WHERE jurisdiction_id IS DISTINCT FROM public.topmost_unit(unit_id);
    RETURN NULL;
END $$;
CREATE TRIGGER move_jurisdiction AFTER UPDATE OF parent_id ON unit
    FOR EACH STATEMENT EXECUTE FUNCTION move_jurisdiction();
REVOKE EXECUTE ON FUNCTION move_jurisdiction() FROM PUBLIC;

-- Acts are entered in the ledger from here on. They follow from signed claims: housekeeping makes them anew, with entries.
TRUNCATE recording_segment;
