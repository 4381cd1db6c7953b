"""Terms as a file of rules states them, and which of several holds on a day."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, Final, Literal

from casework.deadlines.kinds import KINDS, Direction
from casework.rules.errors import RuleFileUnusable
from casework.rules.heading import HEADING, HEADING_OPTIONAL, VersionFile, read_heading, refuse_later_superseded
from casework.rules.reading import Value, read_rules

SHIPPED: Final = Path(__file__).parent / "shipped"
MOST_DAYS: Final = 3660
WhichDays = Literal["working_days", "calendar_days"]
_COUNTED: Final = ("working_days", "calendar_days")
_AT_DAY_OFF: Final = ("next_working_day", "stays")


@dataclass(frozen=True)
class Term:
    """So many days after an event, or before one, as its kind has it. The last three are how the law is read where it
    can be read in two ways: does the day of the event count, have the days between two events to be whole, does a term
    of calendar days that ends on a day off end later."""

    kind: str
    days: int
    counted: WhichDays
    law: tuple[str, ...]
    first_day_counts: bool
    whole_days: bool
    moves_from_day_off: bool

    @property
    def direction(self) -> Direction:
        return KINDS[self.kind].direction

    def as_json(self) -> dict[str, Any]:
        return {**vars(self), "law": list(self.law)}


@dataclass(frozen=True)
class TermFile(VersionFile):
    """One version of the terms.

    `rank`: of two series that state one term for one day the higher goes before, as a city's goes before the nation's.
    Within a series the later version goes before, from its first day on and as a whole.
    """

    rank: int
    terms: tuple[Term, ...]

    @property
    def name(self) -> str:
        return f"{self.jurisdiction} {self.version}"

    def rules_as_json(self) -> dict[str, Any]:
        return {"rank": self.rank, "terms": [term.as_json() for term in self.terms]}


def terms_of(rules: Mapping[str, Any]) -> tuple[Term, ...]:
    """What `rules_as_json` stored."""
    return tuple(Term(**{**stated, "law": tuple(stated["law"])}) for stated in rules["terms"])


def read_terms(content: bytes) -> TermFile:
    """A file of terms: docs/formats/rules.md. Raises RuleFileUnusable."""
    text, table = read_rules(content)
    table.names((*HEADING, "rank", "terms"), (*HEADING_OPTIONAL, "supersedes"))
    kinds = tuple(KINDS)
    terms = table.at("terms").table().names((), kinds)
    if not terms:
        raise table.at("terms").refused("empty", kinds)
    stated = tuple(_term(kind, terms.at(kind)) for kind in KINDS if kind in terms)
    supersedes = table.maybe("supersedes")
    return TermFile(
        **vars(read_heading(table)),
        supersedes=None if supersedes is None else supersedes.number(),
        source=text,
        rank=table.at("rank").number("no_rank", last=99),
        terms=stated,
    )


def refuse_nonsense(file: TermFile, others: Sequence[TermFile]) -> None:
    """What reads well and makes no sense, by itself or beside `others` that hold for the same units: looked at when a
    version is loaded, and not when it is read again. Raises RuleFileUnusable."""
    refuse_later_superseded(file)
    for other in others:
        _refuse_same_rank(file, other)


def _term(kind: str, value: Value) -> Term:
    table = value.table().names(("days", "counted", "law"), ("first_day_counts", "whole_days", "at_day_off"))
    counted = table.at("counted").word(_COUNTED)
    first, whole = table.maybe("first_day_counts"), table.maybe("whole_days")
    law, at_day_off = table.at("law").lines_of_text(), table.maybe("at_day_off")
    if not law:
        raise table.at("law").refused("empty")
    if at_day_off is not None and counted != "calendar_days":
        raise at_day_off.refused("of_calendar_days")
    # Whoever has to be told seven days before is not told later because the seventh is a Sunday.
    moves = (
        KINDS[kind].direction == "after" if at_day_off is None else at_day_off.word(_AT_DAY_OFF) == "next_working_day"
    )
    return Term(
        kind=kind,
        days=table.at("days").number("too_many_days", last=MOST_DAYS),
        counted="working_days" if counted == "working_days" else "calendar_days",
        law=law,
        first_day_counts=first is not None and first.truth(),
        whole_days=whole is not None and whole.truth(),
        moves_from_day_off=moves and counted == "calendar_days",
    )


def shipped_terms() -> tuple[TermFile, ...]:
    """Those of the package: national law, the notices, Chongqing."""
    return tuple(read_terms(path.read_bytes()) for path in sorted(SHIPPED.glob("*.yaml")))


@dataclass(frozen=True)
class TermRules:
    """Several files at once. Raises RuleFileUnusable where two series of one rank state one term for one day."""

    files: tuple[TermFile, ...]

    def __post_init__(self) -> None:
        for place, one in enumerate(self.files):
            for other in self.files[:place]:
                _refuse_same_rank(one, other)

    def term(self, kind: str, start: date) -> tuple[Term, TermFile] | None:
        """The term that holds for an event of that day; None: the law knew none then."""
        of_series: dict[str, TermFile] = {}
        for file in sorted(self.files, key=lambda each: each.version):
            if file.holds_on(start):
                of_series[file.jurisdiction] = file
        found = [(term, file) for file in of_series.values() for term in file.terms if term.kind == kind]
        return max(found, key=lambda each: each[1].rank, default=None)


def _refuse_same_rank(one: TermFile, other: TermFile) -> None:
    first, last = max(one.valid_from, other.valid_from), min(one.last_day or date.max, other.last_day or date.max)
    both = {term.kind for term in one.terms} & {term.kind for term in other.terms}
    if one.rank == other.rank and first <= last and one.jurisdiction != other.jurisdiction:
        for kind in sorted(both):
            raise RuleFileUnusable(f"terms.{kind} ({one.name}, {other.name})", "same_rank")


def with_tried(shipped: Sequence[TermFile], tried: Sequence[TermFile]) -> TermRules:
    """The files that are tried beside the shipped ones; one of a series and version that is shipped takes its place."""
    names = {(file.jurisdiction, file.version) for file in tried}
    return TermRules((*(file for file in shipped if (file.jurisdiction, file.version) not in names), *tried))
