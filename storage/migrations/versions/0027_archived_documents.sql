-- Documents fill a stage as recordings do, and what is archived is sealed no more: a seal would make another file of it.

-- What casework/archiving/contents.py counts.
CREATE OR REPLACE FUNCTION stage_is_filled(of_case uuid, of_stage text) RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT EXISTS (SELECT FROM case_link l WHERE l.case_id = of_case AND l.stage = of_stage AND l.ended_at IS NULL)
        OR EXISTS (
            SELECT FROM document d JOIN final_document f ON f.document_id = d.id
            WHERE d.case_id = of_case AND d.stage = of_stage AND d.withdrawn_at IS NULL
        )
$$;

-- Whoever archives holds the case's row and then this lock; whoever adds to the case waits for it.
CREATE OR REPLACE FUNCTION require_unarchived_case() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_advisory_xact_lock_shared(archiving_lock(NEW.case_id));
    IF EXISTS (SELECT FROM case_archive a WHERE a.case_id = NEW.case_id) THEN
        RAISE EXCEPTION 'case % is archived', NEW.case_id USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER unarchived BEFORE INSERT ON sealed_document FOR EACH ROW EXECUTE FUNCTION require_unarchived_case();
