"""The rooms of a unit: entered by the administrator, closed for good when nothing is in them any more."""

from __future__ import annotations

import uuid
from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from casework.errors import Taken, Unknown
from casework.permission import require
from casework.register.calendar import is_usable
from casework.rooms.errors import RoomClosed, RoomInSession, RoomNotEmpty, RoomTimeUnusable
from casework.rows import unique
from casework.units import in_reach, require_live, require_over
from casework.wording import known_word, required_name, required_text
from integrity.fields import format_instant
from storage.catalog.devices import Device, DeviceIssue
from storage.catalog.organisation import Person
from storage.catalog.rooms import ROOM_KINDS, Room, RoomSession
from storage.ledger.append import Actor, Change, record_change

KEEPING = "keep_rooms"


@dataclass(frozen=True)
class Fixed:
    """A device in a room now."""

    issue: DeviceIssue
    device: Device


@dataclass(frozen=True)
class RoomNow:
    """A room with what is in it; `using`: the session that is going on in it."""

    room: Room
    devices: tuple[Fixed, ...]
    using: RoomSession | None


def add_room(
    session: Session,
    by: Person,
    *,
    unit_id: uuid.UUID,
    kind: str,
    name: str,
    now: datetime,
    in_use_from: datetime | None = None,
) -> Room:
    """A room of the unit, in use from `in_use_from` (now) on.

    Raises Taken for a name that a room in use has, WordUnknown, TextUnusable, RoomTimeUnusable, UnitEnded, Unknown,
    OutsideUnit, RoleNotAllowed.
    """
    require_over(session, by, KEEPING, unit_id)
    require_live(session, unit_id)
    known_word("kind", kind, ROOM_KINDS)
    since = in_use_from or now
    _refuse_time(since, now)
    room = Room(
        id=uuid.uuid4(),
        unit_id=unit_id,
        kind=kind,
        name=required_name("name", name),
        in_use_from=since.astimezone(UTC),
        added_by=by.id,
        added_at=datetime.now(UTC),
    )
    with unique(session, {"uq_room_name_in_use": Taken("room", room.name)}):
        session.add(room)
    data = {"kind": kind, "in_use_from": format_instant(room.in_use_from)}
    _record(session, by, room, "room.added", data, {"name": room.name})
    return room


def close_room(session: Session, by: Person, room_id: uuid.UUID, reason: str) -> Room:
    """Out of use from now on, for good; what went on in it stays.

    Raises RoomNotEmpty, RoomInSession, RoomClosed, TextUnusable, Unknown, OutsideUnit, RoleNotAllowed.
    """
    reason = required_text("reason", reason)
    room = lock_room(session, room_id)
    require_over(session, by, KEEPING, room.unit_id)
    if room.closed_at is not None:
        raise RoomClosed(room.name, room.closed_at)
    (now,) = rooms_now(session, [room])
    if now.using is not None:
        raise RoomInSession(room.name, now.using.starts_at, None)
    if now.devices:
        raise RoomNotEmpty(room.name, tuple(each.device.code for each in now.devices))
    room.closed_at, room.closed_by, room.close_reason = datetime.now(UTC), by.id, reason
    session.flush()
    _record(session, by, room, "room.closed", {}, {"reason": reason})
    return room


def lock_room(session: Session, room_id: uuid.UUID) -> Room:
    """The row as it is now, nobody else's to change till the transaction ends. Raises Unknown."""
    statement = select(Room).where(Room.id == room_id).with_for_update(key_share=True)
    room = session.scalars(statement.execution_options(populate_existing=True)).first()
    if room is None:
        raise Unknown("room", room_id)
    return room


def list_rooms(session: Session, by: Person, *, closed: bool = False) -> tuple[RoomNow, ...]:
    """Of the person's unit and of those below it, by name; those in use, or all. Raises RoleNotAllowed."""
    require(by, "list_rooms")
    statement = select(Room).where(in_reach(by, Room.unit_id))
    if not closed:
        statement = statement.where(Room.closed_at.is_(None))
    return rooms_now(session, session.scalars(statement.order_by(Room.name, Room.id)).all())


def rooms_now(session: Session, rooms: Collection[Room]) -> tuple[RoomNow, ...]:
    """In their order: as many queries for many as for one."""
    ids = [room.id for room in rooms]
    open_ = DeviceIssue.voided_at.is_(None), func.upper_inf(DeviceIssue.span)
    fixed = select(DeviceIssue, Device).join(Device, Device.id == DeviceIssue.device_id)
    found: dict[uuid.UUID | None, list[Fixed]] = {each: [] for each in ids}
    for issue, device in session.execute(fixed.where(DeviceIssue.room_id.in_(ids), *open_).order_by(Device.code)):
        found[issue.room_id].append(Fixed(issue, device))
    row = RoomSession
    going_on = select(row).where(row.room_id.in_(ids), row.withdrawn_at.is_(None), func.upper_inf(row.span))
    using = {each.room_id: each for each in session.scalars(going_on)}
    return tuple(RoomNow(room, tuple(found[room.id]), using.get(room.id)) for room in rooms)


def _refuse_time(moment: datetime, now: datetime) -> None:
    if moment.tzinfo is None:
        raise RoomTimeUnusable(moment, "without_zone")
    if not is_usable(moment):
        raise RoomTimeUnusable(moment, "no_such_year")
    if moment > now:
        raise RoomTimeUnusable(moment, "in_the_future")


def _record(
    session: Session, by: Person, room: Room, action: str, data: dict[str, str], private: dict[str, str]
) -> None:
    record_change(session, Actor.person(by.id), Change(action, "room", str(room.id), room.unit_id, data, private))
