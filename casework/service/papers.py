"""What of a case can be served, and what can prove it: documents, and recordings, nearest in time first."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from sqlalchemy import ColumnElement, and_, exists, or_, select
from sqlalchemy.orm import Session

from casework.procedure.acts import ActNow, acts_of_case
from casework.revoked import is_revoked
from casework.secrecy import keeps_nothing_from
from casework.service.leave import RECEIPT
from casework.service.manners import LEAVING, MANNERS
from casework.service.proof import Picture, pictures
from storage.catalog.casework import Case, CaseLink
from storage.catalog.decisions import DecisionIssue, DecisionVersion
from storage.catalog.documents import (
    DOCUMENT_KINDS,
    Document,
    DocumentNumber,
    DocumentSignature,
    DocumentTemplate,
    FinalDocument,
)
from storage.catalog.organisation import Person
from storage.catalog.recordings import Recording

MOST_PROOFS: Final = 100


@dataclass(frozen=True)
class Paper:
    """A final document of a case."""

    document: Document
    title: str
    number: str | None


@dataclass(frozen=True)
class Proof:
    """A recording of the case that may prove a service. `problem`: why it would not, a word of PROOF_PROBLEMS."""

    recording: Recording
    picture: Picture
    problem: str | None

    @property
    def starts_at(self) -> datetime | None:
        return self.picture.footage.starts_at


def papers_to_serve(session: Session, case_id: uuid.UUID) -> tuple[Paper, ...]:
    """Final documents of the case, the latest first, but those that state what was revoked, or of before and may."""
    unrevoked = ~is_revoked(Document.issue_id) & ~_may_state_revoked()
    rows = session.execute(
        _finals(case_id)
        .where(Document.kind != RECEIPT, unrevoked)
        .order_by(FinalDocument.finalised_at.desc(), Document.id)
    )
    return tuple(Paper(row.Document, row.title_zh, _written(row.DocumentNumber)) for row in rows)


def receipts_of(session: Session, case_id: uuid.UUID) -> tuple[Paper, ...]:
    """Final documents that prove a service, the latest first: receipts (送达回证), and what the party signed."""
    statement = _finals(case_id).where(_proves()).order_by(FinalDocument.finalised_at.desc(), Document.id)
    rows = session.execute(statement)
    return tuple(Paper(row.Document, row.title_zh, _written(row.DocumentNumber)) for row in rows)


def is_receipt(session: Session, case_id: uuid.UUID, receipt_id: uuid.UUID, served: Document | None) -> bool:
    """A receipt of service of the case; or the very document that was served, where the party signed it."""
    row = session.execute(_finals(case_id).where(Document.id == receipt_id, _proves())).first()
    return row is not None and (row.Document.kind == RECEIPT or served is None or served.id == receipt_id)


def acts_of_leaving(session: Session, case_id: uuid.UUID) -> tuple[ActNow, ...]:
    """Those that stand, the latest first."""
    return tuple(act for act in reversed(acts_of_case(session, case_id)) if act.said.kind == LEAVING)


def proofs_near(
    session: Session, person: Person, case: Case, method: str, at: datetime, act: ActNow | None = None
) -> tuple[Proof, ...]:
    """Recordings of the case as proofs of a service at that time, the nearest first; what has no time comes last.

    `act`: that of leaving it. Those that a class of secrecy keeps from the person are left out.
    """
    of_case = CaseLink.case_id == case.id, CaseLink.recording_id == Recording.id, CaseLink.ended_at.is_(None)
    statement = select(Recording).where(exists().where(*of_case), keeps_nothing_from(person))
    found = pictures(session, session.scalars(statement.order_by(Recording.id)).all())
    nearest = sorted(found, key=lambda each: _distance(each, at))[:MOST_PROOFS]
    return tuple(Proof(each.footage.recording, each, _problem(each, method, act, at)) for each in nearest)


def _problem(picture: Picture, method: str, act: ActNow | None, at: datetime) -> str | None:
    if MANNERS[method].proof != "picture":
        return None
    return "no_act" if act is None else picture.problem(act, at)


def _distance(picture: Picture, at: datetime) -> timedelta:
    """Between its minutes and that time."""
    start, length = picture.footage.starts_at, picture.footage.length
    if start is None:
        return datetime.max.replace(tzinfo=UTC) - datetime.min.replace(tzinfo=UTC)
    return max(start - at, at - (start + length), timedelta(0))


def _finals(case_id: uuid.UUID) -> Any:
    return (
        select(Document, DocumentTemplate.title_zh, DocumentNumber)
        .join(FinalDocument, FinalDocument.document_id == Document.id)
        .join(DocumentTemplate, DocumentTemplate.id == Document.template_id)
        .outerjoin(DocumentNumber, DocumentNumber.document_id == Document.id)
        .where(Document.case_id == case_id, Document.withdrawn_at.is_(None))
    )


def _may_state_revoked() -> ColumnElement[bool]:
    """It names no decision, and one of its kind in its case was revoked."""
    kinds = (and_(Document.kind == name, DecisionVersion.kind == kind.states) for name, kind in DOCUMENT_KINDS.items())
    of_case = DecisionIssue.case_id == Document.case_id, DecisionVersion.id == DecisionIssue.version_id
    unnamed = Document.issues_decision & Document.issue_id.is_(None)
    return unnamed & exists().where(*of_case, or_(*kinds), is_revoked(DecisionIssue.id))


def _proves() -> Any:
    signed = DocumentSignature.document_id == Document.id, DocumentSignature.text_id == FinalDocument.text_id
    by_party = DocumentSignature.role == "party", DocumentSignature.outcome == "signed"
    return or_(Document.kind == RECEIPT, exists().where(*signed, *by_party))


def _written(number: DocumentNumber | None) -> str | None:
    return None if number is None else number.written
