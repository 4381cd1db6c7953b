"""Sessions as lists; and of those without a case, what of them was recorded: they are gaps of their own (S4)."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from casework.checklists.checklist_file import ActRule
from casework.checklists.checklists import checklists_on, find_ruling
from casework.clocks import FARTHEST
from casework.completeness.engine import Verdict
from casework.permission import require
from casework.procedure.footage import CaseFootage, as_footage
from casework.procedure.judged import Stretch
from casework.procedure.judgement import judge_footage
from casework.rooms.devices import devices_in_room
from casework.units import in_reach
from integrity.local_time import chinese_day
from retention.paging import Cursor, Page, newest_first, take_page
from storage.catalog.casework import Case
from storage.catalog.organisation import Person
from storage.catalog.recordings import Recording
from storage.catalog.rooms import Room, RoomSession


@dataclass(frozen=True)
class SessionShown:
    """A session with its room and case."""

    row: RoomSession
    room: Room
    case: Case | None


@dataclass(frozen=True)
class Caseless:
    """A session that nobody said the case of. `until`: its end, or now; `rule` None: no checklist of that day knows
    such an act, and so nothing is demanded of it."""

    shown: SessionShown
    until: datetime
    rule: ActRule | None
    verdict: Verdict
    stretches: tuple[Stretch, ...]

    @property
    def missing(self) -> tuple[Stretch, ...]:
        return tuple(each for each in self.stretches if each.state == "missing")


def list_sessions(
    session: Session,
    by: Person,
    *,
    room_id: uuid.UUID | None = None,
    after: Cursor | None = None,
    limit: int = 50,
) -> Page[SessionShown]:
    """Of the rooms of the person's unit and of those below it, the latest first, the withdrawn among them.

    Raises RoleNotAllowed.
    """
    require(by, "list_rooms")
    row = RoomSession
    statement = (
        select(row, Room, Case)
        .join(Room, Room.id == row.room_id)
        .outerjoin(Case, Case.id == row.case_id)
        .where(in_reach(by, row.unit_id))
    )
    if room_id is not None:
        statement = statement.where(row.room_id == room_id)
    begun = func.lower(row.span, type_=row.stated_at.type)
    rows = session.execute(newest_first(statement, begun, row.id, after, limit)).all()
    shown = [SessionShown(*each) for each in rows]
    return take_page(shown, limit, lambda each: Cursor(each.row.starts_at, str(each.row.id)))


def list_caseless(session: Session, by: Person, now: datetime, limit: int = 50) -> tuple[Caseless, ...]:
    """Of the person's unit, the latest first: each judged by all that its room's devices recorded then.

    Raises RoleNotAllowed.
    """
    require(by, "list_rooms")
    row = RoomSession
    statement = (
        select(row, Room)
        .join(Room, Room.id == row.room_id)
        .where(row.unit_id == by.unit_id, row.case_id.is_(None), row.withdrawn_at.is_(None))
        .order_by(func.lower(row.span).desc(), row.id)
        .limit(limit)
    )
    rows = session.execute(statement).all()
    return tuple(_judge(session, SessionShown(used, room, None), now) for used, room in rows)


def show_session(session: Session, row: RoomSession) -> SessionShown:
    case = None if row.case_id is None else session.get_one(Case, row.case_id)
    return SessionShown(row, session.get_one(Room, row.room_id), case)


def _judge(session: Session, shown: SessionShown, now: datetime) -> Caseless:
    row, room = shown.row, shown.room
    held = checklists_on(session, row.unit_id, chinese_day(row.starts_at))
    ruling, until = find_ruling(held, room.kind), row.ends_at or now
    if ruling is None:
        return Caseless(shown, until, None, "complete", ())
    hole = timedelta(seconds=ruling.rule.allowed_gap_seconds)
    footage = [each for each in _footage(session, row) if each.may_touch(row.starts_at - hole, until + hole)]
    return Caseless(shown, until, ruling.rule, *judge_footage(row.starts_at, until, ruling.rule, footage))


def _footage(session: Session, row: RoomSession) -> Sequence[CaseFootage]:
    """By what files claim; as far off as a clock may be and still be recognised."""
    codes = [device.code for device in devices_in_room(session, row.room_id, row.span)]
    of_devices = Recording.unit_id == row.unit_id, Recording.device.in_(codes)
    last = row.ends_at if row.ends_at is not None else row.starts_at + timedelta(days=31)
    near = Recording.started_at.between(row.starts_at - FARTHEST, last + FARTHEST)
    return as_footage(session, session.scalars(select(Recording).where(*of_devices, near)).all()) if codes else ()
