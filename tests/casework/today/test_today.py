"""What waits for an officer, and for the supervisor of a shift: each thing once, until it is settled."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy.orm import Session

from casework.deadlines.events import enter_event
from casework.deadlines.loading import load_shipped_terms
from casework.elements.policies import load_shipped_policies
from casework.errors import RoleNotAllowed
from casework.procedure.acts import add_act, end_act
from casework.procedure.explanations import decide_explanation, explain_gap
from casework.requests import ask
from casework.stages import enter_stage
from casework.today.closing import list_ending
from casework.today.officer import day_of_officer
from casework.today.recorded import recorded_by_each
from casework.today.shift import list_to_decide, shift_of
from tests.casework.elements.due import judge_due_recordings
from tests.casework.linking.due import link_due_recordings

NOW = datetime(2026, 3, 9, 8, 0, tzinfo=UTC)
START = datetime(2026, 3, 9, 1, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
TODAY = date(2026, 3, 9)


def judge_all(session: Session) -> None:
    link_due_recordings(session, 100)
    while judge_due_recordings(session):
        pass


def explain(team: Any, act: Any, first: float, last: float, by: Any = None) -> Any:
    times = {"starts_at": START + first * MINUTE, "ends_at": START + last * MINUTE}
    return explain_gap(team.session, by or team.officer, act.act.id, **times, reason="电池耗尽", now=NOW)


def acts(gaps: Any) -> list[Any]:
    return [gap.judged.act.act.id for gap in gaps]


def test_an_officers_day_has_his_acts_of_today_and_what_was_left_of_before(session: Session, team: Any) -> None:
    yesterday = {"starts_at": START - timedelta(days=1), "ends_at": START - timedelta(days=1) + MINUTE}
    today, earlier = team.act(), team.act(**yesterday)
    going_on = team.act(minutes=None, starts_at=START - timedelta(days=2))
    mine = day_of_officer(session, team.officer, NOW)
    assert (acts(mine.today), acts(mine.earlier)) == ([today.act.id, going_on.act.id], [earlier.act.id])
    assert not mine.is_clear
    end_act(session, team.officer, going_on.act.id, START - timedelta(days=2) + MINUTE, NOW)
    assert acts(day_of_officer(session, team.officer, NOW).earlier) == [earlier.act.id, going_on.act.id]
    stranger = team.archive.person(team.unit, "officer")
    assert day_of_officer(session, stranger, NOW).is_clear


def test_an_explanation_that_came_back_shows_until_the_minutes_are_settled(session: Session, team: Any) -> None:
    act = team.act("seizure")
    row = explain(team, act, 0, 40)
    assert day_of_officer(session, team.officer, NOW).returned == ()
    decide_explanation(session, team.supervisor, row.id, confirmed=False, reason="与回执不符")
    (back,) = day_of_officer(session, team.officer, NOW).returned
    assert (back.explanation.id, back.explanation.decision_reason) == (row.id, "与回执不符")
    assert day_of_officer(session, team.second, NOW).returned == ()
    again = explain(team, act, 0, 40)
    decide_explanation(session, team.supervisor, again.id, confirmed=True)
    assert day_of_officer(session, team.officer, NOW).returned == ()


def test_what_is_due_and_what_recordings_lack_is_there_too(session: Session, team: Any) -> None:
    load_shipped_terms(session, NOW)
    load_shipped_policies(session, NOW)
    enter_event(session, team.officer, team.case.id, "penalty_decided", TODAY - timedelta(days=60), NOW)
    team.archive.recording(team.unit, officer=team.officer.badge_number, started_at=START)
    judge_all(session)
    mine = day_of_officer(session, team.officer, NOW)
    assert {each.state for each in mine.due} == {"overdue"}
    assert mine.questions > 0
    assert 0 < sum(sheet.count for sheet in mine.sheets) <= mine.asked_about <= mine.questions


def test_the_shift_says_who_recorded_how_much_and_who_nothing(session: Session, team: Any) -> None:
    load_shipped_policies(session, NOW)
    badge = team.officer.badge_number
    facts = {"officer": badge, "received_at": NOW}
    linked = team.archive.recording(team.unit, started_at=START, duration_seconds=600, **facts)
    team.archive.link(linked, team.case, team.officer)
    team.archive.recording(team.unit, started_at=START + MINUTE, duration_seconds=60, **facts)
    # The last second of the day, and the first of the next; one that came two days late; one without a time.
    team.archive.recording(team.unit, started_at=datetime(2026, 3, 9, 15, 59, 59, tzinfo=UTC), **facts)
    team.archive.recording(team.unit, started_at=datetime(2026, 3, 9, 16, 0, tzinfo=UTC), **facts)
    team.archive.recording(
        team.unit, started_at=START, duration_seconds=60, officer=badge, received_at=NOW + timedelta(days=2)
    )
    team.archive.recording(team.unit, started_at=None, device=None, received_at=NOW)
    team.act()
    judge_all(session)
    found = {each.person.id if each.person else None: each for each in recorded_by_each(session, team.unit.id, TODAY)}
    mine = found[team.officer.id]
    assert (mine.recordings, mine.seconds, mine.without_case, mine.late, mine.acts) == (4, 780.0, 3, 1, 1)
    assert (found[team.second.id].recordings, found[team.second.id].acts) == (0, 1)
    assert found[None].recordings == 1
    assert set(found) >= {team.supervisor.id, team.other_supervisor.id}
    tomorrow = recorded_by_each(session, team.unit.id, TODAY + timedelta(days=1))
    assert sum(each.recordings for each in tomorrow) == 1


def test_a_supervisor_finds_what_he_may_decide_and_nothing_else(session: Session, team: Any) -> None:
    act = team.act()
    his = team.act(officers=(team.officer.id, team.supervisor.id))
    free = team.act("on_site")
    waits, of_his_act = explain(team, act, 0, 10), explain(team, his, 0, 10)
    own = explain(team, act, 10, 20, by=team.supervisor)
    explain(team, free, 0, 40)
    assert [each.explanation.id for each in list_to_decide(session, team.supervisor, NOW)] == [waits.id]
    others = {each.explanation.id for each in list_to_decide(session, team.other_supervisor, NOW)}
    assert others == {waits.id, of_his_act.id, own.id}
    decide_explanation(session, team.supervisor, waits.id, confirmed=True)
    assert list_to_decide(session, team.supervisor, NOW) == ()
    ask(session, team.officer, case_id=team.case.id, kind="view", purpose="核对")
    shift = shift_of(session, team.supervisor, NOW)
    assert (shift.day, shift.requests) == (TODAY, 1)
    assert set(acts(shift.gaps)) >= {act.act.id, his.act.id}
    assert shift_of(session, team.supervisor, NOW, TODAY - timedelta(days=1)).gaps == ()
    with pytest.raises(RoleNotAllowed):
        shift_of(session, team.officer, NOW)


def test_why_a_case_at_its_last_stage_cannot_be_closed(session: Session, team: Any) -> None:
    assert list_ending(session, team.supervisor, NOW).items == ()
    case = team.archive.case(team.officer)
    team.archive.handlers(case, team.officer)
    for stage, by in (
        ("investigation", team.officer),
        ("decision", team.officer),
        ("execution", team.supervisor),
    ):
        enter_stage(session, by, case.id, stage)
    (ending,) = list_ending(session, team.supervisor, NOW).items
    assert (ending.case.id, ending.forbidding) == (case.id, ())
    act = add_act(session, team.officer, case.id, team.stated(), NOW)
    (ending,) = list_ending(session, team.supervisor, NOW).items
    assert [(each.act.act.id, each.forbids_closing) for each in ending.forbidding] == [(act.act.id, "missing")]
    assert list_ending(session, team.archive.person(team.archive.unit(), "supervisor"), NOW).items == ()
