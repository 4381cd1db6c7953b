"""Issue and return (配发、交还): one device with one officer, or in one room, at a time."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime

from psycopg.errors import ExclusionViolation
from sqlalchemy import func, select, true
from sqlalchemy.dialects.postgresql import Range
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from casework.errors import Unknown
from casework.linking.looks import DeviceTime, ask_for_another_look, looks_together
from casework.register.calendar import is_usable
from casework.register.devices import lock_device, record_device
from casework.register.errors import (
    AlreadyReturned,
    AlreadyVoided,
    DeviceIsOut,
    DeviceRetired,
    DeviceWasOut,
    OfficerElsewhere,
    OfficerUnknown,
    RegisterError,
    TimeUnusable,
)
from casework.register.people import holder_of, shown_as
from casework.register.voids import ISSUE_VOIDED
from casework.rooms.errors import RoomElsewhere, RoomInSession
from casework.rooms.use import refuse_out_of_use
from casework.units import Doer, line_of
from casework.wording import required_text
from integrity.fields import format_instant
from storage.catalog.devices import Device, DeviceIssue
from storage.catalog.organisation import Person
from storage.catalog.rooms import Room, RoomSession

ISSUING = "issue_devices"


def issue_device(
    session: Session,
    by: Doer,
    device_id: uuid.UUID,
    person_id: uuid.UUID,
    *,
    now: datetime,
    issued_at: datetime | None = None,
    returned_at: datetime | None = None,
) -> DeviceIssue:
    """The device is with this officer from `issued_at` (now) on; `returned_at` where that is over already.

    Raises DeviceIsOut, DeviceWasOut (with whom, since when), DeviceRetired, OfficerUnknown, OfficerElsewhere,
    TimeUnusable, Unknown, OutsideUnit, RoleNotAllowed.
    """
    device = lock_device(session, by, ISSUING, device_id)
    person = _require_officer(session, device, person_id)
    issue = DeviceIssue(id=uuid.uuid4(), unit_id=device.unit_id, device_id=device.id, person_id=person.id)
    issue.span = _span(issued_at or now, returned_at, now)
    return _add_issue(session, by, device, issue)


def issue_to_room(
    session: Session,
    by: Doer,
    device_id: uuid.UUID,
    room_id: uuid.UUID,
    *,
    now: datetime,
    issued_at: datetime | None = None,
    returned_at: datetime | None = None,
) -> DeviceIssue:
    """The device is fixed in this room from `issued_at` (now) on, and with no officer; `returned_at` where it left.

    Raises RoomElsewhere, RoomClosed, RoomNotYet, RoomInSession where it would leave in the middle of a session, and
    what `issue_device` does.
    """
    device = lock_device(session, by, ISSUING, device_id)
    room = _require_room(session, device, room_id)
    issue = DeviceIssue(id=uuid.uuid4(), unit_id=device.unit_id, device_id=device.id, room_id=room.id)
    issue.span = _span(issued_at or now, returned_at, now)
    refuse_out_of_use(room, issue.span)
    _refuse_within_session(session, room, issue.returned_at)
    return _add_issue(session, by, device, issue)


def _add_issue(session: Session, by: Doer, device: Device, issue: DeviceIssue) -> DeviceIssue:
    """Raises DeviceRetired, DeviceIsOut, DeviceWasOut."""
    span = issue.span
    if device.retired_at is not None and (span.upper is None or span.upper > device.retired_at):
        raise DeviceRetired(device.code, device.retired_at)
    clash = _clash(session, device, span)
    if clash is not None:
        raise clash
    try:
        with session.begin_nested():
            session.add(issue)
    except IntegrityError as error:
        # Somebody who does not lock the device, such as psql: the constraint decides.
        if isinstance(error.orig, ExclusionViolation):
            raise _clash(session, device, span) or error from error
        raise
    returned = None if span.upper is None else format_instant(span.upper)
    data = {"issue_id": str(issue.id), "issued_from": format_instant(issue.issued_from), "returned_at": returned}
    record_device(session, by, device, "device.issued", {**data, **_holder(issue)})
    _look_again(session, device, issue.issued_from, issue.returned_at)
    return issue


def return_device(
    session: Session, by: Doer, issue_id: uuid.UUID, *, now: datetime, returned_at: datetime | None = None
) -> DeviceIssue:
    """The device came back at `returned_at` (now), from an officer or out of a room.

    Raises AlreadyReturned, AlreadyVoided, RoomInSession, TimeUnusable, Unknown, OutsideUnit, RoleNotAllowed.
    """
    device, issue = _lock_issue(session, by, issue_id)
    if issue.returned_at is not None:
        raise AlreadyReturned(device.code, issue.returned_at)
    span = _span(issue.issued_from, returned_at or now, now)
    if issue.room_id is not None:
        _refuse_within_session(session, _lock_room(session, issue.room_id), span.upper)
    issue.span = span
    session.flush()
    assert issue.returned_at is not None
    data = {"issue_id": str(issue.id), "returned_at": format_instant(issue.returned_at)}
    record_device(session, by, device, "device.returned", data)
    _look_again(session, device, issue.returned_at, None)
    return issue


def void_issue(session: Session, by: Doer, issue_id: uuid.UUID, reason: str, now: datetime) -> DeviceIssue:
    """It was entered by mistake and counts for nothing; the row stays, and the time is free for the true one.

    Raises AlreadyVoided, Unknown, OutsideUnit, RoleNotAllowed, TextUnusable.
    """
    reason = required_text("reason", reason)
    device, issue = _lock_issue(session, by, issue_id)
    issue.voided_at = now
    session.flush()
    record_device(session, by, device, ISSUE_VOIDED, {"issue_id": str(issue.id)}, {"reason": reason})
    _look_again(session, device, issue.issued_from, issue.returned_at)
    return issue


def correct_issue(
    session: Session,
    by: Doer,
    issue_id: uuid.UUID,
    reason: str,
    *,
    now: datetime,
    issued_at: datetime,
    returned_at: datetime | None,
    person_id: uuid.UUID | None = None,
) -> DeviceIssue:
    """Say anew, and whole, what an issue should have said: that one is voided, and the one returned counts.

    `person_id` None: as before, to the same officer or room. Raises what `void_issue` does, and what `issue_device` and
    `issue_to_room` do; then nothing has changed.
    """
    # One look for both: what either touches is due, and nobody waits for a row any more once the linkers are held off.
    with looks_together(session):
        before = void_issue(session, by, issue_id, reason, now)
        device_id, holder = before.device_id, person_id or before.person_id
        if holder is None:
            assert before.room_id is not None
            return issue_to_room(
                session, by, device_id, before.room_id, now=now, issued_at=issued_at, returned_at=returned_at
            )
        return issue_device(session, by, device_id, holder, now=now, issued_at=issued_at, returned_at=returned_at)


def _look_again(session: Session, device: Device, start: datetime, end: datetime | None) -> None:
    """Who had it in that time has changed, for the unit whose register it stands in and for those below."""
    about = DeviceTime(device.unit_id, device.code, start, end)
    ask_for_another_look(session, because="register", device=about)


def _lock_issue(session: Session, by: Doer, issue_id: uuid.UUID) -> tuple[Device, DeviceIssue]:
    """Device first, as when it is issued: two can wait for each other, but never both."""
    device_id = session.scalar(select(DeviceIssue.device_id).where(DeviceIssue.id == issue_id))
    if device_id is None:
        raise Unknown("device_issue", issue_id)
    device = lock_device(session, by, ISSUING, device_id)
    statement = select(DeviceIssue).where(DeviceIssue.id == issue_id).with_for_update()
    issue = session.scalars(statement.execution_options(populate_existing=True)).one()
    if issue.voided_at is not None:
        raise AlreadyVoided(issue.voided_at)
    return device, issue


def _holder(issue: DeviceIssue) -> dict[str, str]:
    """In the entry: whom, or which room, it was issued to."""
    named = {"person_id": issue.person_id, "room_id": issue.room_id}
    return {name: str(value) for name, value in named.items() if value is not None}


def _require_room(session: Session, device: Device, room_id: uuid.UUID) -> Room:
    if session.get(Room, room_id) is None:
        raise Unknown("room", room_id)
    room = _lock_room(session, room_id)
    if device.unit_id not in line_of(session, room.unit_id):
        raise RoomElsewhere(device.code, room.name)
    return room


def _lock_room(session: Session, room_id: uuid.UUID) -> Room:
    """After the device, as everywhere: nobody begins a session in it, or closes it, meanwhile."""
    statement = select(Room).where(Room.id == room_id).with_for_update(key_share=True)
    return session.scalars(statement.execution_options(populate_existing=True)).one()


def _refuse_within_session(session: Session, room: Room, leaving: datetime | None) -> None:
    """What was to record a session to its end does not leave in the middle of it."""
    if leaving is None:
        return
    row = RoomSession
    begun, ended = func.lower(row.span) < leaving, func.coalesce(func.upper(row.span) > leaving, true())
    within = select(row).where(row.room_id == room.id, row.withdrawn_at.is_(None), begun, ended)
    found = session.scalars(within.limit(1)).first()
    if found is not None:
        raise RoomInSession(room.name, found.starts_at, found.ends_at)


def _require_officer(session: Session, device: Device, person_id: uuid.UUID) -> Person:
    person = session.get(Person, person_id)
    if person is None:
        raise Unknown("person", person_id)
    if device.unit_id not in line_of(session, person.unit_id):
        raise OfficerElsewhere(device.code, shown_as(person))
    if not person.active:
        raise OfficerUnknown(person.badge_number or person.sign_in_name)
    return person


def _span(issued_at: datetime, returned_at: datetime | None, now: datetime) -> Range[datetime]:
    for moment in (issued_at, returned_at):
        if moment is not None and moment.tzinfo is None:
            raise TimeUnusable(moment, "without_zone")
        if moment is not None and not is_usable(moment):
            raise TimeUnusable(moment, "no_such_year")
        if moment is not None and moment > now:
            raise TimeUnusable(moment, "in_the_future")
    if returned_at is not None and returned_at <= issued_at:
        raise TimeUnusable(returned_at, "before_the_issue")
    return Range(issued_at.astimezone(UTC), None if returned_at is None else returned_at.astimezone(UTC))


def _clash(session: Session, device: Device, span: Range[datetime]) -> RegisterError | None:
    """With whom the device is or was within that span, as an error to raise; the latest of several."""
    counting = select(DeviceIssue).where(DeviceIssue.device_id == device.id, DeviceIssue.voided_at.is_(None))
    other = session.scalars(counting.where(DeviceIssue.span.overlaps(span)).order_by(DeviceIssue.span.desc())).first()
    if other is None:
        return None
    holder = holder_of(session, other)
    if other.returned_at is None:
        return DeviceIsOut(device.code, holder, other.issued_from)
    return DeviceWasOut(device.code, holder, other.issued_from, other.returned_at)
