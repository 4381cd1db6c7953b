"""Which decision a document states that states one: it is named when the document is begun, and stays.

In one case two parties are punished on one day, each by a decision of his own (处罚法 61): a paper with the one's name
is no paper of the other's, and goes out by the leave of its own decision alone.
"""

from __future__ import annotations

import uuid

from sqlalchemy import select
from sqlalchemy.orm import Session

from casework.documents.errors import DecisionUnfit, DecisionUnnamed
from casework.issued import issued_in
from casework.review.errors import GateShut
from casework.revoked import is_revoked
from storage.catalog.decisions import Decision, DecisionIssue
from storage.catalog.documents import DOCUMENT_KINDS, Document


def decision_of_document(
    session: Session, case_id: uuid.UUID, kind: str, decision_id: uuid.UUID | None
) -> DecisionIssue | None:
    """The decision of the case that such a document is begun of: the one named, or the only one that is left. The
    caller holds the case's row. None for kinds of documents that state none.

    Left is what was not revoked; of several, what has no such document yet. Raises DecisionUnnamed, DecisionUnfit;
    GateShut where nothing of the kind was issued, or what was is revoked.
    """
    states = DOCUMENT_KINDS[kind].states
    if states is None:
        if decision_id is not None:
            raise DecisionUnfit(kind, decision_id)
        return None
    standing = decisions_to_state(session, case_id, kind)
    if decision_id is not None:
        return _named(session, case_id, kind, decision_id, standing)
    if not standing:
        raise GateShut(case_id, ("revoked",) if issued_in(session, case_id, states) else ("not_issued",))
    left = standing if len(standing) == 1 else _without_document(session, kind, standing)
    if len(left) != 1:
        raise DecisionUnnamed(kind, len(left) or len(standing))
    return left[0]


def decisions_to_state(session: Session, case_id: uuid.UUID, kind: str) -> tuple[DecisionIssue, ...]:
    """Those of the case that a document of this kind may be begun of: issued, of its kind, and not revoked."""
    states = DOCUMENT_KINDS[kind].states
    return () if states is None else unrevoked_in(session, case_id, states)


def unrevoked_in(session: Session, case_id: uuid.UUID, states: str | None = None) -> tuple[DecisionIssue, ...]:
    """Of those that were issued in the case, of a kind or of all, what no standing revocation revokes."""
    issued = issued_in(session, case_id, states)
    ids = select(DecisionIssue.id).where(DecisionIssue.case_id == case_id, is_revoked(DecisionIssue.id))
    revoked = set(session.scalars(ids))
    return tuple(each for each in issued if each.id not in revoked)


def _named(
    session: Session, case_id: uuid.UUID, kind: str, decision_id: uuid.UUID, standing: tuple[DecisionIssue, ...]
) -> DecisionIssue:
    found = next((each for each in standing if each.decision_id == decision_id), None)
    if found is not None:
        return found
    states = DOCUMENT_KINDS[kind].states
    if any(each.decision_id == decision_id for each in issued_in(session, case_id, states)):
        raise GateShut(case_id, ("revoked",))
    here = select(Decision.id).where(Decision.id == decision_id, Decision.case_id == case_id)
    issued = select(DecisionIssue.id).where(DecisionIssue.decision_id == decision_id)
    if session.scalar(here) is not None and session.scalar(issued) is None:
        raise GateShut(case_id, ("not_issued",))
    raise DecisionUnfit(kind, decision_id)


def _without_document(session: Session, kind: str, issues: tuple[DecisionIssue, ...]) -> tuple[DecisionIssue, ...]:
    of_these = Document.issue_id.in_([each.id for each in issues]), Document.kind == kind
    stated = set(session.scalars(select(Document.issue_id).where(*of_these, Document.withdrawn_at.is_(None))))
    return tuple(each for each in issues if each.id not in stated)
