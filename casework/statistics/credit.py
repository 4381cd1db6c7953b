"""信用信息归集 (S49): penalties as the credit system wants them, each by the document that imposed it.

What is handed on is what the sealed decision says, word for word. Penalties imposed on the spot (简易程序) are not
handed on, nor cases whose class of secrecy is closed to whoever asks (国家发展改革委 发改办财金〔2018〕424号).
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Final

from sqlalchemy import ScalarSelect, func, select
from sqlalchemy.orm import Session, aliased

from casework.documents.template_file import OF_THE_DECISION
from casework.permission import require
from casework.revoked import is_revoked
from casework.secrecy import keeps_case_from
from casework.statistics.errors import DaysUnusable
from casework.units import in_reach
from storage.catalog.casework import Case
from storage.catalog.decisions import DecisionIssue, DecisionVersion
from storage.catalog.documents import Document, DocumentNumber, DocumentText, FinalDocument, SealedDocument
from storage.catalog.organisation import Person, Unit
from storage.ledger.append import Actor, Change, record_change

PENALTY: Final = "penalty_decision"
ON_THE_SPOT: Final = "simple_penalty"
MOST_DAYS: Final = 366
_AT_ONCE: Final = 500
_OF_DOCUMENT: Final = ("party", "party_id", "representative", "facts", "basis", "penalty")


@dataclass(frozen=True)
class CreditLine:
    """One penalty, decided in the name of `issuer` by `unit`. Texts are the document's own, empty where it leaves them
    open. `amount_fen` in 0.01 yuan, of all measures together; `revoked`: the decision was revoked since."""

    issuer: str
    unit: str
    number: str
    case_title: str
    party: str
    party_kind: str
    party_id: str
    representative: str
    facts: str
    basis: str
    penalty: str
    measures: tuple[str, ...]
    amount_fen: int | None
    decided_on: date
    revoked: bool


def take_credit_lines(session: Session, by: Person, since: date, until: date) -> tuple[CreditLine, ...]:
    """Of sealed decisions dated from `since` to `until`, both included, of the person's unit and those below it, by day
    and number; that they were taken is an entry.

    Raises DaysUnusable, RoleNotAllowed.
    """
    require(by, "take_credit_lines")
    if not since <= until or (until - since).days >= MOST_DAYS:
        raise DaysUnusable(since, until, MOST_DAYS)
    lines = tuple(_lines(session, by, since, until))
    data = {"since": since.isoformat(), "until": until.isoformat(), "count": len(lines)}
    record_change(session, Actor.person(by.id), Change("case.credit_taken", "unit", str(by.unit_id), by.unit_id, data))
    return lines


def _lines(session: Session, by: Person, since: date, until: date) -> Iterator[CreditLine]:
    final, said = FinalDocument, DecisionVersion
    statement = (
        select(Unit.name, DocumentNumber, Case.title, said, DocumentText, final.dated_on, is_revoked(DecisionIssue.id))
        .select_from(final)
        .join(Document, Document.id == final.document_id)
        .join(DocumentText, DocumentText.id == final.text_id)
        .join(DocumentNumber, DocumentNumber.id == final.number_id)
        .join(SealedDocument, SealedDocument.document_id == final.document_id)
        .join(Case, Case.id == final.case_id)
        .join(Unit, Unit.id == final.unit_id)
        .join(DecisionIssue, DecisionIssue.id == func.coalesce(Document.issue_id, _imposed()))
        .join(said, said.id == DecisionIssue.version_id)
        .where(Document.kind == PENALTY, Document.withdrawn_at.is_(None), Case.procedure.is_distinct_from(ON_THE_SPOT))
        .where(in_reach(by, final.unit_id), ~keeps_case_from(by, final.case_id))
        .where(final.dated_on >= since, final.dated_on <= until)
        .order_by(final.dated_on, DocumentNumber.year, DocumentNumber.word, DocumentNumber.number, final.id)
    )
    for row in session.execute(statement, execution_options={"yield_per": _AT_ONCE}):
        unit, number, title, version, text, dated_on, revoked = row
        yield CreditLine(
            issuer=text.facts["issuer"]["name"],
            unit=unit,
            number=number.written,
            case_title=title,
            party_kind=version.party_kind,
            measures=tuple(version.measures),
            amount_fen=version.amount_fen,
            decided_on=dated_on,
            revoked=revoked,
            **{name: _said(text, name) for name in _OF_DOCUMENT},
        )


def _said(text: DocumentText, name: str) -> str:
    """As it stands on the document: what it has of its decision before what was typed into it."""
    of_decision = text.facts.get(OF_THE_DECISION.get(name, ""))
    return str(of_decision or text.fields.get(name) or "")


def _imposed() -> ScalarSelect[uuid.UUID]:
    """The penalty of a document of before, which names none: of those issued in its case before it became final the
    last one, and one of the party that it names before any other."""
    issue, version = aliased(DecisionIssue), aliased(DecisionVersion)
    party = func.jsonb_extract_path_text(DocumentText.fields, "party")
    return (
        select(issue.id)
        .join(version, version.id == issue.version_id)
        .where(issue.case_id == FinalDocument.case_id, version.kind == "penalty")
        .where(issue.issued_at <= FinalDocument.finalised_at)
        .order_by(version.party.is_distinct_from(party), issue.issued_at.desc(), issue.id)
        .limit(1)
        .correlate(FinalDocument, DocumentText)
        .scalar_subquery()
    )
