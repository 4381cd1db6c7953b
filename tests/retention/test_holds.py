from __future__ import annotations

import uuid
from typing import Any

import pytest
from sqlalchemy.orm import Session

from casework.linking.by_hand import unlink
from retention.errors import (
    AlreadyReleased,
    DeedNotAllowed,
    HoldTargetUnclear,
    OutsideUnit,
    ReasonUnusable,
    UnknownSubject,
)
from retention.holds import holds_on, list_holds, place_hold, release_hold


@pytest.fixture
def scene(archive: Any) -> dict[str, Any]:
    unit = archive.unit()
    people = {role: archive.person(unit, role) for role in ("officer", "supervisor", "legal_reviewer", "auditor")}
    case, recording = archive.case(people["officer"]), archive.recording(unit)
    return people | {"unit": unit, "case": case, "recording": recording}


@pytest.mark.parametrize("role", ["supervisor", "legal_reviewer"])
def test_recording_is_held_and_released_with_private_reasons(
    session: Session, archive: Any, scene: dict[str, Any], role: str
) -> None:
    recording = scene["recording"]
    hold = place_hold(session, scene[role], recording_id=recording.id, reason="行政复议")
    assert [row.id for row in holds_on(session, recording.id)] == [hold.id]
    placed = archive.last_entry("hold.placed")
    assert (placed.subject_kind, placed.subject_id) == ("recording", str(recording.id))
    release_hold(session, scene["supervisor"], hold.id, "复议终结")
    assert (hold.released_by, hold.release_reason) == (scene["supervisor"].id, "复议终结")
    assert holds_on(session, recording.id) == ()
    assert archive.last_entry("hold.released").data["hold_id"] == str(hold.id)
    for secret in ("行政复议", "复议终结"):
        assert secret not in archive.ledger_text()


def test_hold_on_a_case_keeps_what_is_linked_to_it(session: Session, archive: Any, scene: dict[str, Any]) -> None:
    place_hold(session, scene["supervisor"], case_id=scene["case"].id, reason="诉讼")
    assert holds_on(session, scene["recording"].id) == ()
    link = archive.link(scene["recording"], scene["case"], scene["officer"])
    assert len(holds_on(session, scene["recording"].id)) == 1
    unlink(session, scene["officer"], link.id, "不是本案")
    assert holds_on(session, scene["recording"].id) == ()
    assert archive.last_entry("hold.placed").subject_kind == "case"


def test_one_of_two_holds_is_enough(session: Session, archive: Any, scene: dict[str, Any]) -> None:
    first = place_hold(session, scene["supervisor"], recording_id=scene["recording"].id, reason="a")
    second = place_hold(session, scene["supervisor"], recording_id=scene["recording"].id, reason="b")
    release_hold(session, scene["supervisor"], first.id, "a")
    assert [row.id for row in holds_on(session, scene["recording"].id)] == [second.id]


def test_released_hold_is_not_released_again(session: Session, archive: Any, scene: dict[str, Any]) -> None:
    hold = place_hold(session, scene["supervisor"], recording_id=scene["recording"].id, reason="a")
    release_hold(session, scene["supervisor"], hold.id, "b")
    with pytest.raises(AlreadyReleased):
        release_hold(session, scene["supervisor"], hold.id, "c")
    assert hold.release_reason == "b"
    assert len(archive.entries("hold.released")) == 1


def test_unusable_hold_is_refused(session: Session, archive: Any, scene: dict[str, Any]) -> None:
    supervisor, recording_id, case_id = scene["supervisor"], scene["recording"].id, scene["case"].id
    stranger = archive.person(archive.unit(), "supervisor")
    for person, values, error in (
        (supervisor, {"reason": "r"}, HoldTargetUnclear),
        (supervisor, {"recording_id": recording_id, "case_id": case_id, "reason": "r"}, HoldTargetUnclear),
        (supervisor, {"recording_id": recording_id, "reason": ""}, ReasonUnusable),
        (supervisor, {"recording_id": uuid.uuid4(), "reason": "r"}, UnknownSubject),
        (supervisor, {"case_id": uuid.uuid4(), "reason": "r"}, UnknownSubject),
        (stranger, {"recording_id": recording_id, "reason": "r"}, OutsideUnit),
        (stranger, {"case_id": case_id, "reason": "r"}, OutsideUnit),
        (scene["officer"], {"recording_id": recording_id, "reason": "r"}, DeedNotAllowed),
        (scene["auditor"], {"case_id": case_id, "reason": "r"}, DeedNotAllowed),
    ):
        with pytest.raises(error):
            place_hold(session, person, **values)
    assert list_holds(session, scene["unit"].id, live_only=False).items == ()


def test_only_whoever_may_hold_releases(session: Session, archive: Any, scene: dict[str, Any]) -> None:
    hold = place_hold(session, scene["supervisor"], recording_id=scene["recording"].id, reason="a")
    with pytest.raises(DeedNotAllowed):
        release_hold(session, scene["officer"], hold.id, "b")
    with pytest.raises(OutsideUnit):
        release_hold(session, archive.person(archive.unit(), "supervisor"), hold.id, "b")
    with pytest.raises(ReasonUnusable):
        release_hold(session, scene["supervisor"], hold.id, "\n")
    assert hold.released_at is None


def test_holds_are_listed_in_pages_the_live_ones_alone_if_wanted(
    session: Session, archive: Any, scene: dict[str, Any]
) -> None:
    unit_id, supervisor = scene["unit"].id, scene["supervisor"]
    holds = [place_hold(session, supervisor, recording_id=scene["recording"].id, reason=str(n)) for n in range(4)]
    release_hold(session, supervisor, holds[0].id, "r")
    first = list_holds(session, unit_id, limit=2)
    second = list_holds(session, unit_id, limit=2, after=first.next)
    assert {row.id for row in first.items + second.items} == {hold.id for hold in holds[1:]}
    assert len(list_holds(session, unit_id, live_only=False).items) == 4
    assert list_holds(session, archive.unit().id).items == ()
