"""What a revocation (撤销) means: it names the decision that it revokes, and that one alone."""

from __future__ import annotations

import uuid
from datetime import datetime

from sqlalchemy import ColumnElement, exists
from sqlalchemy.orm import InstrumentedAttribute

from storage.catalog.deadlines import CaseEvent

_STANDING = CaseEvent.kind == "decision_revoked", CaseEvent.withdrawn_at.is_(None)


def is_revoked(issue_id: uuid.UUID | InstrumentedAttribute[uuid.UUID]) -> ColumnElement[bool]:
    """The condition that a revocation of the decision stands that was issued so."""
    return exists().where(CaseEvent.issue_id == issue_id, *_STANDING)


def check_is_revoked(case_id: uuid.UUID, since: datetime) -> ColumnElement[bool]:
    """The condition that the result of a check is revoked: by an event of its case that names no decision, and came in
    after that moment."""
    of_case = CaseEvent.case_id == case_id, CaseEvent.issue_id.is_(None), CaseEvent.entered_at > since
    return exists().where(*of_case, *_STANDING)
