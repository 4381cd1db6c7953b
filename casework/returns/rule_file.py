"""Which returns are owed, to whom, how often, by when and with which figures (报表制度), as a file of rules has it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

from casework.deadlines.kinds import Direction
from casework.deadlines.terms import MOST_DAYS, WhichDays
from casework.returns.periods import MONTHS
from casework.rules.errors import RuleFileUnusable
from casework.rules.heading import HEADING, HEADING_OPTIONAL, VersionFile, read_heading, refuse_later_superseded
from casework.rules.reading import Table, Value, read_rules
from casework.statistics.figures import FIGURES, GROUPS

SHIPPED: Final = Path(__file__).parent / "shipped"
Owing = Literal["topmost", "below", "every"]
OWED_BY: Final = ("topmost", "below", "every")
"""The bureau (局) alone; the units below it (支队、街镇大队); all of them."""
_COUNTED: Final = ("working_days", "calendar_days")
_AT_DAY_OFF: Final = ("next_working_day", "stays")
_CODE: Final = re.compile(r"[a-z][a-z0-9_]{0,39}")


@dataclass(frozen=True)
class DueAfter:
    """So many days after the last day of the period, which does not count itself."""

    days: int
    counted: WhichDays
    moves_from_day_off: bool

    @property
    def direction(self) -> Direction:
        return "after"

    @property
    def first_day_counts(self) -> bool:
        return False

    @property
    def whole_days(self) -> bool:
        return False


@dataclass(frozen=True)
class ReturnKind:
    """One return (报表). `every`: a word of MONTHS; `with_below`: of the unit and those below it, a column each;
    `figures`: groups and single figures, in the file's own words, for which those are is another release's to say;
    `recipients`: to whom it goes, each of whom is sent it."""

    code: str
    name_zh: str
    name_en: str
    owed_by: Owing
    with_below: bool
    every: str
    due: DueAfter
    recipients: tuple[str, ...]
    figures: tuple[str, ...]
    law: tuple[str, ...]

    def as_json(self) -> dict[str, Any]:
        lists = {name: list(getattr(self, name)) for name in ("recipients", "figures", "law")}
        return {**vars(self), **lists, "due": vars(self.due)}


@dataclass(frozen=True)
class ReturnFile(VersionFile):
    """One version, its returns in the order in which they stand."""

    returns: tuple[ReturnKind, ...]

    def rules_as_json(self) -> dict[str, Any]:
        return {"returns": [each.as_json() for each in self.returns]}


def kinds_of(rules: Mapping[str, Any]) -> tuple[ReturnKind, ...]:
    """What `rules_as_json` stored."""
    return tuple(_kind_of(stated) for stated in rules["returns"])


def _kind_of(stated: Mapping[str, Any]) -> ReturnKind:
    lists = {name: tuple(stated[name]) for name in ("recipients", "figures", "law")}
    return ReturnKind(**{**stated, **lists, "due": DueAfter(**stated["due"])})


def read_returns(content: bytes) -> ReturnFile:
    """A file of returns: docs/formats/rules.md. Raises RuleFileUnusable, which names line and field."""
    text, table = read_rules(content)
    table.names((*HEADING, "returns"), (*HEADING_OPTIONAL, "supersedes"))
    supersedes, returns = table.maybe("supersedes"), table.at("returns")
    return ReturnFile(
        **vars(read_heading(table)),
        supersedes=None if supersedes is None else supersedes.number(),
        source=text,
        returns=_returns(returns),
    )


def may_bind_one(one: ReturnKind, other: ReturnKind) -> bool:
    """Whether there may be a unit that owes both."""
    return one.owed_by == other.owed_by or "every" in (one.owed_by, other.owed_by)


def refuse_nonsense(file: ReturnFile) -> None:
    """What reads well and makes no sense. Raises RuleFileUnusable."""
    refuse_later_superseded(file)


def _returns(value: Value) -> tuple[ReturnKind, ...]:
    places = value.list()
    if not places:
        raise value.refused("empty")
    found = [_return(each) for each in places]
    for at, (each, place) in enumerate(zip(found, places, strict=True)):
        if each.code in {before.code for before in found[:at]}:
            raise RuleFileUnusable(f"returns {each.code}", "twice", line=place.line)
    return tuple(found)


def _return(value: Value) -> ReturnKind:
    table = value.table().names(
        ("code", "name", "owed_by", "every", "due", "recipients", "figures", "law"), ("with_below",)
    )
    name, with_below = table.at("name").table().names(("zh", "en")), table.maybe("with_below")
    owing: dict[str, Owing] = {"topmost": "topmost", "below": "below", "every": "every"}
    return ReturnKind(
        code=table.at("code").matching(_CODE, "no_code"),
        name_zh=name.at("zh").line_of_text(),
        name_en=name.at("en").line_of_text(),
        owed_by=owing[table.at("owed_by").word(OWED_BY)],
        with_below=with_below is None or with_below.truth(),
        every=table.at("every").word(tuple(MONTHS)),
        due=_due(table.at("due").table()),
        recipients=_texts(table.at("recipients")),
        figures=_figures(table.at("figures")),
        law=_texts(table.at("law")),
    )


def _due(table: Table) -> DueAfter:
    table.names(("days", "counted"), ("at_day_off",))
    counted, at_day_off = table.at("counted").word(_COUNTED), table.maybe("at_day_off")
    if at_day_off is not None and counted != "calendar_days":
        raise at_day_off.refused("of_calendar_days")
    # Who is told "by the 31st" has no later day because that one is a Sunday, unless the rule says so.
    moves = at_day_off is not None and at_day_off.word(_AT_DAY_OFF) == "next_working_day"
    return DueAfter(
        days=table.at("days").number("too_many_days", last=MOST_DAYS),
        counted="working_days" if counted == "working_days" else "calendar_days",
        moves_from_day_off=moves,
    )


def _texts(value: Value) -> tuple[str, ...]:
    found = value.lines_of_text()
    if not found:
        raise value.refused("empty")
    for text in found:
        if found.count(text) > 1:
            raise value.refused("twice", found=text)
    return found


def _figures(value: Value) -> tuple[str, ...]:
    """Groups and single figures, as they stand: a group has more of them one day, and the file says what it said."""
    words = tuple(place.word((*GROUPS, *FIGURES)) for place in value.list())
    if not words:
        raise value.refused("empty")
    for word in words:
        if words.count(word) > 1:
            raise value.refused("twice", found=word)
    return words
