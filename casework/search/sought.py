"""Columns named `sought`: how a row's words are kept, and the conditions that find it by them.

They hold each sign twice, for trigrams (migration `search`): so does a pattern here. Signs are compared without regard
to case, and to width: ＡＢ１２ finds ab12.
"""

from __future__ import annotations

import unicodedata
import uuid
from typing import Final

from sqlalchemy import ARRAY, ColumnElement, Text, Uuid, and_, any_, case, cast, false, func, literal, select, true
from sqlalchemy.orm import InstrumentedAttribute, Session

MOST_NAMED: Final = 2000
"""More rows than this the database does not name: a list meets one of so many soon by itself."""


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
