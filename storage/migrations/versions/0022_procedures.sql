-- The procedure of a case (程序), and its stages as a machine that the database holds too.

ALTER TABLE "case" ADD COLUMN procedure TEXT DEFAULT 'unstated' NOT NULL;
ALTER TABLE "case" ADD CONSTRAINT ck_case_procedure CHECK (
    procedure = 'unstated'
    OR kind = 'inspection' AND procedure IN ('routine_check', 'random_check')
    OR kind = 'coercion' AND procedure = 'coercive_measure'
    OR kind = 'penalty' AND procedure IN ('simple_penalty', 'ordinary_penalty', 'hearing_penalty')
);
ALTER TABLE "case" DROP CONSTRAINT ck_case_stage;
ALTER TABLE "case" ADD CONSTRAINT ck_case_stage
    CHECK (stage IN ('initiation', 'investigation', 'hearing', 'decision', 'execution'));

ALTER TABLE case_stage ADD COLUMN ordinal INTEGER, ADD COLUMN from_stage TEXT, ADD COLUMN reason TEXT;
UPDATE case_stage s SET ordinal = o.ordinal, from_stage = o.from_stage FROM (
    SELECT id, row_number() OVER w AS ordinal, lag(stage) OVER w AS from_stage FROM case_stage
    WINDOW w AS (PARTITION BY case_id ORDER BY
        array_position(ARRAY['initiation', 'investigation', 'decision', 'execution'], stage))
) o WHERE o.id = s.id;
ALTER TABLE case_stage ALTER COLUMN ordinal SET NOT NULL;
ALTER TABLE case_stage DROP CONSTRAINT ck_case_stage_stage;
ALTER TABLE case_stage ADD CONSTRAINT ck_case_stage_stage
    CHECK (stage IN ('initiation', 'investigation', 'hearing', 'decision', 'execution'));
ALTER TABLE case_stage DROP CONSTRAINT uq_case_stage_case_id_stage;
ALTER TABLE case_stage ADD CONSTRAINT uq_case_stage_case_id_ordinal UNIQUE (case_id, ordinal);
ALTER TABLE case_stage ADD CONSTRAINT ck_case_stage_first CHECK ((ordinal = 1) = (from_stage IS NULL) AND ordinal > 0);

GRANT UPDATE (procedure) ON "case" TO liuhen_app;

-- The table of casework/stage_machines.py; NULL: no such step.
CREATE FUNCTION stage_step_roles(of_procedure text, leads_from text, leads_to text) RETURNS text[]
LANGUAGE sql IMMUTABLE AS $$
    SELECT step.by_roles FROM (VALUES
        ('routine_check', 'initiation', 'investigation', ARRAY['officer', 'supervisor']),
        ('routine_check', 'investigation', 'decision', ARRAY['officer', 'supervisor']),
        ('routine_check', 'decision', 'execution', ARRAY['officer', 'supervisor']),
        ('random_check', 'initiation', 'investigation', ARRAY['officer', 'supervisor']),
        ('random_check', 'investigation', 'decision', ARRAY['officer', 'supervisor']),
        ('random_check', 'decision', 'execution', ARRAY['officer', 'supervisor']),
        ('coercive_measure', 'initiation', 'investigation', ARRAY['officer', 'supervisor']),
        ('coercive_measure', 'investigation', 'decision', ARRAY['officer', 'supervisor']),
        ('coercive_measure', 'decision', 'execution', ARRAY['supervisor']),
        ('simple_penalty', 'initiation', 'decision', ARRAY['officer', 'supervisor']),
        ('simple_penalty', 'initiation', 'investigation', ARRAY['officer', 'supervisor']),
        ('simple_penalty', 'investigation', 'decision', ARRAY['officer', 'supervisor']),
        ('simple_penalty', 'decision', 'execution', ARRAY['officer', 'supervisor']),
        ('ordinary_penalty', 'initiation', 'investigation', ARRAY['officer', 'supervisor']),
        ('ordinary_penalty', 'investigation', 'decision', ARRAY['officer', 'supervisor']),
        ('ordinary_penalty', 'decision', 'execution', ARRAY['supervisor']),
        ('hearing_penalty', 'initiation', 'investigation', ARRAY['officer', 'supervisor']),
        ('hearing_penalty', 'investigation', 'hearing', ARRAY['officer', 'supervisor']),
        ('hearing_penalty', 'hearing', 'decision', ARRAY['officer', 'supervisor']),
        ('hearing_penalty', 'decision', 'execution', ARRAY['supervisor']),
        ('unstated', 'initiation', 'investigation', ARRAY['officer', 'supervisor'])
    ) AS step(procedure, from_stage, to_stage, by_roles)
    WHERE step.procedure = of_procedure AND step.from_stage = leads_from AND step.to_stage = leads_to
$$;

CREATE FUNCTION hearing_was_held(of_case uuid) RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT EXISTS (
        SELECT FROM case_act a JOIN LATERAL (
            SELECT kind, span FROM case_act_statement s WHERE s.act_id = a.id ORDER BY s.ordinal DESC LIMIT 1
        ) latest ON latest.kind IN ('hearing', 'hearing_room') AND NOT upper_inf(latest.span)
        WHERE a.case_id = of_case AND a.withdrawn_at IS NULL
    )
