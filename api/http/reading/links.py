"""Links between recordings and cases, with names."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy.orm import Session

from api.http.reading.elements import scored_reasons
from api.http.reading.names import case_refs, people_named
from api.http.schema.base import PersonRef
from api.http.schema.recordings import LinkItem
from storage.catalog.casework import CaseLink


def link_items(session: Session, rows: Sequence[CaseLink]) -> list[LinkItem]:
    cases = case_refs(session, (row.case_id for row in rows))
    names = people_named(session, *(row.person_id for row in rows), *(row.ended_by for row in rows))
    return [
        LinkItem(
            id=row.id,
            case=cases[row.case_id],
            recording_id=row.recording_id,
            stage=row.stage,
            made_by=row.made_by,
            person=PersonRef.maybe(row.person_id, names),
            reason=row.reason,
            score=row.score,
            reasons=scored_reasons(row.reasons),
            created_at=row.created_at,
            ended_at=row.ended_at,
            ended_by=PersonRef.maybe(row.ended_by, names),
            end_reason=row.end_reason,
        )
        for row in rows
    ]
