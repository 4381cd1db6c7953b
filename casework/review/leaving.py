"""What a decision asks before it leaves, on paper or in public: issued, by a pass that stands and that was signed."""

from __future__ import annotations

import uuid
from collections.abc import Sequence

from sqlalchemy.orm import Session

from casework.issued import issued_in, version_of
from casework.review.errors import GateShut
from casework.review.gate import case_refusals, leave_refusals
from casework.review.passes import refuse_forged_pass
from integrity.trust import EpochKey
from storage.catalog.decisions import DecisionIssue


def require_leave(session: Session, case_id: uuid.UUID, kind: str, keys: Sequence[EpochKey]) -> None:
    """What goes out of a case and may state any of its decisions of a kind (penalty, coercion) asks this of them all.

    `keys`: those that reviews of this archive are signed with. Raises GateShut, PassForged.
    """
    refusals = case_refusals(session, case_id, kind)
    if refusals:
        raise GateShut(case_id, refusals)
    for issue in issued_in(session, case_id, kind):
        refuse_forged_pass(session, version_of(session, issue), keys)


def require_leave_of(session: Session, issue: DecisionIssue, keys: Sequence[EpochKey]) -> None:
    """Whatever numbers, seals, serves, publishes or pushes one decision asks this of it, whatever became of others in
    its case: its own pass, and that it was not revoked. Raises GateShut, PassForged."""
    refusals = leave_refusals(session, issue.id)
    if refusals:
        raise GateShut(issue.case_id, refusals)
    refuse_forged_pass(session, version_of(session, issue), keys)
