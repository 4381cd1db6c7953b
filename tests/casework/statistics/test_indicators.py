"""How well a month was recorded: each recording and each act once, in its month, its unit, and with its people."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy.orm import Session

from casework.access import find_grant
from casework.elements.policies import load_shipped_policies
from casework.errors import RoleNotAllowed
from casework.playback import open_window
from casework.procedure.explanations import decide_explanation, explain_gap
from casework.statistics.errors import MonthUnusable, UnitBeyond
from casework.statistics.indicators import Indicators, RecordedMonth, parse_month, recorded_month
from tests.casework.elements.due import judge_due_recordings
from tests.casework.linking.due import link_due_recordings
from tests.casework.procedure.conftest import MINUTE, START, make_team

NOW = datetime(2026, 4, 2, 8, 0, tzinfo=UTC)
MARCH = date(2026, 3, 1)


@pytest.fixture
def team(session: Session, archive: Any) -> Any:
    load_shipped_policies(session, NOW)
    return make_team(session, archive)


def film(team: Any, first: float, last: float, **more: Any) -> Any:
    """A recording from minute `first` of the usual act to `last`, received an hour after."""
    start = START + first * MINUTE
    facts = {"started_at": start, "uncertainty_seconds": 0, "duration_seconds": (last - first) * 60}
    facts |= {"device": "AB00001", "officer": team.officer.badge_number, "received_at": start + timedelta(hours=2)}
    return team.archive.recording(team.unit, **{**facts, **more})


def month_of(team: Any, by: Any = None, month: date = MARCH, **more: Any) -> RecordedMonth:
    link_due_recordings(team.session, 100)
    while judge_due_recordings(team.session):
        pass
    return recorded_month(team.session, by or team.supervisor, month, NOW, **more)


def found_of(month: RecordedMonth, person: Any) -> Indicators:
    return next(each.found for each in month.people if (each.person and each.person.id) == (person and person.id))


def test_recordings_are_counted_once_by_what_can_be_said_of_them(session: Session, team: Any) -> None:
    seen, late = film(team, 0, 10), film(team, 10, 30, received_at=START + timedelta(days=2))
    timeless = film(team, 30, 31, device=None, officer=None, started_at=None, received_at=START)
    team.archive.link(seen, team.case, team.officer)
    team.archive.grant(team.case, team.officer, team.supervisor)
    granted = datetime(2026, 3, 10, 9, 0, tzinfo=UTC)
    grant = find_grant(session, team.officer, seen.id, "view", granted)
    shown = team.archive.rendition(seen)
    for moment in (granted, granted + timedelta(hours=2)):
        open_window(
            session,
            team.officer,
            grant,
            recording_id=seen.id,
            object_name=shown.object_name,
            object_size=10_000,
            first_byte=0,
            last_byte=99,
            now=moment,
        )
    month = month_of(team)
    total = month.total
    assert (total.recordings, total.seconds, total.undated) == (3, 1860.0, 1)
    assert total.size_bytes == sum(each.size_bytes for each in (seen, late, timeless))
    assert (total.late, total.late_share) == (1, 0.5)
    assert (total.viewed, total.viewed_share) == (1, 1 / 3)
    assert total.without_case == 2
    assert total.lacking >= 1
    assert (found_of(month, team.officer).recordings, found_of(month, None).recordings) == (2, 1)
    assert found_of(month, team.second) == Indicators()


def test_a_month_begins_and_ends_at_midnight_in_china(team: Any) -> None:
    for moment in ((2026, 2, 28, 15, 59, 59), (2026, 2, 28, 16), (2026, 3, 31, 15, 59, 59), (2026, 3, 31, 16)):
        film(team, 0, 1, started_at=datetime(*moment, tzinfo=UTC))
    counts = [month_of(team, month=date(2026, month, 1)).total.recordings for month in (2, 3, 4)]
    assert counts == [1, 2, 1]


def test_what_had_to_be_recorded_and_is_not_lowers_the_coverage_until_it_comes(session: Session, team: Any) -> None:
    assert month_of(team).total.coverage is None
    act = team.act()
    for first, last in ((-1, 20), (30, 41)):
        team.archive.link(film(team, first, last), team.case, team.officer)
    found = month_of(team)
    total = found.total
    assert (total.acts, total.acts_incomplete, total.wanted_seconds, total.missing_seconds) == (1, 1, 2400.0, 600.0)
    assert total.coverage == 0.75
    # Two officers took part: one act of the unit, one of each.
    assert [found_of(found, each).acts for each in (team.officer, team.second, team.supervisor)] == [1, 1, 0]
    row = explain_gap(
        session,
        team.officer,
        act.act.id,
        starts_at=START + 20 * MINUTE,
        ends_at=START + 30 * MINUTE,
        reason="电池耗尽",
        now=NOW,
    )
    assert month_of(team).total.missing_seconds == 600.0
    decide_explanation(session, team.supervisor, row.id, confirmed=True)
    explained = month_of(team).total
    assert (explained.acts_explained, explained.missing_seconds, explained.explained_seconds) == (1, 0.0, 600.0)
    assert explained.coverage == 0.75
    # It comes weeks late.
    team.archive.link(film(team, 19, 31, received_at=NOW), team.case, team.officer)
    whole = month_of(team).total
    assert (whole.acts_complete, whole.coverage, whole.late) == (1, 1.0, 1)


def test_a_unit_sees_itself_and_those_below_it_and_no_other(session: Session, team: Any) -> None:
    film(team, 0, 10)
    bureau = team.archive.unit()
    team.unit.parent_id = bureau.id
    session.flush()
    auditor, stranger = team.archive.person(bureau, "auditor"), team.archive.person(team.archive.unit(), "supervisor")
    above = month_of(team, auditor)
    assert [(each.unit.id, each.depth, each.found.recordings) for each in above.units] == [
        (bureau.id, 0, 0),
        (team.unit.id, 1, 1),
    ]
    assert (above.unit.id, above.total.recordings) == (bureau.id, 1)
    assert found_of(month_of(team, auditor, unit_id=team.unit.id), team.officer).recordings == 1
    assert month_of(team, stranger).total == Indicators()
    for by, unit in ((stranger, team.unit), (team.supervisor, bureau)):
        with pytest.raises(UnitBeyond):
            month_of(team, by, unit_id=unit.id)
    with pytest.raises(RoleNotAllowed):
        month_of(team, team.officer)


@pytest.mark.parametrize("text", ["2026-13", "2026-3", "2026", "", "2026-03-01", "二〇二六-03", "9999-99"])
def test_a_month_is_written_as_a_year_and_two_digits(text: str) -> None:
    with pytest.raises(MonthUnusable):
        parse_month(text)


@pytest.mark.parametrize("month", [date(2018, 12, 1), date(2026, 5, 1), date(9999, 12, 1)])
def test_there_is_nothing_of_before_the_notice_or_of_what_has_not_begun(team: Any, month: date) -> None:
    with pytest.raises(MonthUnusable):
        month_of(team, month=month)
