"""执法台账: the cases of a year and their documents, a line each, as a bureau keeps its book of enforcement."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from casework.permission import require
from casework.revoked import is_revoked
from casework.secrecy import keeps_case_from
from casework.units import in_reach
from casework.wording import known_word
from integrity.local_time import CHINA, chinese_day
from storage.catalog.archiving import CaseArchive
from storage.catalog.casework import Case, CaseLink
from storage.catalog.decisions import DecisionIssue, DecisionVersion
from storage.catalog.documents import Document, DocumentNumber, DocumentTemplate, FinalDocument, SealedDocument
from storage.catalog.handling import CaseOfficer
from storage.catalog.organisation import Person, Unit
from storage.catalog.publication import Publication
from storage.catalog.service import CaseService
from storage.ledger.append import Actor, Change, record_change

LISTS: Final = ("cases", "documents", "book")
_AT_ONCE = 500


@dataclass(frozen=True)
class IssuedLine:
    """A decision that was issued: `amount_fen` in 0.01 yuan; `reviewed`: whether a legal review let it pass; `revoked`:
    a penalty, and the case has a revocation that stands and was entered later (as casework/publication asks)."""

    issued_on: date
    kind: str
    measures: tuple[str, ...]
    amount_fen: int | None
    party: str
    reviewed: bool
    revoked: bool


@dataclass(frozen=True)
class CaseLine:
    """`served_on`: when the latest decision was served; `public`: whether something of it is public now."""

    case: Case
    unit: str
    officers: tuple[str, ...]
    issued: tuple[IssuedLine, ...]
    served_on: date | None
    public: bool
    archived_at: datetime | None
    recordings: int
    documents: int


@dataclass(frozen=True)
class DocumentLine:
    """A final document; `number` as it stands on it, None where it has none."""

    case_number: str
    unit: str
    title: str
    number: str | None
    dated_on: date
    sealed_at: datetime | None
    served_on: date | None
    withdrawn_at: datetime | None


@dataclass(frozen=True)
class Book:
    """What was asked for of a year; the lines are read as they are taken, while the session lasts."""

    cases: Iterator[CaseLine]
    documents: Iterator[DocumentLine]


def take_book(session: Session, by: Person, name: str, year: int) -> Book:
    """The cases of a Chinese year, or its documents, or both (`book`), leave the archive, which is an entry.

    What was not asked for has no lines. Raises WordUnknown, RoleNotAllowed.
    """
    require(by, "take_the_book")
    known_word("name", name, LISTS)
    change = Change("case.book_taken", "unit", str(by.unit_id), by.unit_id, {"list": name, "year": year})
    record_change(session, Actor.person(by.id), change)
    return Book(
        iter(()) if name == "documents" else case_lines(session, by, year),
        iter(()) if name == "cases" else document_lines(session, by, year),
    )


def case_lines(session: Session, by: Person, year: int) -> Iterator[CaseLine]:
    """Cases that were opened in that Chinese year, in the person's unit and those below it, by when they were opened.

    Those of a class of secrecy that is closed to him are not among them. Raises RoleNotAllowed.
    """
    require(by, "take_the_book")
    since, until = _bounds(year)
    statement = (
        select(Case, Unit.name)
        .join(Unit, Unit.id == Case.unit_id)
        .where(in_reach(by, Case.unit_id), ~keeps_case_from(by, Case.id))
        .where(Case.opened_at >= since, Case.opened_at < until)
        .order_by(Case.opened_at, Case.id)
    )
    for part in session.execute(statement, execution_options={"yield_per": _AT_ONCE}).partitions():
        yield from _lines(session, [(row[0], row[1]) for row in part])


def document_lines(session: Session, by: Person, year: int) -> Iterator[DocumentLine]:
    """Documents that became final in that Chinese year, in the order of their days. Raises RoleNotAllowed."""
    require(by, "take_the_book")
    final, number, served = FinalDocument, DocumentNumber, _served_of(CaseService.document_id == Document.id)
    statement = (
        select(Case.number, Unit.name, DocumentTemplate.title_zh, number, final.dated_on)
        .add_columns(SealedDocument.sealed_at, served, Document.withdrawn_at)
        .select_from(final)
        .join(Document, Document.id == final.document_id)
        .join(DocumentTemplate, DocumentTemplate.id == Document.template_id)
        .join(Case, Case.id == final.case_id)
        .join(Unit, Unit.id == final.unit_id)
        .outerjoin(number, number.document_id == Document.id)
        .outerjoin(SealedDocument, SealedDocument.document_id == Document.id)
        .where(in_reach(by, final.unit_id), ~keeps_case_from(by, final.case_id))
        .where(final.dated_on >= date(year, 1, 1), final.dated_on < date(year + 1, 1, 1))
        .order_by(final.dated_on, final.id)
    )
    for row in session.execute(statement, execution_options={"yield_per": _AT_ONCE}):
        written = None if row[3] is None else row[3].written
        yield DocumentLine(row[0], row[1], row[2], written, row[4], row[5], _day(row[6]), row[7])


def _lines(session: Session, cases: Sequence[tuple[Case, str]]) -> Iterator[CaseLine]:
    """What each has, by one question for all of each kind of thing."""
    ids = [case.id for case, _ in cases]
    officers, issued = _officers(session, ids), _issued(session, ids)
    served = _by_case(session, CaseService.case_id, func.max(CaseService.served_at), ids, *_decision_served())
    public = _by_case(session, Publication.case_id, func.count(), ids, Publication.shown_version_id.is_not(None))
    archived = _by_case(session, CaseArchive.case_id, func.max(CaseArchive.archived_at), ids)
    recordings = _by_case(session, CaseLink.case_id, func.count(), ids, CaseLink.ended_at.is_(None))
    documents = _by_case(session, FinalDocument.case_id, func.count(), ids)
    for case, unit in cases:
        yield CaseLine(
            case=case,
            unit=unit,
            officers=officers.get(case.id, ()),
            issued=issued.get(case.id, ()),
            served_on=_day(served.get(case.id)),
            public=bool(public.get(case.id)),
            archived_at=archived.get(case.id),
            recordings=recordings.get(case.id, 0),
            documents=documents.get(case.id, 0),
        )


def _by_case(session: Session, of: Any, what: Any, ids: Sequence[uuid.UUID], *conditions: Any) -> dict[uuid.UUID, Any]:
    rows = session.execute(select(of, what).where(of.in_(ids), *conditions).group_by(of))
    return {row[0]: row[1] for row in rows}


def _officers(session: Session, ids: Sequence[uuid.UUID]) -> Mapping[uuid.UUID, tuple[str, ...]]:
    named = select(CaseOfficer.case_id, Person.name).join(Person, Person.id == CaseOfficer.person_id)
    standing = named.where(CaseOfficer.case_id.in_(ids), CaseOfficer.ended_at.is_(None)).order_by(CaseOfficer.named_at)
    found: dict[uuid.UUID, tuple[str, ...]] = {}
    for case_id, name in session.execute(standing):
        found[case_id] = (*found.get(case_id, ()), name)
    return found


def _issued(session: Session, ids: Sequence[uuid.UUID]) -> Mapping[uuid.UUID, tuple[IssuedLine, ...]]:
    issue, said = DecisionIssue, DecisionVersion
    statement = (
        select(issue, said, is_revoked(issue.id)).join(said, said.id == issue.version_id).where(issue.case_id.in_(ids))
    )
    found: dict[uuid.UUID, tuple[IssuedLine, ...]] = {}
    for row, version, revoked in session.execute(statement.order_by(issue.issued_at, issue.id)):
        passed, measures = row.review_id is not None, tuple(version.measures)
        line = IssuedLine(row.issued_on, version.kind, measures, version.amount_fen, version.party, passed, revoked)
        found[row.case_id] = (*found.get(row.case_id, ()), line)
    return found


def _decision_served() -> tuple[Any, ...]:
    return CaseService.decision_id.is_not(None), CaseService.withdrawn_at.is_(None)


def _served_of(which: Any) -> Any:
    latest = select(func.max(CaseService.served_at)).where(which, CaseService.withdrawn_at.is_(None))
    return latest.correlate(Document).scalar_subquery()


def _bounds(year: int) -> tuple[datetime, datetime]:
    first = datetime(year, 1, 1, tzinfo=CHINA)
    return first, first.replace(year=year + 1)


def _day(moment: datetime | None) -> date | None:
    return None if moment is None else chinese_day(moment)
