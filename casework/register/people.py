"""Officers as the register names them: by badge number, else by the name they sign in with, else by their own name."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from casework.register.errors import OfficerAmbiguous, OfficerUnknown
from casework.units import Doer, in_reach
from storage.catalog.devices import DeviceIssue
from storage.catalog.organisation import Person
from storage.catalog.rooms import Room

MOST_CANDIDATES = 20


def find_officer(session: Session, by: Doer, text: str) -> Person:
    """Somebody active, where the person may look. A name does where one officer alone has it, whoever else is called
    so. Raises OfficerUnknown, OfficerAmbiguous.
    """
    text = text.strip()
    active = select(Person).where(Person.active, in_reach(by, Person.unit_id)).order_by(Person.created_at, Person.id)
    for named in (Person.badge_number, Person.sign_in_name, Person.name):
        found = session.scalars(active.where(named == text).limit(MOST_CANDIDATES)).all()
        if not found:
            continue
        officers = [person for person in found if person.role == "officer"] if named is Person.name else []
        meant = officers or found
        if len(meant) > 1:
            raise OfficerAmbiguous(text, tuple(_told_apart(person, named is Person.name) for person in meant))
        return meant[0]
    raise OfficerUnknown(text)


def _told_apart(person: Person, by_badge: bool) -> str:
    """A name with what nobody else goes by."""
    own = person.badge_number if by_badge and person.badge_number else person.sign_in_name
    return f"{person.name}（{own}）"


def shown_as(person: Person) -> str:
    """A name with its number: 王敏（000123）."""
    return person.name if person.badge_number is None else f"{person.name}（{person.badge_number}）"


def holder_of(session: Session, issue: DeviceIssue) -> str:
    """Who has the device by that issue, or the name of the room in which it is."""
    if issue.person_id is None:
        return session.get_one(Room, issue.room_id).name
    return shown_as(session.get_one(Person, issue.person_id))
