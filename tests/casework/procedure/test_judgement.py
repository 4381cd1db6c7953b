"""What a case's recordings come to, act by act, from rows; and that a case with a gap is not closed."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy.orm import Session

from casework.checklists.checklists import load_checklist
from casework.closing import close_case
from casework.errors import CaseClosed
from casework.linking.by_hand import unlink
from casework.procedure.acts import end_act, withdraw_act
from casework.procedure.errors import CaseIncomplete
from casework.procedure.explanations import decide_explanation, explain_gap, withdraw_explanation
from casework.procedure.judged import JudgedAct
from casework.procedure.judgement import judge_case
from ingest.metadata.claims import Claim
from storage.catalog.casework import Case
from storage.catalog.organisation import Person
from storage.catalog.procedure import ActExplanation
from storage.database import Database
from storage.ledger.append import Actor

OPERATOR = Actor.system("admin")
NOW = datetime(2026, 3, 10, 8, 0, tzinfo=UTC)
START = datetime(2026, 3, 9, 1, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def film(team: Any, first: float, last: float, *, device: str | None = "AB00001", off: float = 0, **more: Any) -> Any:
    """A recording of the case from minute `first` of the usual act to `last`."""
    facts = {"started_at": START + first * MINUTE, "uncertainty_seconds": off, "duration_seconds": (last - first) * 60}
    recording = team.archive.recording(team.unit, device=device, **{**facts, **more})
    return team.archive.link(recording, team.case, team.officer)


def explain(team: Any, act: Any, first: float, last: float, confirm: bool = True) -> ActExplanation:
    times = {"starts_at": START + first * MINUTE, "ends_at": START + last * MINUTE}
    row = explain_gap(team.session, team.officer, act.act.id, **times, reason="电池耗尽", now=NOW)
    return decide_explanation(team.session, team.supervisor, row.id, confirmed=True) if confirm else row


def judged(team: Any) -> JudgedAct:
    (only,) = judge_case(team.session, team.case.id, NOW)
    return only


def minutes(found: JudgedAct) -> list[tuple[float, float, str, str]]:
    return [
        ((each.starts_at - START) / MINUTE, (each.ends_at - START) / MINUTE, each.state, each.label)
        for each in found.stretches
    ]


def test_the_missing_minutes_are_found_explained_and_then_the_case_may_be_closed(
    session: Session, team: Any, archive: Any
) -> None:
    act = team.act()
    film(team, -1, 20)
    film(team, 30, 45, device="AB00002")
    found = judged(team)
    assert (found.verdict, found.forbids_closing) == ("incomplete", "missing")
    assert minutes(found) == [(0, 20, "covered", "none"), (20, 30, "missing", "none"), (30, 40, "covered", "none")]
    with pytest.raises(CaseIncomplete, match=r"01:20:00\+00:00 – 2026-03-09T01:30:00\+00:00 was not recorded"):
        close_case(session, team.supervisor, team.case.id, "结案")
    pending = explain(team, act, 20, 25, confirm=False)
    explain(team, act, 25, 30)
    assert minutes(judged(team))[1:3] == [(20, 25, "missing", "pending"), (25, 30, "missing", "confirmed")]
    with pytest.raises(CaseIncomplete, match=r"01:20:00\+00:00 – 2026-03-09T01:25"):
        close_case(session, team.supervisor, team.case.id, "结案")
    decide_explanation(session, team.supervisor, pending.id, confirmed=True)
    assert (judged(team).verdict, judged(team).forbids_closing) == ("complete_with_explanations", None)
    close_case(session, team.supervisor, team.case.id, "结案")
    assert archive.last_entry("case.closed").data["acts"] == {"complete_with_explanations": 1}


def test_a_clip_without_a_time_does_not_close_an_act_that_it_cannot_fill(session: Session, team: Any) -> None:
    """It leaves all forty minutes in doubt. But it is one minute long."""
    act = team.act()
    film(team, 0, 1, device=None, started_at=None, uncertainty_seconds=None, duration_seconds=60)
    found = judged(team)
    assert (found.verdict, found.forbids_closing) == ("doubtful", "short")
    assert timedelta(minutes=38) < found.short_by <= timedelta(minutes=39)
    with pytest.raises(CaseIncomplete, match="of which no footage can fill 23"):
        close_case(session, team.supervisor, team.case.id, "结案")
    explain(team, act, 0, 39.5)
    assert (judged(team).forbids_closing, judged(team).short_by) == (None, timedelta(0))
    close_case(session, team.supervisor, team.case.id, "结案")


def test_an_explanation_that_is_refused_or_withdrawn_explains_nothing(session: Session, team: Any) -> None:
    act = team.act()
    row = explain(team, act, 0, 40)
    assert judged(team).verdict == "complete_with_explanations"
    withdraw_explanation(session, team.officer, row.id, "不实")
    other = explain(team, act, 0, 40, confirm=False)
    decide_explanation(session, team.supervisor, other.id, confirmed=False, reason="不实")
    assert minutes(judged(team)) == [(0, 40, "missing", "none")]


def test_the_seam_between_two_files_is_covered_up_to_the_rules_gap(team: Any) -> None:
    team.act()
    film(team, 0, 20)
    film(team, 20 + 5 / 60, 40)
    assert judged(team).verdict == "complete"
    assert judged(team).forbids_closing is None


def test_clock_doubt_at_a_boundary_is_doubt_and_the_rule_says_what_it_does(session: Session, team: Any) -> None:
    team.act()
    film(team, 0, 40, off=30)
    found = judged(team)
    assert (found.verdict, found.forbids_closing) == ("doubtful", None)
    assert minutes(found) == [
        (0, 0.5, "doubtful", "none"),
        (0.5, 39.5, "covered", "none"),
        (39.5, 40, "doubtful", "none"),
    ]
    strict = (
        "jurisdiction: CN-strict\nversion: 1\ntitle: {zh: 严, en: strict}\nvalid_from: 2026-01-01\nacts:\n"
        "  - {code: seizure, name: {zh: 查封, en: Sealing}, recording: whole, written_reason: false, "
        "closes_with_gap: false, closes_in_doubt: false}"
    )
    load_checklist(session, OPERATOR, strict.encode(), NOW)
    # The act that is there keeps the versions it has; a later one is of the stricter rule.
    assert judged(team).forbids_closing is None
    team.act()
    assert [each.forbids_closing for each in judge_case(session, team.case.id, NOW)].count("doubtful") == 1
    with pytest.raises(CaseIncomplete, match="is in doubt by the clocks"):
        close_case(session, team.supervisor, team.case.id, "结案")


def test_files_of_one_clock_keep_together_and_others_do_not(team: Any) -> None:
    team.act()
    film(team, -5, 20, off=60)
    film(team, 20, 45, off=60)
    assert judged(team).verdict == "complete"
    film(team, -5, 20, off=60, device="AB00002", started_at_source="name:rec")
    film(team, 20, 45, off=60, device="AB00003")
    assert judged(team).verdict == "complete"


def test_what_satellites_or_people_say_of_one_file_is_no_clock_of_the_next(team: Any) -> None:
    team.act()
    fix = (Claim("gps_time", {"time": "2026-03-09T01:00:00Z"}, "gps", "high"),)
    film(team, -5, 20, off=60, claims=fix, started_at_source="gps")
    film(team, 20, 45, off=60, claims=fix, started_at_source="gps")
    assert minutes(judged(team))[1] == (19, 21, "doubtful", "none")


def test_a_recording_without_time_makes_nothing_sure_and_nothing_missing(team: Any) -> None:
    team.act()
    film(team, 0, 40, started_at=None, uncertainty_seconds=None)
    assert minutes(judged(team)) == [(0, 40, "doubtful", "none")]


def test_an_act_by_circumstances_needs_one_recording_or_a_written_reason(session: Session, team: Any) -> None:
    act = team.act("on_site")
    assert (judged(team).verdict, judged(team).forbids_closing) == ("incomplete", "missing")
    film(team, 50, 60)
    assert judged(team).verdict == "incomplete"
    explain(team, act, 0, 40, confirm=False)
    assert (judged(team).verdict, judged(team).forbids_closing) == ("complete_with_explanations", None)
    film(team, 39, 60)
    assert judged(team).verdict == "complete"


def test_a_photograph_is_enough_for_service_by_leaving_and_a_reason_is_not(team: Any) -> None:
    act = team.act("service_left")
    explain(team, act, 0, 40, confirm=False)
    assert judged(team).forbids_closing == "missing"
    film(team, 10, 10, duration_seconds=None, kind="still", off=60)
    assert judged(team).verdict == "complete"


def test_several_devices_at_once_and_one_that_names_none(session: Session, team: Any) -> None:
    two = (
        "jurisdiction: CN-two\nversion: 1\ntitle: {zh: 二, en: two}\nvalid_from: 2026-01-01\nacts:\n"
        "  - {code: seizure, name: {zh: 查封, en: Sealing}, recording: whole, devices: 2, written_reason: false, "
        "closes_with_gap: false}"
    )
    load_checklist(session, OPERATOR, two.encode(), NOW)
    team.act()
    film(team, 0, 40)
    film(team, 0, 40, device=None)
    found = judged(team)
    assert (found.verdict, len(found.uncounted)) == ("incomplete", 1)
    film(team, 0, 40, device="AB00002")
    assert judged(team).verdict == "complete"


def test_an_act_under_way_forbids_closing_until_it_has_its_end_or_is_withdrawn(session: Session, team: Any) -> None:
    act = team.act("other", minutes=None, officers=(team.officer.id,))
    with pytest.raises(CaseIncomplete, match="has no end yet"):
        close_case(session, team.supervisor, team.case.id, "结案")
    end_act(session, team.officer, act.act.id, START + MINUTE, NOW)
    assert judged(team).stretches == ()
    gap = team.act()
    with pytest.raises(CaseIncomplete):
        close_case(session, team.supervisor, team.case.id, "结案")
    withdraw_act(session, team.supervisor, gap.act.id, "误登")
    close_case(session, team.supervisor, team.case.id, "结案")


def test_a_recording_that_leaves_the_case_leaves_the_gap(session: Session, team: Any) -> None:
    team.act()
    link = film(team, 0, 40)
    assert judged(team).verdict == "complete"
    unlink(session, team.officer, link.id, "归错")
    assert judged(team).verdict == "incomplete"


def test_an_act_across_midnight_is_one_act(team: Any) -> None:
    midnight = datetime(2026, 3, 8, 16, 0, tzinfo=UTC)
    team.act(starts_at=midnight - 10 * MINUTE, ends_at=midnight + 10 * MINUTE)
    first = (midnight - 10 * MINUTE - START) / MINUTE
    film(team, first, first + 10)
    film(team, first + 10, first + 20)
    assert judged(team).verdict == "complete"


def test_nothing_slips_between_the_look_and_the_close(database: Database, team_in: Any, archive_in: Any) -> None:
    """Somebody closes while somebody else takes back what lets it be closed: whoever comes second is refused."""
    with database.transaction() as session:
        team = team_in(session, archive_in(session))
        row = explain(team, team.act(), 0, 40)
        ids = {"case": team.case.id, "row": row.id, "supervisor": team.supervisor.id, "officer": team.officer.id}
    outcomes: dict[str, str] = {}
    begin = threading.Barrier(2)

    def attempt(name: str, person: str, deed: Any) -> None:
        try:
            with database.transaction() as session:
                by = session.get_one(Person, ids[person])
                begin.wait()
                deed(session, by)
            outcomes[name] = "done"
        except (CaseClosed, CaseIncomplete) as error:
            outcomes[name] = type(error).__name__

    threads = [
        threading.Thread(target=attempt, args=each)
        for each in (
            ("close", "supervisor", lambda session, by: close_case(session, by, ids["case"], "结案")),
            ("withdraw", "officer", lambda session, by: withdraw_explanation(session, by, ids["row"], "不实")),
        )
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with database.reading() as session:
        closed = session.get_one(Case, ids["case"]).closed_at is not None
        stands = session.get_one(ActExplanation, ids["row"]).withdrawn_at is None
    assert closed == stands
    expected = (
        {"close": "done", "withdraw": "CaseClosed"} if closed else {"close": "CaseIncomplete", "withdraw": "done"}
    )
    assert outcomes == expected


def runs(*said: tuple[float, float, bool]) -> dict[str, Any]:
    """As a stream's findings have them; offsets and lengths in minutes here."""
    return {
        "kind": "video",
        "runs": [{"offset_seconds": 60 * at, "seconds": 60 * long, "by_clock": told} for at, long, told in said],
    }


def test_a_pause_within_a_recording_is_missing(team: Any) -> None:
    team.act()
    film(team, -1, 41, findings=runs((0, 11, True), (31, 11, True)))
    found = judged(team)
    assert found.verdict == "incomplete"
    assert minutes(found) == [(0, 10, "covered", "none"), (10, 30, "missing", "none"), (30, 40, "covered", "none")]


def test_a_piece_whose_clock_began_anew_covers_nothing_for_certain(team: Any) -> None:
    team.act()
    film(team, -1, 41, findings=runs((0, 21, True), (21, 21, False)))
    found = judged(team)
    assert found.verdict == "doubtful"
    assert minutes(found) == [(0, 20, "covered", "none"), (20, 40, "doubtful", "none")]


def test_one_recording_within_the_act_is_not_there_during_its_pause(team: Any) -> None:
    """Where some recording is enough, one that only surrounds the act is none."""
    team.act()
    film(team, -10, 50, findings=runs((0, 9, True), (55, 5, True)))
    (only,) = judge_case(team.session, team.case.id, NOW)
    (near,) = only.recordings
    assert not near.surely_touches(START, START + 40 * MINUTE)
    assert near.may_touch(START, START + 40 * MINUTE)
