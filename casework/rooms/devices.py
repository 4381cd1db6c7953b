"""Which devices were in which room when, by the register; and whose footage counts for an act that went on in one."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, false, func, or_, select
from sqlalchemy.dialects.postgresql import Range
from sqlalchemy.orm import InstrumentedAttribute, Session

from casework.intervals import Interval, merge
from storage.catalog.devices import Device, DeviceIssue
from storage.catalog.organisation import Person
from storage.catalog.rooms import Room, RoomSession


@dataclass(frozen=True)
class InRoom:
    """A device in a room, from `start` to just before `end` (None: it is there still)."""

    device_id: uuid.UUID
    room: Room
    start: datetime
    end: datetime | None


@dataclass(frozen=True)
class Used:
    """A session with its officers, from `start` to just before `end` (None: it is going on)."""

    room_id: uuid.UUID
    officers: tuple[Person, ...]
    start: datetime
    end: datetime | None


def devices_in_room(session: Session, room_id: uuid.UUID, span: Range[datetime]) -> Sequence[Device]:
    """Those that were in it at some time of the span, by code."""
    here = DeviceIssue.room_id == room_id, DeviceIssue.voided_at.is_(None), DeviceIssue.span.overlaps(span)
    statement = select(Device).join(DeviceIssue, DeviceIssue.device_id == Device.id).where(*here)
    return session.scalars(statement.distinct().order_by(Device.code)).all()


def fetch_rooms_of(
    session: Session, device_ids: Collection[uuid.UUID], within: Iterable[Interval]
) -> dict[uuid.UUID, list[InRoom]]:
    """In which room each of these devices was in any of these times, the earliest first: one query for all of them."""
    row = DeviceIssue
    touching = (row.span.overlaps(Range(*window, bounds="[]")) for window in merge(within))
    statement = (
        select(row.device_id, Room, row.span)
        .join(Room, Room.id == row.room_id)
        .where(row.device_id.in_(device_ids), row.voided_at.is_(None), or_(false(), *touching))
        .order_by(row.span, row.id)
    )
    found: dict[uuid.UUID, list[InRoom]] = {device_id: [] for device_id in device_ids}
    for device_id, room, span in session.execute(statement):
        assert span.lower is not None
        found[device_id].append(InRoom(device_id, room, span.lower, span.upper))
    return found


def fetch_uses(
    session: Session, room_ids: Collection[uuid.UUID], within: Iterable[Interval]
) -> dict[uuid.UUID, list[Used]]:
    """The sessions of these rooms in any of these times, the earliest first: two queries for all of them."""
    row = RoomSession
    found: dict[uuid.UUID, list[Used]] = defaultdict(list)
    if not room_ids:
        return found
    touching = (row.span.overlaps(Range(*window, bounds="[]")) for window in merge(within))
    standing = select(row).where(row.room_id.in_(room_ids), row.withdrawn_at.is_(None), or_(false(), *touching))
    sessions = session.scalars(standing.order_by(func.lower(row.span), row.id)).all()
    wanted = {person for each in sessions for person in each.officers}
    people = {person.id: person for person in session.scalars(select(Person).where(Person.id.in_(wanted)))}
    for each in sessions:
        officers = tuple(people[person] for person in each.officers)
        found[each.room_id].append(Used(each.room_id, officers, each.starts_at, each.ends_at))
    return found


def codes_of_acts(session: Session, act_ids: Collection[uuid.UUID]) -> dict[uuid.UUID, frozenset[str]]:
    """Of the acts that are sessions of a room: the devices that were in it then. No key for any other act."""
    row = RoomSession
    return _codes(session, row.act_id, row.act_id.in_(act_ids) & row.withdrawn_at.is_(None))


def codes_of_sessions(session: Session, session_ids: Collection[uuid.UUID]) -> dict[uuid.UUID, frozenset[str]]:
    """Of each of these sessions: the devices that were in its room at some time of it."""
    return _codes(session, RoomSession.id, RoomSession.id.in_(session_ids))


def _codes(
    session: Session, name: InstrumentedAttribute[Any], wanted: ColumnElement[bool]
) -> dict[uuid.UUID, frozenset[str]]:
    row = RoomSession
    here = (DeviceIssue.room_id == row.room_id) & DeviceIssue.voided_at.is_(None) & DeviceIssue.span.overlaps(row.span)
    statement = (
        select(name, Device.code)
        .select_from(row)
        .outerjoin(DeviceIssue, here)
        .outerjoin(Device, Device.id == DeviceIssue.device_id)
        .where(wanted)
    )
    found: dict[uuid.UUID, set[str]] = defaultdict(set)
    for named, code in session.execute(statement):
        found[named] |= set() if code is None else {code}
    return {named: frozenset(codes) for named, codes in found.items()}
