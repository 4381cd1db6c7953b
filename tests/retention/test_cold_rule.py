"""Which originals may lie in the cold place: the old ones that nobody needs."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from casework.requests import ask
from integrity.local_time import chinese_day
from retention.cold_rule import ColdRule, may_be_cold
from retention.holds import place_hold, release_hold
from storage.catalog.access import PlaybackWindow
from storage.catalog.recordings import MediaJob, Recording
from tests.casework.sample_archive import NOW

RULE = ColdRule(after_days=365, quiet_days=90)
LATER = NOW + timedelta(days=400)
KEPT_UNTIL = date(2040, 1, 31)


def movable(session: Session, rule: ColdRule = RULE, now: Any = LATER) -> set[Any]:
    session.flush()
    return set(session.scalars(select(Recording.id).where(may_be_cold(rule, now))))


@pytest.fixture
def scene(archive: Any) -> dict[str, Any]:
    """An old original in a case of an officer's, which is closed."""
    unit = archive.unit()
    officer, supervisor = archive.person(unit, "officer"), archive.person(unit, "supervisor")
    kept, case = archive.recording(unit, retain_until=KEPT_UNTIL), archive.case(officer)
    archive.link(kept, case, officer)
    case.closed_at = NOW
    return {"unit": unit, "officer": officer, "supervisor": supervisor, "kept": kept, "case": case}


def test_what_is_old_may_and_what_is_young_or_past_its_day_may_not(session: Session, archive: Any) -> None:
    unit = archive.unit()
    old = archive.recording(unit, retain_until=KEPT_UNTIL)
    for_ever = archive.recording(unit, retention_class="permanent", retain_until=None)
    archive.recording(unit, received_at=LATER - timedelta(days=364), retain_until=KEPT_UNTIL)
    archive.recording(unit, retain_until=chinese_day(LATER) - timedelta(days=1))
    last_day = archive.recording(unit, retain_until=chinese_day(LATER))
    assert movable(session) == {old.id, for_ever.id, last_day.id}
    assert movable(session, ColdRule(365, 90, frozenset({"permanent"}))) == {for_ever.id}


def test_nothing_in_an_open_case_may(session: Session, archive: Any, scene: dict[str, Any]) -> None:
    assert movable(session) == {scene["kept"].id}
    archive.link(scene["kept"], archive.case(scene["officer"]), scene["officer"])
    assert movable(session) == set()


def test_nothing_that_is_held_by_itself_or_by_its_case_may(session: Session, scene: dict[str, Any]) -> None:
    for held in ({"recording_id": scene["kept"].id}, {"case_id": scene["case"].id}):
        hold = place_hold(session, scene["supervisor"], **held, reason="诉讼")
        assert movable(session) == set()
        release_hold(session, scene["supervisor"], hold.id, "诉讼终结")
        assert movable(session) == {scene["kept"].id}


def test_nothing_under_a_grant_or_a_request_for_one_may(session: Session, archive: Any, scene: dict[str, Any]) -> None:
    grant = archive.grant(scene["case"], scene["officer"], scene["supervisor"], now=LATER - timedelta(hours=1))
    assert movable(session) == set()
    assert movable(session, now=LATER + timedelta(days=2)) == {scene["kept"].id}, "it ended"
    grant.revoked_at, grant.revoked_by = LATER, scene["supervisor"].id
    assert movable(session) == {scene["kept"].id}
    other = archive.person(scene["unit"], "supervisor")
    ask(session, other, case_id=scene["case"].id, kind="view", purpose="核对现场经过")
    assert movable(session) == set(), "he waits for a decision"


def test_what_was_shown_lately_may_not_and_after_a_while_it_may(
    session: Session, archive: Any, scene: dict[str, Any]
) -> None:
    grant = archive.grant(scene["case"], scene["officer"], scene["supervisor"], now=LATER - timedelta(days=95))
    window = PlaybackWindow(
        unit_id=scene["unit"].id,
        person_id=scene["officer"].id,
        grant_id=grant.id,
        recording_id=scene["kept"].id,
        object_name=f"renditions/{scene['kept'].id}/proxy-1",
        first_byte=0,
        last_byte=9,
        opened_at=LATER - timedelta(days=89),
        expires_at=LATER - timedelta(days=88),
    )
    session.add(window)
    assert movable(session) == set()
    assert movable(session, now=LATER + timedelta(days=2)) == {scene["kept"].id}


def test_what_a_worker_still_owes_a_copy_may_not(session: Session, scene: dict[str, Any]) -> None:
    session.add(MediaJob(recording_id=scene["kept"].id, unit_id=scene["unit"].id, kind="proxy"))
    assert movable(session) == set()
