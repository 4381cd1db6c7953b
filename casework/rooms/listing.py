"""Sessions as lists; and of those without a case, what of them was recorded: they are gaps of their own (S4)."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from casework.checklists.checklist_file import ActRule
from casework.checklists.checklists import find_ruling, list_checklists
from casework.completeness.engine import Verdict
from casework.intervals import Interval
from casework.permission import require
from casework.procedure.footage import CaseFootage, as_footage
from casework.procedure.judged import Stretch
from casework.procedure.judgement import judge_footage
from casework.recordings.clocks import CLOCK_OFF_BY_MOST
from casework.rooms.devices import codes_of_sessions
from casework.rules.versions import held_on
from casework.units import in_reach, lines_of
from integrity.local_time import chinese_day
from retention.own_units import of_own, own_units
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
        .where(of_own(by, row.unit_id), row.case_id.is_(None), row.withdrawn_at.is_(None))
        .order_by(func.lower(row.span).desc(), row.id)
        .limit(limit)
    )
    shown = [SessionShown(used, room, None) for used, room in session.execute(statement)]
    return _judge(session, by, shown, now)


def show_session(session: Session, row: RoomSession) -> SessionShown:
    case = None if row.case_id is None else session.get_one(Case, row.case_id)
    return SessionShown(row, session.get_one(Room, row.room_id), case)


def _judge(session: Session, by: Person, shown: Sequence[SessionShown], now: datetime) -> tuple[Caseless, ...]:
    """In their order, all of the person's own units: as many queries for many as for one."""
    if not shown:
        return ()
    versions, above = list_checklists(session), lines_of(session, own_units(by))
    footage = _footage(session, by, [each.row for each in shown])
    found = []
    for each in shown:
        row, until = each.row, each.row.ends_at or now
        ruling = find_ruling(held_on(versions, above[row.unit_id], chinese_day(row.starts_at)), each.room.kind)
        if ruling is None:
            found.append(Caseless(each, until, None, "complete", ()))
            continue
        hole = timedelta(seconds=ruling.rule.allowed_gap_seconds)
        near = [one for one in footage[row.id] if one.may_touch(row.starts_at - hole, until + hole)]
        found.append(Caseless(each, until, ruling.rule, *judge_footage(row.starts_at, until, ruling.rule, near)))
    return tuple(found)


def _footage(session: Session, by: Person, rows: Sequence[RoomSession]) -> dict[uuid.UUID, list[CaseFootage]]:
    """By session what may be of it: by what files claim; as far off as a clock may be and still be recognised."""
    codes, recording = codes_of_sessions(session, [row.id for row in rows]), Recording
    windows = {row.id: (row.starts_at - CLOCK_OFF_BY_MOST, _last(row) + CLOCK_OFF_BY_MOST) for row in rows}
    wanted = [
        recording.device.in_(sorted(codes[row.id])) & recording.started_at.between(*windows[row.id])
        for row in rows
        if codes[row.id]
    ]
    if not wanted:
        return {row.id: [] for row in rows}
    films = session.scalars(select(recording).where(of_own(by, recording.unit_id), or_(*wanted))).all()
    footage = as_footage(session, films)
    return {
        row.id: [each for each in footage if _is_within(each.recording, codes[row.id], windows[row.id])] for row in rows
    }


def _is_within(recording: Recording, codes: frozenset[str], window: Interval) -> bool:
    begun = recording.started_at
    return recording.device in codes and begun is not None and window[0] <= begun <= window[1]


def _last(row: RoomSession) -> datetime:
    return row.ends_at if row.ends_at is not None else row.starts_at + timedelta(days=31)
