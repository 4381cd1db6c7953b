"""New facts make recordings due again: a clock that was learnt, or that came into doubt. A person's word stands."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy.orm import Session

from casework.cases import assign
from casework.linking.by_hand import link_by_hand
from casework.linking.rows import live_links
from casework.linking.unlinked import list_questions
from ingest.metadata.claims import Claim
from tests.casework.linking.due import link_due_recordings

START = datetime(2026, 3, 9, 8, 0, tzinfo=UTC)
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)


def clip(archive: Any, officer: Any, shown: datetime, true_start: datetime | None = None, **more: Any) -> Any:
    """As its recorder's clock has it in the name; with `true_start`, as the satellites have it beside that."""
    claims = [Claim("started_at", {"time": shown.isoformat()}, "name:ga/t-947", "assumed")]
    if true_start is not None:
        claims.append(Claim("gps_time", {"time": true_start.isoformat()}, "track:nmea", "stated"))
    return archive.recording(archive.unit_of(officer), started_at=true_start or shown, claims=claims, **more)


def test_a_clock_learnt_from_the_satellites_moves_the_search_and_says_by_how_much(
    session: Session, archive: Any, officer: Any
) -> None:
    case = archive.case(officer)
    assign(session, officer, case.id, device="AB00001", starts_at=START, ends_at=START + HOUR)
    late = clip(archive, officer, START + 3 * HOUR + 20 * MINUTE)
    assert link_due_recordings(session) == {"no_case": 1}
    clip(archive, officer, START + 3 * HOUR + 30 * MINUTE, START + 30 * MINUTE)
    assert link_due_recordings(session) == {"linked": 1}
    assert link_due_recordings(session) == {"linked": 1}
    (link,) = live_links(session, late.id)
    assert link.case_id == case.id
    assert {reason["code"]: reason.get("offset_seconds") for reason in link.reasons or ()}["time_learnt"] == 10_800
    assert late.started_at == START + 3 * HOUR + 20 * MINUTE
    assert link_due_recordings(session) == {}


@pytest.mark.parametrize(
    ("source", "uncertainty"), [("name:ga/t-947", 0.0), ("track:nmea", 86_400.0), ("track:nmea", float("nan"))]
)
def test_satellites_that_are_not_believed_teach_no_clock_and_time_nothing(
    session: Session, archive: Any, officer: Any, source: str, uncertainty: float
) -> None:
    """They are among the claims; but the start that was judged is another clock's, or they contradict themselves."""
    case = archive.case(officer)
    assign(session, officer, case.id, device="AB00001", starts_at=START, ends_at=START + HOUR)
    late = clip(archive, officer, START + 3 * HOUR + 20 * MINUTE)
    doubted: Any = {"started_at_source": source, "uncertainty_seconds": uncertainty}
    told = clip(archive, officer, START + 3 * HOUR + 30 * MINUTE, START + 30 * MINUTE, **doubted)
    while link_due_recordings(session):
        pass
    assert not live_links(session, late.id)
    for each in (*live_links(session, told.id), *list_questions(session, officer.unit_id).items):
        assert "time_satellites" not in [reason["code"] for reason in getattr(each, "reasons", None) or ()]


def test_a_clock_in_doubt_asks_about_what_was_linked_and_leaves_the_link(
    session: Session, archive: Any, officer: Any
) -> None:
    duties = [START, START + 84 * MINUTE, START + 132 * MINUTE, START + 234 * MINUTE, START + 300 * MINUTE]
    for duty in duties:
        case = archive.case(officer)
        assign(session, officer, case.id, device="AB00001", starts_at=duty, ends_at=duty + 30 * MINUTE)
    slow = [duty + 8 * MINUTE + after - 40 * MINUTE for duty in duties for after in (timedelta(0), 4 * MINUTE)]
    first = clip(archive, officer, slow[4])
    assert link_due_recordings(session) == {"linked": 1}
    for shown in (*slow[:4], *slow[5:]):
        clip(archive, officer, shown)
    while link_due_recordings(session):
        pass
    assert first.id in {question.recording_id for question in list_questions(session, officer.unit_id).items}
    assert len(live_links(session, first.id)) == 1


def test_a_question_that_new_facts_settle_is_withdrawn_and_one_a_person_answered_is_not(
    session: Session, archive: Any, officer: Any
) -> None:
    case = archive.case(officer)
    assign(session, officer, case.id, device="AB00001", starts_at=START, ends_at=START + HOUR)
    open_one = clip(archive, officer, START - MINUTE / 2)  # half of it inside
    other = archive.case(officer)
    answered = clip(archive, officer, START + 10 * MINUTE)
    link_by_hand(session, officer, recording_id=answered.id, case_id=other.id, stage="initiation", reason="看过画面")
    assert link_due_recordings(session) == {"question": 1}
    clip(archive, officer, START + 5 * MINUTE, START + 25 * MINUTE)
    while link_due_recordings(session):
        pass
    assert list_questions(session, officer.unit_id).items == ()
    assert [link.case_id for link in live_links(session, open_one.id)] == [case.id]
    assert archive.last_entry("recording.link_withdrawn").subject_id == str(open_one.id)
    assert [link.case_id for link in live_links(session, answered.id)] == [other.id]
