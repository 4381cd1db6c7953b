"""What the auditor sees: grants with their use, those nobody used, viewings, refusals; narrowed, and page by page."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy.orm import Session

from casework.access import find_grant, record_refusal, record_refused_deed
from casework.export import start_export
from casework.handling import name_officer
from casework.playback import NOTE_SENT, open_window
from casework.requests import ask, refuse
from casework.retrieval.oversight import Wanted, every, list_grant_uses, list_refusals, list_seen

NOW = datetime(2026, 3, 10, 8, 0, tzinfo=UTC)


@pytest.fixture
def scene(archive: Any, session: Session) -> dict[str, Any]:
    """Two cases with a recording each: one viewed directly by its officer, one granted and never looked at."""
    top = archive.unit()
    unit = archive.unit(top)
    officer, supervisor, auditor = (archive.person(unit, role) for role in ("officer", "supervisor", "auditor"))
    seen, unseen = archive.case(officer), archive.case(officer)
    films = {case.id: archive.recording(unit) for case in (seen, unseen)}
    for case in (seen, unseen):
        archive.link(films[case.id], case, officer)
    name_officer(session, officer, seen.id, officer.id)
    ask(session, officer, case_id=seen.id, kind="view", purpose="办理本案", now=NOW)
    unused = archive.grant(unseen, officer, supervisor)
    return {
        "top": top,
        "unit": unit,
        "officer": officer,
        "supervisor": supervisor,
        "auditor": auditor,
        "seen": seen,
        "unseen": unseen,
        "films": films,
        "unused": unused,
    }


def watch(session: Session, archive: Any, scene: dict[str, Any], now: datetime = NOW, sent: int = 500) -> Any:
    film = scene["films"][scene["seen"].id]
    grant = find_grant(session, scene["officer"], film.id, "view", now)
    shown = archive.rendition(film, f"copy-{now:%H%M%S}")
    span = {"object_name": shown.object_name, "object_size": shown.size_bytes, "first_byte": 0, "last_byte": 99}
    (window,) = open_window(session, scene["officer"], grant, recording_id=film.id, **span, now=now)
    session.execute(NOTE_SENT, {"windows": [window.window_id], "sent": [sent]})
    return grant


def test_the_auditor_sees_every_grant_with_its_use_and_those_nobody_used(
    session: Session, archive: Any, scene: dict[str, Any]
) -> None:
    grant = watch(session, archive, scene)
    uses = {use.grant.id: use for use in list_grant_uses(session, scene["auditor"], Wanted()).items}
    assert set(uses) == {grant.grant_id, scene["unused"].id}
    used = uses[grant.grant_id]
    assert (used.window_count, used.sent_bytes, used.export_count, used.is_unused) == (1, 500, 0, False)
    assert (used.grant.approved_by, used.request.who, used.request.purpose) == (None, "handler", "办理本案")
    assert uses[scene["unused"].id].is_unused
    assert uses[scene["unused"].id].first_opened_at is None
    (alone,) = list_grant_uses(session, scene["auditor"], Wanted(unused=True)).items
    assert alone.grant.id == scene["unused"].id


def test_a_copy_that_was_made_is_a_use(session: Session, archive: Any, scene: dict[str, Any]) -> None:
    copy = archive.grant(scene["seen"], scene["officer"], scene["supervisor"], kind="copy")
    start_export(session, scene["officer"], scene["seen"].id, copy.id, NOW)
    unused = {use.grant.id for use in list_grant_uses(session, scene["auditor"], Wanted(unused=True)).items}
    assert copy.id not in unused


def test_viewings_are_one_a_recording_and_grant(session: Session, archive: Any, scene: dict[str, Any]) -> None:
    grant = watch(session, archive, scene)
    watch(session, archive, scene, NOW + timedelta(minutes=20), sent=700)
    (seen,) = list_seen(session, scene["auditor"], Wanted()).items
    assert (seen.grant_id, seen.person_id, seen.case_id) == (grant.grant_id, scene["officer"].id, scene["seen"].id)
    assert (seen.window_count, seen.sent_bytes, seen.poster_only) == (2, 1200, False)
    assert (seen.first_opened_at, seen.last_opened_at) == (NOW, NOW + timedelta(minutes=20))


def test_refusals_of_the_archive_and_of_people_stand_together(
    session: Session, archive: Any, scene: dict[str, Any]
) -> None:
    film = scene["films"][scene["unseen"].id]
    record_refusal(session, scene["supervisor"], film.id, "no_grant", film.object_name)
    record_refused_deed(session, scene["officer"], "case", scene["unseen"].id, "wrong_kind")
    request = ask(session, scene["officer"], case_id=scene["unseen"].id, kind="view", purpose="p")
    refuse(session, scene["supervisor"], request.id, "用途不清")
    found = list_refusals(session, scene["auditor"], Wanted()).items
    told = {(each.person_id, each.subject_kind, each.subject_id, each.reason, each.refused_by) for each in found}
    assert told == {
        (scene["supervisor"].id, "recording", str(film.id), "no_grant", None),
        (scene["officer"].id, "case", str(scene["unseen"].id), "wrong_kind", None),
        (scene["officer"].id, "access_request", str(request.id), "request_refused", scene["supervisor"].id),
    }
    assert len(list_refusals(session, scene["auditor"], Wanted(case_id=scene["unseen"].id)).items) == 3
    assert list_refusals(session, scene["auditor"], Wanted(case_id=scene["seen"].id)).items == ()
    assert len(list_refusals(session, scene["auditor"], Wanted(person_id=scene["supervisor"].id)).items) == 1


def test_lists_are_narrowed_by_person_unit_case_and_time(session: Session, archive: Any, scene: dict[str, Any]) -> None:
    watch(session, archive, scene)
    auditor, above = scene["auditor"], archive.person(scene["top"], "auditor")
    stranger = archive.person(archive.unit(), "auditor")

    def counts(by: Any, wanted: Wanted) -> tuple[int, int]:
        return len(list_grant_uses(session, by, wanted).items), len(list_seen(session, by, wanted).items)

    assert counts(auditor, Wanted()) == counts(above, Wanted()) == (2, 1)
    assert counts(stranger, Wanted()) == (0, 0)
    assert counts(above, Wanted(unit_id=scene["top"].id)) == (0, 0)
    assert counts(above, Wanted(unit_id=scene["unit"].id)) == (2, 1)
    assert counts(auditor, Wanted(person_id=scene["officer"].id)) == (2, 1)
    assert counts(auditor, Wanted(person_id=scene["supervisor"].id)) == (0, 0)
    assert counts(auditor, Wanted(case_id=scene["unseen"].id)) == (1, 0)
    assert counts(auditor, Wanted(since=NOW, until=NOW + timedelta(seconds=1))) == (2, 1)
    assert counts(auditor, Wanted(until=NOW)) == (0, 0)
    assert counts(auditor, Wanted(since=NOW + timedelta(seconds=1))) == (0, 0)


def test_pages_follow_each_other_without_a_row_twice(session: Session, archive: Any, scene: dict[str, Any]) -> None:
    watch(session, archive, scene)
    for _ in range(5):
        archive.grant(scene["unseen"], scene["officer"], scene["supervisor"])
        record_refused_deed(session, scene["officer"], "case", scene["unseen"].id, "wrong_kind")
    for list_page, count in ((list_grant_uses, 7), (list_seen, 1), (list_refusals, 5)):
        pages = list(every(list_page, session, scene["auditor"], Wanted(), rows_a_page=2))
        rows = [row for page in pages for row in page]
        assert len(rows) == count
        assert all(len(page) <= 2 for page in pages)
