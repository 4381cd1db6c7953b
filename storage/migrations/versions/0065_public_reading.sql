-- What the public reads, and how it ends: nobody reads a table of publications without signing in; what was revoked has
-- left every channel before its term is met; one decision has one publication; and a dossier is looked at by a second
-- person before it leaves the house.

-- The public's reading (casework/publication/portal.py). Until now rows of what was once published were everybody's,
-- whole: with the party's full name, the reviewers' notes, and the words of what was taken down. Functions give the
-- columns that are public, of what is public now.
DROP POLICY of_the_public ON publication;
DROP POLICY of_the_public ON publication_version;
DROP POLICY of_the_public ON publication_step;
DROP FUNCTION was_published(UUID, UUID);

-- The latest published first. `pattern`: a LIKE over what is sought; where more than `named_most` texts have it, it is
-- taken for true of every second row, so that PostgreSQL goes through what is public from the newest on.
CREATE FUNCTION public_items(
    pattern TEXT, of_kind TEXT, of_unit UUID, decided_from DATE, decided_until DATE,
    before_at TIMESTAMP WITH TIME ZONE, before_id UUID, named_most INTEGER, most INTEGER
) RETURNS TABLE (
    publication_id UUID, kind TEXT, unit_id UUID, shown_at TIMESTAMP WITH TIME ZONE, ordinal INTEGER, authority TEXT,
    party TEXT, category TEXT, conclusion TEXT, document_number TEXT, legal_basis TEXT, decided_on DATE
)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    named uuid[] := CASE WHEN pattern IS NOT NULL THEN public.sought_public_ids(pattern, named_most) END;
    narrowed text := concat_ws(
        ' AND ',
        'p.shown_version_id IS NOT NULL',
        CASE
            WHEN pattern IS NULL THEN NULL
            WHEN named IS NULL THEN format('CASE WHEN v.sought LIKE %L THEN true ELSE false END', pattern)
            -- Of its own publication, as every version is: said for the planner, which comes from a version by that key.
            -- Where none is named it would take the two conditions for rare together, and read all there is.
            ELSE 'v.id = ANY ($1) AND v.publication_id = p.id'
        END,
        CASE WHEN of_kind IS NOT NULL THEN 'p.kind = $2' END,
        CASE WHEN of_unit IS NOT NULL THEN 'p.unit_id = $3' END,
        CASE WHEN decided_from IS NOT NULL THEN 'v.decided_on >= $4' END,
        CASE WHEN decided_until IS NOT NULL THEN 'v.decided_on <= $5' END,
        CASE WHEN before_at IS NOT NULL THEN '(p.shown_at, p.id) < ($6, $7)' END
    );
BEGIN
    RETURN QUERY EXECUTE
        'SELECT p.id, p.kind, p.unit_id, p.shown_at, v.ordinal, v.authority, v.party, v.category, v.conclusion, '
        'v.document_number, v.legal_basis, v.decided_on FROM public.publication p JOIN public.publication_version v '
        'ON v.id = p.shown_version_id WHERE ' || narrowed
        || ' ORDER BY p.shown_at DESC, p.id DESC LIMIT $8'
        USING named, of_kind, of_unit, decided_from, decided_until, before_at, before_id, most;
END $$;

-- What happened to each of them in public, in its order; nothing of what never was. The text of a step is there while it
-- may be seen: not of what was taken down since, nor of what a correction hides.
CREATE FUNCTION public_steps(of_publications UUID[]) RETURNS TABLE (
    publication_id UUID, kind TEXT, unit_id UUID, shown_at TIMESTAMP WITH TIME ZONE, step TEXT,
    taken_at TIMESTAMP WITH TIME ZONE, ground TEXT, reason TEXT, ordinal INTEGER, seen BOOLEAN, authority TEXT,
    party TEXT, category TEXT, conclusion TEXT, document_number TEXT, legal_basis TEXT, decided_on DATE
)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    WITH taken AS (
        SELECT p.id AS publication_id, p.kind, p.unit_id, p.shown_at, s.ordinal AS turn, s.step, s.taken_at, s.ground,
            s.reason AS step_reason, v.id AS version_id, v.ordinal, v.reason AS version_reason,
            min(s.ordinal) FILTER (WHERE s.step = 'published') OVER (PARTITION BY p.id) AS first_turn,
            s.step = 'published' AND p.shown_version_id IS NOT NULL AND NOT coalesce(
                bool_or(s.step <> 'published' OR v.hides_former) OVER (
                    PARTITION BY p.id ORDER BY s.ordinal ROWS BETWEEN 1 FOLLOWING AND UNBOUNDED FOLLOWING
                ), false
            ) AS seen
        FROM public.publication p
        JOIN public.publication_step s ON s.publication_id = p.id
        JOIN public.publication_version v ON v.id = s.version_id
        WHERE p.id = ANY (of_publications) AND s.step IN ('published', 'withheld', 'taken_down')
    )
    SELECT t.publication_id, t.kind, t.unit_id, t.shown_at,
        CASE WHEN t.step = 'published' AND t.turn > t.first_turn THEN 'corrected' ELSE t.step END, t.taken_at, t.ground,
        CASE
            WHEN t.step = 'taken_down' THEN t.step_reason
            WHEN t.step = 'published' AND t.turn > t.first_turn THEN t.version_reason
        END,
        t.ordinal, t.seen, v.authority, v.party, v.category, v.conclusion, v.document_number, v.legal_basis, v.decided_on
    FROM taken t LEFT JOIN public.publication_version v ON v.id = t.version_id AND t.seen
    WHERE t.turn >= t.first_turn
    ORDER BY t.publication_id, t.turn