$$;

-- A stage is entered from where the case stands, as its machine says; back only by a supervisor who says why.
CREATE FUNCTION require_stage_step() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    held "case"%ROWTYPE;
    latest case_stage%ROWTYPE;
    entering text;
    allowed text[];
    by_order CONSTANT text[] := ARRAY['initiation', 'investigation', 'hearing', 'decision', 'execution'];
BEGIN
    SELECT * INTO held FROM "case" c WHERE c.id = NEW.case_id AND c.unit_id = NEW.unit_id AND c.closed_at IS NULL FOR UPDATE;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'case % is closed, or of another unit, and enters no stage', NEW.case_id
            USING ERRCODE = 'check_violation';
    END IF;
    SELECT * INTO latest FROM case_stage s WHERE s.case_id = NEW.case_id ORDER BY s.ordinal DESC LIMIT 1;
    IF NOT FOUND AND NEW.ordinal = 1 AND NEW.stage = 'initiation' AND held.stage = 'initiation' AND NEW.reason IS NULL THEN
        RETURN NEW;
    END IF;
    IF latest.ordinal IS NULL OR NEW.ordinal <> latest.ordinal + 1 OR NEW.from_stage IS DISTINCT FROM held.stage
        OR latest.stage <> held.stage THEN
        RAISE EXCEPTION 'stage % of case % does not follow where it stands', NEW.stage, NEW.case_id
            USING ERRCODE = 'check_violation';
    END IF;
    allowed := stage_step_roles(held.procedure, held.stage, NEW.stage);
    IF NEW.reason IS NOT NULL THEN
        allowed := NULL;
        IF array_position(by_order, NEW.stage) < array_position(by_order, held.stage)
            AND EXISTS (SELECT FROM case_stage s WHERE s.case_id = NEW.case_id AND s.stage = NEW.stage) THEN
            allowed := ARRAY['supervisor'];
        END IF;
    END IF;
    SELECT p.role INTO entering FROM person p WHERE p.id = NEW.entered_by AND p.unit_id = NEW.unit_id AND p.active;
    IF allowed IS NULL OR entering IS NULL OR entering <> ALL (allowed) THEN
        RAISE EXCEPTION 'nothing leads case % from % to %, or not by this person', NEW.case_id, held.stage, NEW.stage
            USING ERRCODE = 'check_violation';
    END IF;
    IF held.stage = 'hearing' AND NEW.stage = 'decision' AND NOT hearing_was_held(NEW.case_id) THEN
        RAISE EXCEPTION 'case % waits for its hearing', NEW.case_id USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER stage_step BEFORE INSERT ON case_stage FOR EACH ROW EXECUTE FUNCTION require_stage_step();

-- The case's own row says what its last stage says: at once when it changes, and at the end of every transaction.
CREATE FUNCTION require_entered_stage() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' AND NEW.stage <> 'initiation' THEN
        RAISE EXCEPTION 'a case begins with its initiation' USING ERRCODE = 'check_violation';
    END IF;
    IF TG_OP = 'UPDATE' AND NEW.stage IS DISTINCT FROM OLD.stage AND NEW.stage IS DISTINCT FROM (
        SELECT s.stage FROM case_stage s WHERE s.case_id = NEW.id AND s.from_stage = OLD.stage
        ORDER BY s.ordinal DESC LIMIT 1
    ) THEN
        RAISE EXCEPTION 'case % did not enter stage %', NEW.id, NEW.stage USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER entered_stage BEFORE INSERT OR UPDATE OF stage ON "case"
    FOR EACH ROW EXECUTE FUNCTION require_entered_stage();

CREATE FUNCTION require_case_at_its_stage() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (SELECT s.stage FROM case_stage s WHERE s.case_id = NEW.case_id ORDER BY s.ordinal DESC LIMIT 1)
        IS DISTINCT FROM (SELECT c.stage FROM "case" c WHERE c.id = NEW.case_id) THEN
        RAISE EXCEPTION 'case % does not stand in the stage it entered last', NEW.case_id
            USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER case_at_its_stage AFTER INSERT ON case_stage DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION require_case_at_its_stage();

-- Unstated becomes stated, once; a simple penalty turns ordinary, an ordinary one to a hearing, before it is decided.
CREATE FUNCTION require_procedure_turn() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE undecided CONSTANT boolean := OLD.stage IN ('initiation', 'investigation');
BEGIN
    IF NEW.procedure IS DISTINCT FROM OLD.procedure AND (OLD.closed_at IS NOT NULL OR NOT (
        OLD.procedure = 'unstated' AND (undecided OR NEW.procedure <> 'hearing_penalty')
        OR OLD.procedure = 'simple_penalty' AND NEW.procedure = 'ordinary_penalty' AND undecided
        OR OLD.procedure = 'ordinary_penalty' AND NEW.procedure = 'hearing_penalty' AND undecided
    )) THEN
        RAISE EXCEPTION 'case % keeps the procedure %', NEW.id, OLD.procedure USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER procedure_turn BEFORE UPDATE OF procedure ON "case"
    FOR EACH ROW EXECUTE FUNCTION require_procedure_turn();
