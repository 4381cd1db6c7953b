"""What the ledger says of services (送达): how each document was served; and no decision served that was not issued."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select

from api.verification.audit import Audit
from api.verification.steps import Facts, Step, Subject, as_stated, ended, made_at, pledged, unit_of
from casework.service.manners import WRITTEN
from integrity.ledger_entry import LedgerEntry
from storage.catalog.decisions import DecisionIssue
from storage.catalog.documents import Document
from storage.catalog.service import CaseService

_NAMED = ("document_number", "addressee", *WRITTEN)
_STATED = (
    "method",
    "served_at",
    "counts_on",
    "decision_id",
    "version_id",
    "document_id",
    "act_id",
    "recording_id",
    "receipt_id",
    "rule_id",
)


def _served(entry: LedgerEntry) -> Facts:
    nothing: Facts = dict.fromkeys((*WRITTEN, "withdrawn", "withdrawn_by", "withdraw_reason"))
    stated = {**as_stated(entry, *_STATED), **pledged(entry, *_NAMED)}
    by: Facts = {"unit_id": unit_of(entry), "case_id": entry.subject_id, "stated_by": entry.actor_id}
    return {**nothing, **stated, **by, **made_at(entry, "stated_at")}


SERVICE_SUBJECTS: Sequence[Subject] = (
    Subject(
        CaseService,
        (
            Step("case.service_stated", _served, "service_id", makes=True),
            Step("case.service_withdrawn", ended("withdrawn", "withdrawn_by", "withdraw_reason"), "service_id"),
        ),
    ),
)


def check_served_decisions(audit: Audit) -> None:
    """Each service of a decision is of a version that was issued, and of the one that the served paper states. By which
    pass: reviews.py."""
    issued = select(DecisionIssue.version_id)
    stray = select(CaseService).where(CaseService.version_id.is_not(None), CaseService.version_id.not_in(issued))
    for rows in audit.rows(stray, CaseService.id):
        for row in rows:
            audit.findings.add("served_unissued", f"case_service {row.id}", "an issued decision", row.version_id)
    stated = select(DecisionIssue.version_id).join(Document, Document.issue_id == DecisionIssue.id)
    its = stated.where(Document.id == CaseService.document_id).scalar_subquery()
    for rows in audit.rows(select(CaseService).where(CaseService.version_id != its), CaseService.id):
        for row in rows:
            found = f"case_service {row.id}", f"the decision of document {row.document_id}", row.version_id
            audit.findings.add("served_other_decision", *found)
