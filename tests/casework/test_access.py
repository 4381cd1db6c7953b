from __future__ import annotations

import pickle
import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy.orm import Session

from casework.access import (
    find_copy_grant,
    find_grant,
    find_named_grant,
    may_see_poster,
    record_refusal,
    record_refused_deed,
)
from casework.errors import REFUSAL_REASONS, AccessRefused, Unknown
from casework.linking.by_hand import unlink
from casework.organisation import deactivate_person
from casework.requests import revoke
from storage.ledger.append import Actor

NOW = datetime(2026, 3, 10, 8, 0, tzinfo=UTC)


@pytest.fixture
def scene(archive: Any) -> dict[str, Any]:
    """A recording in a case, an officer who has no grant yet, and a supervisor to give him one."""
    unit = archive.unit()
    officer, supervisor = archive.person(unit, "officer"), archive.person(unit, "supervisor")
    case, recording = archive.case(officer), archive.recording(unit)
    link = archive.link(recording, case, officer)
    return {
        "unit": unit,
        "officer": officer,
        "supervisor": supervisor,
        "case": case,
        "recording": recording,
        "link": link,
    }


def refused(session: Session, person: Any, recording: Any, kind: str = "view", now: datetime = NOW) -> str:
    with pytest.raises(AccessRefused) as caught:
        find_grant(session, person, recording.id, kind, now)
    assert may_see_poster(session, person, [recording.id], now) == frozenset()
    return caught.value.reason


def test_grant_reaches_the_recordings_of_its_case(session: Session, archive: Any, scene: dict[str, Any]) -> None:
    grant = archive.grant(scene["case"], scene["officer"], scene["supervisor"])
    found = find_grant(session, scene["officer"], scene["recording"].id, "view", NOW)
    assert (found.grant_id, found.case_id, found.request_id) == (grant.id, scene["case"].id, grant.request_id)
    assert found.expires_at == NOW + timedelta(hours=24)


def test_without_any_grant(session: Session, scene: dict[str, Any]) -> None:
    assert refused(session, scene["officer"], scene["recording"]) == "no_grant"


def test_grant_of_somebody_else_does_not_count(session: Session, archive: Any, scene: dict[str, Any]) -> None:
    archive.grant(scene["case"], scene["officer"], scene["supervisor"])
    assert refused(session, scene["supervisor"], scene["recording"]) == "no_grant"


def test_grant_to_copy_does_not_show_and_the_other_way_round(
    session: Session, archive: Any, scene: dict[str, Any]
) -> None:
    archive.grant(scene["case"], scene["officer"], scene["supervisor"], kind="copy")
    assert refused(session, scene["officer"], scene["recording"]) == "no_grant"
    assert find_grant(session, scene["officer"], scene["recording"].id, "copy", NOW).kind == "copy"


def test_grant_holds_until_just_before_its_end(session: Session, archive: Any, scene: dict[str, Any]) -> None:
    archive.grant(scene["case"], scene["officer"], scene["supervisor"], hours=1)
    end = NOW + timedelta(hours=1)
    assert find_grant(session, scene["officer"], scene["recording"].id, "view", end - timedelta(microseconds=1))
    assert refused(session, scene["officer"], scene["recording"], now=end) == "expired"


def test_revoked_grant_ends_at_once_and_a_newer_one_counts(
    session: Session, archive: Any, scene: dict[str, Any]
) -> None:
    grant = archive.grant(scene["case"], scene["officer"], scene["supervisor"])
    revoke(session, scene["supervisor"], grant.id, "误批")
    assert refused(session, scene["officer"], scene["recording"]) == "revoked"
    newer = archive.grant(scene["case"], scene["officer"], scene["supervisor"])
    assert find_grant(session, scene["officer"], scene["recording"].id, "view", NOW).grant_id == newer.id


def test_the_grant_that_lasts_longest_is_found(session: Session, archive: Any, scene: dict[str, Any]) -> None:
    longest = archive.grant(scene["case"], scene["officer"], scene["supervisor"], hours=9)
    archive.grant(scene["case"], scene["officer"], scene["supervisor"], hours=2)
    assert find_grant(session, scene["officer"], scene["recording"].id, "view", NOW).grant_id == longest.id


def test_a_grant_that_is_named_holds_or_none_does(session: Session, archive: Any, scene: dict[str, Any]) -> None:
    officer, supervisor, recording = scene["officer"], scene["supervisor"], scene["recording"]
    named = archive.grant(scene["case"], officer, supervisor, hours=1)
    archive.grant(scene["case"], officer, supervisor, hours=9)
    copy = archive.grant(scene["case"], officer, supervisor, kind="copy")
    elsewhere = archive.grant(archive.case(officer), officer, supervisor)
    for grant in (named, copy):
        assert find_named_grant(session, officer, recording.id, grant.id, NOW).grant_id == grant.id

    def why_not(person: Any, grant: Any, recording: Any = recording, now: datetime = NOW) -> str:
        with pytest.raises(AccessRefused) as caught:
            find_named_grant(session, person, recording.id, grant.id, now)
        assert str(caught.value)
        return caught.value.reason

    assert why_not(supervisor, named) == "not_yours"
    assert why_not(officer, elsewhere) == "wrong_case"
    assert why_not(officer, named, archive.recording(scene["unit"])) == "not_linked"
    assert why_not(officer, named, archive.recording(archive.unit())) == "other_unit"
    assert why_not(officer, named, now=NOW + timedelta(hours=2)) == "expired"
    revoke(session, supervisor, named.id, "误批")
    assert why_not(officer, named) == "revoked"
    for unknown in ((uuid.uuid4(), copy.id), (recording.id, uuid.uuid4())):
        with pytest.raises(Unknown):
            find_named_grant(session, officer, *unknown, NOW)
    deactivate_person(session, Actor.system("admin"), officer.id, "离职")
    assert why_not(officer, copy) == "inactive"


