"""What is served, a document or a decision of the case or the number of a paper, and the gate's leave for it."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from casework.review.errors import GateShut
from casework.review.gate import require_issued
from casework.review.leaving import require_leave
from casework.review.passes import refuse_forged_pass
from casework.service.errors import ServedUnusable
from casework.wording import optional_name
from integrity.trust import EpochKey
from storage.catalog.casework import Case
from storage.catalog.decisions import Decision, DecisionIssue, DecisionVersion
from storage.catalog.documents import Document, DocumentNumber, FinalDocument

RECEIPT = "service_receipt"


@dataclass(frozen=True)
class Leaving:
    """What leaves: `issue` where it makes a decision known, `document` where the archive made it."""

    number: str
    document: Document | None
    issue: DecisionIssue | None


def find_leaving(
    session: Session, case: Case, document_id: uuid.UUID | None, decision_id: uuid.UUID | None, number: str | None
) -> Leaving:
    """What is named, of this case. A document that issues a decision makes the one known that was issued, where there
    is one of its kind. Raises ServedUnusable, GateShut for a decision that is none of the case or is not issued.
    """
    number = optional_name("document number", number)
    document = None if document_id is None else _document(session, case, document_id)
    drawn = None if document is None else _number_of(session, document.id)
    if number is not None and drawn is not None and number != drawn:
        raise ServedUnusable("other_number")
    number = drawn or number
    if number is None:
        raise ServedUnusable("nothing")
    issue = None if decision_id is None else _issue_of(session, case, decision_id)
    if issue is None and document is not None and document.issues_decision:
        issue = _only_issue(session, case, _decides(document))
    return Leaving(number, document, issue)


def ask_leave(session: Session, case: Case, leaving: Leaving, keys: Sequence[EpochKey]) -> None:
    """Whether it may leave, and by a pass that was signed. The database asks the first again, with the row.

    `keys`: those that reviews of this archive are signed with. Of a document that makes no decision known nothing is
    asked; a number alone may be that of any decision of the case. Raises GateShut, PassForged.
    """
    if leaving.issue is not None:
        require_issued(session, case.id, leaving.issue.version_id)
        refuse_forged_pass(session, session.get_one(DecisionVersion, leaving.issue.version_id), keys)
    if leaving.document is not None and leaving.document.issues_decision:
        require_leave(session, case.id, _decides(leaving.document), keys)
    if leaving.issue is None and leaving.document is None:
        for version in issued_versions(session, case.id):
            refuse_forged_pass(session, version, keys)


def issued_versions(session: Session, case_id: uuid.UUID) -> tuple[DecisionVersion, ...]:
    """What was issued in a case, the first first."""
    issued = select(DecisionVersion).join(DecisionIssue, DecisionIssue.version_id == DecisionVersion.id)
    of_case = issued.where(DecisionIssue.case_id == case_id)
    return tuple(session.scalars(of_case.order_by(DecisionIssue.issued_at, DecisionIssue.id)))


def _decides(document: Document) -> str:
    return "penalty" if document.kind == "penalty_decision" else "coercion"


def _document(session: Session, case: Case, document_id: uuid.UUID) -> Document:
    document = session.get(Document, document_id, populate_existing=True)
    if document is None or document.case_id != case.id:
        raise ServedUnusable("not_here")
    if document.kind == RECEIPT:
        raise ServedUnusable("a_receipt")
    final = session.scalar(select(FinalDocument.id).where(FinalDocument.document_id == document_id))
    if final is None or document.withdrawn_at is not None:
        raise ServedUnusable("not_final")
    return document


def _number_of(session: Session, document_id: uuid.UUID) -> str | None:
    number = session.scalars(select(DocumentNumber).where(DocumentNumber.document_id == document_id)).first()
    return None if number is None else number.written


def _issue_of(session: Session, case: Case, decision_id: uuid.UUID) -> DecisionIssue:
    of_case = DecisionIssue.decision_id == decision_id, DecisionIssue.case_id == case.id
    issue = session.scalars(select(DecisionIssue).where(*of_case)).first()
    if issue is None:
        here = session.scalar(select(Decision.id).where(Decision.id == decision_id, Decision.case_id == case.id))
        if here is None:
            raise ServedUnusable("not_here")
        raise GateShut(case.id, ("not_issued",))
    return issue


def _only_issue(session: Session, case: Case, kind: str) -> DecisionIssue | None:
    issued = select(DecisionIssue).join(DecisionVersion, DecisionVersion.id == DecisionIssue.version_id)
    found = session.scalars(issued.where(DecisionIssue.case_id == case.id, DecisionVersion.kind == kind)).all()
    return found[0] if len(found) == 1 else None
