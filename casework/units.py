"""Whom a deed in a unit is open to: people act in their own unit and in those below it, the operator anywhere."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from sqlalchemy import CTE, ColumnElement, Select, all_, and_, case, func, or_, select, true
from sqlalchemy.dialects.postgresql import array
from sqlalchemy.orm import InstrumentedAttribute, Session

from casework.errors import Unknown
from casework.permission import require
from casework.unit_errors import UnitEnded
from retention.errors import OutsideUnit
from storage.catalog.ledger import LedgerEntryRow, LedgerSequence
from storage.catalog.organisation import Person, Unit
from storage.ledger.append import Actor

ENDED: Final = "unit.ended"
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


def require_live(session: Session, unit_id: uuid.UUID) -> None:
    """Something new may begin in the unit, whose row is read under a lock: a merge waits for it, and it for a merge.

    Raises UnitEnded, naming the successor and the day.
    """
    wanted = select(Unit).where(Unit.id == unit_id).with_for_update(read=True)
    unit = session.scalars(wanted.execution_options(populate_existing=True)).first()
    if unit is not None and unit.ended_on is not None:
        successor = session.get_one(Unit, session.scalar(select(func.carried_on_by(unit_id))))
        raise UnitEnded(unit.name, successor.name, successor.code, unit.ended_on)


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


def unit_tree(unit_id: uuid.UUID, *, at: datetime | None = None) -> CTE:
    """The unit and all below it, to be selected from in another statement; `at`: as the archive knew it then."""
    # UNION, not UNION ALL: a ring of parents, should there ever be one, ends the walk.
    tree = select(Unit.id).where(Unit.id == unit_id).cte("tree", recursive=True)
    parent = Unit.parent_id if at is None else _parent_if(Unit.ended_at > at)
    return tree.union(select(Unit.id).join(tree, parent == tree.c.id))


def units_below(session: Session, root_id: uuid.UUID) -> tuple[UnitNode, ...]:
    """The unit and all below it, parents before children, those of one parent by their code."""
    in_tree = select(Unit, Unit.parent_id.label("above")).where(Unit.id.in_(select(unit_tree(root_id).c.id)))
    return _walk(session, root_id, in_tree)


def units_below_on(
    session: Session, root_id: uuid.UUID, day: date, *, ended: Collection[uuid.UUID] | None = None
) -> tuple[UnitNode, ...]:
    """The same as it was on a (Chinese) day: a unit that was merged later was below another then. `ended`: those alone
    count as merged (units_ended_at)."""
    not_yet = Unit.ended_on > day
    if ended is not None:
        not_yet = and_(Unit.ended_on.is_not(None), or_(not_yet, Unit.id.not_in(ended)))
    return _walk(session, root_id, select(Unit, _parent_if(not_yet).label("above")))


def units_ended_at(session: Session, size: int) -> frozenset[uuid.UUID]:
    """The units of whose merge the ledger's first `size` entries say."""
    said = select(LedgerEntryRow.unit_id).join(LedgerSequence, LedgerSequence.entry_id == LedgerEntryRow.id)
    found = session.scalars(said.where(LedgerEntryRow.action == ENDED, LedgerSequence.index < size))
    return frozenset(unit_id for unit_id in found if unit_id is not None)


def shown_unit(unit: Unit) -> str:
    """Its name in a table; of a merged one also into which it was merged, and when."""
    return unit.name if unit.ended_on is None else f"{unit.name}（{unit.ended_on}已并入{unit.successor_name}）"


def _parent_if(not_yet: ColumnElement[bool]) -> ColumnElement[uuid.UUID | None]:
    return case((not_yet, Unit.parent_before), else_=Unit.parent_id)


def _walk(session: Session, root_id: uuid.UUID, units: Select[Unit, uuid.UUID | None]) -> tuple[UnitNode, ...]:
    """`units`: each with the one above it."""
    children: dict[uuid.UUID | None, list[Unit]] = defaultdict(list)
    for row, above in session.execute(units.order_by(Unit.code)):
        children[above].append(row)
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
