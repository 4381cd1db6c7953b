"""Holds (保全): what is held, directly or through a case, is never disposed of."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime

from sqlalchemy import exists, or_, select
from sqlalchemy.orm import Session

from retention.errors import AlreadyReleased, HoldTargetUnclear
from retention.own_units import Units, of_units
from retention.paging import Cursor, Page, newest_first, take_page
from retention.permission import require
from retention.subjects import row_in_unit
from retention.wording import require_reason
from storage.catalog.casework import Case, CaseLink
from storage.catalog.organisation import Person
from storage.catalog.recordings import Recording
from storage.catalog.retention import Hold
from storage.ledger.append import Actor, Change, record_change


def place_hold(
    session: Session,
    by: Person,
    *,
    recording_id: uuid.UUID | None = None,
    case_id: uuid.UUID | None = None,
    reason: str,
) -> Hold:
    """Hold one recording, or a case with whatever is or will be linked to it. Several holds may stand side by side.

    Raises HoldTargetUnclear, UnknownSubject, OutsideUnit, DeedNotAllowed, ReasonUnusable.
    """
    require(by, "hold")
    reason = require_reason(reason)
    if (recording_id is None) == (case_id is None):
        raise HoldTargetUnclear()
    # Locked, so that a disposal of the same recording comes wholly before or wholly after.
    if recording_id is not None:
        row_in_unit(session, by, Recording, recording_id, lock=True)
    if case_id is not None:
        row_in_unit(session, by, Case, case_id, lock=True)
    hold = Hold(unit_id=by.unit_id, recording_id=recording_id, case_id=case_id, reason=reason, placed_by=by.id)
    session.add(hold)
    session.flush()
    _record(session, by, hold, "hold.placed", reason)
    return hold


def release_hold(session: Session, by: Person, hold_id: uuid.UUID, reason: str) -> Hold:
    """End a hold; its row stays. Raises AlreadyReleased and what `require`, `require_reason`, `row_in_unit` raise."""
    require(by, "hold")
    reason = require_reason(reason)
    hold = row_in_unit(session, by, Hold, hold_id, lock=True)
    if hold.released_at is not None:
        raise AlreadyReleased(hold.id, hold.released_at)
    hold.released_by, hold.released_at, hold.release_reason = by.id, datetime.now(UTC), reason
    session.flush()
    _record(session, by, hold, "hold.released", reason)
    return hold


def list_holds(
    session: Session, units: Units, *, live_only: bool = True, after: Cursor | None = None, limit: int = 50
) -> Page[Hold]:
    """The holds of a unit or of several, the latest first."""
    statement = select(Hold).where(of_units(Hold.unit_id, units))
    if live_only:
        statement = statement.where(Hold.released_at.is_(None))
    rows = session.scalars(newest_first(statement, Hold.placed_at, Hold.id, after, limit)).all()
    return take_page(rows, limit, lambda hold: Cursor(hold.placed_at, str(hold.id)))


def holds_on(session: Session, recording_id: uuid.UUID) -> tuple[Hold, ...]:
    """The live holds that keep a recording: its own, and those of cases it is linked to."""
    linked = exists().where(
        CaseLink.recording_id == recording_id, CaseLink.case_id == Hold.case_id, CaseLink.ended_at.is_(None)
    )
    statement = select(Hold).where(Hold.released_at.is_(None), or_(Hold.recording_id == recording_id, linked))
    return tuple(session.scalars(statement.order_by(Hold.placed_at, Hold.id)))


def _record(session: Session, by: Person, hold: Hold, action: str, reason: str) -> None:
    kind, subject = ("case", hold.case_id) if hold.recording_id is None else ("recording", hold.recording_id)
    change = Change(action, kind, str(subject), hold.unit_id, {"hold_id": str(hold.id)}, {"reason": reason})
    record_change(session, Actor.person(by.id), change)
