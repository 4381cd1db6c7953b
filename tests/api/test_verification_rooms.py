"""Rooms and sessions against the ledger: nobody who holds the database rewrites them unseen."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest

from casework.checklists.checklists import load_shipped_checklists
from casework.organisation import create_person
from casework.register.devices import add_device
from casework.register.issues import issue_to_room
from casework.rooms.rooms import add_room, close_room
from casework.rooms.sessions import Use, begin_session, end_session, give_case, withdraw_session
from storage.ledger.append import Actor
from tests.api.tampering import as_superuser, assert_each_is_named

TAMPERED = (
    ("UPDATE room SET kind = 'hearing_room'", "kind"),
    ("UPDATE room SET name = '另一间'", "name"),
    ("UPDATE room SET in_use_from = in_use_from - interval '1 day'", "in_use_from"),
    ("UPDATE room SET closed_at = NULL, closed_by = NULL, close_reason = NULL", "closed"),
    ("DELETE FROM room WHERE closed_at IS NOT NULL", "logged_row_missing"),
    ("UPDATE room_session SET span = tstzrange(lower(span), lower(span) + interval '1 s')", "ends_at"),
    ("UPDATE room_session SET case_id = NULL, act_id = NULL", "case_id"),
    ("UPDATE room_session SET officer_id = second_officer_id, second_officer_id = NULL", "officer_id"),
    ("UPDATE room_session SET room_id = (SELECT id FROM room WHERE closed_at IS NOT NULL)", "room_id"),
    ("UPDATE room_session SET withdrawn_at = NULL, withdrawn_by = NULL, withdraw_reason = NULL", "withdrawn"),
    ("DELETE FROM room_session", "logged_row_missing"),
    ("UPDATE device_issue SET room_id = (SELECT id FROM room WHERE closed_at IS NOT NULL)", "room_id"),
)
TABLES = ("room_session", "device_issue", "room")


@pytest.fixture
def kept(sealing: Any) -> Any:
    """A room that is used, with a recorder in it, and one that was closed; sessions with a case, and withdrawn."""
    now = datetime.now(UTC)
    start, minute = now - timedelta(hours=3), timedelta(minutes=1)
    with sealing.archive.database.transaction() as session:
        load_shipped_checklists(session, now)
        officer, supervisor = sealing.people["officer"], sealing.people["supervisor"]
        facts = {"unit_id": officer.unit_id, "role": "administrator", "name": "袁志", "sign_in_name": "yuanzhi"}
        administrator = create_person(session, Actor.system("admin"), **facts)
        facts = {"unit_id": officer.unit_id, "now": now, "in_use_from": now - timedelta(days=1)}
        room = add_room(session, administrator, kind="questioning", name="一号询问室", **facts)
        closed = add_room(session, administrator, kind="questioning", name="二号询问室", **facts)
        device = add_device(session, administrator, unit_id=officer.unit_id, code="ROOM0001")
        issue_to_room(session, supervisor, device.id, room.id, now=now, issued_at=start)
        officers = (officer.id, supervisor.id)
        first = begin_session(session, officer, room.id, Use(start, None, officers), now)
        end_session(session, officer, first.id, start + 40 * minute, now)
        give_case(session, officer, first.id, sealing.case.id, now)
        gone = Use(start + 50 * minute, start + 60 * minute, officers, sealing.case.id)
        withdraw_session(session, supervisor, begin_session(session, officer, room.id, gone, now).id, "误登")
        close_room(session, administrator, closed.id, "装修")
    sealing.settle()
    return sealing


DROPPED = (("room_session", "ex_room_session_one_at_a_time"),)


@pytest.fixture
def superuser(server: Any, addresses: Any) -> Iterator[psycopg.Connection[Any]]:
    """Who can do everything: guards off, and no constraint in the way."""
    with as_superuser(server, addresses, *DROPPED, autocommit=False) as connection:
        yield connection


def test_whatever_is_changed_of_rooms_is_named(kept: Any, superuser: psycopg.Connection[Any]) -> None:
    assert_each_is_named(kept.archive, superuser, TABLES, TAMPERED)
