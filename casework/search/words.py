"""What somebody searches for: words, each of which has to stand in what is found, and where in it they stand."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import ColumnElement, and_
from sqlalchemy.orm import InstrumentedAttribute, Session

from casework.errors import TextUnusable
from casework.search.sought import contains_text, folded, found_among
from casework.wording import required_name

SHORTEST: Final = 2
"""One sign stands in nearly everything, and no index helps to find it."""
MOST: Final = 8
AROUND: Final = 30
LONGEST_SHOWN: Final = 200


@dataclass(frozen=True)
class Matched:
    """Why something was found: `field` has a word in it, `text` is what stands around it, or None where that is not
    shown."""

    field: str
    text: str | None


@dataclass(frozen=True)
class Words:
    each: tuple[str, ...]

    @classmethod
    def parse(cls, text: str) -> Words:
        """Of what was typed, divided at blanks. Raises TextUnusable for nothing, single signs, too many or too long."""
        words = tuple(dict.fromkeys(folded(required_name("search words", text)).split()))
        if any(len(word) < SHORTEST for word in words):
            raise TextUnusable("search words", "has a word of a single sign")
        if len(words) > MOST:
            raise TextUnusable("search words", f"has more than {MOST} words")
        return cls(words)

    def stand_in(self, session: Session, sought: InstrumentedAttribute[str]) -> ColumnElement[bool]:
        """The condition that each word stands in the row, as `found_among` makes it."""
        return found_among(session, sought, *self.each)

    def each_in(self, sought: InstrumentedAttribute[str]) -> ColumnElement[bool]:
        """The same, for a table whose rows everybody may read."""
        return and_(*(contains_text(sought, word) for word in self.each))

    def found_in(self, fields: Iterable[tuple[str, Any]]) -> tuple[Matched, ...]:
        """The fields, of names and texts, in which some word stands."""
        shown = ((name, self._around("" if value is None else str(value))) for name, value in fields)
        return tuple(Matched(name, text) for name, text in shown if text)

    def _around(self, text: str) -> str:
        there = folded(text)
        places = [place for word in self.each if (place := there.find(word)) >= 0]
        if not places:
            return ""
        if len(text) <= 2 * AROUND or len(there) != len(text):
            return text[:LONGEST_SHOWN]
        start, end = max(0, min(places) - AROUND), min(places) + AROUND
        return ("…" if start else "") + text[start:end] + ("…" if end < len(text) else "")
