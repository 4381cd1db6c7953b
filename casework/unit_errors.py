"""What cannot be done in a unit, or with two. The trunk is CaseworkError; nothing was changed.

CaseworkError
├── UnitEnded               the unit was merged into another: nothing new begins in it; a StateRefused too
├── MergeRefused            this unit is not merged into that one, or not on that day; a StateRefused too
├── MergeClash              both units use one number or code for different things; a StateRefused too
└── MergeUnsealed           final documents wait for the seal that would end; a StateRefused too
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from casework.errors import StateRefused

MERGE_PROBLEMS = {
    "itself": "it is the same unit; name the one that carries its work on",
    "below": "that one is below it; merge into a unit that is not below it",
    "to_come": "the day is still to come; merge it on that day, or afterwards",
    "before_known": "the archive did not know the unit on that day; choose a day since it was created here",
    "too_early": "something was begun in it, or a return drawn up, that is later; it can be on {earliest} or later",
}


@dataclass(eq=False)
class UnitEnded(StateRefused):
    """`successor` is whichever carries it on by now, by its name and code."""

    unit: str
    successor: str
    successor_code: str
    ended_on: date

    def __str__(self) -> str:
        return (
            f"{self.unit} was merged into {self.successor} ({self.successor_code}) on {self.ended_on.isoformat()}: "
            f"nothing new begins in it; do it in {self.successor}"
        )


@dataclass(eq=False)
class MergeRefused(StateRefused):
    """`problem`: a word of MERGE_PROBLEMS; `unit` and `into` are codes. `earliest`: where the day is too early."""

    unit: str
    into: str
    on: date
    problem: str
    earliest: date | None = None

    def __str__(self) -> str:
        why = MERGE_PROBLEMS[self.problem].format(earliest=self.earliest)
        return f"unit {self.unit} cannot be merged into {self.into} on {self.on}: {why}"


@dataclass(eq=False)
class MergeClash(StateRefused):
    """`kind`: badge, device or certificate; `values`: what both units use, each for something of its own."""

    unit: str
    into: str
    kind: str
    values: tuple[str, ...]

    def __str__(self) -> str:
        return (
            f"units {self.unit} and {self.into} both use the {self.kind} {', '.join(self.values) or 'numbers'}: "
            "change or void one of each two first; nothing was merged"
        )


@dataclass(eq=False)
class MergeUnsealed(StateRefused):
    """`papers`: final documents that wait for their seal, some of them where there are many."""

    unit: str
    into: str
    papers: tuple[str, ...]

    def __str__(self) -> str:
        return (
            f"unit {self.unit} cannot be merged into {self.into} while final documents wait for its seal: "
            f"{', '.join(self.papers)}: seal or withdraw them first; nothing was merged"
        )
