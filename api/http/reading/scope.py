"""How far somebody sees. Footage and cases: the own unit alone. People, stations, ledger, requests that wait for his
word, and how footage was seen: those below too."""

from __future__ import annotations

import uuid

from sqlalchemy import select
from sqlalchemy.orm import Session

from api.http.errors import RoleRefused
from casework.errors import Unknown
from casework.permission import require
from casework.units import unit_tree
from retention.errors import OutsideUnit
from storage.catalog.organisation import Person, Unit


def require_in_tree(session: Session, person: Person, unit_id: uuid.UUID) -> None:
    """Raises Unknown for no unit, OutsideUnit for one that is neither the person's own nor below it."""
    if session.get(Unit, unit_id) is None:
        raise Unknown("unit", unit_id)
    tree = unit_tree(person.unit_id)
    if session.scalar(select(tree.c.id).where(tree.c.id == unit_id)) is None:
        raise OutsideUnit("unit", unit_id)


def is_at_the_top(session: Session, person: Person) -> bool:
    """Whether the person's unit has none above it: what belongs to no unit is shown there."""
    return session.scalar(select(Unit.parent_id).where(Unit.id == person.unit_id)) is None


def require_reader_of_all(session: Session, person: Person, deed: str) -> None:
    """For what tells of every unit at once: whoever may do `deed`, at the top. Raises RoleNotAllowed, RoleRefused."""
    require(person, deed)
    if not is_at_the_top(session, person):
        raise RoleRefused("auditor of a unit below", ("auditor of the topmost unit",))
