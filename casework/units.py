"""Whom a deed in a unit is open to: people act in their own unit and in those below it, the operator anywhere."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import CTE, ColumnElement, all_, func, select, true
from sqlalchemy.dialects.postgresql import array
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


@dataclass(frozen=True)
class UnitNode:
    """A unit in the tree below another, and how far below: 0 for that one itself."""

    unit: Unit
    depth: int


def require_over(session: Session, by: Doer, deed: str, unit_id: uuid.UUID) -> None:
    """The unit exists, and a person may do `deed`, in it or in one above it.

    Raises Unknown, OutsideUnit, RoleNotAllowed.
    """
    if isinstance(by, Person):
        require(by, deed)
    line = line_of(session, unit_id)
    if not line:
        raise Unknown("unit", unit_id)
    if isinstance(by, Person) and by.unit_id not in line:
        raise OutsideUnit("unit", unit_id)


def line_of(session: Session, unit_id: uuid.UUID) -> tuple[uuid.UUID, ...]:
    """The unit itself, then its parent, and so on up. Empty when there is no such unit."""
    return lines_of(session, (unit_id,)).get(unit_id, ())


def unit_of(session: Session, kind: str, row_id: uuid.UUID) -> uuid.UUID | None:
    """The unit of a row of a table, also of one that row security does not show: whoever asks is told no more than that
    it is another unit's. None where there is no such row, and of a table that tells nobody."""
    found: uuid.UUID | None = session.scalar(select(func.unit_of(kind, row_id)))
    return found


def lines_of(session: Session, unit_ids: Collection[uuid.UUID]) -> dict[uuid.UUID, tuple[uuid.UUID, ...]]:
    """Of each of these units that there is, itself, then its parent, and so on up: one query for them all."""
    begun = select(Unit.id.label("start"), Unit.parent_id, array([Unit.id]).label("line"))
    line = begun.where(Unit.id.in_(unit_ids)).cte("line", recursive=True)
    above = select(line.c.start, Unit.parent_id, line.c.line.op("||")(Unit.id)).join(line, Unit.id == line.c.parent_id)
    # A ring of parents, should there ever be one, ends the walk.
    line = line.union_all(above.where(Unit.id != all_(line.c.line)))
    # The walk gives each line as often as it is long; the whole one comes last.
    rows = session.execute(select(line.c.start, line.c.line).order_by(func.cardinality(line.c.line)))
    return {row.start: tuple(row.line) for row in rows}


def unit_tree(unit_id: uuid.UUID) -> CTE:
    """The unit and all below it, to be selected from in another statement."""
    # UNION, not UNION ALL: a ring of parents, should there ever be one, ends the walk.
    tree = select(Unit.id).where(Unit.id == unit_id).cte("tree", recursive=True)
    return tree.union(select(Unit.id).join(tree, Unit.parent_id == tree.c.id))


def units_below(session: Session, root_id: uuid.UUID) -> tuple[UnitNode, ...]:
    """The unit and all below it, parents before children, those of one parent by their code."""
    children: dict[uuid.UUID | None, list[Unit]] = defaultdict(list)
    in_tree = select(Unit).where(Unit.id.in_(select(unit_tree(root_id).c.id)))
    for row in session.scalars(in_tree.order_by(Unit.code)):
        children[row.parent_id].append(row)
    waiting, nodes, seen = [(session.get_one(Unit, root_id), 0)], list[UnitNode](), set[uuid.UUID]()
    while waiting:
        unit, depth = waiting.pop()
        if unit.id not in seen:  # A ring of parents, should there ever be one, ends the walk.
            seen.add(unit.id)
            nodes.append(UnitNode(unit, depth))
            waiting += [(child, depth + 1) for child in reversed(children[unit.id])]
    return tuple(nodes)


def in_reach(by: Doer, unit_id: InstrumentedAttribute[uuid.UUID]) -> ColumnElement[bool]:
    """The condition that a row is of the person's own unit or of one below it; of any, for the operator."""
    if isinstance(by, Actor):
        return true()
    return unit_id.in_(select(unit_tree(by.unit_id).c.id))
