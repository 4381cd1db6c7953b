"""Which devices that names speak of are in the register: in their own unit's, or in that of a unit above it."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Collection

from sqlalchemy import select
from sqlalchemy.orm import Session

from storage.catalog.devices import Device
from storage.catalog.organisation import Unit
from storage.database import Database

Named = tuple[uuid.UUID, str]
"""A unit, and a device's code as that unit's recordings name it."""


def registered_devices(session: Session, named: Collection[Named]) -> frozenset[Named]:
    """Those of `named` that the register has, in use or not: what was retired has recorded before. One query."""
    if not named:
        return frozenset()
    units, codes = {unit_id for unit_id, _ in named}, {code for _, code in named}
    line = select(Unit.id.label("of"), Unit.id, Unit.parent_id).where(Unit.id.in_(units)).cte("line", recursive=True)
    # UNION, not UNION ALL: a ring of parents, should there ever be one, ends the walk.
    line = line.union(select(line.c.of, Unit.id, Unit.parent_id).join(line, Unit.id == line.c.parent_id))
    known = select(line.c.of, Device.code).join(Device, Device.unit_id == line.c.id).where(Device.code.in_(codes))
    return frozenset((of, code) for of, code in session.execute(known)) & frozenset(named)


def registered_in(database: Database, unit_id: uuid.UUID) -> Callable[[str], bool]:
    """Asks, each time, whether the register has a device of a code for this unit. Raises what the database raises."""

    def is_registered(code: str) -> bool:
        with database.reading() as session:
            return bool(registered_devices(session, [(unit_id, code)]))

    return is_registered
