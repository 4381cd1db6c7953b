"""Rooms and sessions of one unit, as answers say them."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy.orm import Session

from api.http.reading.completeness import stretch_item
from api.http.reading.names import people_named
from api.http.schema.base import CaseRef, PersonRef
from api.http.schema.register import RoomRef
from api.http.schema.rooms import CaselessItem, FixtureItem, RoomItem, SessionItem
from casework.rooms.listing import Caseless, SessionShown, show_session
from casework.rooms.rooms import RoomNow, rooms_now
from storage.catalog.rooms import Room, RoomSession


def describe_room(session: Session, room: Room) -> RoomItem:
    return room_item(rooms_now(session, [room])[0])


def describe_session(session: Session, row: RoomSession) -> SessionItem:
    return session_items(session, [show_session(session, row)])[0]


def room_item(now: RoomNow) -> RoomItem:
    room = now.room
    return RoomItem(
        id=room.id,
        unit_id=room.unit_id,
        kind=room.kind,
        name=room.name,
        in_use_from=room.in_use_from,
        closed_at=room.closed_at,
        devices=[
            FixtureItem(
                issue_id=each.issue.id,
                device_id=each.device.id,
                device=each.device.code,
                since=each.issue.issued_from,
            )
            for each in now.devices
        ],
        using=None if now.using is None else now.using.id,
    )


def session_items(session: Session, shown: Sequence[SessionShown]) -> list[SessionItem]:
    names = people_named(session, *(person for each in shown for person in each.row.officers))
    return [
        SessionItem(
            id=each.row.id,
            unit_id=each.row.unit_id,
            room=RoomRef(id=each.room.id, name=each.room.name),
            starts_at=each.row.starts_at,
            ends_at=each.row.ends_at,
            officers=[PersonRef.of(person, names) for person in each.row.officers],
            case=None
            if each.case is None
            else CaseRef(id=each.case.id, number=each.case.number, title=each.case.title),
            act_id=each.row.act_id,
            withdrawn_at=each.row.withdrawn_at,
            withdraw_reason=each.row.withdraw_reason,
        )
        for each in shown
    ]


def caseless_items(session: Session, found: Sequence[Caseless]) -> list[CaselessItem]:
    items = session_items(session, [each.shown for each in found])
    return [
        CaselessItem(
            session=item,
            verdict=each.verdict,
            stretches=[stretch_item(part, each.shown.row.starts_at) for part in each.stretches],
        )
        for item, each in zip(items, found, strict=True)
    ]
