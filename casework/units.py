"""Whom a deed in a unit is open to: people act in their own unit and in those below it, the operator anywhere."""

from __future__ import annotations

import uuid

from sqlalchemy import CTE, ColumnElement, select, true
from sqlalchemy.orm import InstrumentedAttribute, Session

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


def unit_tree(unit_id: uuid.UUID) -> CTE:
    """The unit and all below it, to be selected from in another statement."""
    # UNION, not UNION ALL: a ring of parents, should there ever be one, ends the walk.
    tree = select(Unit.id).where(Unit.id == unit_id).cte("tree", recursive=True)
    return tree.union(select(Unit.id).join(tree, Unit.parent_id == tree.c.id))


def in_reach(by: Doer, unit_id: InstrumentedAttribute[uuid.UUID]) -> ColumnElement[bool]:
    """The condition that a row is of the person's own unit or of one below it; of any, for the operator."""
    if isinstance(by, Actor):
        return true()
    return unit_id.in_(select(unit_tree(by.unit_id).c.id))
