"""Sessions as the linker takes them: the room's recorders were at work on the session's case, says the register."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime

from sqlalchemy import func, or_, select
from sqlalchemy.dialects.postgresql import Range
from sqlalchemy.orm import Session

from casework.intervals import Interval, merge
from casework.linking.scoring import Work
from casework.register.holding import find_devices
from casework.stage_machines import stages_in
from storage.catalog.casework import Case
from storage.catalog.devices import Device, DeviceIssue
from storage.catalog.rooms import Room, RoomSession


def fetch_room_works(session: Session, unit_id: uuid.UUID, within: Iterable[Interval]) -> Iterator[Work]:
    """Of the unit's sessions with a case that touch any of these times, one for each device that was in the room.

    A device whose code means another one in this unit is left out: nobody could say which of the two recorded.
    """
    row = RoomSession
    here = (DeviceIssue.room_id == row.room_id) & DeviceIssue.voided_at.is_(None) & DeviceIssue.span.overlaps(row.span)
    touching = or_(*(row.span.overlaps(Range(*window, bounds="[]")) for window in merge(within)))
    statement = (
        select(row, Room.kind, Case, Device)
        .join(Room, Room.id == row.room_id)
        .join(Case, Case.id == row.case_id)
        .join(DeviceIssue, here)
        .join(Device, Device.id == DeviceIssue.device_id)
        .where(row.unit_id == unit_id, row.withdrawn_at.is_(None), touching)
        .order_by(func.lower(row.span), row.id, Device.code)
    )
    # One that left and came back is there twice.
    rows = {(used.id, device.id): (used, kind, case, device) for used, kind, case, device in session.execute(statement)}
    meant = find_devices(session, {(unit_id, device.code) for *_, device in rows.values()})
    for used, kind, case, device in rows.values():
        if meant.get((unit_id, device.code)) is device:
            yield _as_work(used, kind, case, device.code)


def _as_work(row: RoomSession, kind: str, case: Case, code: str) -> Work:
    hearing = kind == "hearing_room" and "hearing" in stages_in(case.procedure)
    return Work(
        id=row.id,
        case_id=case.id,
        stage="hearing" if hearing else "investigation",
        start=row.starts_at,
        end=row.ends_at or datetime.max.replace(tzinfo=UTC),
        device=code,
        closed=case.closed_at is not None,
        in_room=True,
    )
