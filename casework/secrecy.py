"""The class of secrecy (密级) that a case has, and what it keeps from whom: one condition, for lists and for deeds.

Whom each class lets in says casework/permission.py. A recording that stands in several cases follows the strictest: a
grant for one of them opens nothing that another keeps shut.
"""

from __future__ import annotations

import uuid

from sqlalchemy import ColumnElement, and_, exists, false, func, or_, select, true
from sqlalchemy.orm import InstrumentedAttribute, Session, aliased

from casework.errors import AccessRefused
from casework.permission import OPEN_TO, may_copy_class
from storage.catalog.archiving import SECRECY_CLASSES, CaseSecrecy
from storage.catalog.casework import Case, CaseLink
from storage.catalog.handling import CaseOfficer
from storage.catalog.organisation import Person
from storage.catalog.recordings import Recording

ORDINARY = SECRECY_CLASSES[0]
# Made once: what an alias is of takes as long to find out as many a statement takes to run.
_STATED, _LATER = aliased(CaseSecrecy), aliased(CaseSecrecy)


def is_stricter(one: str, other: str) -> bool:
    return SECRECY_CLASSES.index(one) > SECRECY_CLASSES.index(other)


def secrecy_of(session: Session, case_id: uuid.UUID) -> CaseSecrecy | None:
    """What was said last; None: nothing yet, and the case counts as ordinary."""
    statement = select(CaseSecrecy).where(CaseSecrecy.case_id == case_id).order_by(CaseSecrecy.ordinal.desc())
    return session.scalars(statement.limit(1)).first()


def class_of(session: Session, case_id: uuid.UUID) -> str:
    stated = secrecy_of(session, case_id)
    return ORDINARY if stated is None else stated.secrecy_class


def closed_to(person: Person) -> tuple[str, ...]:
    """The classes whose cases keep their recordings from this person, unless he handles the case himself."""
    return tuple(each for each in SECRECY_CLASSES if person.role not in OPEN_TO[each].anyone)


def keeps_nothing_from(person: Person) -> ColumnElement[bool]:
    """Of a row of Recording: no case it stands in is of a class that is closed to the person."""
    closed = closed_to(person)
    if not closed:
        return true()
    link = aliased(CaseLink)
    standing = and_(link.recording_id == Recording.id, link.ended_at.is_(None))
    return ~exists().where(standing, _closed(person, link.case_id, closed))


def keeps_case_from(person: Person, case_id: InstrumentedAttribute[uuid.UUID]) -> ColumnElement[bool]:
    """Of a row with a case's id: the case is of a class that is closed to the person."""
    closed = closed_to(person)
    return _closed(person, case_id, closed) if closed else false()


def may_see_case(session: Session, person: Person, case: Case) -> bool:
    """Whether the recordings of a case are open to a person, as far as its class goes."""
    closed = closed_to(person)
    if not closed or class_of(session, case.id) not in closed:
        return True
    kept = select(Case.id).where(Case.id == case.id, _closed(person, Case.id, closed))
    return session.scalars(kept).first() is None


def refuse_uncleared(session: Session, person: Person, case: Case, kind: str, reason: str = "secrecy") -> None:
    """Raises AccessRefused where the class keeps the case from the person, or may not be copied at all."""
    if not may_see_case(session, person, case):
        raise AccessRefused(reason, "case", case.id)
    if kind == "copy" and not may_copy_class(class_of(session, case.id)):
        raise AccessRefused("never_copied", "case", case.id)


def refuse_uncleared_copy(session: Session, person: Person, case: Case) -> None:
    """As `refuse_uncleared`, also for what stands in another case as well. Raises AccessRefused."""
    refuse_uncleared(session, person, case, "copy")
    linked = select(CaseLink.recording_id).where(CaseLink.case_id == case.id, CaseLink.ended_at.is_(None))
    kept = select(Recording.id).where(Recording.id.in_(linked), ~keeps_nothing_from(person)).limit(1)
    if session.scalars(kept).first() is not None:
        raise AccessRefused("secrecy", "case", case.id)
    never = [each for each in SECRECY_CLASSES if not may_copy_class(each)]
    link = aliased(CaseLink)
    elsewhere = select(link.id).where(link.recording_id.in_(linked), link.ended_at.is_(None))
    if session.scalars(elsewhere.where(_is_of(link.case_id, never)).limit(1)).first() is not None:
        raise AccessRefused("never_copied", "case", case.id)


def may_be_copied() -> ColumnElement[bool]:
    """Of a row of Recording: no case it stands in is of a class that is never copied."""
    never = [each for each in SECRECY_CLASSES if not may_copy_class(each)]
    link = aliased(CaseLink)
    standing = and_(link.recording_id == Recording.id, link.ended_at.is_(None))
    return ~exists().where(standing, _is_of(link.case_id, never))


def _closed(person: Person, case_id: InstrumentedAttribute[uuid.UUID], closed: tuple[str, ...]) -> ColumnElement[bool]:
    by_handling = [each for each in closed if person.role in OPEN_TO[each].handlers]
    for_all = [each for each in closed if each not in by_handling]
    handles = exists().where(
        CaseOfficer.case_id == case_id, CaseOfficer.person_id == person.id, CaseOfficer.ended_at.is_(None)
    )
    return or_(_is_of(case_id, for_all), and_(_is_of(case_id, by_handling), ~handles))


def _is_of(case_id: InstrumentedAttribute[uuid.UUID], classes: list[str]) -> ColumnElement[bool]:
    """The class that was said last is one of these."""
    if not classes:
        return false()
    latest = select(func.max(_LATER.ordinal)).where(_LATER.case_id == _STATED.case_id).scalar_subquery()
    return exists().where(_STATED.case_id == case_id, _STATED.secrecy_class.in_(classes), _STATED.ordinal == latest)
