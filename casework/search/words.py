"""What somebody searches for: words, each of which has to stand in what is found.

Columns named `sought` hold a row's words with each sign twice, for trigrams (migration `search`): so does a pattern
here. Signs are compared without regard to case, and to width: ＡＢ１２ finds ab12.
"""

from __future__ import annotations

import unicodedata
import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import ARRAY, ColumnElement, Text, Uuid, and_, any_, case, cast, false, func, literal, select, true
from sqlalchemy.orm import InstrumentedAttribute, Session

from casework.errors import TextUnusable
from casework.wording import required_name

SHORTEST: Final = 2
"""One sign stands in nearly everything, and no index helps to find it."""
MOST: Final = 8
AROUND: Final = 30
LONGEST_SHOWN: Final = 200
MOST_NAMED: Final = 2000


@dataclass(frozen=True)
class Matched:
    """Why something was found: `field` has a word in it, `text` is what stands around it."""

    field: str
    text: str


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


def contains_text(sought: InstrumentedAttribute[str], text: str) -> ColumnElement[bool]:
    """The condition that `text` stands in a row as it is, its blanks too: of a single sign no index helps."""
    return sought.like(pattern_of(text))


def found_among(session: Session, sought: InstrumentedAttribute[str], *texts: str) -> ColumnElement[bool]:
    """As `contains_text` of all of them, for a table under row security, where LIKE alone is served by no index.

    The database names the rows among the units that are seen, where they are few; many are soon met in any list.
    """
    return standing_in(sought, ids_among(session, sought, *texts), *texts)


def ids_among(session: Session, sought: InstrumentedAttribute[str], *texts: str) -> list[uuid.UUID] | None:
    """The rows among the units that are seen in which all of the texts stand; None: more than MOST_NAMED."""
    patterns = cast([pattern_of(text) for text in texts], ARRAY(Text))
    asked = func.sought_ids(sought.class_.__tablename__, patterns, MOST_NAMED, type_=ARRAY(Uuid))
    ids: list[uuid.UUID] | None = session.scalar(select(asked))
    return ids


def standing_in(sought: InstrumentedAttribute[str], ids: list[uuid.UUID] | None, *texts: str) -> ColumnElement[bool]:
    """The condition of being one of these rows, or one of the many in which the texts stand."""
    if ids is None:
        return and_(*(often(contains_text(sought, text)) for text in texts))
    named: ColumnElement[bool] = sought.class_.id == any_(literal(ids, ARRAY(Uuid)))
    return named


def often(condition: ColumnElement[bool]) -> ColumnElement[bool]:
    """The same, taken by the planner for true of every second row: then it goes through a list in its order.

    Of rows that not everybody may see it has no figures to judge a LIKE by, takes it for true of nearly none, and reads
    and sorts all there are for a page of twenty.
    """
    return case((condition, true()), else_=false())


def pattern_of(text: str) -> str:
    return f"%{doubled(folded(text))}%"


def folded(text: str) -> str:
    return unicodedata.normalize("NFKC", text).lower()


def doubled(word: str) -> str:
    """As part of a LIKE pattern: each sign twice, and none of them a wildcard."""
    return "".join((f"\\{sign}" if sign in "\\%_" else sign) * 2 for sign in word)
