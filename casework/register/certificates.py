"""Officers' certificates (执法证): a number, and the days on which it is valid."""

from __future__ import annotations

import uuid
from datetime import date, datetime, timedelta

from psycopg.errors import ExclusionViolation
from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import Range
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from casework.elements.again import ask_for_another_judgement_of_officer
from casework.errors import Unknown
from casework.register.calendar import WITHOUT_END, is_usable
from casework.register.errors import AlreadyVoided, CertificateTaken, DayOutOfRange, DaysUnusable
from casework.register.people import shown_as
from casework.units import Doer, actor_of, in_reach, require_live, require_over
from casework.wording import required_name, required_text
from storage.catalog.devices import OfficerCertificate
from storage.catalog.organisation import Person, Unit
from storage.ledger.append import Change, record_change

KEEPING = "keep_certificates"
STATES = ("valid", "soon", "expired", "coming", "voided")


def add_certificate(
    session: Session, by: Doer, person_id: uuid.UUID, *, number: str, valid_from: date, last_day: date | None
) -> OfficerCertificate:
    """A certificate of this person, valid on both days named and between them; `last_day` None, or the
    calendar's last: no end is known.

    Raises CertificateTaken (whose number that is), DayOutOfRange, DaysUnusable, UnitEnded, Unknown, OutsideUnit,
    RoleNotAllowed, TextUnusable.
    """
    person = _require_person(session, by, person_id)
    require_live(session, person.unit_id)
    last_day = None if last_day == WITHOUT_END else last_day
    for day in (valid_from, last_day):
        if day is not None and not is_usable(day):
            raise DayOutOfRange(day)
    if last_day is not None and last_day < valid_from:
        raise DaysUnusable(valid_from, last_day)
    valid = Range(valid_from, None if last_day is None else last_day + timedelta(days=1))
    row = OfficerCertificate(
        id=uuid.uuid4(),
        unit_id=person.unit_id,
        person_id=person.id,
        number=required_name("certificate number", number),
        valid=valid,
    )
    try:
        with session.begin_nested():
            session.add(row)
    except IntegrityError as error:
        if isinstance(error.orig, ExclusionViolation):
            raise _clash(session, by, row) from error
        raise
    days = {"valid_from": valid_from.isoformat(), "last_day": None if last_day is None else last_day.isoformat()}
    _record(session, by, row, "certificate.added", days, {"number": row.number})
    ask_for_another_judgement_of_officer(session, person)
    return row


def void_certificate(
    session: Session, by: Doer, certificate_id: uuid.UUID, reason: str, now: datetime
) -> OfficerCertificate:
    """It was entered by mistake and counts for nothing; the row stays.

    Raises AlreadyVoided, Unknown, OutsideUnit, RoleNotAllowed, TextUnusable.
    """
    reason = required_text("reason", reason)
    statement = select(OfficerCertificate).where(OfficerCertificate.id == certificate_id).with_for_update()
    row = session.scalars(statement.execution_options(populate_existing=True)).first()
    if row is None:
        raise Unknown("certificate", certificate_id)
    person = _require_person(session, by, row.person_id)
    if row.voided_at is not None:
        raise AlreadyVoided(row.voided_at)
    row.voided_at = now
    session.flush()
    _record(session, by, row, "certificate.voided", private={"reason": reason})
    ask_for_another_judgement_of_officer(session, person)
    return row


def state_of(row: OfficerCertificate, today: date, soon: timedelta) -> str:
    """A word of STATES. `soon`: so long before its end a certificate is to be renewed."""
    if row.voided_at is not None:
        return "voided"
    if row.valid_from > today:
        return "coming"
    if row.last_day is None or row.last_day - today > soon:
        return "valid"
    return "soon" if row.last_day >= today else "expired"


def _require_person(session: Session, by: Doer, person_id: uuid.UUID) -> Person:
    person = session.get(Person, person_id)
    if person is None:
        raise Unknown("person", person_id)
    require_over(session, by, KEEPING, person.unit_id)
    return person


def _clash(session: Session, by: Doer, row: OfficerCertificate) -> CertificateTaken:
    """Whose it is, by name where the person may look, else by the unit."""
    counting = select(OfficerCertificate).where(
        OfficerCertificate.jurisdiction_id == func.topmost_unit(row.unit_id),
        OfficerCertificate.number == row.number,
        OfficerCertificate.voided_at.is_(None),
    )
    other = session.scalars(counting.where(OfficerCertificate.valid.overlaps(row.valid)).limit(1)).one()
    person = session.get_one(Person, other.person_id)
    seen = session.scalars(select(Person.id).where(Person.id == person.id, in_reach(by, Person.unit_id))).first()
    holder = session.get_one(Unit, person.unit_id).name if seen is None else shown_as(person)
    return CertificateTaken(row.number, holder, other.valid_from, other.last_day)


def _record(
    session: Session,
    by: Doer,
    row: OfficerCertificate,
    action: str,
    days: dict[str, str | None] | None = None,
    private: dict[str, str] | None = None,
) -> None:
    data = {"certificate_id": str(row.id), **(days or {})}
    record_change(session, actor_of(by), Change(action, "person", str(row.person_id), row.unit_id, data, private or {}))
