-- Whether a return is of a unit that was merged is asked of the unit as it is once a merge that is under way has ended:
-- the row is locked by its key, and looked at then.
CREATE OR REPLACE FUNCTION require_return_of_live_unit() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE held unit%ROWTYPE;
BEGIN
    SELECT * INTO held FROM unit u WHERE u.id = NEW.unit_id FOR SHARE;
    IF held.ended_on <= NEW.last_day THEN
        RAISE EXCEPTION 'a unit that was merged owes no return for a period that was not over by then'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'ck_live_unit';
    END IF;
    RETURN NEW;
END $$;
