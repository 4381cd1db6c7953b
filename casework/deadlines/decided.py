"""Which decision an event is of: one has its own identity, and not its day.

In one case two parties are punished on one day, each by a decision of his own (处罚法 61), and each of these is
published and revoked for itself (处罚法 48).
"""

from __future__ import annotations

import uuid
from datetime import date
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from casework.deadlines.errors import DecisionUnclear, DecisionUnfit, EventEntered
from casework.issued import issued_in
from storage.catalog.deadlines import CaseEvent
from storage.catalog.decisions import DecisionIssue

DECIDED: Final = "penalty_decided"
REVOKED: Final = "decision_revoked"


def decision_of_event(
    session: Session, case_id: uuid.UUID, kind: str, day: date, decision_id: uuid.UUID | None
) -> DecisionIssue | None:
    """The penalty that an event of the case is of: the one named, or the only one that is left. The caller holds the
    case's row.

    None for other kinds of events, and where no penalty was issued that it could be of: whether it may be entered then
    is the gate's to say. Raises DecisionUnclear, DecisionUnfit, EventEntered.
    """
    if kind not in (DECIDED, REVOKED):
        if decision_id is not None:
            raise DecisionUnfit(kind, decision_id)
        return None
    issued = issued_in(session, case_id, "penalty")
    fit = [each for each in issued if each.issued_on == day or (kind == REVOKED and each.issued_on < day)]
    if decision_id is not None:
        fit = [each for each in fit if each.decision_id == decision_id]
    if not fit:
        if decision_id is not None or (kind == REVOKED and issued):
            raise DecisionUnfit(kind, decision_id)
        return None
    entered = select(CaseEvent.issue_id).where(CaseEvent.case_id == case_id, CaseEvent.kind == kind)
    standing = set(session.scalars(entered.where(CaseEvent.withdrawn_at.is_(None))))
    left = [each for each in fit if each.id not in standing]
    if not left:
        raise EventEntered(kind, day)
    if len(left) > 1:
        raise DecisionUnclear(kind, len(left))
    return left[0]
