"""Whether each paper that states a decision says what that very decision says: party, amount and content.

The database compares as the paper is numbered and made final (`document_gate`, migration 0064); here it shows where
somebody got round that. Papers from before that have no such facts of their own: of them what they name has to fit.
"""

from __future__ import annotations

import uuid
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
    return {row[0]: _Paper(*row[1:]) for row in session.execute(statement)}


def _differences(paper: _Paper, final: FinalDocument) -> Iterator[tuple[str, object, object]]:
    document, facts, version, issue = paper.document, paper.text.facts, paper.version, paper.issue
    is_of_before = "decided" not in facts
    if version is None or issue is None:
        if document.issue_id is not None or not is_of_before:
            yield "decision", "one that was issued", document.issue_id
        return
    states = DOCUMENT_KINDS[document.kind].states
    if issue.case_id != document.case_id or version.kind != states or issue.issued_at > final.finalised_at:
        yield "decision", f"a {states} that was issued in its case before", issue.id
    if is_of_before:
        return
    said = facts.get("amount")
    fen = None if said is None else Decimal(str(said)) * 100
    compared = (("party", version.party, facts.get("party")), ("decided", version.content, facts["decided"]))
    yield from (each for each in (*compared, ("amount_fen", version.amount_fen, fen)) if each[1] != each[2])
