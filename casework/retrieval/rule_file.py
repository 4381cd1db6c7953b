"""Who may see or copy footage, as a file of rules states it: docs/formats/rules.md."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, Final

from casework.rules.errors import RuleFileUnusable
from casework.rules.heading import HEADING, HEADING_OPTIONAL, VersionFile, read_heading, refuse_later_superseded
from casework.rules.reading import Table, Value, read_rules
from storage.catalog.access import ACCESS_KINDS, APPROVALS, ASKERS, NOBODY, OUTSIDERS, PAPERS

SHIPPED: Final = Path(__file__).parent / "shipped"
MOST_HOURS: Final = 180 * 24


@dataclass(frozen=True)
class Way:
    """Somebody's way to footage: `approval` is the post whose holder says yes, or NOBODY; `needs` are papers."""

    who: str
    kind: str
    approval: str
    longest_hours: int
    needs: tuple[str, ...]
    law: tuple[str, ...]

    def as_json(self) -> dict[str, Any]:
        return {**vars(self), "needs": list(self.needs), "law": list(self.law)}


@dataclass(frozen=True)
class RetrievalFile(VersionFile):
    """One version. `rank`: of two series that state one way for one day the higher goes before."""

    rank: int
    ways: tuple[Way, ...]

    def rules_as_json(self) -> dict[str, Any]:
        return {"rank": self.rank, "ways": [way.as_json() for way in self.ways]}


def ways_of(rules: Mapping[str, Any]) -> tuple[Way, ...]:
    """What `rules_as_json` stored."""
    stated = rules["ways"]
    return tuple(Way(**{**way, "needs": tuple(way["needs"]), "law": tuple(way["law"])}) for way in stated)


def read_retrieval(content: bytes) -> RetrievalFile:
    """A file of rules of retrieval. Raises RuleFileUnusable."""
    text, table = read_rules(content)
    table.names((*HEADING, "rank", "ways"), (*HEADING_OPTIONAL, "supersedes"))
    supersedes = table.maybe("supersedes")
    return RetrievalFile(
        **vars(read_heading(table)),
        supersedes=None if supersedes is None else supersedes.number(),
        source=text,
        rank=table.at("rank").number("no_rank", last=99),
        ways=_ways(table.at("ways")),
    )


def refuse_nonsense(file: RetrievalFile, others: Sequence[RetrievalFile]) -> None:
    """What reads well and makes no sense, by itself or beside `others` that hold for the same units. Raises
    RuleFileUnusable."""
    refuse_later_superseded(file)
    for other in others:
        first = max(file.valid_from, other.valid_from)
        last = min(file.last_day or date.max, other.last_day or date.max)
        both = {(way.who, way.kind) for way in file.ways} & {(way.who, way.kind) for way in other.ways}
        if file.rank == other.rank and file.jurisdiction != other.jurisdiction and first <= last and both:
            who, kind = min(both)
            raise RuleFileUnusable(f"ways ({who}, {kind}; {other.jurisdiction} {other.version})", "same_rank_way")


def _ways(value: Value) -> tuple[Way, ...]:
    places = value.list()
    if not places:
        raise value.refused("empty")
    ways: dict[tuple[str, str], Way] = {}
    for place in places:
        way = _way(place)
        if (way.who, way.kind) in ways:
            raise place.table().at("who").refused("twice", found=f"{way.who}, {way.kind}")
        ways[way.who, way.kind] = way
    return tuple(ways.values())


def _way(value: Value) -> Way:
    table = value.table().names(("who", "kind", "approval", "longest_hours", "law"), ("needs",))
    who, kind = table.at("who").word(ASKERS), table.at("kind").word(ACCESS_KINDS)
    approval, law = table.at("approval").word(APPROVALS), table.at("law").lines_of_text()
    if approval == NOBODY and (who, kind) != ("handler", "view"):
        # The one thing that rules cannot say: what leaves the case's own officers is somebody's word.
        raise table.at("approval").refused("not_without_approval")
    if not law:
        raise table.at("law").refused("empty")
    return Way(
        who=who,
        kind=kind,
        approval=approval,
        longest_hours=table.at("longest_hours").number("too_many_hours", last=MOST_HOURS),
        needs=_needs(table, who),
        law=law,
    )


def _needs(table: Table, who: str) -> tuple[str, ...]:
    stated = table.maybe("needs")
    if who not in OUTSIDERS:
        if stated is not None:
            raise stated.refused("no_papers")
        return ()
    if stated is None:
        raise table.at("needs").refused("missing")
    papers = tuple(each.word(PAPERS) for each in stated.list())
    if "identity" not in papers:
        raise stated.refused("no_identity")
    return tuple(dict.fromkeys(papers))
