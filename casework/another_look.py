"""Linking outcomes, and the one way a recording becomes due for the linker a second time."""

from __future__ import annotations

import uuid
from datetime import timedelta

from sqlalchemy import ColumnElement, func, or_, select, update
from sqlalchemy.orm import Session

from storage.catalog.casework import CaseAssignment, LinkingDone
from storage.catalog.recordings import Recording

LINKED = "linked"
QUESTION = "question"
NO_CASE = "no_case"
NO_DATA = "no_data"
BY_PERSON = "by_person"
AGAIN = "again"

LONGEST_RECORDING = timedelta(days=31)
"""Durations come out of untrusted files: one that claims more counts as this much."""


def join_linking(session: Session, unit_id: uuid.UUID) -> None:
    """Wait for assignments of this unit that are being entered, and make later ones wait, until the transaction ends.

    Otherwise the linker could miss an assignment, and the assignment the linker's outcome, both not yet committed.
    Linkers do not wait for each other.
    """
    session.execute(select(func.pg_advisory_xact_lock_shared(_lock_key(unit_id))))


def _hold_linking_still(session: Session, unit_id: uuid.UUID) -> None:
    session.execute(select(func.pg_advisory_xact_lock(_lock_key(unit_id))))


def _lock_key(unit_id: uuid.UUID) -> ColumnElement[int]:
    return func.hashtextextended(f"linking {unit_id}", 0)


def ask_for_another_look(session: Session, assignment: CaseAssignment) -> int:
    """Make those recordings due again that the linker has seen and that this new assignment fits; returns how many.

    Officers enter assignments after the shift, when the footage is long here.
    """
    span = assignment.span
    if span.lower is None or span.upper is None:
        return 0
    _hold_linking_still(session, assignment.unit_id)
    seconds = func.least(func.greatest(Recording.duration_seconds, 0), LONGEST_RECORDING.total_seconds())
    ends_at = Recording.started_at + func.make_interval(0, 0, 0, 0, 0, 0, seconds)
    fitting = select(Recording.id).where(
        Recording.unit_id == assignment.unit_id,
        Recording.started_at < span.upper,
        Recording.started_at >= span.lower - LONGEST_RECORDING,
        ends_at >= span.lower,
        _claims_match(assignment),
    )
    statement = (
        update(LinkingDone)
        .where(LinkingDone.recording_id.in_(fitting), LinkingDone.outcome.in_((NO_CASE, LINKED)))
        .values(outcome=AGAIN, looked_at=func.now())
        .returning(LinkingDone.recording_id)
    )
    return len(session.scalars(statement).all())


def _claims_match(assignment: CaseAssignment) -> ColumnElement[bool]:
    pairs = ((Recording.device, assignment.device), (Recording.officer, assignment.officer))
    return or_(*(column == value for column, value in pairs if value is not None))
