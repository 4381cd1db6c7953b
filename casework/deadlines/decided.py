"""Which decision an event is of, and what a revocation revokes: each has its own identity, and not its day.

In one case two parties are punished on one day, each by a decision of his own (处罚法 61), and each of these is
published and revoked for itself (处罚法 48); so is the result of each check.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import date
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from casework.deadlines.errors import DecisionUnclear, DecisionUnfit, EventEntered, ResultUnfit, RevocationUnclear
from casework.issued import issued_in
from storage.catalog.deadlines import CaseEvent

DECIDED: Final = "penalty_decided"
REVOKED: Final = "decision_revoked"
CONCLUDED: Final = "inspection_concluded"


@dataclass(frozen=True)
class Named:
    """What an event is of: the decision that was made or revoked, or the event of the result that was revoked."""

    issue_id: uuid.UUID | None = None
    revokes_id: uuid.UUID | None = None


def named_by_event(
    session: Session,
    case_id: uuid.UUID,
    kind: str,
    day: date,
    decision_id: uuid.UUID | None,
    revokes_id: uuid.UUID | None,
) -> Named:
    """The penalty that an event of the case is of, or the result of a check that a revocation is of: the one named, or
    the only one that is left. The caller holds the case's row.

    Neither for other kinds of events, and where there is nothing that it could be of: whether it may be entered then is
    the gate's to say. Raises DecisionUnclear, RevocationUnclear, DecisionUnfit, ResultUnfit, EventEntered.
    """
    if kind not in (DECIDED, REVOKED) and decision_id is not None:
        raise DecisionUnfit(kind, decision_id)
    if revokes_id is not None and (kind != REVOKED or decision_id is not None):
        raise ResultUnfit(kind, revokes_id)
    if kind == DECIDED:
        return _only_one(kind, day, _penalties(session, case_id, kind, day, decision_id))
    if kind != REVOKED:
        return Named()
    decisions = _penalties(session, case_id, kind, day, decision_id) if revokes_id is None else _NOTHING
    results = _results(session, case_id, day, revokes_id) if decision_id is None else _NOTHING
    return _only_one(kind, day, decisions, results)


@dataclass(frozen=True)
class _Fitting:
    """`left`: nothing of its kind was entered of them yet. `unfit`: why none of what there is will do."""

    left: tuple[Named, ...] = ()
    entered: int = 0
    unfit: DecisionUnfit | ResultUnfit | None = None


_NOTHING: Final = _Fitting()


def _only_one(kind: str, day: date, decisions: _Fitting, results: _Fitting = _NOTHING) -> Named:
    left = (*decisions.left, *results.left)
    if len(left) > 1:
        if results.left:
            raise RevocationUnclear(len(decisions.left), len(results.left))
        raise DecisionUnclear(kind, len(left))
    if left:
        return left[0]
    if decisions.entered or results.entered:
        raise EventEntered(kind, day)
    if (unfit := decisions.unfit or results.unfit) is not None:
        raise unfit
    return Named()


def _penalties(session: Session, case_id: uuid.UUID, kind: str, day: date, decision_id: uuid.UUID | None) -> _Fitting:
    issued = issued_in(session, case_id, "penalty")
    fit = [each for each in issued if each.issued_on == day or (kind == REVOKED and each.issued_on < day)]
    if decision_id is not None:
        fit = [each for each in fit if each.decision_id == decision_id]
    if not fit:
        is_unfit = decision_id is not None or (kind == REVOKED and issued)
        return _Fitting(unfit=DecisionUnfit(kind, decision_id) if is_unfit else None)
    entered = select(CaseEvent.issue_id).where(CaseEvent.case_id == case_id, CaseEvent.kind == kind)
    standing = set(session.scalars(entered.where(CaseEvent.withdrawn_at.is_(None))))
    left = tuple(Named(issue_id=each.id) for each in fit if each.id not in standing)
    return _Fitting(left, len(fit) - len(left))


def _results(session: Session, case_id: uuid.UUID, day: date, revokes_id: uuid.UUID | None) -> _Fitting:
    there = results_of_case(session, case_id)
    fit = [each for each in there if each.day <= day and revokes_id in (None, each.id)]
    if not fit:
        is_unfit = revokes_id is not None or there
        return _Fitting(unfit=ResultUnfit(REVOKED, revokes_id) if is_unfit else None)
    of_case = CaseEvent.case_id == case_id, CaseEvent.withdrawn_at.is_(None)
    standing = set(session.scalars(select(CaseEvent.revokes_id).where(*of_case)))
    left = tuple(Named(revokes_id=each.id) for each in fit if each.id not in standing)
    return _Fitting(left, len(fit) - len(left))


def results_of_case(session: Session, case_id: uuid.UUID) -> tuple[CaseEvent, ...]:
    """The events by which results of checks were entered, and that stand, by their day."""
    of_case = CaseEvent.case_id == case_id, CaseEvent.kind == CONCLUDED, CaseEvent.withdrawn_at.is_(None)
    return tuple(session.scalars(select(CaseEvent).where(*of_case).order_by(CaseEvent.day, CaseEvent.id)))
