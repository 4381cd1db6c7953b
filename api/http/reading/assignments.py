"""What is shown of a case's assignments: by its page, the API and `liuhen admin assignment`, which needs no web
framework for it."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy.orm import Session

from api.http.reading.names import people_named
from api.http.schema.base import PersonRef
from api.http.schema.cases import AssignmentItem
from storage.catalog.casework import CaseAssignment


def assignment_items(session: Session, rows: Sequence[CaseAssignment]) -> list[AssignmentItem]:
    names = people_named(session, *(row.withdrawn_by for row in rows))
    return [
        AssignmentItem(
            id=row.id,
            officer=row.officer,
            device=row.device,
            stage=row.stage,
            starts_at=row.span.lower,
            ends_at=row.span.upper,
            latitude=row.latitude,
            longitude=row.longitude,
            withdrawn_at=row.withdrawn_at,
            withdrawn_by=PersonRef.maybe(row.withdrawn_by, names),
            withdraw_reason=row.withdraw_reason,
            replaced_by=row.replaced_by,
        )
        for row in rows
    ]
