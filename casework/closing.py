"""Closing a case (结案): refused while an act forbids it, by its own rule."""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime

from sqlalchemy.orm import Session

from casework.open_cases import lock_open_case, record_case_change
from casework.permission import require
from casework.procedure.judged import JudgedAct
from casework.procedure.judgement import refuse_incomplete
from casework.wording import required_text
from storage.catalog.casework import STAGES, Case
from storage.catalog.organisation import Person


def close_case(session: Session, by: Person, case_id: uuid.UUID, reason: str | None = None) -> Case:
    """The case is over. Before its last stage it takes a supervisor, and a reason.

    No act is entered, explained or withdrawn between the look and the close: all of that locks the case as well.
    Raises CaseIncomplete with the acts and minutes that forbid it, CaseClosed, TextUnusable without a reason where one
    is due, RoleNotAllowed, UnknownSubject, OutsideUnit.
    """
    require(by, "work_on_cases")
    case = lock_open_case(session, by, case_id)
    private = {} if reason is None or not reason.strip() else {"reason": required_text("reason", reason)}
    if case.stage != STAGES[-1]:
        require(by, "close_a_case_early")
        private = {"reason": required_text("reason", reason or "")}
    judged = refuse_incomplete(session, case.id, datetime.now(UTC))
    case.closed_at = datetime.now(UTC)
    session.flush()
    record_case_change(session, by, case, "case.closed", {"stage": case.stage, **_acts(judged)}, private)
    return case


def _acts(judged: Sequence[JudgedAct]) -> dict[str, dict[str, int]]:
    """How many acts had which verdict when it was closed."""
    return {"acts": dict(Counter(each.verdict for each in judged))} if judged else {}
