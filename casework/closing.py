"""Closing a case (结案)."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime

from sqlalchemy.orm import Session

from casework.open_cases import lock_open_case, record_case_change
from casework.permission import require
from casework.wording import required_text
from storage.catalog.casework import STAGES, Case
from storage.catalog.organisation import Person


def close_case(session: Session, by: Person, case_id: uuid.UUID, reason: str | None = None) -> Case:
    """The case is over. Before its last stage it takes a supervisor, and a reason.

    Raises CaseClosed, TextUnusable without a reason where one is due, RoleNotAllowed, UnknownSubject, OutsideUnit.
    """
    require(by, "work_on_cases")
    case = lock_open_case(session, by, case_id)
    private = {} if reason is None or not reason.strip() else {"reason": required_text("reason", reason)}
    if case.stage != STAGES[-1]:
        require(by, "close_a_case_early")
        private = {"reason": required_text("reason", reason or "")}
    case.closed_at = datetime.now(UTC)
    session.flush()
    record_case_change(session, by, case, "case.closed", {"stage": case.stage}, private)
    return case
