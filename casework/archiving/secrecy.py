"""Stating a case's class of secrecy (密级): stricter by whoever works on it, less strict by another supervisor alone.

What the class then keeps from whom: casework/secrecy.py.
"""

from __future__ import annotations

import uuid
from datetime import UTC, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from casework.archiving.errors import OwnSecrecy, SecrecyUnchanged, StateSecretRefused
from casework.open_cases import record_case_change
from casework.permission import require
from casework.secrecy import is_stricter, secrecy_of
from casework.wording import known_word, required_text
from retention.subjects import row_in_unit
from storage.catalog.archiving import SECRECY_CLASSES, CaseSecrecy
from storage.catalog.casework import Case
from storage.catalog.organisation import Person

STATE_SECRET = SECRECY_CLASSES[-1]


def state_secrecy(
    session: Session, by: Person, case_id: uuid.UUID, secrecy_class: str, reason: str | None = None, *, licensed: bool
) -> CaseSecrecy:
    """The class that the case has from now on, also of one that is closed or archived: it holds from the next byte on.

    `licensed`: whether this installation may hold state secrets. Raises SecrecyUnchanged, StateSecretRefused,
    OwnSecrecy and TextUnusable (no reason) where it becomes less strict, WordUnknown, RoleNotAllowed, UnknownSubject,
    OutsideUnit.
    """
    require(by, "state_secrecy")
    known_word("secrecy_class", secrecy_class, SECRECY_CLASSES)
    if secrecy_class == STATE_SECRET and not licensed:
        raise StateSecretRefused()
    case = row_in_unit(session, by, Case, case_id, lock=True)
    before = secrecy_of(session, case.id)
    if before is not None and before.secrecy_class == secrecy_class:
        raise SecrecyUnchanged(case.id, secrecy_class)
    loosened = before is not None and is_stricter(before.secrecy_class, secrecy_class)
    if loosened:
        require(by, "loosen_secrecy")
        reason = required_text("reason", reason or "")
        if before is not None and before.stated_by == by.id:
            raise OwnSecrecy(case.id)
    return _state(session, by, case, before, secrecy_class, reason)


def secrecy_stated(session: Session, case_id: uuid.UUID) -> tuple[CaseSecrecy, ...]:
    """All that was ever said of it, the latest first."""
    statement = select(CaseSecrecy).where(CaseSecrecy.case_id == case_id).order_by(CaseSecrecy.ordinal.desc())
    return tuple(session.scalars(statement))


def _state(
    session: Session, by: Person, case: Case, before: CaseSecrecy | None, secrecy_class: str, reason: str | None
) -> CaseSecrecy:
    row = CaseSecrecy(
        id=uuid.uuid4(),
        unit_id=case.unit_id,
        case_id=case.id,
        ordinal=1 if before is None else before.ordinal + 1,
        secrecy_class=secrecy_class,
        reason=None if reason is None or not reason.strip() else required_text("reason", reason),
        stated_by=by.id,
        stated_at=datetime.now(UTC),
    )
    session.add(row)
    session.flush()
    data = {
        "secrecy_id": str(row.id),
        "ordinal": row.ordinal,
        "from": None if before is None else before.secrecy_class,
        "to": row.secrecy_class,
    }
    private = {} if row.reason is None else {"reason": row.reason}
    record_case_change(session, by, case, "case.secrecy_stated", data, private)
    return row
