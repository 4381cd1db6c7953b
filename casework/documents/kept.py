"""What a case's class of secrecy (密级) keeps of its documents: they are open to whom its recordings are open."""

from __future__ import annotations

from sqlalchemy.orm import Session

from casework.permission import MAY
from casework.secrecy import refuse_uncleared
from storage.catalog.casework import Case
from storage.catalog.documents import Document
from storage.catalog.organisation import Person

OF_REVIEWERS = "review_opinion"


def refuse_kept_document(session: Session, person: Person, document: Document) -> None:
    """As `refuse_kept_kind`, of one that was begun."""
    refuse_kept_kind(session, person, session.get_one(Case, document.case_id), document.kind)


def refuse_kept_kind(session: Session, person: Person, case: Case, kind: str) -> None:
    """Raises AccessRefused where the class keeps the case from the person, who neither reads nor writes of it then.

    An opinion is its reviewer's own paper, whatever the class: without one nothing in scope is decided.
    """
    if kind == OF_REVIEWERS and person.role in MAY["write_review_opinions"]:
        return
    refuse_uncleared(session, person, case, "view")
