"""The procedure of a case (程序): stated when it is opened; later only from unstated, to ordinary, or to a hearing."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Final

from sqlalchemy.orm import Session

from casework.errors import ProcedureSettled
from casework.open_cases import lock_open_case, record_case_change
from casework.permission import require
from casework.wording import known_word, required_text
from storage.catalog.casework import PROCEDURES, UNSTATED, Case
from storage.catalog.organisation import Person

# 简易 turns out to be none (处罚法 51), or the person concerned asks for a hearing (处罚法 63): both before a decision.
TURNS: Final[Mapping[str, tuple[str, ...]]] = {
    "simple_penalty": ("ordinary_penalty",),
    "ordinary_penalty": ("hearing_penalty",),
}
_BEFORE_DECISION: Final = ("initiation", "investigation")


def state_procedure(
    session: Session, by: Person, case_id: uuid.UUID, procedure: str, reason: str | None = None
) -> Case:
    """Say which procedure a case of before follows, once; or turn to the next stricter one, with a reason.

    Raises ProcedureSettled with what it may still become, WordUnknown for a procedure of another kind of case,
    TextUnusable, CaseClosed, RoleNotAllowed, UnknownSubject, OutsideUnit.
    """
    require(by, "work_on_cases")
    case = lock_open_case(session, by, case_id)
    known_word("procedure", procedure, PROCEDURES[case.kind])
    former = case.procedure
    if procedure not in possible_procedures(case):
        raise ProcedureSettled(case.id, former, case.stage, possible_procedures(case))
    private = {} if former == UNSTATED else {"reason": required_text("reason", reason or "")}
    case.procedure = procedure
    session.flush()
    record_case_change(session, by, case, "case.procedure_stated", {"from": former, "to": procedure}, private)
    return case


def possible_procedures(case: Case) -> tuple[str, ...]:
    """What the case's procedure may become, where it stands. A hearing comes before the decision, or not at all."""
    if case.closed_at is not None:
        return ()
    wanted = PROCEDURES[case.kind] if case.procedure == UNSTATED else TURNS.get(case.procedure, ())
    if case.stage in _BEFORE_DECISION:
        return wanted
    return tuple(each for each in wanted if each != "hearing_penalty") if case.procedure == UNSTATED else ()
