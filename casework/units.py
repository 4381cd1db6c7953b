"""Whom a deed in a unit is open to: people act in their own unit and in those below it, the operator anywhere."""

from __future__ import annotations

import uuid

from sqlalchemy import select
from sqlalchemy.orm import Session

from casework.errors import Unknown
from casework.permission import require
from retention.errors import OutsideUnit
from storage.catalog.organisation import Person, Unit
from storage.ledger.append import Actor

Doer = Person | Actor
"""A signed-in person, or the operator at the machine (`Actor.system("admin")`), whom no role binds."""


def actor_of(by: Doer) -> Actor:
    return Actor.person(by.id) if isinstance(by, Person) else by


def require_over(session: Session, by: Doer, deed: str, unit_id: uuid.UUID) -> None:
    """The unit exists, and a person may do `deed`, in it or in one above it.

    Raises Unknown, OutsideUnit, RoleNotAllowed.
    """
    if isinstance(by, Person):
        require(by, deed)
    line = unit_and_those_above(session, unit_id)
    if not line:
        raise Unknown("unit", unit_id)
    if isinstance(by, Person) and by.unit_id not in line:
        raise OutsideUnit("unit", unit_id)


def unit_and_those_above(session: Session, unit_id: uuid.UUID) -> set[uuid.UUID]:
    """Empty when there is no such unit."""
    # UNION, not UNION ALL: a ring of parents, should there ever be one, ends the walk.
    line = select(Unit.id, Unit.parent_id).where(Unit.id == unit_id).cte("line", recursive=True)
    line = line.union(select(Unit.id, Unit.parent_id).join(line, Unit.id == line.c.parent_id))
    return set(session.scalars(select(line.c.id)))