def test_recording_of_another_unit_is_refused_whatever_there_is(
    session: Session, archive: Any, scene: dict[str, Any]
) -> None:
    stranger = archive.person(archive.unit(), "supervisor")
    assert refused(session, stranger, scene["recording"]) == "other_unit"


def test_recording_in_no_case_is_refused(session: Session, archive: Any, scene: dict[str, Any]) -> None:
    archive.grant(scene["case"], scene["officer"], scene["supervisor"])
    loose = archive.recording(scene["unit"])
    assert refused(session, scene["officer"], loose) == "not_linked"
    unlink(session, scene["officer"], scene["link"].id, "不是本案")
    assert refused(session, scene["officer"], scene["recording"]) == "not_linked"


def test_grant_for_another_case_does_not_reach(session: Session, archive: Any, scene: dict[str, Any]) -> None:
    archive.grant(archive.case(scene["officer"]), scene["officer"], scene["supervisor"])
    assert refused(session, scene["officer"], scene["recording"]) == "no_grant"


def test_deactivated_person_sees_nothing_more(session: Session, archive: Any, scene: dict[str, Any]) -> None:
    archive.grant(scene["case"], scene["officer"], scene["supervisor"])
    deactivate_person(session, Actor.system("admin"), scene["officer"].id, "离职")
    assert refused(session, scene["officer"], scene["recording"]) == "inactive"


def test_unknown_recording_is_no_refusal(session: Session, scene: dict[str, Any]) -> None:
    with pytest.raises(Unknown):
        find_grant(session, scene["officer"], uuid.uuid4(), "view", NOW)


def test_posters_of_a_list_are_shown_only_where_the_recording_could_be_viewed(
    session: Session, archive: Any, scene: dict[str, Any]
) -> None:
    archive.grant(scene["case"], scene["officer"], scene["supervisor"])
    other = archive.recording(scene["unit"])
    archive.link(other, archive.case(scene["officer"]), scene["officer"])
    loose, foreign = archive.recording(scene["unit"]), archive.recording(archive.unit())
    ids = [scene["recording"].id, other.id, loose.id, foreign.id, uuid.uuid4()]
    assert may_see_poster(session, scene["officer"], ids, NOW) == {scene["recording"].id}
    assert may_see_poster(session, scene["officer"], [], NOW) == frozenset()


def test_refusal_is_an_entry_of_the_refused_persons_unit(session: Session, archive: Any, scene: dict[str, Any]) -> None:
    stranger = archive.person(archive.unit(), "officer")
    record_refusal(session, stranger, scene["recording"].id, "other_unit", scene["recording"].object_name)
    entry = archive.last_entry("access.denied")
    assert (entry.actor_id, entry.unit_id) == (str(stranger.id), stranger.unit_id)
    assert (entry.subject_kind, entry.subject_id) == ("recording", str(scene["recording"].id))
    assert entry.data == {"reason": "other_unit", "object_name": scene["recording"].object_name}


@pytest.mark.parametrize("name", ["../../etc/passwd x", "王晓明", "a" * 201, "x\x00", "PROXY", ""])
def test_names_that_anybody_can_type_stay_out_of_the_ledger(
    session: Session, archive: Any, scene: dict[str, Any], name: str
) -> None:
    record_refusal(session, scene["officer"], scene["recording"].id, "No such reason!", name)
    assert archive.last_entry("access.denied").data == {"reason": "other"}


def test_refused_deed_is_an_entry_too(session: Session, archive: Any, scene: dict[str, Any]) -> None:
    request_id = uuid.uuid4()
    record_refused_deed(session, scene["supervisor"], "access_request", request_id, "own_approval")
    entry = archive.last_entry("access.denied")
    assert (entry.subject_id, entry.data["reason"]) == (str(request_id), "own_approval")


@pytest.mark.parametrize(
    ("reason", "change"),
    [
        ("not_yours", {"person": "supervisor"}),
        ("wrong_kind", {"kind": "view"}),
        ("wrong_case", {"other_case": True}),
        ("expired", {"now": NOW + timedelta(days=1)}),
        ("revoked", {"revoke": True}),
        ("other_unit", {"person": "stranger"}),
    ],
)
def test_copying_under_an_unfit_grant_is_refused(
    session: Session, archive: Any, scene: dict[str, Any], reason: str, change: dict[str, Any]
) -> None:
    grant = archive.grant(scene["case"], scene["officer"], scene["supervisor"], kind=change.get("kind", "copy"))
    case = archive.case(scene["officer"]) if change.get("other_case") else scene["case"]
    if change.get("revoke"):
        revoke(session, scene["supervisor"], grant.id, "r")
    people = scene | {"stranger": archive.person(archive.unit(), "officer")}
    with pytest.raises(AccessRefused) as caught:
        find_copy_grant(session, people[change.get("person", "officer")], case.id, grant.id, change.get("now", NOW))
    assert caught.value.reason == reason


def test_every_refusal_says_what_to_do_and_survives_pickling() -> None:
    for reason in REFUSAL_REASONS:
        error = AccessRefused(reason, "recording", uuid.uuid4())
        assert str(pickle.loads(pickle.dumps(error))) == str(error)
        assert "; " in str(error)