$$;

-- Of which something was published or taken down last, the latest first.
CREATE FUNCTION public_changes(most INTEGER) RETURNS TABLE (publication_id UUID, changed_at TIMESTAMP WITH TIME ZONE)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT s.publication_id, max(s.taken_at) FROM public.publication_step s
    WHERE s.step IN ('published', 'taken_down') GROUP BY s.publication_id ORDER BY max(s.taken_at) DESC LIMIT most
$$;

CREATE FUNCTION public_units() RETURNS TABLE (unit_id UUID, name TEXT)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT u.id, u.name FROM public.unit u
    WHERE EXISTS (SELECT FROM public.publication p WHERE p.unit_id = u.id AND p.shown_version_id IS NOT NULL)
    ORDER BY u.code
$$;

-- 撤回公示: what an event revokes, is what casework/revoked.py says: the decision that it names, or the results of checks
-- that were entered before it.
CREATE FUNCTION revoked_publications(of_event case_event) RETURNS SETOF publication
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT p.* FROM public.publication p JOIN public.case_event e ON e.id = p.event_id
    WHERE of_event.kind = 'decision_revoked' AND p.case_id = of_event.case_id
        AND p.issue_id IS NOT DISTINCT FROM of_event.issue_id
        AND (of_event.issue_id IS NOT NULL OR e.entered_at < of_event.entered_at)
$$;

-- On the portal, on a channel, or with the city's platform, to which it may have gone and which has not confirmed that it
-- withdrew it.
CREATE FUNCTION stands_in_public(of_publication publication) RETURNS BOOLEAN
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT of_publication.shown_version_id IS NOT NULL
        OR EXISTS (
            SELECT FROM public.publication_posting t WHERE t.publication_id = of_publication.id AND t.removed_at IS NULL
        )
        OR EXISTS (
            SELECT FROM public.publication_push s
            WHERE s.publication_id = of_publication.id AND s.action = 'publish' AND s.attempts > 0
        ) AND NOT coalesce((
            SELECT s.action = 'withdraw' AND s.accepted_at IS NOT NULL FROM public.publication_push s
            WHERE s.publication_id = of_publication.id ORDER BY s.ordinal DESC LIMIT 1
        ), false)
$$;

-- Its term is met by nothing but that, whoever enters it.
CREATE FUNCTION require_left_the_public() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    PERFORM lock_case_in_turn(NEW.case_id);
    IF EXISTS (
        SELECT FROM case_event e CROSS JOIN LATERAL revoked_publications(e) p
        WHERE e.id = NEW.event_id AND stands_in_public(p)
    ) THEN
        RAISE EXCEPTION 'what was revoked in case % is public still', NEW.case_id USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER left_the_public BEFORE INSERT OR UPDATE OF done_on ON case_term FOR EACH ROW
    WHEN (NEW.kind = 'withdraw' AND NEW.done_on IS NOT NULL) EXECUTE FUNCTION require_left_the_public();

-- One decision has one publication. Its event is withdrawn once that is ended: taken down, or settled that it is not
-- published, and nowhere any more. It is ended for good then, and another may be begun, from the event that is entered
-- anew; but not of a decision that fell, of which none is public ever again.
ALTER TABLE publication ADD COLUMN ended_at TIMESTAMP WITH TIME ZONE;

CREATE FUNCTION fell_with_its_decision(of_publication UUID) RETURNS BOOLEAN
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT EXISTS (
        SELECT FROM public.publication_step s
        WHERE s.publication_id = of_publication AND s.ground IN ('revoked', 'unlawful', 'remade')
    )
$$;

UPDATE publication p SET ended_at = e.withdrawn_at FROM case_event e
WHERE e.id = p.event_id AND e.withdrawn_at IS NOT NULL
    AND NOT EXISTS (
        SELECT FROM publication_step s WHERE s.publication_id = p.id AND s.ground IN ('revoked', 'unlawful', 'remade')
    );
-- What was begun anew before this of a decision that had fallen: the former is ended as well, for one to count.
UPDATE publication p SET ended_at = e.withdrawn_at FROM case_event e
WHERE e.id = p.event_id AND e.withdrawn_at IS NOT NULL AND p.ended_at IS NULL
    AND EXISTS (SELECT FROM publication o WHERE o.issue_id = p.issue_id AND o.begun_at > p.begun_at AND o.ended_at IS NULL);
