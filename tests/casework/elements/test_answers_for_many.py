"""One answer for many recordings: as many statements as for a few, and what it cannot be true of is left out."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import event

from casework.elements.answers import Choice, answer_questions, list_answers
from casework.elements.clock_offsets import ClockOffset, claimed_start, fetch_claimed_starts
from casework.elements.errors import ReasonNeeded, ValueUnusable
from ingest.metadata.claims import Claim
from tests.casework.elements.team import FILMED
from tests.casework.elements.test_answers import LATER, answer, fingerprint


def test_many_are_answered_in_as_many_statements_as_a_few(team: Any) -> None:
    supervisor = team.archive.person(team.unit, "supervisor")

    def statements_for(count: int, reason: str) -> int:
        rows = [team.recording(officer=team.other.badge_number) for _ in range(count)]
        questions = {each.id: fingerprint(team, each, "officer") for each in rows}
        statements: list[str] = []
        connection = team.session.connection()
        event.listen(connection, "before_cursor_execute", note := lambda *call: statements.append(call[2]))
        choice = Choice("officer", str(team.officer.id), reason=reason)
        given = answer_questions(team.session, supervisor, "officer", questions, choice, LATER)
        event.remove(connection, "before_cursor_execute", note)
        assert set(given.done) == {each.id for each in rows}
        assert all(team.open(each) == {} for each in rows)
        return len(statements)

    few, many = statements_for(2, "核对领用登记"), statements_for(20, "核对领用登记")
    assert many == few


def test_a_time_that_is_too_late_for_one_is_an_answer_about_the_others(team: Any) -> None:
    early = team.recording(started_at=None, claims=[])
    late = team.recording(started_at=None, claims=[], received_at=early.received_at + timedelta(hours=5))
    told = (early.received_at + timedelta(hours=3)).isoformat()
    given = answer(team, team.officer, [early, late], "time", Choice("time", told, reason="值班记录"))
    assert given.done == (late.id,)
    left = given.left_out[early.id]
    assert isinstance(left, ValueUnusable)
    assert left.problem == "after_receipt"
    assert list_answers(team.session, early.id) == ()


AHEAD = timedelta(days=1000, hours=3, minutes=30)


def ahead(team: Any, minutes: int, source: str = "station") -> Any:
    """So many minutes after the shift began, by a clock that is far ahead: beyond its receipt, and not believed."""
    claim = Claim("started_at", {"time": (FILMED + timedelta(minutes=minutes) + AHEAD).isoformat()}, source, "stated")
    return team.recording(started_at=None, claims=[Claim("act", "questioning", "station", "stated"), claim])


def values(team: Any, rows: Any) -> list[str | None]:
    return [list_answers(team.session, each.id)[-1].value for each in rows]


@pytest.mark.parametrize("offset", [ClockOffset(AHEAD), ClockOffset(newest_at=FILMED + timedelta(minutes=40))])
def test_a_clock_that_was_off_is_put_right_of_each_recording_by_its_own_word(team: Any, offset: ClockOffset) -> None:
    rows = [ahead(team, minutes) for minutes in (0, 15, 40)]
    assert [team.open(each) for each in rows] == [{"time": ["time_after_receipt"]}] * 3
    given = answer(team, team.officer, rows, "time", Choice("time", reason="电池耗尽，时钟复位", offset=offset))
    assert set(given.done) == {each.id for each in rows}
    began = [FILMED + timedelta(minutes=minutes) for minutes in (0, 15, 40)]
    assert values(team, rows) == [each.isoformat() for each in began]
    assert [team.open(each) for each in rows] == [{}] * 3
    entry = team.archive.last_entry("recording.element_answered")
    assert (entry.data["element"], entry.data["basis"]) == ("time", "clock_offset")
    assert began[0].isoformat() not in team.archive.ledger_text()
    # Corrected, it is what the clock itself says that counts, and not what was answered before.
    answer(team, team.officer, rows, "time", Choice("time", reason="慢了一分钟", offset=ClockOffset(AHEAD - MINUTE)))
    assert values(team, rows) == [(each + MINUTE).isoformat() for each in began]


MINUTE = timedelta(minutes=1)


def test_a_clock_that_was_behind_is_set_on_and_what_it_cannot_be_true_of_is_left_out(team: Any) -> None:
    behind = team.recording(started_at=FILMED - timedelta(days=5))
    silent, late = team.recording(started_at=None, claims=[]), team.recording(started_at=FILMED)
    offset = ClockOffset(-timedelta(days=5))
    given = answer(team, team.officer, [behind, silent, late], "time", Choice("time", reason="慢五天", offset=offset))
    assert (given.done, values(team, [behind])) == ((behind.id,), [FILMED.isoformat()])
    left = {each: error.problem for each, error in given.left_out.items() if isinstance(error, ValueUnusable)}
    assert left == {silent.id: "no_clock", late.id: "after_receipt"}


@pytest.mark.parametrize(
    ("choice", "problem"),
    [
        (Choice("time", reason="x", offset=ClockOffset()), "no_offset_given"),
        (Choice("time", reason="x", offset=ClockOffset(AHEAD, FILMED)), "no_offset_given"),
        (Choice("time", reason="x", offset=ClockOffset(newest_at=LATER + timedelta(days=1))), "no_time_given"),
        (Choice("time", reason="x", offset=ClockOffset(timedelta(days=30_000))), "offset_too_far"),
        (Choice("time", basis="answered", reason="x", offset=ClockOffset(AHEAD)), "not_asked"),
    ],
)
def test_an_offset_says_one_thing_and_comes_to_a_time_that_can_be(team: Any, choice: Choice, problem: str) -> None:
    row = ahead(team, 0)
    with pytest.raises(ValueUnusable) as refused:
        answer(team, team.officer, row, "time", choice)
    assert refused.value.problem == problem
    with pytest.raises(ReasonNeeded):
        answer(team, team.officer, row, "time", Choice("time", offset=ClockOffset(AHEAD)))


def test_what_a_clock_claims_is_the_best_estimate_else_the_surest_word(team: Any) -> None:
    named, tagged = ahead(team, 5, "name"), FILMED + timedelta(days=3000)
    clocks = [
        {"kind": "gps_time", "value": {"time": (tagged + MINUTE).isoformat()}, "source": "gpmf"},
        {"kind": "clock", "value": {"time": (tagged + MINUTE).isoformat()}, "source": "exif:gps"},
        {"kind": "clock", "value": {"time": tagged.isoformat()}, "source": "mp4"},
    ]
    assert claimed_start(None, clocks) == tagged
    assert claimed_start(None, clocks[:2]) == tagged + MINUTE
    assert claimed_start(None, [{"kind": "clock", "value": "nonsense", "source": "mp4"}]) is None
    assert claimed_start(FILMED, clocks) == FILMED
    found = fetch_claimed_starts(team.session, [named.id, team.recording(started_at=None, claims=[]).id])
    assert found == {named.id: (FILMED + timedelta(minutes=5) + AHEAD).astimezone(UTC)}
    assert isinstance(found[named.id], datetime)
