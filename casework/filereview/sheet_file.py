"""A score sheet (评查标准) as a file states it: items with their points, which sum up to a hundred."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from casework.rules.errors import RuleFileUnusable
from casework.rules.heading import HEADING, HEADING_OPTIONAL, VersionFile, read_heading, refuse_later_superseded
from casework.rules.reading import Value, read_rules

SHIPPED: Final = Path(__file__).parent / "shipped"
ALL_POINTS: Final = 100
LONGEST_TEXT: Final = 4000
_CODE: Final = re.compile(r"[a-z][a-z0-9_]{0,39}")


@dataclass(frozen=True)
class ScoreItem:
    """What a file is looked at for, and how many points it can have; `asks`: what the reviewer asks himself."""

    code: str
    name_zh: str
    name_en: str
    points: int
    asks: str


@dataclass(frozen=True)
class ScoreSheetFile(VersionFile):
    """One version of the sheet; its items in the order in which they are scored."""

    items: tuple[ScoreItem, ...]

    def rules_as_json(self) -> dict[str, Any]:
        return {"items": [vars(each) for each in self.items]}


def items_of(rules: Mapping[str, Any]) -> tuple[ScoreItem, ...]:
    """What `rules_as_json` stored."""
    return tuple(ScoreItem(**each) for each in rules["items"])


def read_score_sheet(content: bytes) -> ScoreSheetFile:
    """A file of a score sheet: docs/formats/rules.md. Raises RuleFileUnusable, which names line and field."""
    text, table = read_rules(content)
    table.names((*HEADING, "items"), (*HEADING_OPTIONAL, "supersedes"))
    supersedes = table.maybe("supersedes")
    return ScoreSheetFile(
        **vars(read_heading(table)),
        supersedes=None if supersedes is None else supersedes.number(),
        source=text,
        items=_items(table.at("items")),
    )


def refuse_nonsense(file: ScoreSheetFile) -> None:
    """What reads well and makes no sense. Raises RuleFileUnusable."""
    refuse_later_superseded(file)


def _items(value: Value) -> tuple[ScoreItem, ...]:
    found = [_item(each) for each in value.list()]
    codes = [each.code for each in found]
    for code in codes:
        if codes.count(code) > 1:
            raise RuleFileUnusable(f"items {code}", "twice", line=value.line)
    if sum(each.points for each in found) != ALL_POINTS:
        raise value.refused("not_a_hundred")
    return tuple(found)


def _item(value: Value) -> ScoreItem:
    table = value.table().names(("code", "name", "points", "asks"))
    name = table.at("name").table().names(("zh", "en"))
    return ScoreItem(
        code=table.at("code").matching(_CODE, "no_code"),
        name_zh=name.at("zh").line_of_text(),
        name_en=name.at("en").line_of_text(),
        points=table.at("points").number(last=ALL_POINTS),
        asks=table.at("asks").text("no_long_text", LONGEST_TEXT).strip(),
    )
