"""What a decision asks before it leaves, on paper or in public: issued, by a pass that stands and that was signed."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy.orm import Session

from casework.issued import issued_in, version_of
from casework.review.errors import GateShut
from casework.review.gate import leave_refusals, number_refusals, unnamed_refusals
from casework.review.passes import refuse_forged_pass
from integrity.epoch_keys import EpochKey
from storage.catalog.decisions import DecisionIssue
from storage.catalog.documents import DOCUMENT_KINDS, Document


def require_leave_of_number(
    session: Session, case_id: uuid.UUID, served_at: datetime, keys: Sequence[EpochKey]
) -> None:
    """A paper that is a number alone may be any decision of the case.

    `keys`: those that reviews of this archive are signed with. Raises GateShut, PassForged.
    """
    refusals = number_refusals(session, case_id, served_at)
    if refusals:
        raise GateShut(case_id, refusals)
    for issue in issued_in(session, case_id):
        refuse_forged_pass(session, version_of(session, issue), keys)


def require_leave_of_unnamed(session: Session, document: Document, keys: Sequence[EpochKey]) -> None:
    """A document of before that names no decision may be any of its kind in its case. Raises GateShut, PassForged."""
    refusals = unnamed_refusals(session, document.id)
    if refusals:
        raise GateShut(document.case_id, refusals)
    for issue in issued_in(session, document.case_id, DOCUMENT_KINDS[document.kind].states):
        refuse_forged_pass(session, version_of(session, issue), keys)


def require_leave_of(session: Session, issue: DecisionIssue, keys: Sequence[EpochKey]) -> None:
    """Whatever numbers, seals, serves, publishes or pushes one decision asks this of it, whatever became of others in
    its case: its own pass, and that it was not revoked. Raises GateShut, PassForged."""
    refusals = leave_refusals(session, issue.id)
    if refusals:
        raise GateShut(issue.case_id, refusals)
    refuse_forged_pass(session, version_of(session, issue), keys)
