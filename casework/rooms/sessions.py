"""Sessions (使用): who used a room from when to when, for which case. With a case a session is an act of that case.

What is said of such an act is said here, once: acts.py refuses to end, correct or withdraw it by itself.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import Range
from sqlalchemy.orm import Session

from casework.errors import Unknown
from casework.linking.looks import DeviceTime, ask_for_another_look
from casework.permission import require
from casework.procedure.acts import add_act, end_act, withdraw_act
from casework.procedure.stating import Stated, check_stated
from casework.rooms.devices import devices_in_room
from casework.rooms.errors import RoomInSession, SessionEnded, SessionHasCase, SessionWithdrawn
from casework.rooms.rooms import lock_room
from casework.rooms.use import refuse_out_of_use
from casework.wording import required_text
from integrity.fields import format_instant
from retention.errors import OutsideUnit
from retention.own_units import is_own
from storage.catalog.organisation import Person
from storage.catalog.rooms import Room, RoomSession
from storage.ledger.append import Actor, Change, record_change


@dataclass(frozen=True)
class Use:
    """What somebody says of a session. `ends_at` None: it is going on; `case_id` None: nobody knows yet for which."""

    starts_at: datetime
    ends_at: datetime | None
    officers: tuple[uuid.UUID, ...]
    case_id: uuid.UUID | None = None


def begin_session(session: Session, by: Person, room_id: uuid.UUID, use: Use, now: datetime) -> RoomSession:
    """A session in a room of the person's unit; with a case it is entered there as an act of the room's kind.

    Raises RoomInSession, RoomClosed, RoomNotYet, ActKindUnknown, ActTimeUnusable, OfficersUnusable, CaseClosed,
    Unknown, UnknownSubject, OutsideUnit, RoleNotAllowed.
    """
    require(by, "work_on_cases")
    room = lock_room(session, room_id)
    if not is_own(by, room.unit_id):
        raise OutsideUnit("room", room_id)
    stated = _stated(room, use.starts_at, use.ends_at, use.officers)
    check_stated(session, by, room.unit_id, stated, now)
    span = _span(use.starts_at, use.ends_at)
    refuse_out_of_use(room, span)
    _refuse_overlap(session, room, span)
    act_id = None if use.case_id is None else add_act(session, by, use.case_id, stated, now).act.id
    first, second = (*use.officers, None)[:2]
    assert first is not None
    row = RoomSession(
        id=uuid.uuid4(),
        unit_id=room.unit_id,
        room_id=room.id,
        span=span,
        officer_id=first,
        second_officer_id=second,
        case_id=use.case_id,
        act_id=act_id,
        stated_by=by.id,
        stated_at=datetime.now(UTC),
    )
    session.add(row)
    session.flush()
    _record(session, by, row, "session_begun", _facts(row))
    _look_again(session, room, row)
    return row


def end_session(session: Session, by: Person, session_id: uuid.UUID, ends_at: datetime, now: datetime) -> RoomSession:
    """Say when it ended; its act ends with it. Raises SessionEnded, SessionWithdrawn, and what `begin_session` does."""
    require(by, "work_on_cases")
    room, row = _lock_session(session, by, session_id)
    if row.ends_at is not None:
        raise SessionEnded(row.id, row.ends_at)
    check_stated(session, by, room.unit_id, _stated(room, row.starts_at, ends_at, row.officers), now)
    span = _span(row.starts_at, ends_at)
    refuse_out_of_use(room, span)
    if row.act_id is not None:
        end_act(session, by, row.act_id, ends_at, now, of_session=row.id)
    row.span = span
    session.flush()
    _record(session, by, row, "session_ended", {"ends_at": format_instant(ends_at)})
    _look_again(session, room, row)
    return row


def give_case(session: Session, by: Person, session_id: uuid.UUID, case_id: uuid.UUID, now: datetime) -> RoomSession:
    """Say for which case it was: it is an act of that case from now on.

    Raises SessionHasCase, SessionWithdrawn, and what `begin_session` does.
    """
    require(by, "work_on_cases")
    room, row = _lock_session(session, by, session_id)
    if row.case_id is not None:
        raise SessionHasCase(row.id, row.case_id)
    stated = _stated(room, row.starts_at, row.ends_at, row.officers)
    row.act_id = add_act(session, by, case_id, stated, now).act.id
    row.case_id = case_id
    session.flush()
    _record(session, by, row, "session_given_case", {"case_id": str(case_id), "act_id": str(row.act_id)})
    _look_again(session, room, row)
    return row


def withdraw_session(session: Session, by: Person, session_id: uuid.UUID, reason: str) -> RoomSession:
    """It did not take place, or otherwise; its act is withdrawn with it. The rows stay, and the time is free.

    Raises SessionWithdrawn, TextUnusable, CaseClosed, Unknown, OutsideUnit, RoleNotAllowed.
    """
    require(by, "withdraw_acts")
    reason = required_text("reason", reason)
    room, row = _lock_session(session, by, session_id)
    if row.act_id is not None:
        withdraw_act(session, by, row.act_id, reason, of_session=row.id)
    row.withdrawn_at, row.withdrawn_by, row.withdraw_reason = datetime.now(UTC), by.id, reason
    session.flush()
    _record(session, by, row, "session_withdrawn", {}, {"reason": reason})
    _look_again(session, room, row)
    return row


def _lock_session(session: Session, by: Person, session_id: uuid.UUID) -> tuple[Room, RoomSession]:
    """The room's row first, as everywhere: two deeds in one room then wait for, and never block, each other."""
    room_id = session.scalar(select(RoomSession.room_id).where(RoomSession.id == session_id))
    if room_id is None:
        raise Unknown("room_session", session_id)
    room = lock_room(session, room_id)
    if not is_own(by, room.unit_id):
        raise OutsideUnit("room_session", session_id)
    row = session.get_one(RoomSession, session_id, populate_existing=True)
    if row.withdrawn_at is not None:
        raise SessionWithdrawn(row.id, row.withdrawn_at)
    return room, row


