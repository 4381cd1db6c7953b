"""What is served, a document or a decision of the case or the number of a paper, and the gate's leave for it."""

from __future__ import annotations

import re
import unicodedata
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from casework.issued import version_of
from casework.review.errors import GateShut
from casework.review.leaving import require_leave_of, require_leave_of_number, require_leave_of_unnamed
from casework.service.errors import ServedUnusable
from casework.wording import optional_name
from integrity.epoch_keys import EpochKey
from storage.catalog.casework import Case
from storage.catalog.decisions import Decision, DecisionIssue
from storage.catalog.documents import DOCUMENT_KINDS, Document, DocumentNumber, FinalDocument

RECEIPT = "service_receipt"
_DRESSING: Final = re.compile(r"[\s\u200c\u200d()\[\]{}<>\u3008-\u3011\u3014-\u301b]")
"""What one number is written with and without: blanks and brackets, as `bare_number` of the database has them."""


@dataclass(frozen=True)
class Leaving:
    """What leaves: `issue` where it makes a decision known, `document` where the archive made it."""

    number: str
    document: Document | None
    issue: DecisionIssue | None


def find_leaving(
    session: Session, case: Case, document_id: uuid.UUID | None, decision_id: uuid.UUID | None, number: str | None
) -> Leaving:
    """What is named, of this case, also by a number that a document of it bears. A document makes the decision known
    that it states. Raises ServedUnusable, GateShut for a decision that is none of the case or is not issued.
    """
    number = optional_name("document number", number)
    document = _numbered(session, case, number) if document_id is None else _document(session, case, document_id)
    drawn = None if document is None else _number_of(session, document.id)
    if number is not None and drawn is not None and _bare(number) != _bare(drawn):
        raise ServedUnusable("other_number")
    number = drawn or number
    if number is None:
        raise ServedUnusable("nothing")
    issue = None if decision_id is None else _issue_of(session, case, decision_id)
    if document is not None:
        issue = _stated(session, document, issue)
    return Leaving(number, document, issue)


def ask_leave(session: Session, case: Case, leaving: Leaving, served_at: datetime, keys: Sequence[EpochKey]) -> None:
    """Whether it may leave, and by a pass that was signed. The database asks the first again, with the row.

    `keys`: those that reviews of this archive are signed with. Of a document that makes no decision known nothing is
    asked; a number alone may be that of any decision of the case, and so may a document of before that names none.
    Raises GateShut, PassForged.
    """
    document = leaving.document
    if leaving.issue is not None:
        require_leave_of(session, leaving.issue, keys)
    if document is not None and document.issues_decision and document.issue_id is None:
        require_leave_of_unnamed(session, document, keys)
    if leaving.issue is None and document is None:
        require_leave_of_number(session, case.id, served_at, keys)


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


def _numbered(session: Session, case: Case, number: str | None) -> Document | None:
    """The document of the case that bears this number: whoever writes it may not have chosen it in the list."""
    if number is None:
        return None
    mine = select(DocumentNumber).join(Document, Document.id == DocumentNumber.document_id)
    bare = _bare(number)
    found = [row for row in session.scalars(mine.where(Document.case_id == case.id)) if _bare(row.written) == bare]
    return _document(session, case, found[0].document_id) if found else None


def _bare(number: str) -> str:
    """The number itself, whatever brackets, widths and blanks somebody wrote it with."""
    return _DRESSING.sub("", unicodedata.normalize("NFKC", number))


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


def _stated(session: Session, document: Document, named: DecisionIssue | None) -> DecisionIssue | None:
    """The decision that the document states; of one of before that names none, what is `named` with it."""
    if document.issue_id is not None:
        stated = session.get_one(DecisionIssue, document.issue_id)
        if named is not None and named.id != stated.id:
            raise ServedUnusable("other_decision")
        return stated
    if named is not None and version_of(session, named).kind != DOCUMENT_KINDS[document.kind].states:
        raise ServedUnusable("other_decision")
    return named
