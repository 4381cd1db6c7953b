-- Of the opinions on a version the latest that stands counts, whatever it says: the committee sits over it alone, once, and
-- no pass lies beside it. And what is handed over to the judiciary is no older than the suspicion.

CREATE FUNCTION standing_opinion_of(of_version uuid) RETURNS uuid
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT r.id FROM decision_review r
    WHERE r.withdrawn_at IS NULL -- condition: standing_pass
        AND r.version_id = of_version -- condition: own_version
    ORDER BY r.ordinal
        DESC -- condition: latest_opinion
    LIMIT 1
$$;

CREATE OR REPLACE FUNCTION pass_of(of_version uuid) RETURNS uuid
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT r.id FROM decision_review r JOIN decision_submission s ON s.id = r.submission_id
    WHERE r.id = standing_opinion_of(of_version)
        AND r.opinion = 'agreed' -- condition: agreed
        AND s.withdrawn_at IS NULL -- condition: standing_submission
        AND NOT takes_part_in(r.case_id, r.reviewer_id) -- condition: reviewer_apart
        AND qualified_to_review(r.reviewer_id, chinese_day(r.reviewed_at)) -- condition: reviewer_qualified
$$;

-- A reviewer's opinion, not the committee's: a vote that was lost is not taken again with other members.
CREATE OR REPLACE FUNCTION require_sound_disagreement() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    PERFORM lock_case_of_decisions(NEW.case_id, NEW.unit_id);
    PERFORM FROM decision_review r
    WHERE r.id = NEW.review_id AND r.case_id = NEW.case_id AND r.decision_id = NEW.decision_id
        AND r.session_id IS NULL -- condition: disagreed_with_reviewer
        AND r.opinion = 'problems' AND r.id = standing_opinion_of(r.version_id);
    IF NOT FOUND THEN -- condition: disagreed_with_problems
        RAISE EXCEPTION 'what is disagreed with is a reviewer''s opinion, the latest that stands, and names problems'
            USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;

CREATE OR REPLACE FUNCTION require_sound_session() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    PERFORM lock_case_of_decisions(NEW.case_id, NEW.unit_id);
    PERFORM require_now(NEW.recorded_at, 'a session''s record');
    PERFORM FROM decision_disagreement d JOIN decision_review r ON r.id = d.review_id
    WHERE d.id = NEW.disagreement_id AND d.case_id = NEW.case_id AND d.decision_id = NEW.decision_id
        AND r.version_id = NEW.version_id
        AND r.id = standing_opinion_of(r.version_id) -- condition: session_over_standing
        AND NEW.held_at BETWEEN d.stated_at AND clock_timestamp();
    IF NOT FOUND THEN -- condition: session_of_disagreement
        RAISE EXCEPTION 'a session is of a disagreement over this version with the opinion that stands, and held after it'
            USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;

-- As many votes as members, three at least; the opinion is what they came to, over one that stands until then.
CREATE OR REPLACE FUNCTION session_lets(of_session uuid, of_version uuid, as_opinion text) RETURNS boolean
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT EXISTS (
        SELECT FROM committee_session s JOIN decision_disagreement d ON d.id = s.disagreement_id CROSS JOIN LATERAL (
            SELECT count(a.member_id) AS members FROM committee_attendance a WHERE a.session_id = s.id
        ) present
        WHERE s.id = of_session
            AND s.version_id = of_version -- condition: session_of_version
            AND d.review_id = standing_opinion_of(s.version_id) -- condition: outcome_over_standing
            AND s.outcome = as_opinion -- condition: session_outcome
            AND present.members = s.votes_for + s.votes_against + s.abstentions -- condition: session_votes
            AND present.members >= 3 -- condition: session_quorum
    )
$$;

-- A package that was finished before the suspicion was stated lacks it.
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
            AND e.finished_at >= NEW.opened_at -- condition: package_after
    ) THEN
        RAISE EXCEPTION 'what is handed over is a package of this case that was finished after the suspicion'
            USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
