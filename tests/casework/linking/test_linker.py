from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from casework.cases import assign
from casework.closing import close_case
from casework.linking.by_hand import answer_question, link_by_hand
from casework.linking.looks import DeviceTime, ask_for_another_look
from casework.linking.observation import what_lacks
from casework.linking.rows import find_open_question, live_links
from casework.linking.unlinked import list_questions, list_unlinked
from casework.recordings.answered import see
from ingest.metadata.claims import Claim
from storage.catalog.casework import CaseLink
from tests.casework.linking.due import link_due_recordings
from tests.casework.linking.linked import HOUR, MINUTE, START, assigned_case, look, recorded


def test_one_fitting_case_is_linked_with_its_reasons(session: Session, archive: Any, officer: Any, unit: Any) -> None:
    case = assigned_case(session, archive, officer, officer=officer.badge_number, stage="investigation")
    recording = recorded(archive, unit, officer=officer.badge_number)
    assert look(session, recording) == "linked"
    (link,) = live_links(session, recording.id)
    assert (link.case_id, link.made_by, link.person_id, link.reason, link.stage) == (
        case.id,
        "window",
        None,
        "device, officer",
        "investigation",
    )
    entry = archive.last_entry("recording.linked")
    assert (entry.actor_kind, entry.actor_id, entry.subject_id) == ("system", "linker", str(recording.id))
    assert entry.data["matched"] == ["device", "officer"]
    assert (link.score, entry.data["score"], entry.data["reasons"]) == (85, 85, link.reasons)
    assert [(reason["code"], reason["points"]) for reason in link.reasons] == [
        ("holder_and_device", 45),
        ("time_claimed", 40),
    ]


@pytest.mark.parametrize(
    ("start", "seconds", "outcome"),
    [
        (START, 60.0, "linked"),
        (START - MINUTE, 60.0, "no_case"),  # ends just when the span begins
        (START - MINUTE / 2, 60.0, "question"),  # half of it inside
        (START + HOUR, 60.0, "no_case"),  # begins just when the span ends
        (START + HOUR - timedelta(seconds=59), 60.0, "linked"),
        (START - HOUR, 4 * 3600.0, "linked"),  # covers the whole span
        (START, None, "linked"),  # a still, on the first instant
        (START + HOUR, None, "no_case"),
        (START - MINUTE, 0.0, "no_case"),
        (START - MINUTE, float("nan"), "no_case"),
        (START - MINUTE, -5.0, "no_case"),
        (START - MINUTE, float("inf"), "linked"),
    ],
)
def test_recording_is_linked_by_how_much_of_it_lies_in_the_span(
    session: Session, archive: Any, officer: Any, unit: Any, start: datetime, seconds: float | None, outcome: str
) -> None:
    assigned_case(session, archive, officer)
    recording = recorded(archive, unit, start, duration_seconds=seconds)
    assert look(session, recording) == outcome
    assert len(live_links(session, recording.id)) == (outcome == "linked")


@pytest.mark.parametrize(("uncertainty", "outcome"), [(60.0, "linked"), (None, "linked"), (6 * 3600.0, "question")])
def test_the_less_sure_its_time_the_less_a_recording_fits(
    session: Session, archive: Any, officer: Any, unit: Any, uncertainty: float | None, outcome: str
) -> None:
    assigned_case(session, archive, officer)
    recording = recorded(archive, unit, START + HOUR / 2, uncertainty_seconds=uncertainty)
    assert look(session, recording) == outcome


def test_start_at_the_end_of_time_breaks_nothing(session: Session, archive: Any, officer: Any, unit: Any) -> None:
    assigned_case(session, archive, officer)
    recording = recorded(archive, unit, datetime.max.replace(tzinfo=UTC), duration_seconds=1e300)
    assert look(session, recording) == "no_case"
    assigned_case(session, archive, officer)


@pytest.mark.parametrize("end", [datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)])
@pytest.mark.parametrize("by_satellites", [False, True])
def test_a_shift_at_an_end_of_the_calendar_is_looked_at_like_any_other(
    session: Session, archive: Any, officer: Any, unit: Any, end: datetime, by_satellites: bool
) -> None:
    """As recordings were sealed before such times were withheld: clocks, shifts and surroundings all meet them."""
    word = {"time": end.isoformat()}
    said = [Claim("started_at", word, "name:ga/t-947", "assumed"), Claim("clock", word, "tag:date", "doubtful")]
    said += [Claim("gps_time", word, "track:gpmf", "stated")] if by_satellites else []
    far = [recorded(archive, unit, end, claims=said, uncertainty_seconds=300.0) for _ in range(5)]
    case = assigned_case(session, archive, officer)
    near = recorded(archive, unit)
    assert sum(link_due_recordings(session, 100).values()) == 6
    assert [link.case_id for link in live_links(session, near.id)] == [case.id]
    assert not any(live_links(session, row.id) for row in far)
    for start, until in ((end, None), (START, end)):
        about = DeviceTime(unit.id, "AB00001", start, until)
        ask_for_another_look(session, because="register", device=about)
    link_due_recordings(session, 100)
    assert not link_due_recordings(session, 100)