def _refuse_overlap(session: Session, room: Room, span: Range[datetime]) -> None:
    row = RoomSession
    standing = select(row).where(row.room_id == room.id, row.withdrawn_at.is_(None), row.span.overlaps(span))
    other = session.scalars(standing.order_by(func.lower(row.span)).limit(1)).first()
    if other is not None:
        raise RoomInSession(room.name, other.starts_at, other.ends_at)


def _span(starts_at: datetime, ends_at: datetime | None) -> Range[datetime]:
    return Range(starts_at.astimezone(UTC), None if ends_at is None else ends_at.astimezone(UTC), bounds="[)")


def _stated(room: Room, starts_at: datetime, ends_at: datetime | None, officers: tuple[uuid.UUID, ...]) -> Stated:
    return Stated(room.kind, starts_at, ends_at, room.name, officers)


def _look_again(session: Session, room: Room, row: RoomSession) -> None:
    """What the room's devices recorded then may be of another case now; who recorded it has changed as well."""
    for device in devices_in_room(session, room.id, row.span):
        about = DeviceTime(device.unit_id, device.code, row.starts_at, row.ends_at)
        ask_for_another_look(session, because="room", device=about)


def _facts(row: RoomSession) -> dict[str, Any]:
    ids = {
        "officer_id": row.officer_id,
        "second_officer_id": row.second_officer_id,
        "case_id": row.case_id,
        "act_id": row.act_id,
    }
    return {
        "starts_at": format_instant(row.starts_at),
        "ends_at": None if row.ends_at is None else format_instant(row.ends_at),
        **{name: None if value is None else str(value) for name, value in ids.items()},
    }


def _record(
    session: Session,
    by: Person,
    row: RoomSession,
    deed: str,
    data: dict[str, Any],
    private: dict[str, str] | None = None,
) -> None:
    data = {"session_id": str(row.id), **data}
    change = Change(f"room.{deed}", "room", str(row.room_id), row.unit_id, data, private or {})
    record_change(session, Actor.person(by.id), change)
