"""What a revocation (撤销) means: it names a case, no decision, and so all that was decided there before it came in."""

from __future__ import annotations

import uuid
from datetime import datetime

from sqlalchemy import ColumnElement, exists
from sqlalchemy.orm import InstrumentedAttribute

from storage.catalog.deadlines import CaseEvent


def revoked_after(
    case_id: uuid.UUID | InstrumentedAttribute[uuid.UUID], moment: datetime | InstrumentedAttribute[datetime]
) -> ColumnElement[bool]:
    """The condition that a revocation stands in the case which was entered after that moment."""
    return exists().where(
        CaseEvent.case_id == case_id,
        CaseEvent.kind == "decision_revoked",
        CaseEvent.withdrawn_at.is_(None),
        CaseEvent.entered_at > moment,
    )