@pytest.mark.parametrize(
    ("device", "officer_claim", "outcome"),
    [
        ("AB00001", None, "linked"),
        ("XX", "his", "question"),  # the officer named, and another device than the assignment names
        (None, "his", "question"),  # whoever made it could have written that
        ("AB00002", "310043", "no_case"),
        ("ab00001", None, "no_case"),
    ],
)
def test_device_or_officer_must_match(
    session: Session, archive: Any, officer: Any, unit: Any, device: str | None, officer_claim: str | None, outcome: str
) -> None:
    assigned_case(session, archive, officer, officer=officer.badge_number)
    said = officer.badge_number if officer_claim == "his" else officer_claim
    recording = recorded(archive, unit, device=device, officer=said)
    assert look(session, recording) == outcome


def test_two_fitting_cases_are_a_question_and_no_link(session: Session, archive: Any, officer: Any, unit: Any) -> None:
    cases = {assigned_case(session, archive, officer).id, assigned_case(session, archive, officer).id}
    recording = recorded(archive, unit)
    assert look(session, recording) == "question"
    assert live_links(session, recording.id) == ()
    (question,) = list_questions(session, unit.id).items
    assert {choice["case_id"] for choice in question.candidates} == {str(case_id) for case_id in cases}
    assert archive.last_entry("recording.link_queued").data["question_id"] == str(question.id)
    assert list_unlinked(session, unit.id).items[0].question_id == question.id


def test_two_assignments_of_one_case_are_one_case_and_the_longest_overlap_names_the_stage(
    session: Session, archive: Any, officer: Any, unit: Any
) -> None:
    case = assigned_case(session, archive, officer, device="AB00001", ends_at=START + MINUTE, stage="initiation")
    assign(session, officer, case.id, device="AB00001", starts_at=START, ends_at=START + HOUR, stage="decision")
    recording = recorded(archive, unit, duration_seconds=600.0)
    assert look(session, recording) == "linked"
    assert live_links(session, recording.id)[0].stage == "decision"


def test_a_closed_case_takes_nothing_by_itself_and_another_unit_s_is_no_candidate(
    session: Session, archive: Any, officer: Any, unit: Any
) -> None:
    assigned_case(session, archive, archive.person(archive.unit(), "officer"))
    assert look(session, recorded(archive, unit)) == "no_case"
    closed = assigned_case(session, archive, officer)
    close(session, archive, unit, closed)
    recording = recorded(archive, unit)
    assert look(session, recording) == "question"
    (offered,) = find_open_question(session, recording.id).candidates
    assert offered["case_id"] == str(closed.id)


@pytest.mark.parametrize("values", [{"start": None}, {"device": None, "officer": None}, {"device": "", "officer": ""}])
def test_recording_without_start_or_claims_waits_for_a_person(
    session: Session, archive: Any, officer: Any, unit: Any, values: dict[str, Any]
) -> None:
    case = assigned_case(session, archive, officer)
    recording = recorded(archive, unit, values.pop("start", START), **values)
    assert look(session, recording) == "no_data"
    assert [row.outcome for row in list_unlinked(session, unit.id).items] == ["no_data"]
    link_by_hand(session, officer, recording_id=recording.id, case_id=case.id, stage="investigation", reason="现场见过")
    assert list_unlinked(session, unit.id).items == ()


@pytest.mark.parametrize(
    ("values", "lacks"),
    [
        ({"started_at": None}, ("time",)),
        ({"started_at_uncertainty_seconds": 6614 * 86400.0}, ("exact_time",)),
        ({"device": None}, ("names",)),
        ({"device": None, "started_at_uncertainty_seconds": 6614 * 86400.0}, ("exact_time", "names")),
        ({"started_at": None, "device": ""}, ("time", "names")),
    ],
)
def test_what_a_recording_lacks_for_the_linker_is_told_element_by_element(
    session: Session, archive: Any, unit: Any, values: dict[str, Any], lacks: tuple[str, ...]
) -> None:
    recording = archive.recording(unit, **{"started_at": START} | values)
    assert look(session, recording) == "no_data"
    (seen,) = see(session, [recording])
    assert what_lacks(seen) == lacks


def test_due_recordings_are_looked_at_once(session: Session, archive: Any, officer: Any, unit: Any) -> None:
    assigned_case(session, archive, officer)
    for minute in range(3):
        recorded(archive, unit, START + minute * MINUTE)
    recorded(archive, unit, START + 2 * HOUR)
    first = Counter(link_due_recordings(session, limit=2))
    rest = Counter(link_due_recordings(session, limit=10))
    assert first.total() == 2
    assert first + rest == {"linked": 3, "no_case": 1}
    assert link_due_recordings(session, limit=10) == {}
    assert len(archive.entries("recording.linked")) == 3


