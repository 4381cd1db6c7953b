-- A package is as old as its contents, which are settled when it is begun: one that was begun before a suspicion of crime
-- and finished after it lacks it all the same.

-- Shared, so that several may begin at once; but none while a suspicion is being stated, which is entered under the
-- case's own lock. What is gathered in the transaction after this is as old as `started_at`, or younger.
CREATE FUNCTION date_export() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    PERFORM FROM "case" c WHERE c.id = NEW.case_id FOR SHARE;
    NEW.started_at := clock_timestamp();
    RETURN NEW;
END $$;
CREATE TRIGGER dated BEFORE INSERT ON export FOR EACH ROW EXECUTE FUNCTION date_export();

CREATE OR REPLACE FUNCTION require_sound_transfer() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    PERFORM lock_case_in_turn(NEW.case_id);
    IF TG_OP = 'INSERT' THEN -- condition: suspected_now
        PERFORM require_now(NEW.opened_at, 'a suspicion of crime');
    END IF;
    PERFORM FROM decision_review r WHERE r.id = NEW.review_id AND r.case_id = NEW.case_id AND r.unit_id = NEW.unit_id;
    IF NOT FOUND OR NEW.outcome = 'transferred' AND NOT EXISTS (
        SELECT FROM export e
        WHERE e.id = NEW.export_id AND e.case_id = NEW.case_id AND e.finished_at IS NOT NULL
            AND e.started_at >= NEW.opened_at -- condition: package_after
    ) THEN
        RAISE EXCEPTION 'what is handed over is a finished package of this case that was begun after the suspicion'
            USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
