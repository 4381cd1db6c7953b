"""A row found by its id in a person's own unit: what a deed of retention or of casework is about."""

from __future__ import annotations

import uuid
from typing import TypeVar

from sqlalchemy import select
from sqlalchemy.orm import Session

from retention.errors import OutsideUnit, UnknownSubject
from retention.own_units import is_own
from storage.catalog.access import AccessRequest, Export, Grant
from storage.catalog.casework import Case, CaseAssignment, CaseLink, LinkQuestion
from storage.catalog.deadlines import CaseEvent, CaseTerm
from storage.catalog.decisions import Decision
from storage.catalog.documents import Document
from storage.catalog.handling import CaseOfficer
from storage.catalog.notices import PartyNotice, PartyReply, ReplyAnswer
from storage.catalog.organisation import Person
from storage.catalog.procedure import ActExplanation, CaseAct
from storage.catalog.publication import Publication, PublicationPosting, PublicationPush
from storage.catalog.recordings import Recording
from storage.catalog.redaction import Redaction
from storage.catalog.retention import Hold
from storage.catalog.review import CrimeTransfer, DecisionSubmission
from storage.catalog.service import CaseService
from storage.ledger.append import Actor

Row = TypeVar(
    "Row",
    Case,
    CaseAssignment,
    CaseLink,
    LinkQuestion,
    Recording,
    AccessRequest,
    Grant,
    Export,
    Hold,
    CaseAct,
    ActExplanation,
    CaseEvent,
    CaseTerm,
    CaseOfficer,
    Document,
    CrimeTransfer,
    Decision,
    DecisionSubmission,
    Publication,
    PublicationPosting,
    PublicationPush,
    CaseService,
    Person,
    Redaction,
    PartyNotice,
    PartyReply,
    ReplyAnswer,
)


def row_in_unit(
    session: Session, by: Person | Actor, table: type[Row], row_id: uuid.UUID, *, lock: bool = False
) -> Row:
    """The row as it is now, of any unit for the operator at the machine; with `lock` nobody else changes it until the
    transaction ends.

    Raises UnknownSubject, or OutsideUnit when it belongs to another unit than the person; the latter, told to somebody
    signed in, is an entry.
    """
    # The row may stand in the session as it was before somebody else changed it: populate_existing reads it anew.
    statement = select(table).where(table.id == row_id).execution_options(populate_existing=True)
    # key_share: rows that refer to this one may be inserted meanwhile; the ids they hang on never change. Without it a
    # linker that links to a case, and who has the case and waits for linkers, would wait in a ring (linking/locks.py).
    row = session.scalars(statement.with_for_update(key_share=True) if lock else statement).first()
    if row is None:
        raise UnknownSubject(table.__tablename__, row_id)
    if isinstance(by, Person) and not is_own(by, row.unit_id):
        raise OutsideUnit(table.__tablename__, row_id)
    return row
