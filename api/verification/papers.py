"""Whether each paper that states a decision says what that very decision says: party, amount and content.

The database compares as the paper is numbered, made final, sealed and served (`document_gate`, migration 0069); here it
shows where somebody got round that. Papers from before that have no such facts of their own: what they say has to fit
the decision that they name, and where they name none, one of their kind in their case, unless they were withdrawn.
"""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from api.verification.audit import Audit
from storage.catalog.decisions import DecisionIssue, DecisionVersion
from storage.catalog.documents import DOCUMENT_KINDS, Document, DocumentText, FinalDocument


@dataclass(frozen=True)
class _Paper:
    document: Document
    text: DocumentText
    issue: DecisionIssue | None
    version: DecisionVersion | None
    possible: Sequence[DecisionVersion]

    @property
    def is_of_before(self) -> bool:
        return "decided" not in self.text.facts


def audit_papers(audit: Audit) -> int:
    """Look at the final form of every document that states a decision; how many there were."""
    count = 0
    states = exists().where(Document.id == FinalDocument.document_id, Document.issues_decision)
    for rows, papers in audit.pages(select(FinalDocument).where(states), FinalDocument.id, _papers):
        for row in rows:
            count += 1
            for what, expected, found in _differences(papers[row.id], row):
                audit.findings.add("paper_differs", f"final_document {row.id}: {what}", expected, found)
    return count


def _papers(session: Session, rows: Sequence[FinalDocument]) -> Mapping[uuid.UUID, _Paper]:
    statement = (
        select(FinalDocument.id, Document, DocumentText, DecisionIssue, DecisionVersion)
        .join(Document, Document.id == FinalDocument.document_id)
        .join(DocumentText, DocumentText.id == FinalDocument.text_id)
        .outerjoin(DecisionIssue, DecisionIssue.id == Document.issue_id)
        .outerjoin(DecisionVersion, DecisionVersion.id == DecisionIssue.version_id)
        .where(FinalDocument.id.in_([row.id for row in rows]))
    )
    found = session.execute(statement).all()
    issued = (
        select(DecisionVersion)
        .join(DecisionIssue, DecisionIssue.version_id == DecisionVersion.id)
        .where(DecisionIssue.case_id.in_([row.Document.case_id for row in found if row.Document.issue_id is None]))
        .order_by(DecisionIssue.issued_at, DecisionIssue.id)
    )
    of_kind: dict[tuple[uuid.UUID, str | None], list[DecisionVersion]] = defaultdict(list)
    for version in session.scalars(issued):
        of_kind[version.case_id, version.kind].append(version)
    possible = (of_kind.get((row.Document.case_id, DOCUMENT_KINDS[row.Document.kind].states), ()) for row in found)
    return {row[0]: _Paper(*row[1:], each) for row, each in zip(found, possible, strict=True)}


def _differences(paper: _Paper, final: FinalDocument) -> Iterator[tuple[str, object, object]]:
    document, version, issue = paper.document, paper.version, paper.issue
    if version is None or issue is None:
        if document.issue_id is not None or not paper.is_of_before:
            yield "decision", "one that was issued", document.issue_id
        elif document.withdrawn_at is None:
            yield from _fitting_none(paper)
        return
    states = DOCUMENT_KINDS[document.kind].states
    if issue.case_id != document.case_id or version.kind != states or issue.issued_at > final.finalised_at:
        yield "decision", f"a {states} that was issued in its case before", issue.id
    yield from _said_otherwise(paper, version)


def _fitting_none(paper: _Paper) -> Iterator[tuple[str, object, object]]:
    """What it says otherwise than each of those that it may state."""
    differing = [tuple(_said_otherwise(paper, version)) for version in paper.possible]
    if all(differing):
        yield from (each for every in differing for each in every)


def _said_otherwise(paper: _Paper, version: DecisionVersion) -> Iterator[tuple[str, object, object]]:
    """Of a paper of before what it says at all: its template has party and content as fields, if it has them."""
    facts, fields = paper.text.facts, paper.text.fields
    said = facts.get("amount")
    fen = None if said is None else Decimal(str(said)) * 100
    compared = [
        ("party", version.party, facts.get("party")),
        ("decided", version.content, facts.get("decided")),
        ("amount_fen", version.amount_fen, fen),
    ]
    if paper.is_of_before:
        typed = (("party", version.party, fields.get("party")), ("decided", version.content, fields.get("penalty")))
        compared = [each for each in (*compared, *typed) if each[2] is not None]
    yield from (each for each in compared if each[1] != each[2])
