from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from casework.cases import assign
from casework.closing import close_case
from casework.linking.by_hand import answer_question, unlink
from casework.linking.unlinked import list_questions
from retention.disposal import IDS_IN_ONE_ENTRY, due_in_unit, list_due
from retention.holds import place_hold, release_hold
from storage.catalog.recordings import Recording
from storage.catalog.retention import DisposalDue
from tests.casework.linking.due import link_due_recordings

TODAY = date(2026, 11, 2)
YESTERDAY = TODAY - timedelta(days=1)


@pytest.fixture
def scene(archive: Any) -> dict[str, Any]:
    unit = archive.unit()
    officer, supervisor = archive.person(unit, "officer"), archive.person(unit, "supervisor")
    return {"unit": unit, "officer": officer, "supervisor": supervisor}


def due(session: Session, today: date = TODAY) -> set[Any]:
    return {row.recording_id for row in list_due(session, today)}


def test_recording_is_due_on_the_day_after_its_last(session: Session, archive: Any, scene: dict[str, Any]) -> None:
    recording = archive.recording(scene["unit"], retain_until=TODAY)
    assert due(session) == set()
    assert due(session, TODAY + timedelta(days=1)) == {recording.id}
    (row,) = list_due(session, TODAY + timedelta(days=5))
    assert row.due_since == TODAY + timedelta(days=1)


def test_listing_deletes_no_recording_and_again_changes_nothing(
    session: Session, archive: Any, scene: dict[str, Any]
) -> None:
    ids = {archive.recording(scene["unit"], retain_until=YESTERDAY).id for _ in range(3)}
    assert due(session) == due(session) == ids
    assert session.scalar(select(func.count()).select_from(Recording)) == 3
    (entry,) = archive.entries("disposal.listed")
    assert set(entry.data["recordings"]) == {str(recording_id) for recording_id in ids}
    assert (entry.data["day"], entry.unit_id) == ("2026-11-02", scene["unit"].id)


def test_each_unit_has_its_own_entry_and_page(session: Session, archive: Any, scene: dict[str, Any]) -> None:
    other = archive.unit()
    mine = [archive.recording(scene["unit"], retain_until=YESTERDAY).id for _ in range(3)]
    theirs = archive.recording(other, retain_until=YESTERDAY).id
    assert due(session) == {*mine, theirs}
    assert {entry.unit_id for entry in archive.entries("disposal.listed")} == {scene["unit"].id, other.id}
    first = due_in_unit(session, scene["unit"].id, TODAY, limit=2)
    second = due_in_unit(session, scene["unit"].id, TODAY, limit=2, after=first.next)
    assert {row.recording_id for row in first.items + second.items} == set(mine)
    assert second.next is None


def test_held_recording_leaves_the_list_and_released_hold_allows_disposal(
    session: Session, archive: Any, scene: dict[str, Any]
) -> None:
    recording = archive.recording(scene["unit"], retain_until=YESTERDAY)
    assert due(session) == {recording.id}
    hold = place_hold(session, scene["supervisor"], recording_id=recording.id, reason="复议")
    assert due_in_unit(session, scene["unit"].id, TODAY).items == ()  # at once, not only with the next listing
    assert due(session) == set()
    assert archive.last_entry("disposal.unlisted").data["recordings"] == [str(recording.id)]
    release_hold(session, scene["supervisor"], hold.id, "终结")
    assert due(session) == {recording.id}


def test_open_case_keeps_its_recordings_and_closed_case_lets_them_go(
    session: Session, archive: Any, scene: dict[str, Any]
) -> None:
    recording, case = archive.recording(scene["unit"], retain_until=YESTERDAY), archive.case(scene["officer"])
    archive.link(recording, case, scene["officer"])
    assert due(session) == set()
    close_case(session, scene["supervisor"], case.id, "结案")
    assert due(session) == {recording.id}


def test_recording_in_an_open_and_a_closed_case_stays(session: Session, archive: Any, scene: dict[str, Any]) -> None:
    recording = archive.recording(scene["unit"], retain_until=YESTERDAY)
    cases = [archive.case(scene["officer"]) for _ in range(2)]
    links = [archive.link(recording, case, scene["officer"]) for case in cases]
    close_case(session, scene["supervisor"], cases[0].id, "结案")
    assert due(session) == set()
    unlink(session, scene["officer"], links[1].id, "不是本案")
    assert due(session) == {recording.id}


def test_hold_on_a_closed_case_keeps_its_recordings(session: Session, archive: Any, scene: dict[str, Any]) -> None:
    recording, case = archive.recording(scene["unit"], retain_until=YESTERDAY), archive.case(scene["officer"])
    archive.link(recording, case, scene["officer"])
    close_case(session, scene["supervisor"], case.id, "结案")
    place_hold(session, scene["supervisor"], case_id=case.id, reason="诉讼")
    assert due(session) == set()


