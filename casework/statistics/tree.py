"""The units that figures are of, in the order of a table: parents before their children, each by its code."""

from __future__ import annotations

import uuid
from collections.abc import Iterator

from sqlalchemy import select
from sqlalchemy.orm import Session

from storage.catalog.organisation import Unit


def unit_rows(session: Session, root_id: uuid.UUID) -> Iterator[tuple[Unit, int]]:
    """The unit and all below it, each with its depth below it."""
    children: dict[uuid.UUID | None, list[Unit]] = {}
    for row in session.scalars(select(Unit).order_by(Unit.code)):
        children.setdefault(row.parent_id, []).append(row)
    waiting, seen = [(session.get_one(Unit, root_id), 0)], set[uuid.UUID]()
    while waiting:
        unit, depth = waiting.pop()
        if unit.id not in seen:
            seen.add(unit.id)
            yield unit, depth
            waiting += [(child, depth + 1) for child in reversed(children.get(unit.id, []))]
