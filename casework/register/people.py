"""Officers as the register names them: by badge number, else by the name they sign in with."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from casework.register.errors import OfficerAmbiguous, OfficerUnknown
from casework.units import Doer, in_reach
from storage.catalog.devices import DeviceIssue
from storage.catalog.organisation import Person
from storage.catalog.rooms import Room


def find_officer(session: Session, by: Doer, text: str) -> Person:
    """Somebody active, where the person may look. Raises OfficerUnknown, OfficerAmbiguous."""
    text = text.strip()
    active = select(Person).where(Person.active, in_reach(by, Person.unit_id))
    found = session.scalars(active.where(Person.badge_number == text).limit(2)).all()
    if len(found) > 1:
        raise OfficerAmbiguous(text)
    person = found[0] if found else session.scalars(active.where(Person.sign_in_name == text)).first()
    if person is None:
        raise OfficerUnknown(text)
    return person


def shown_as(person: Person) -> str:
    """A name with its number: 王敏（000123）."""
    return person.name if person.badge_number is None else f"{person.name}（{person.badge_number}）"


def holder_of(session: Session, issue: DeviceIssue) -> str:
    """Who has the device by that issue, or the name of the room in which it is."""
    if issue.person_id is None:
        return session.get_one(Room, issue.room_id).name
    return shown_as(session.get_one(Person, issue.person_id))
