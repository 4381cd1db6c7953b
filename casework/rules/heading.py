"""What every file of rules begins with: of which series and version it is, for whom, and on which days it holds."""

from __future__ import annotations

import hashlib
import re
from abc import ABC, abstractmethod
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from casework.rules.errors import RuleFileUnusable
from casework.rules.reading import Table

HEADING: Final = ("jurisdiction", "version", "title", "valid_from")
HEADING_OPTIONAL: Final = ("valid_until", "unit")
"""Files whose rules hold for all units alike do not take `unit`."""
_JURISDICTION: Final = re.compile(r"[A-Za-z][A-Za-z0-9-]{0,39}")


@dataclass(frozen=True)
class Heading:
    """`last_day` None: no end. `unit_code` None: of all units."""

    jurisdiction: str
    version: int
    title_zh: str
    title_en: str
    valid_from: date
    last_day: date | None
    unit_code: str | None

    def holds_on(self, day: date) -> bool:
        return self.valid_from <= day and (self.last_day is None or day <= self.last_day)


@dataclass(frozen=True)
class VersionFile(Heading, ABC):
    """A file whose versions become rows. `supersedes`: the version that ends where it begins; `source`: all of it."""

    supersedes: int | None
    source: str

    @property
    def sha256(self) -> bytes:
        return hashlib.sha256(self.source.encode()).digest()

    @abstractmethod
    def rules_as_json(self) -> dict[str, Any]:
        """What is stored of what it rules."""


def refuse_later_superseded(file: VersionFile) -> None:
    """Raises RuleFileUnusable for a version that supersedes itself, or one that comes after it."""
    if file.supersedes is not None and file.supersedes >= file.version:
        raise RuleFileUnusable(f"supersedes {file.supersedes}", "not_earlier")


def read_heading(table: Table) -> Heading:
    """Raises RuleFileUnusable."""
    title = table.at("title").table().names(("zh", "en"))
    valid_from, until, unit = table.at("valid_from").day(), table.maybe("valid_until"), table.maybe("unit")
    last_day = None if until is None else until.day()
    if until is not None and last_day is not None and last_day < valid_from:
        raise until.refused("ends_before_it_begins")
    return Heading(
        jurisdiction=table.at("jurisdiction").matching(_JURISDICTION, "no_jurisdiction"),
        version=table.at("version").number(),
        title_zh=title.at("zh").line_of_text(),
        title_en=title.at("en").line_of_text(),
        valid_from=valid_from,
        last_day=last_day,
        unit_code=None if unit is None else unit.line_of_text(),
    )
