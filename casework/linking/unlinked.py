"""What waits to be put into a case: recordings in none, and open questions."""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from retention.own_units import Units, of_units
from retention.paging import Cursor, Page, newest_first, take_page
from storage.catalog.casework import CaseLink, LinkingDone, LinkQuestion
from storage.catalog.recordings import Recording


@dataclass(frozen=True)
class Unlinked:
    """A recording in no case; `outcome` is what the linker made of it (None: not looked at yet)."""

    recording: Recording
    outcome: str | None
    question_id: uuid.UUID | None


def list_unlinked(session: Session, units: Units, *, after: Cursor | None = None, limit: int = 50) -> Page[Unlinked]:
    """The recordings of a unit or of several that stand in no case, the latest sealed first."""
    linked = select(CaseLink.id).where(CaseLink.recording_id == Recording.id, CaseLink.ended_at.is_(None)).exists()
    open_question = (LinkQuestion.recording_id == Recording.id) & LinkQuestion.answered_at.is_(None)
    statement = (
        select(Recording, LinkingDone.outcome, LinkQuestion.id)
        .outerjoin(LinkingDone, LinkingDone.recording_id == Recording.id)
        .outerjoin(LinkQuestion, open_question)
        .where(of_units(Recording.unit_id, units), ~linked)
    )
    rows = session.execute(newest_first(statement, Recording.sealed_at, Recording.id, after, limit)).all()
    found = [Unlinked(recording, outcome, question_id) for recording, outcome, question_id in rows]
    return take_page(found, limit, lambda row: Cursor(row.recording.sealed_at, str(row.recording.id)))


def list_questions(
    session: Session,
    units: Units,
    *,
    recording_id: uuid.UUID | None = None,
    after: Cursor | None = None,
    limit: int = 50,
) -> Page[LinkQuestion]:
    """The open questions of a unit or of several, or about one recording, the latest first; `candidates` holds what
    spoke for each case."""
    statement = select(LinkQuestion).where(of_units(LinkQuestion.unit_id, units), LinkQuestion.answered_at.is_(None))
    if recording_id is not None:
        statement = statement.where(LinkQuestion.recording_id == recording_id)
    rows = session.scalars(newest_first(statement, LinkQuestion.created_at, LinkQuestion.id, after, limit)).all()
    return take_page(rows, limit, lambda question: Cursor(question.created_at, str(question.id)))
