"""A return is checked by somebody else than who drew it up (审核), or set aside (退回)."""

from __future__ import annotations

import uuid
from datetime import datetime

from sqlalchemy.orm import Session

from casework.permission import require
from casework.returns.errors import OwnReturn, ReturnSettled
from casework.returns.rows import is_sent, lock_return, record_return_change, refuse_set_aside
from casework.wording import required_text
from storage.catalog.organisation import Person
from storage.catalog.returns import UnitReturn


def check(session: Session, by: Person, return_id: uuid.UUID, now: datetime) -> UnitReturn:
    """Somebody else of the unit says that it may go. Raises OwnReturn, ReturnSettled, Unknown, OutsideUnit,
    RoleNotAllowed."""
    require(by, "check_returns")
    row = lock_return(session, by, return_id)
    refuse_set_aside(row)
    if row.checked_at is not None:
        raise ReturnSettled(row.id, "checked")
    if row.drawn_up_by == by.id:
        raise OwnReturn(row.id)
    row.checked_by, row.checked_at = by.id, now
    session.flush()
    record_return_change(session, by, row, "checked")
    return row


def set_aside(session: Session, by: Person, return_id: uuid.UUID, reason: str, now: datetime) -> UnitReturn:
    """It does not go, whether it was checked or not; another version may be drawn up.

    Raises ReturnSettled, TextUnusable, Unknown, OutsideUnit, RoleNotAllowed.
    """
    require(by, "check_returns")
    row, reason = lock_return(session, by, return_id), required_text("reason", reason)
    refuse_set_aside(row)
    if is_sent(session, row):
        raise ReturnSettled(row.id, "sent")
    row.set_aside_by, row.set_aside_at, row.set_aside_reason = by.id, now, reason
    session.flush()
    record_return_change(session, by, row, "set_aside", private={"reason": reason})
    return row
