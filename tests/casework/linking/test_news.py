"""What persons say, and what is found out later, makes others be looked at again: those alone, and not for ever."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from casework.cases import assign
from casework.linking.by_hand import answer_question, link_by_hand, unlink
from casework.linking.rows import live_links
from casework.linking.same_act import ask_about_regrouped
from casework.linking.unlinked import list_questions
from storage.catalog.casework import LinkingDone
from storage.catalog.recordings import RecordingSegment
from tests.casework.linking.due import link_due_recordings

START = datetime(2026, 3, 9, 8, 0, tzinfo=UTC)
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)


def due(session: Session) -> set[Any]:
    return set(session.scalars(select(LinkingDone.recording_id).where(LinkingDone.outcome == "again")))


def look_until_nothing_is_due(session: Session) -> int:
    """How many rounds that takes: the second finds nothing, unless a round makes others due."""
    rounds = 1
    while link_due_recordings(session, 100):
        rounds += 1
        assert rounds < 5
    return rounds


def in_one_act(session: Session, rows: Sequence[Any]) -> None:
    for ordinal, row in enumerate(rows, 1):
        place = {"first_recording_id": rows[0].id, "ordinal": ordinal, "segment_count": len(rows), "basis": "name"}
        session.add(RecordingSegment(recording_id=row.id, unit_id=row.unit_id, **place))
    session.flush()


def by_hand(session: Session, officer: Any, recording: Any, case: Any) -> Any:
    return link_by_hand(
        session, officer, recording_id=recording.id, case_id=case.id, stage="initiation", reason="看过画面"
    )


def test_a_persons_word_is_news_of_the_act_and_of_the_devices_shift_and_of_nothing_else(
    session: Session, archive: Any, officer: Any
) -> None:
    unit, case = archive.unit_of(officer), archive.case(officer)
    spoken_of, of_act, of_shift = (archive.recording(unit, started_at=START + at * MINUTE) for at in (0, 2, 90))
    nameless = archive.recording(unit, started_at=None, device=None)
    for more in ({"device": "AB00002"}, {"started_at": START - timedelta(days=2)}):
        archive.recording(unit, **{"started_at": START, **more})
    in_one_act(session, [spoken_of, of_act, nameless])
    look_until_nothing_is_due(session)
    link = by_hand(session, officer, spoken_of, case)
    touched = {of_act.id, of_shift.id, nameless.id}
    assert due(session) == touched
    assert look_until_nothing_is_due(session) == 2
    unlink(session, officer, link.id, "弄错了")
    assert due(session) == touched


def test_what_is_of_no_known_device_is_no_news_of_any_clock(session: Session, archive: Any, officer: Any) -> None:
    """Ten thousand pictures without a word of their camera would else each have all before them looked at again."""
    unit = archive.unit_of(officer)
    for _ in range(3):
        archive.recording(unit, started_at=None, device=None)
    look_until_nothing_is_due(session)
    archive.recording(unit, started_at=None, device=None)
    assert link_due_recordings(session, 100) == {"no_data": 1}
    assert due(session) == set()


def test_an_impossible_time_is_news_for_those_alone_who_were_in_no_doubt_before(
    session: Session, archive: Any, officer: Any
) -> None:
    unit = archive.unit_of(officer)

    def came(at: timedelta, started_at: datetime | None = START) -> Any:
        return archive.recording(unit, started_at=started_at, received_at=START + at)

    early, shift, late = came(2 * HOUR), came(12 * HOUR), came(22 * HOUR)
    look_until_nothing_is_due(session)
    came(10 * HOUR, None)
    link_due_recordings(session, 100)
    assert due(session) == {early.id, shift.id, late.id}, "within a shift of it"
    look_until_nothing_is_due(session)
    later, last = came(27 * HOUR), came(40 * HOUR)
    look_until_nothing_is_due(session)
    came(12 * HOUR, None)
    link_due_recordings(session, 100)
    assert due(session) == {later.id}
    look_until_nothing_is_due(session)
    came(11 * HOUR, None)
    assert link_due_recordings(session, 100) == {"no_data": 1}
    assert due(session) == set()
    assert last.id not in due(session)


def test_an_answer_is_news_as_well(session: Session, archive: Any, officer: Any) -> None:
    unit = archive.unit_of(officer)
    cases = [archive.case(officer), archive.case(officer)]
    for case in cases:
        assign(session, officer, case.id, device="AB00001", starts_at=START, ends_at=START + HOUR)
    asked, other = (archive.recording(unit, started_at=START + at * MINUTE) for at in (5, 7))
    in_one_act(session, [asked, other])
    look_until_nothing_is_due(session)
    question = next(each for each in list_questions(session, unit.id).items if each.recording_id == asked.id)
    answer_question(session, officer, question.id, cases[1].id)
    assert due(session) == {other.id}
    look_until_nothing_is_due(session)
    assert [link.case_id for link in live_links(session, other.id)] == [cases[1].id]


def test_what_joins_an_act_that_a_person_spoke_of_is_looked_at_again_and_other_acts_are_not(
    session: Session, archive: Any, officer: Any
) -> None:
    unit, case = archive.unit_of(officer), archive.case(officer)
    rows = [archive.recording(unit, started_at=START + at * MINUTE) for at in range(4)]
    look_until_nothing_is_due(session)
    by_hand(session, officer, rows[0], case)
    look_until_nothing_is_due(session)
    in_one_act(session, rows[:2])
    in_one_act(session, rows[2:])
    ask_about_regrouped(session, [row.id for row in rows])
    assert due(session) == {rows[1].id}


def test_a_hand_made_link_that_the_clock_contradicts_puts_the_others_in_question(
    session: Session, archive: Any, officer: Any
) -> None:
    """Six visits of one length, an hour apart: an hour of clock does not show, until somebody knows one of them."""
    unit = archive.unit_of(officer)
    cases = [archive.case(officer) for _ in range(6)]
    for number, case in enumerate(cases):
        begins = START + number * HOUR
        assign(session, officer, case.id, officer=officer.badge_number, starts_at=begins, ends_at=begins + 50 * MINUTE)
    rows = [archive.recording(unit, started_at=START + at * HOUR + 20 * MINUTE) for at in range(6)]
    look_until_nothing_is_due(session)
    assert [live_links(session, row.id)[0].case_id for row in rows] == [case.id for case in cases]
    link = live_links(session, rows[0].id)[0]
    unlink(session, officer, link.id, "是第二家")
    by_hand(session, officer, rows[0], cases[1])
    look_until_nothing_is_due(session)
    asked = {question.recording_id for question in list_questions(session, unit.id).items}
    assert asked == {row.id for row in rows[1:]}
    assert all(len(live_links(session, row.id)) == 1 for row in rows)
