"""The decisions of a case that were issued (作出), in their order, each by its own identity."""

from __future__ import annotations

import uuid

from sqlalchemy import select
from sqlalchemy.orm import Session

from storage.catalog.decisions import DecisionIssue, DecisionVersion


def issued_in(session: Session, case_id: uuid.UUID, kind: str | None = None) -> tuple[DecisionIssue, ...]:
    """Those of a kind (penalty, coercion, inspection), or of all; also what was revoked since."""
    issued = select(DecisionIssue).join(DecisionVersion, DecisionVersion.id == DecisionIssue.version_id)
    mine = issued.where(DecisionIssue.case_id == case_id)
    if kind is not None:
        mine = mine.where(DecisionVersion.kind == kind)
    return tuple(session.scalars(mine.order_by(DecisionIssue.issued_at, DecisionIssue.id)))


def version_of(session: Session, issue: DecisionIssue) -> DecisionVersion:
    """What was issued."""
    return session.get_one(DecisionVersion, issue.version_id)