def test_the_usual_run_looks_for_new_ones_among_what_was_sealed_lately_and_for_touched_ones_everywhere(
    session: Session, archive: Any, officer: Any, unit: Any
) -> None:
    old, touched, late = (
        recorded(archive, unit, START + at * MINUTE, received_at=START + at * HOUR) for at in (1, 2, 9)
    )
    ask_for_another_look(session, because="register", recordings=[touched.id])  # not looked at: nothing to repeat
    assert link_due_recordings(session, 10, sealed_after=START + 3 * HOUR) == {"no_case": 1}
    assert link_due_recordings(session, 10, sealed_after=START + 3 * HOUR) == {}
    assert link_due_recordings(session, 10) == {"no_case": 2}
    ask_for_another_look(session, because="register", recordings=[old.id, late.id])
    assert link_due_recordings(session, 10, sealed_after=START + 3 * HOUR) == {"no_case": 2}


def test_assignment_entered_later_makes_fitting_recordings_due_again(
    session: Session, archive: Any, officer: Any, unit: Any
) -> None:
    fitting, other_time, other_device = (
        recorded(archive, unit),
        recorded(archive, unit, START + 2 * HOUR),
        recorded(archive, unit, device="ZZ"),
    )
    far = recorded(archive, unit, START + timedelta(days=3))
    assert link_due_recordings(session) == {"no_case": 4}
    case = assigned_case(session, archive, officer)
    # What else was made about that time is looked at as well: its clock may be judged otherwise now.
    assert link_due_recordings(session) == {"linked": 1, "no_case": 2}
    assert live_links(session, fitting.id)[0].case_id == case.id
    assert not live_links(session, other_time.id)
    assert not live_links(session, other_device.id)
    assert not live_links(session, far.id)


def test_second_fitting_case_turns_a_window_link_into_a_question(
    session: Session, archive: Any, officer: Any, unit: Any
) -> None:
    first = assigned_case(session, archive, officer)
    recording = recorded(archive, unit)
    link_due_recordings(session)
    second = assigned_case(session, archive, officer)
    assert link_due_recordings(session) == {"question": 1}
    (question,) = list_questions(session, unit.id).items
    answer_question(session, officer, question.id, second.id)
    assert [link.case_id for link in live_links(session, recording.id)] == [second.id]
    ended = session.scalars(select(CaseLink).where(CaseLink.case_id == first.id)).one()
    assert ended.ended_by == officer.id
    assert archive.last_entry("recording.unlinked").data["case_id"] == str(first.id)


def test_case_it_stands_in_stays_a_choice_when_it_no_longer_matches(
    session: Session, archive: Any, officer: Any, unit: Any
) -> None:
    first = assigned_case(session, archive, officer)
    recording = recorded(archive, unit)
    link_due_recordings(session)
    close_case(session, archive.person(unit, "supervisor"), first.id, "结案")
    second = assigned_case(session, archive, officer)
    assert link_due_recordings(session) == {"question": 1}
    (question,) = list_questions(session, unit.id).items
    assert {choice["case_id"] for choice in question.candidates} == {str(first.id), str(second.id)}
    kept = answer_question(session, officer, question.id, first.id)
    assert kept.made_by == "window"
    assert [link.case_id for link in live_links(session, recording.id)] == [first.id]


def close(session: Session, archive: Any, unit: Any, case: Any) -> None:
    close_case(session, archive.person(unit, "supervisor"), case.id, "当场处罚，已结案")


def test_a_case_that_was_closed_on_the_spot_is_a_rival_of_the_open_one_beside_it(
    session: Session, archive: Any, officer: Any, unit: Any
) -> None:
    open_one, closed = (assigned_case(session, archive, officer) for _ in range(2))
    close(session, archive, unit, closed)
    recording = recorded(archive, unit, START + 10 * MINUTE)
    assert look(session, recording) == "question"
    assert live_links(session, recording.id) == ()
    offered = find_open_question(session, recording.id).candidates
    assert {choice["case_id"] for choice in offered} == {str(open_one.id), str(closed.id)}


def test_what_was_filmed_at_the_scene_of_a_closed_case_is_asked_about(
    session: Session, archive: Any, officer: Any, unit: Any
) -> None:
    scene = {"latitude": 30.15, "longitude": 114.30}
    assigned_case(session, archive, officer, ends_at=START + 3 * HOUR)
    closed = assigned_case(session, archive, officer, **scene)
    close(session, archive, unit, closed)
    recording = recorded(archive, unit, START + 10 * MINUTE, **scene)
    assert look(session, recording) == "question"
    question = find_open_question(session, recording.id)
    assert question.candidates[0]["case_id"] == str(closed.id)
    link = answer_question(session, officer, question.id, closed.id)
    assert link is not None
    assert [each.case_id for each in live_links(session, recording.id)] == [closed.id]


def test_what_stands_in_a_case_that_is_closed_since_stays_and_nobody_is_asked(
    session: Session, archive: Any, officer: Any, unit: Any
) -> None:
    case = assigned_case(session, archive, officer)
    recording = recorded(archive, unit, START + 10 * MINUTE)
    assert look(session, recording) == "linked"
    close(session, archive, unit, case)
    ask_for_another_look(session, because="register", recordings=[recording.id])
    assert look(session, recording) == "linked"
    assert find_open_question(session, recording.id) is None
