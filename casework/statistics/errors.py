"""What the figures of a year or a month refuse."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import date

from casework.errors import InputRefused, StateRefused


@dataclass(eq=False)
class YearUnusable(InputRefused):
    """No year that figures can be of: before the notice, or one that has not begun."""

    year: int

    def __str__(self) -> str:
        return f"there are no figures of {self.year}: choose a year from 2019 to this one"


@dataclass(eq=False)
class MonthUnusable(InputRefused):
    """No month that figures can be of: not written as 2026-03, before the notice, or one that has not begun."""

    month: str

    def __str__(self) -> str:
        return f"there are no figures of {self.month}: choose a month from 2019-01 to this one, written as 2026-03"


@dataclass(eq=False)
class UnitBeyond(InputRefused):
    """A unit that is not the asker's own, nor below it."""

    unit_id: uuid.UUID

    def __str__(self) -> str:
        return f"unit {self.unit_id} is neither yours nor below it: choose one of the units in the answer"


@dataclass(eq=False)
class DaysUnusable(InputRefused):
    """From a day to an earlier one, or more days than are handed on at once."""

    since: date
    until: date
    most: int

    def __str__(self) -> str:
        return f"from {self.since} to {self.until} cannot be taken: choose up to {self.most} days, the first one first"


@dataclass(eq=False)
class CheckpointUnknown(InputRefused):
    """The ledger has no checkpoint of that size."""

    size: int

    def __str__(self) -> str:
        return f"the ledger has no checkpoint of {self.size} entries: choose a size at which one was signed"


@dataclass(eq=False)
class NothingSigned(StateRefused):
    """Figures are those of a checkpoint, and none is signed yet."""

    def __str__(self) -> str:
        return "the ledger has no checkpoint yet: try again in a moment"
