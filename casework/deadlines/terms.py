"""Terms as a file of rules states them, and which of several holds on a day."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Final, Literal

from casework.rules.errors import RuleFileUnusable
from casework.rules.heading import HEADING, HEADING_OPTIONAL, Heading, read_heading
from casework.rules.reading import Value, read_rules

KINDS: Final = (
    "publish_penalty",
    "publish_inspection",
    "withdraw",
    "service",
    "preservation",
    "hearing_request",
    "hearing_notice",
    "decision",
)
SHIPPED: Final = Path(__file__).parent / "shipped"
MOST_DAYS: Final = 3660
Counted = Literal["working_days", "calendar_days"]
Direction = Literal["after", "before"]
_COUNTED: Final = ("working_days", "calendar_days")
_DIRECTIONS: Final = ("after", "before")
_AT_DAY_OFF: Final = ("next_working_day", "stays")


@dataclass(frozen=True)
class Term:
    """So many days after an event, or before one. The last three are how the law is read where it can be read in two
    ways: does the day of the event count, have the days between two events to be whole, does a term of calendar days
    that ends on a day off end later."""

    kind: str
    days: int
    counted: Counted
    direction: Direction
    law: tuple[str, ...]
    first_day_counts: bool
    whole_days: bool
    moves_from_day_off: bool


@dataclass(frozen=True)
class TermFile(Heading):
    """`rank`: of two that state one term for one day the higher goes before, as a city's goes before the nation's."""

    rank: int
    terms: tuple[Term, ...]

    @property
    def name(self) -> str:
        return f"{self.jurisdiction} {self.version}"


def read_terms(content: bytes) -> TermFile:
    """A file of terms: docs/formats/rules.md. Raises RuleFileUnusable."""
    _, table = read_rules(content)
    table.names((*HEADING, "rank", "terms"), HEADING_OPTIONAL)
    terms = table.at("terms").table().names((), KINDS)
    if not terms:
        raise table.at("terms").refused("empty", KINDS)
    stated = tuple(_term(kind, terms.at(kind)) for kind in KINDS if kind in terms)
    return TermFile(**vars(read_heading(table)), rank=table.at("rank").number(last=99), terms=stated)


def _term(kind: str, value: Value) -> Term:
    table = value.table().names(
        ("days", "counted", "law"), ("direction", "first_day_counts", "whole_days", "at_day_off")
    )
    counted = table.at("counted").word(_COUNTED)
    first, whole = table.maybe("first_day_counts"), table.maybe("whole_days")
    direction, at_day_off = table.maybe("direction"), table.maybe("at_day_off")
    if at_day_off is not None and counted != "calendar_days":
        raise at_day_off.refused("of_calendar_days")
    onward = "after" if direction is None else direction.word(_DIRECTIONS)
    # Whoever has to be told seven days before is not told later because the seventh is a Sunday.
    moves = onward == "after" if at_day_off is None else at_day_off.word(_AT_DAY_OFF) == "next_working_day"
    return Term(
        kind=kind,
        days=table.at("days").number("too_many_days", last=MOST_DAYS),
        counted="working_days" if counted == "working_days" else "calendar_days",
        direction="after" if onward == "after" else "before",
        law=table.at("law").lines_of_text(),
        first_day_counts=first is not None and first.truth(),
        whole_days=whole is not None and whole.truth(),
        moves_from_day_off=moves and counted == "calendar_days",
    )


def shipped_terms() -> tuple[TermFile, ...]:
    """Those of the package: national law, the notices, Chongqing."""
    return tuple(read_terms(path.read_bytes()) for path in sorted(SHIPPED.glob("*.yaml")))


@dataclass(frozen=True)
class TermRules:
    """Several files at once. Raises RuleFileUnusable where two that state one term for one day are of the same rank."""

    files: tuple[TermFile, ...]

    def __post_init__(self) -> None:
        for place, one in enumerate(self.files):
            for other in self.files[:place]:
                _refuse_same_rank(one, other)

    def term(self, kind: str, start: date) -> tuple[Term, TermFile] | None:
        """The term that holds for an event of that day; None: the law knew none then."""
        found = [
            (file.rank, term, file)
            for file in self.files
            if file.holds_on(start)
            for term in file.terms
            if term.kind == kind
        ]
        if not found:
            return None
        _, term, file = max(found, key=lambda each: each[0])
        return term, file


def _refuse_same_rank(one: TermFile, other: TermFile) -> None:
    first, last = max(one.valid_from, other.valid_from), min(one.last_day or date.max, other.last_day or date.max)
    both = {term.kind for term in one.terms} & {term.kind for term in other.terms}
    if one.rank == other.rank and first <= last and one.unit_code == other.unit_code:
        for kind in sorted(both):
            raise RuleFileUnusable(f"terms.{kind} ({one.name}, {other.name})", "same_rank")


def with_tried(shipped: Sequence[TermFile], tried: Sequence[TermFile]) -> TermRules:
    """The files that are tried beside the shipped ones; one of a series and version that is shipped takes its place."""
    names = {(file.jurisdiction, file.version) for file in tried}
    return TermRules((*(file for file in shipped if (file.jurisdiction, file.version) not in names), *tried))
