"""What a yearly report refuses."""

from __future__ import annotations

from dataclasses import dataclass

from casework.errors import InputRefused, StateRefused


@dataclass(eq=False)
class YearUnusable(InputRefused):
    """No year that figures can be of: before the notice, or one that has not begun."""

    year: int

    def __str__(self) -> str:
        return f"there are no figures of {self.year}: choose a year from 2019 to this one"


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
