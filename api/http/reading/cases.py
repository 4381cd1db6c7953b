"""Cases of one unit, and what waits to be put into them."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import false, select
from sqlalchemy.orm import Session

from api.http.reading.assignments import assignment_items
from api.http.reading.elements import scored_reasons
from api.http.reading.links import link_items
from api.http.reading.names import case_refs, people_named
from api.http.reading.recordings import recording_items
from api.http.schema.base import PersonRef
from api.http.schema.cases import (
    CandidateItem,
    CaseDetail,
    CaseItem,
    QuestionItem,
    StageItem,
    TimelineItem,
    UnlinkedItem,
)
from casework import timeline
from casework.cases import assignments_of
from casework.linking.unlinked import Unlinked
from casework.secrecy import may_see_case
from casework.stages import next_stages, stages_of
from storage.catalog.casework import Case, CaseLink, LinkQuestion
from storage.catalog.organisation import Person
from storage.catalog.recordings import Recording


def case_items(session: Session, rows: Sequence[Case]) -> list[CaseItem]:
    names = people_named(session, *(row.opened_by for row in rows))
    return [_case_item(row, names) for row in rows]


def describe_case(session: Session, case: Case, person: Person) -> CaseDetail:
    """A case with its stages, assignments, and the recordings in it, where no class of secrecy keeps them from him."""
    stages = stages_of(session, case.id)
    names = people_named(session, case.opened_by, *(stage.entered_by for stage in stages))
    links = select(CaseLink).where(CaseLink.case_id == case.id, CaseLink.ended_at.is_(None))
    links = links if may_see_case(session, person, case) else links.where(false())
    return CaseDetail(
        **dict(_case_item(case, names)),
        stages=[
            StageItem(
                stage=row.stage,
                entered_by=PersonRef.of(row.entered_by, names),
                entered_at=row.entered_at,
                reason=row.reason,
            )
            for row in stages
        ],
        next_stages=list(next_stages(case)),
        assignments=assignment_items(session, assignments_of(session, case.id)),
        links=link_items(session, session.scalars(links.order_by(CaseLink.created_at, CaseLink.id)).all()),
    )


def timeline_items(session: Session, rows: Sequence[timeline.TimelineItem]) -> list[TimelineItem]:
    names = people_named(session, *(row.person_id for row in rows))
    return [
        TimelineItem(
            at=row.at,
            kind=row.kind,
            subject_id=row.subject_id,
            person=PersonRef.maybe(row.person_id, names),
            recording_id=row.recording_id,
            detail=row.detail,
        )
        for row in rows
    ]


def question_items(session: Session, person: Person, rows: Sequence[LinkQuestion], now: datetime) -> list[QuestionItem]:
    recordings = session.scalars(select(Recording).where(Recording.id.in_([row.recording_id for row in rows]))).all()
    items = {item.id: item for item in recording_items(session, person, recordings, now)}
    cases = case_refs(session, (uuid.UUID(candidate["case_id"]) for row in rows for candidate in row.candidates))
    return [
        QuestionItem(
            id=row.id,
            recording=items[row.recording_id],
            candidates=[
                CandidateItem(
                    case=cases[uuid.UUID(candidate["case_id"])],
                    stage=candidate["stage"],
                    matched=candidate["matched"],
                    score=int(candidate.get("score", 0)),
                    reasons=scored_reasons(candidate.get("reasons")),
                )
                for candidate in row.candidates
            ],
            created_at=row.created_at,
        )
        for row in rows
    ]


def unlinked_items(session: Session, person: Person, rows: Sequence[Unlinked], now: datetime) -> list[UnlinkedItem]:
    items = recording_items(session, person, [row.recording for row in rows], now)
    return [
        UnlinkedItem(recording=item, outcome=row.outcome, question_id=row.question_id)
        for item, row in zip(items, rows, strict=True)
    ]


def _case_item(row: Case, names: dict[uuid.UUID, str]) -> CaseItem:
    return CaseItem(
        id=row.id,
        number=row.number,
        title=row.title,
        kind=row.kind,
        procedure=row.procedure,
        stage=row.stage,
        opened_by=PersonRef.of(row.opened_by, names),
        opened_at=row.opened_at,
        closed_at=row.closed_at,
    )
