"""Which units are a person's own: his, and those that were merged into it, whose work his unit carries on."""

from __future__ import annotations

import uuid
from collections.abc import Collection
from typing import Any

from sqlalchemy import ColumnElement
from sqlalchemy.orm import InstrumentedAttribute

from storage.catalog.organisation import Person

Units = uuid.UUID | Collection[uuid.UUID]


def own_units(person: Person) -> tuple[uuid.UUID, ...]:
    """The person's unit first. What is begun is begun there; what was begun in the others goes on."""
    return person.unit_id, *(person.carries or ())


def is_own(person: Person, unit_id: uuid.UUID | None) -> bool:
    return unit_id in own_units(person)


def of_own(person: Person, column: InstrumentedAttribute[uuid.UUID] | ColumnElement[Any]) -> ColumnElement[bool]:
    """The condition that a row is of one of the person's own units."""
    return of_units(column, own_units(person))


def of_units(column: InstrumentedAttribute[uuid.UUID] | ColumnElement[Any], units: Units) -> ColumnElement[bool]:
    """Of one unit or of several. One is asked for as such: an index that begins with the unit then gives order too."""
    wanted = (units,) if isinstance(units, uuid.UUID) else tuple(units)
    return column == wanted[0] if len(wanted) == 1 else column.in_(wanted)