CREATE UNIQUE INDEX uq_publication_issue_id ON publication (issue_id) WHERE ended_at IS NULL;

CREATE FUNCTION is_ended_publication(of_publication publication) RETURNS BOOLEAN
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT NOT public.stands_in_public(of_publication) AND (
        public.fell_with_its_decision(of_publication.id) OR coalesce((
            SELECT s.step FROM public.publication_version v LEFT JOIN public.publication_step s ON s.version_id = v.id
            WHERE v.publication_id = of_publication.id ORDER BY v.ordinal DESC, s.ordinal DESC LIMIT 1
        ) IN ('taken_down', 'withheld'), false)
    )
$$;

CREATE FUNCTION require_ended_publication() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    PERFORM lock_case_in_turn(NEW.case_id);
    IF EXISTS (SELECT FROM publication p WHERE p.event_id = NEW.id AND NOT is_ended_publication(p)) THEN
        RAISE EXCEPTION 'the publication of event % is not ended', NEW.id USING ERRCODE = 'check_violation';
    END IF;
    UPDATE publication p SET ended_at = NEW.withdrawn_at
    WHERE p.event_id = NEW.id AND p.ended_at IS NULL AND NOT fell_with_its_decision(p.id);
    RETURN NEW;
END $$;
CREATE TRIGGER zz_ended_publication BEFORE UPDATE OF withdrawn_at ON case_event FOR EACH ROW
    WHEN (OLD.withdrawn_at IS NULL AND NEW.withdrawn_at IS NOT NULL) EXECUTE FUNCTION require_ended_publication();

-- What is ended, or fell, goes no further; only what is public of it, of before this, may still be taken down.
CREATE FUNCTION require_going_publication() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    PERFORM lock_case_in_turn(NEW.case_id);
    PERFORM FROM publication p JOIN case_event e ON e.id = p.event_id
    WHERE p.id = NEW.publication_id AND p.ended_at IS NULL AND e.withdrawn_at IS NULL
        AND NOT fell_with_its_decision(p.id);
    IF NOT FOUND THEN
        RAISE EXCEPTION 'publication % is ended', NEW.publication_id USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER zz_going BEFORE INSERT ON publication_version
    FOR EACH ROW EXECUTE FUNCTION require_going_publication();
CREATE TRIGGER zz_going BEFORE INSERT ON publication_step
    FOR EACH ROW WHEN (NEW.step <> 'taken_down') EXECUTE FUNCTION require_going_publication();

-- 舆情应对: a second person looks at a dossier, as at what is published: one of those named to review, not its maker.
ALTER TABLE dossier ADD COLUMN checked_by UUID;
ALTER TABLE dossier ADD COLUMN checked_at TIMESTAMP WITH TIME ZONE;
ALTER TABLE dossier ADD CONSTRAINT fk_dossier_checked_by FOREIGN KEY(checked_by) REFERENCES person (id);
ALTER TABLE dossier ADD CONSTRAINT ck_dossier_checked CHECK ((checked_at IS NULL) = (checked_by IS NULL));
ALTER TABLE dossier ADD CONSTRAINT ck_dossier_checked_by_another CHECK (checked_by <> made_by);
GRANT UPDATE (checked_by, checked_at) ON dossier TO liuhen_app;

CREATE FUNCTION require_dossier_check() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        RAISE EXCEPTION 'a dossier is checked when it is made' USING ERRCODE = 'check_violation';
    END IF;
    PERFORM require_now(NEW.checked_at, 'a check');
    PERFORM require_publication_duty(NEW.checked_by, NEW.unit_id, 'review');
    IF (
        SELECT s.secrecy_class FROM case_secrecy s WHERE s.case_id = NEW.case_id ORDER BY s.ordinal DESC LIMIT 1
    ) = 'state_secret' THEN
        RAISE EXCEPTION 'nothing is said of a state secret' USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER check_unmade BEFORE INSERT ON dossier FOR EACH ROW WHEN (NEW.checked_at IS NOT NULL)
    EXECUTE FUNCTION require_dossier_check();
CREATE TRIGGER check_made BEFORE UPDATE ON dossier FOR EACH ROW EXECUTE FUNCTION require_dossier_check();
CREATE TRIGGER keep_checked BEFORE UPDATE ON dossier FOR EACH ROW EXECUTE FUNCTION keep_ended('checked_at');
CREATE TRIGGER keep_checker BEFORE UPDATE ON dossier FOR EACH ROW EXECUTE FUNCTION keep_ended('checked_by');

-- What runs as the owner is the application's to call where it calls it, and nobody else's.
REVOKE EXECUTE ON FUNCTION
    public_items, public_steps, public_changes, public_units, revoked_publications, stands_in_public,
    fell_with_its_decision, is_ended_publication, sought_public_ids
FROM PUBLIC;
REVOKE EXECUTE ON FUNCTION sought_public_ids FROM liuhen_app;
GRANT EXECUTE ON FUNCTION public_items, public_steps, public_changes, public_units TO liuhen_app;
