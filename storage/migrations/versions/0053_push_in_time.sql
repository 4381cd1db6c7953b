-- A message to the city's platform is put off by the longest pause there is after an attempt, six hours, and no further:
-- whoever holds the application's password cannot put it off for good. casework/publication/pushing.py: LONGEST_ASKED.

CREATE FUNCTION require_push_in_time() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.attempted_at IS DISTINCT FROM OLD.attempted_at AND (NEW.attempts = OLD.attempts OR NEW.attempted_at > clock_timestamp() + interval '1 hour') THEN -- condition: push_attempted_now
        RAISE EXCEPTION 'an attempt to push is counted when it is made, and made now, not at %', NEW.attempted_at
            USING ERRCODE = 'check_violation';
    END IF;
    -- Without an attempt: an hour, for what the gate holds back, and the hour that two clocks may differ by.
    IF NEW.due_at > OLD.due_at AND NEW.due_at > greatest(NEW.attempted_at + interval '6 hours', clock_timestamp() + interval '2 hours') THEN -- condition: push_put_off
        RAISE EXCEPTION 'a push is put off by six hours after its last attempt at most, not until %', NEW.due_at
            USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER in_time BEFORE UPDATE ON publication_push
    FOR EACH ROW EXECUTE FUNCTION require_push_in_time();
