"""What a case's class of secrecy (密级) keeps of its publications: the texts and their history.

Whoever has a duty of publishing in the unit works on them whatever the class, or nothing of such a case were ever
published, nor decided not to be; what is public stands on the portal for everybody. Terms are open as they are: that
something is overdue is to be seen.
"""

from __future__ import annotations

from sqlalchemy import ColumnElement, true
from sqlalchemy.orm import Session

from casework.publication.duties import duties_of
from casework.secrecy import keeps_case_from, refuse_uncleared
from storage.catalog.casework import Case
from storage.catalog.organisation import Person
from storage.catalog.publication import Publication


def open_publications(session: Session, person: Person) -> ColumnElement[bool]:
    """Of a row of Publication: the person may read it."""
    return true() if duties_of(session, person) else ~keeps_case_from(person, Publication.case_id)


def refuse_kept_publication(session: Session, person: Person, row: Publication) -> None:
    """Raises AccessRefused."""
    if not duties_of(session, person):
        refuse_uncleared(session, person, session.get_one(Case, row.case_id), "view")
