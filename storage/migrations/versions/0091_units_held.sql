-- Whose unit a row is of: that of the recording or the case it belongs to, whoever writes it. Of these the database held
-- it by nothing; storage/catalog/held_units.py says of each table how it is held, and of the others why there is nothing to.
--
-- A key over both columns takes the place of the two that there were: one look-up at an INSERT instead of two, and none
-- of them a function. What it costs is the index that it goes by, one entry for each recording and each case.
ALTER TABLE recording ADD CONSTRAINT uq_recording_id_unit_id UNIQUE (id, unit_id);
ALTER TABLE "case" ADD CONSTRAINT uq_case_id_unit_id UNIQUE (id, unit_id);

DO $$
DECLARE
    each text;
BEGIN
    FOREACH each IN ARRAY ARRAY[
        'case_link', 'disposal_due', 'element_answer', 'element_question', 'judgement_due', 'link_question', 'linking_done',
        'media_job', 'playback_window', 'position_track', 'recall_request', 'received_again', 'recording_judgement',
        'recording_segment', 'recording_set_aside', 'rendition', 'sidecar_look', 'whole_decoding'
    ] LOOP
        EXECUTE format(
            'ALTER TABLE %1$I DROP CONSTRAINT %2$I, DROP CONSTRAINT %3$I, '
            'ADD CONSTRAINT %4$I FOREIGN KEY (recording_id, unit_id) REFERENCES recording (id, unit_id)',
            each, 'fk_' || each || '_recording_id', 'fk_' || each || '_unit_id', 'fk_' || each || '_recording_id_unit_id'
        );
    END LOOP;
    FOREACH each IN ARRAY ARRAY['access_request', 'adviser_conflict', 'export'] LOOP
        EXECUTE format(
            'ALTER TABLE %1$I DROP CONSTRAINT %2$I, DROP CONSTRAINT %3$I, '
            'ADD CONSTRAINT %4$I FOREIGN KEY (case_id, unit_id) REFERENCES "case" (id, unit_id)',
            each, 'fk_' || each || '_case_id', 'fk_' || each || '_unit_id', 'fk_' || each || '_case_id_unit_id'
        );
    END LOOP;
END $$;

-- After a merge the successor's people put a merged unit's recording into a case of theirs, or the other way round, and
-- hold what is the merged unit's: no key says who carries on whom.
CREATE FUNCTION require_unit_of_case() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM FROM "case" c
    WHERE c.id = NEW.case_id
        AND (c.unit_id = NEW.unit_id OR carried_on_by(c.unit_id) = carried_on_by(NEW.unit_id));
    IF NOT FOUND THEN
        RAISE EXCEPTION 'case % is of another unit', NEW.case_id USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER unit_of_case BEFORE INSERT ON case_link FOR EACH ROW EXECUTE FUNCTION require_unit_of_case();
CREATE TRIGGER unit_of_case BEFORE INSERT ON hold FOR EACH ROW
    WHEN (NEW.case_id IS NOT NULL) EXECUTE FUNCTION require_unit_of_case();

CREATE FUNCTION require_unit_of_recording() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM FROM recording r
    WHERE r.id = NEW.recording_id
        AND (r.unit_id = NEW.unit_id OR carried_on_by(r.unit_id) = carried_on_by(NEW.unit_id));
    IF NOT FOUND THEN
        RAISE EXCEPTION 'recording % is of another unit', NEW.recording_id USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER unit_of_recording BEFORE INSERT ON hold FOR EACH ROW
    WHEN (NEW.recording_id IS NOT NULL) EXECUTE FUNCTION require_unit_of_recording();
