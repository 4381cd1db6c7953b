"""What a revocation (撤销) means: it names the decision that it revokes, or the result of a check, and that one alone.
One of before it could name a result (migration 0066) revokes all that were entered before it in its case."""

from __future__ import annotations

import uuid
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, exists, or_, select
from sqlalchemy.orm import InstrumentedAttribute

from casework.deadlines.decided import REVOKED
from storage.catalog.deadlines import CaseEvent

_STANDING = CaseEvent.kind == REVOKED, CaseEvent.withdrawn_at.is_(None)


def is_revoked(issue_id: uuid.UUID | InstrumentedAttribute[Any]) -> ColumnElement[bool]:
    """The condition that a revocation of the decision stands that was issued so."""
    return exists().where(CaseEvent.issue_id == issue_id, *_STANDING)


def standing_revocations(case_id: uuid.UUID) -> Select[CaseEvent]:
    """The events of the case that revoke anything and were not withdrawn, by their day."""
    standing = select(CaseEvent).where(CaseEvent.case_id == case_id, *_STANDING)
    return standing.order_by(CaseEvent.day, CaseEvent.entered_at, CaseEvent.id)


def revocations_of(result: CaseEvent) -> Select[CaseEvent]:
    """Of these the ones that revoke what `result` entered: the decision that it names, or the result of a check."""
    standing = standing_revocations(result.case_id)
    if result.issue_id is not None:
        return standing.where(CaseEvent.issue_id == result.issue_id)
    names_none = CaseEvent.issue_id.is_(None), CaseEvent.revokes_id.is_(None)
    return standing.where(
        or_(CaseEvent.revokes_id == result.id, and_(*names_none, CaseEvent.entered_at > result.entered_at))
    )
