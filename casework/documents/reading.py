"""Who reads a document of a case (S20): nothing of it leaves before an entry says who reads it, and why.

Whoever is at work on the case reads on, and an hour of one document is one entry. Whoever is not says why first; what
he said holds for the case's other documents for eight hours. docs/decisions/0037-documents-read.md.
"""

from __future__ import annotations

import uuid
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import exists, func, literal, or_, select, tuple_
from sqlalchemy.orm import Session, aliased

from casework.documents.kept import OF_REVIEWERS, refuse_kept_document
from casework.errors import AccessRefused
from casework.handling import handles
from casework.permission import MAY
from casework.wording import required_text
from retention.paging import Cursor, Page, page_rows, take_page
from retention.subjects import row_in_unit
from storage.catalog.casework import Case
from storage.catalog.documents import Document, DocumentReading, DocumentSignature
from storage.catalog.organisation import Person
from storage.catalog.review import DecisionSubmission
from storage.ledger.append import Actor, Change, record_change

READING: Final = timedelta(hours=1)
REASON_HOLDS: Final = timedelta(hours=8)


@dataclass(frozen=True)
class Reading:
    """One hour of one person with one document. `reason`: None of whoever was at work on the case."""

    id: uuid.UUID
    person_id: uuid.UUID
    reason: str | None
    read_at: datetime


def read_document(session: Session, person: Person, document_id: uuid.UUID, now: datetime) -> DocumentReading:
    """That the person reads it now: the reading of this hour, else a new one with its entry, which the caller commits
    before anything of the document leaves.

    Raises AccessRefused (`reason_needed`) for one who is not at work on the case and has not said why, or where its
    class of secrecy keeps it from him; UnknownSubject, OutsideUnit.
    """
    document = row_in_unit(session, person, Document, document_id)
    refuse_kept_document(session, person, document)
    going_on = _latest(
        session, person, DocumentReading.document_id == document.id, DocumentReading.read_at > now - READING
    )
    if going_on is not None:
        return going_on
    if is_at_work(session, person, document):
        return _enter(session, person, document, now)
    said = _latest(
        session,
        person,
        DocumentReading.case_id == document.case_id,
        DocumentReading.reason.is_not(None),
        DocumentReading.read_at > now - REASON_HOLDS,
    )
    if said is None:
        raise AccessRefused("reason_needed", "document", document.id)
    return _enter(session, person, document, now, because_id=said.id)


def read_for_a_reason(
    session: Session, person: Person, document_id: uuid.UUID, reason: str, now: datetime
) -> DocumentReading:
    """The same with why, in one's own words; the entry commits to them.

    Raises TextUnusable, and but for `reason_needed` what `read_document` does.
    """
    reason = required_text("reason", reason)
    document = row_in_unit(session, person, Document, document_id)
    refuse_kept_document(session, person, document)
    return _enter(session, person, document, now, reason=reason)


def being_read(session: Session, person: Person, document_ids: Collection[uuid.UUID]) -> frozenset[uuid.UUID]:
    """Those of the documents that the person is reading now: an entry of this hour says so of each."""
    row = DocumentReading
    his = row.person_id == person.id, row.document_id.in_(document_ids), row.read_at > func.now() - READING
    return frozenset(session.scalars(select(row.document_id).where(*his)))


def is_at_work(session: Session, person: Person, document: Document) -> bool:
    """The case's officers and who opened it; who began or signed the document; while the case is open supervisors, who
    lead it from stage to stage, and reviewers with whom a decision of it is; a reviewer with an opinion, his own paper.
    """
    case = session.get_one(Case, document.case_id)
    if person.id in (case.opened_by, document.begun_by) or handles(session, person, case.id):
        return True
    if document.kind == OF_REVIEWERS and person.role in MAY["write_review_opinions"]:
        return True
    if case.closed_at is None and person.role in MAY["return_a_stage"]:
        return True
    signed = exists().where(DocumentSignature.document_id == document.id, DocumentSignature.person_id == person.id)
    waits = exists().where(DecisionSubmission.case_id == case.id, DecisionSubmission.withdrawn_at.is_(None))
    reviews = case.closed_at is None and person.role in MAY["review_decisions"]
    return bool(session.scalar(select(or_(signed, waits) if reviews else signed)))


def who_read(
    session: Session, document_id: uuid.UUID, *, after: Cursor | None = None, limit: int = 50
) -> Page[Reading]:
    """Every reading of a document with its reason, the latest first."""
    row, said = DocumentReading, aliased(DocumentReading)
    statement = (
        select(row.id, row.person_id, func.coalesce(row.reason, said.reason), row.read_at)
        .outerjoin(said, said.id == row.because_id)
        .where(row.document_id == document_id)
        .order_by(row.read_at.desc(), row.id.desc())
        .limit(page_rows(limit) + 1)
    )
    if after is not None:
        statement = statement.where(tuple_(row.read_at, row.id) < tuple_(literal(after.at), literal(after.id)))
    readings = [Reading(*each) for each in session.execute(statement)]
    return take_page(readings, limit, lambda each: Cursor(each.read_at, str(each.id)))


def _latest(session: Session, person: Person, *conditions: Any) -> DocumentReading | None:
    own = select(DocumentReading).where(DocumentReading.person_id == person.id, *conditions)
    return session.scalars(own.order_by(DocumentReading.read_at.desc()).limit(1)).first()


def _enter(
    session: Session,
    person: Person,
    document: Document,
    now: datetime,
    *,
    reason: str | None = None,
    because_id: uuid.UUID | None = None,
) -> DocumentReading:
    row = DocumentReading(
        id=uuid.uuid4(),
        unit_id=document.unit_id,
        case_id=document.case_id,
        document_id=document.id,
        person_id=person.id,
        reason=reason,
        because_id=because_id,
        read_at=now,
    )
    session.add(row)
    session.flush()
    data = {
        "reading_id": str(row.id),
        "case_id": str(row.case_id),
        "because_id": None if because_id is None else str(because_id),
    }
    private = {} if reason is None else {"reason": reason}
    change = Change("document.read", "document", str(document.id), document.unit_id, data, private)
    record_change(session, Actor.person(person.id), change)
    return row
