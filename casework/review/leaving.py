"""What a decision asks before it leaves, on paper or in public: issued, by a pass that stands and that was signed."""

from __future__ import annotations

import uuid
from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from casework.review.errors import GateShut
from casework.review.gate import case_refusals, refusals_of
from casework.review.passes import refuse_forged_pass
from integrity.trust import EpochKey
from storage.catalog.decisions import DecisionIssue, DecisionVersion


def require_leave(session: Session, case_id: uuid.UUID, kind: str, keys: Sequence[EpochKey]) -> None:
    """Whatever numbers, seals, publishes or pushes a case's decision of a kind (penalty, coercion) asks this.

    `keys`: those that reviews of this archive are signed with. Raises GateShut, PassForged.
    """
    refusals = case_refusals(session, case_id, kind)
    if refusals:
        raise GateShut(case_id, refusals)
    issued = (
        select(DecisionVersion)
        .join(DecisionIssue, DecisionIssue.version_id == DecisionVersion.id)
        .where(DecisionIssue.case_id == case_id, DecisionVersion.kind == kind)
    )
    for version in session.scalars(issued):
        refuse_forged_pass(session, version, keys)


def require_leave_of(session: Session, issue: DecisionIssue, keys: Sequence[EpochKey]) -> None:
    """The same of one decision, whatever became of others in its case. Raises GateShut, PassForged."""
    refusals = refusals_of(session, issue.version_id)
    if refusals:
        raise GateShut(issue.case_id, refusals)
    refuse_forged_pass(session, session.get_one(DecisionVersion, issue.version_id), keys)
