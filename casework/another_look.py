"""Linking outcomes, and the ways a recording becomes due for the linker a second time: by new facts alone.

Who marks a recording never waits for whoever has its row: a person who is answering it makes the look needless, and two
linkers keep apart by device.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

from sqlalchemy import ColumnElement, Select, func, or_, select, update
from sqlalchemy.orm import Session

from casework.clocks import (
    FARTHEST,
    LEAST_UNCERTAINTY_SECONDS,
    SAME_SHIFT,
    learn_offset,
    own_clock,
    timed_by_satellites,
)
from casework.observation import LONGEST_RECORDING, clock_in_doubt, find_moment
from casework.scoring import shifted
from casework.surroundings import Surroundings
from storage.catalog.casework import CaseAssignment, LinkingDone
from storage.catalog.recordings import Recording

LINKED = "linked"
QUESTION = "question"
NO_CASE = "no_case"
NO_DATA = "no_data"
BY_PERSON = "by_person"
AGAIN = "again"


def join_linking(session: Session, units: Iterable[uuid.UUID]) -> None:
    """Wait for assignments of these units that are being entered, and make later ones wait, until the transaction ends.

    Otherwise the linker could miss an assignment, and the assignment the linker's outcome, both not yet committed.
    Linkers do not wait for each other.
    """
    for unit_id in sorted(units):
        session.execute(select(func.pg_advisory_xact_lock_shared(_lock_key(f"linking {unit_id}"))))


def join_devices(session: Session, recordings: Iterable[Recording]) -> None:
    """One linker at a time looks at recordings of a device: each must see what the others found of its clock.

    All of a batch at once, in order, before anything else is waited for, so that two batches never block each other.
    """
    names = {f"linking {row.unit_id} {row.device}" for row in recordings if row.device}
    for name in sorted(names):
        session.execute(select(func.pg_advisory_xact_lock(_lock_key(name))))


def ask_for_another_look(session: Session, assignment: CaseAssignment) -> int:
    """Make those recordings due again that this new assignment may touch; returns how many.

    Officers enter assignments after the shift, when the footage is long here. One that fits a recording may also clear,
    or raise, a doubt about the clock of all the others of that shift.
    """
    span = assignment.span
    if span.lower is None or span.upper is None:
        return 0
    return ask_again_about_time(session, assignment.unit_id, span.lower, span.upper)


def ask_for_another_look_at_device(session: Session, device: str, start: datetime, end: datetime | None) -> int:
    """Make the device's recordings due again: who had it from `start` to `end` (None: till now) has changed.

    In whatever unit: a bureau may keep one register for all. A look too many changes nothing.
    """
    until = datetime.max.replace(tzinfo=UTC) if end is None else end
    made = Recording.started_at.between(shifted(start, -FARTHEST), shifted(until, FARTHEST))
    units = session.scalars(select(Recording.unit_id).distinct().where(Recording.device == device, made))
    return sum(ask_again_about_time(session, unit_id, start, until, device) for unit_id in sorted(units))


def ask_again_about_time(
    session: Session, unit_id: uuid.UUID, start: datetime, end: datetime, device: str | None = None
) -> int:
    """Make the unit's recordings of about this time due again, all of them or one device's; returns how many."""
    session.execute(select(func.pg_advisory_xact_lock(_lock_key(f"linking {unit_id}"))))
    seconds = func.least(func.greatest(Recording.duration_seconds, 0), LONGEST_RECORDING.total_seconds())
    ends_at = Recording.started_at + func.make_interval(0, 0, 0, 0, 0, 0, seconds)
    touched = select(Recording.id).where(
        Recording.unit_id == unit_id,
        Recording.started_at < shifted(end, FARTHEST),
        Recording.started_at >= shifted(start, -FARTHEST - LONGEST_RECORDING),
        func.coalesce(ends_at, Recording.started_at) >= shifted(start, -FARTHEST),
    )
    return _mark(session, touched if device is None else touched.where(Recording.device == device))


def ask_for_another_look_at_shifts(session: Session, new: Iterable[Recording], around: Surroundings) -> int:
    """Recordings that are new here may say more of their devices' clocks: then the shift's others are due again."""
    touched = [condition for row in new if (condition := _touched_by(row, around)) is not None]
    if not touched:
        return 0
    return _mark(session, select(Recording.id).where(or_(*touched)))


def _touched_by(recording: Recording, around: Surroundings) -> ColumnElement[bool] | None:
    about = _teaches_about(recording, around) or _changes_doubt_about(recording, around)
    if about is None:
        return None
    # Also those no clock could be believed for: what was learnt now may be what they lacked.
    near = Recording.started_at.between(shifted(about, -2 * SAME_SHIFT), shifted(about, 2 * SAME_SHIFT))
    unknown = Recording.started_at.is_(None) & (Recording.received_at >= recording.received_at - 2 * SAME_SHIFT)
    of_device = (Recording.unit_id == recording.unit_id) & (Recording.device == recording.device)
    return of_device & (Recording.id != recording.id) & (near | unknown)


def _teaches_about(recording: Recording, around: Surroundings) -> datetime | None:
    """By which time of its clock, if what was known of the clock's offset before is not what is known now."""
    word = own_clock(recording.claims)
    if word is None or not recording.device or not timed_by_satellites(recording.claims):
        return None
    known = around.known.get((recording.unit_id, recording.device), ())
    before, now = learn_offset([each for each in known if each.looked_at], word), learn_offset(known, word)
    if before is None or now is None:
        return None if before is now else word.time
    return word.time if abs(now.seconds - before.seconds) > LEAST_UNCERTAINTY_SECONDS else None


def _changes_doubt_about(recording: Recording, around: Surroundings) -> datetime | None:
    if recording.started_at is None:  # A time that had not come when it was received: that clock is wrong.
        return recording.received_at
    moment = find_moment(recording, around)
    if moment is None or moment.basis != "claimed":
        return None
    changes = clock_in_doubt(recording, around) != clock_in_doubt(recording, around, before=True)
    return recording.started_at if changes else None


def _mark(session: Session, recordings: Select[uuid.UUID]) -> int:
    marked: Sequence[uuid.UUID] = session.scalars(
        select(LinkingDone.recording_id)
        .where(LinkingDone.recording_id.in_(recordings))
        .where(LinkingDone.outcome.in_((NO_CASE, NO_DATA, LINKED, QUESTION)))
        .with_for_update(skip_locked=True)
    ).all()
    again = update(LinkingDone).where(LinkingDone.recording_id.in_(marked)).values(outcome=AGAIN, looked_at=func.now())
    session.execute(again)
    return len(marked)


def _lock_key(name: str) -> ColumnElement[int]:
    return func.hashtextextended(name, 0)
