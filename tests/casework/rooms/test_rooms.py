"""Rooms and what is fixed in them: a device is with one officer, or in one room, and no room closes over it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from casework.errors import RoleNotAllowed, Taken, WordUnknown
from casework.register.devices import add_device, retire_device
from casework.register.errors import DeviceIsOut, DeviceWasOut
from casework.register.holding import issued_to
from casework.register.issues import issue_device, issue_to_room, return_device, void_issue
from casework.register.reading import device_now, list_issues
from casework.rooms.errors import (
    RoomClosed,
    RoomElsewhere,
    RoomInSession,
    RoomNotEmpty,
    RoomNotYet,
    RoomTimeUnusable,
)
from casework.rooms.rooms import add_room, close_room, list_rooms
from casework.rooms.sessions import end_session
from tests.casework.rooms.conftest import LONG_AGO, MINUTE, NOW, START, House


def issue_of(house: House) -> Any:
    return device_now(house.session, house.supervisor, house.device.id).issue


def test_a_device_in_a_room_is_with_no_officer_and_cannot_be_issued_to_one(session: Session, house: House) -> None:
    shown = device_now(session, house.supervisor, house.device.id)
    assert (shown.holder, shown.room) == (None, house.room)
    with pytest.raises(DeviceIsOut, match="一号询问室"):
        issue_device(session, house.supervisor, house.device.id, house.officer.id, now=NOW)
    with pytest.raises(DeviceIsOut, match="一号询问室"):
        retire_device(session, house.administrator, house.device.id, "报废", NOW)
    assert issued_to(session, house.unit.id, "ROOM0001", START).person_id is None
    return_device(session, house.supervisor, shown.issue.id, now=NOW)
    issue_device(session, house.supervisor, house.device.id, house.officer.id, now=NOW)
    times = {"issued_at": START, "returned_at": START + MINUTE}
    with pytest.raises(DeviceWasOut, match="一号询问室"):
        issue_device(session, house.supervisor, house.device.id, house.second.id, now=NOW, **times)
    listed = list_issues(session, house.supervisor, device_id=house.device.id).items
    assert [(each.person, each.room) for each in listed] == [(house.officer, None), (None, house.room)]
    entry = house.archive.entries("device.issued")[0]
    assert entry.data["room_id"] == str(house.room.id)
    assert "person_id" not in entry.data


def test_an_officers_device_cannot_be_put_into_a_room_and_the_database_knows_one_holder(
    session: Session, house: House
) -> None:
    device = add_device(session, house.administrator, unit_id=house.unit.id, code="AB00002")
    row = issue_device(session, house.supervisor, device.id, house.officer.id, now=NOW)
    with pytest.raises(DeviceIsOut, match=house.officer.name):
        issue_to_room(session, house.supervisor, device.id, house.room.id, now=NOW)
    columns = "id, unit_id, device_id, person_id, room_id, span"
    both = f"INSERT INTO device_issue ({columns}) SELECT gen_random_uuid(), unit_id, device_id, person_id, CAST(:room AS uuid), CAST(:span AS tstzrange) FROM device_issue WHERE id = :id"  # noqa: E501
    neither = both.replace("person_id, CAST(:room AS uuid)", "NULL, NULL")
    values = {"room": house.room.id, "id": row.id, "span": "[2026-02-05 00:00+00,2026-02-06 00:00+00)"}
    for statement in (both, neither):
        with pytest.raises(IntegrityError, match="ck_device_issue_holder"), session.begin_nested():
            session.execute(text(statement), {name: values[name] for name in values if f":{name}" in statement})


def test_a_room_is_entered_by_the_administrator_and_its_name_is_one_rooms(session: Session, house: House) -> None:
    facts = {"unit_id": house.unit.id, "kind": "questioning", "name": "一号询问室", "now": NOW}
    with pytest.raises(Taken):
        add_room(session, house.administrator, **facts)
    with pytest.raises(RoleNotAllowed):
        add_room(session, house.supervisor, **{**facts, "name": "二号询问室"})
    with pytest.raises(WordUnknown, match="hearing_room"):
        add_room(session, house.administrator, **{**facts, "kind": "cellar", "name": "二号询问室"})
    for moment, problem in ((NOW + MINUTE, "in_the_future"), (NOW.replace(tzinfo=None), "without_zone")):
        with pytest.raises(RoomTimeUnusable) as refused:
            add_room(session, house.administrator, **{**facts, "name": "二号", "in_use_from": moment})
        assert refused.value.problem == problem
    assert [each.room.name for each in list_rooms(session, house.officer)] == ["一号询问室"]
    assert list_rooms(session, house.archive.person(house.archive.unit(), "officer")) == ()
    assert house.archive.entries("room.added")[0].data["kind"] == "questioning"
    assert "一号询问室" not in house.archive.ledger_text()


def test_a_device_goes_into_a_room_of_its_own_unit_that_is_in_use_then(session: Session, house: House) -> None:
    device = add_device(session, house.administrator, unit_id=house.unit.id, code="ROOM0002")
    before = LONG_AGO - MINUTE
    with pytest.raises(RoomNotYet):
        issue_to_room(session, house.supervisor, device.id, house.room.id, now=NOW, issued_at=before)
    elsewhere = house.archive.unit()
    by = house.archive.person(elsewhere, "administrator")
    other = add_room(session, by, unit_id=elsewhere.id, kind="hearing_room", name="听证室", now=NOW)
    with pytest.raises(RoomElsewhere):
        issue_to_room(session, house.supervisor, device.id, other.id, now=NOW)


def test_a_device_leaves_a_room_between_sessions_and_not_in_one(session: Session, house: House) -> None:
    used = house.begin(minutes=None)
    with pytest.raises(RoomInSession, match="in use still"):
        return_device(session, house.supervisor, issue_of(house).id, now=NOW)
    end_session(session, house.officer, used.id, START + 40 * MINUTE, NOW)
    with pytest.raises(RoomInSession):
        return_device(session, house.supervisor, issue_of(house).id, now=NOW, returned_at=START + MINUTE)
    leave = "UPDATE device_issue SET span = tstzrange(lower(span), :at) WHERE id = :id"
    with pytest.raises(IntegrityError, match="in the middle of a session"), session.begin_nested():
        session.execute(text(leave), {"at": START + MINUTE, "id": issue_of(house).id})
    # Entered afterwards: it left for another room when the session was over.
    other = add_room(
        session,
        house.administrator,
        unit_id=house.unit.id,
        kind="questioning",
        name="二号询问室",
        now=NOW,
        in_use_from=LONG_AGO,
    )
    left = START + 40 * MINUTE
    return_device(session, house.supervisor, issue_of(house).id, now=NOW, returned_at=left)
    issue_to_room(session, house.supervisor, house.device.id, other.id, now=NOW, issued_at=left)
    assert device_now(session, house.supervisor, house.device.id).room == other


def test_a_room_closes_when_it_is_empty_and_takes_nothing_afterwards(session: Session, house: House) -> None:
    used = house.begin(minutes=None)
    with pytest.raises(RoomInSession):
        close_room(session, house.administrator, house.room.id, "装修")
    end_session(session, house.officer, used.id, START + 40 * MINUTE, NOW)
    with pytest.raises(RoomNotEmpty, match="ROOM0001"):
        close_room(session, house.administrator, house.room.id, "装修")
    close = "UPDATE room SET closed_at = now(), closed_by = added_by, close_reason = 'x' WHERE id = :id"
    with pytest.raises(IntegrityError, match="has devices in it"), session.begin_nested():
        session.execute(text(close), {"id": house.room.id})
    issue = issue_of(house)
    return_device(session, house.supervisor, issue.id, now=NOW)
    with pytest.raises(RoleNotAllowed):
        close_room(session, house.supervisor, house.room.id, "装修")
    closed = close_room(session, house.administrator, house.room.id, "装修")
    assert house.archive.last_entry("room.closed").subject_id == str(house.room.id)
    later = closed.closed_at + timedelta(hours=1)
    with pytest.raises(RoomClosed):
        issue_to_room(session, house.supervisor, house.device.id, house.room.id, now=later)
    with pytest.raises(RoomClosed):
        close_room(session, house.administrator, house.room.id, "再次")
    void_issue(session, house.supervisor, issue.id, "录错", NOW)
    assert list_rooms(session, house.officer) == ()
    assert [each.room.id for each in list_rooms(session, house.officer, closed=True)] == [house.room.id]