def test_permanent_recording_is_never_due_even_with_a_date(
    session: Session, archive: Any, scene: dict[str, Any]
) -> None:
    archive.recording(scene["unit"], retention_class="permanent", retain_until=None)
    archive.recording(scene["unit"], retention_class="permanent", retain_until=YESTERDAY)
    archive.recording(scene["unit"], retain_until=None)
    assert due(session, date.max) == set()


def test_recording_somebody_has_been_asked_about_waits_for_the_answer(
    session: Session, archive: Any, scene: dict[str, Any]
) -> None:
    start = datetime(2026, 3, 9, 8, 0, tzinfo=UTC)
    recording = archive.recording(scene["unit"], retain_until=YESTERDAY, started_at=start)
    for case in (archive.case(scene["officer"]), archive.case(scene["officer"])):
        assign(
            session, scene["officer"], case.id, device="AB00001", starts_at=start, ends_at=start + timedelta(hours=1)
        )
    assert link_due_recordings(session) == {"question": 1}
    assert due(session) == set()
    (question,) = list_questions(session, scene["unit"].id).items
    answer_question(session, scene["officer"], question.id, None, reason="与案件无关")
    assert due(session) == {recording.id}


def test_long_list_is_spread_over_entries_that_fit(session: Session, archive: Any, scene: dict[str, Any]) -> None:
    from retention import disposal

    ids = [(scene["unit"].id, scene["unit"].id)] * (2 * IDS_IN_ONE_ENTRY + 1)
    disposal._record(session, "disposal.listed", TODAY, ids)
    sizes = [len(entry.data["recordings"]) for entry in archive.entries("disposal.listed")]
    assert sizes == [IDS_IN_ONE_ENTRY, IDS_IN_ONE_ENTRY, 1]


@st.composite
def kept(draw: st.DrawFn) -> dict[str, Any]:
    """What may or may not keep one recording."""
    link = st.fixed_dictionaries(
        {"case": st.integers(0, 2), "ended": st.booleans()},
    )
    return {
        "days": draw(st.integers(-2, 2)),
        "class": draw(st.sampled_from(["general", "general", "extended", "permanent"])),
        "no_end": draw(st.sampled_from([False, False, False, True])),
        "holds": draw(st.lists(st.booleans(), max_size=2)),  # True: released
        "links": draw(st.lists(link, max_size=2, unique_by=lambda value: value["case"])),
    }


cases_drawn = st.lists(
    st.fixed_dictionaries({"open": st.booleans(), "holds": st.lists(st.booleans(), max_size=2)}), min_size=3, max_size=3
)


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(cases_drawn, st.lists(kept(), min_size=1, max_size=4))
def test_nothing_held_permanent_or_in_an_open_case_is_ever_listed(
    session: Session, archive: Any, scene: dict[str, Any], cases: list[dict[str, Any]], recordings: list[dict[str, Any]]
) -> None:
    officer, supervisor = scene["officer"], scene["supervisor"]
    archive.station(scene["unit"])  # outside the savepoint: it is made once
    with session.begin_nested() as savepoint:
        rows = [archive.case(officer) for _ in cases]
        expected = set()
        for recording in recordings:
            row = archive.recording(
                scene["unit"],
                retention_class=recording["class"],
                retain_until=None if recording["no_end"] else TODAY + timedelta(days=recording["days"]),
            )
            keeps = [recording["class"] == "permanent", recording["no_end"], recording["days"] >= 0]
            keeps += [place(session, supervisor, released, recording_id=row.id) for released in recording["holds"]]
            for link in recording["links"]:
                made = archive.link(row, rows[link["case"]], officer)
                if link["ended"]:
                    unlink(session, officer, made.id, "r")
                else:
                    case = cases[link["case"]]
                    keeps += [case["open"], not all(case["holds"])]
            if not any(keeps):
                expected.add(row.id)
        for drawn, case_row in zip(cases, rows, strict=True):
            for released in drawn["holds"]:
                place(session, supervisor, released, case_id=case_row.id)
            if not drawn["open"]:
                close_case(session, supervisor, case_row.id, "r")
        assert due(session) == expected
        assert {row.recording_id for row in due_in_unit(session, scene["unit"].id, TODAY).items} == expected
        savepoint.rollback()
    assert session.scalars(select(DisposalDue)).all() == []


def place(session: Session, by: Any, released: bool, **target: Any) -> bool:
    """Place a hold, and release it again if wanted; whether it keeps its target."""
    hold = place_hold(session, by, reason="r", **target)
    if released:
        release_hold(session, by, hold.id, "r")
    return not released
