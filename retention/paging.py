"""Lists in pages. A cursor names the last row seen, so that rows added meanwhile neither shift nor repeat a page."""

from __future__ import annotations

import base64
import json
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, TypeVar

from sqlalchemy import ColumnElement, Select, literal, tuple_
from sqlalchemy.orm import InstrumentedAttribute

from retention.errors import CursorInvalid

MOST_ROWS = 200
_LONGEST_CURSOR = 400

T = TypeVar("T")
SelectT = TypeVar("SelectT", bound=Select[*tuple[Any, ...]])
Column = InstrumentedAttribute[Any] | ColumnElement[Any]


@dataclass(frozen=True)
class Cursor:
    """A row's place in its list: when, and by which key among rows of the same instant."""

    at: datetime
    key: str

    def to_text(self) -> str:
        """An opaque word for addresses."""
        return base64.urlsafe_b64encode(json.dumps([self.at.isoformat(), self.key]).encode()).decode().rstrip("=")

    @classmethod
    def parse(cls, text: str) -> Cursor:
        """Read what `to_text` wrote. Raises CursorInvalid for anything else."""
        try:
            if len(text) > _LONGEST_CURSOR:
                raise ValueError("too long")
            at, key = json.loads(base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True))
            cursor = cls(datetime.fromisoformat(at), key)
            if cursor.at.tzinfo is None or not isinstance(key, str) or "\0" in key:
                raise ValueError("not a place in a list")
        except (ValueError, TypeError) as error:
            raise CursorInvalid(text) from error
        return cursor

    @property
    def id(self) -> uuid.UUID:
        """The key of lists whose rows have ids. Raises CursorInvalid when another list gave this cursor out."""
        try:
            return uuid.UUID(self.key)
        except ValueError as error:
            raise CursorInvalid(self.to_text()) from error


@dataclass(frozen=True)
class Page(Generic[T]):
    """Some rows of a list; `next` is None on the last page."""

    items: tuple[T, ...]
    next: Cursor | None


def newest_first(statement: SelectT, at: Column, id_column: Column, after: Cursor | None, limit: int) -> SelectT:
    """`statement` cut to one page and one row, by time downwards; `take_page` makes a Page of what it gives."""
    if after is not None:
        place = tuple_(literal(after.at, at.type), literal(after.id, id_column.type))
        statement = statement.where(tuple_(at, id_column) < place)
    return statement.order_by(at.desc(), id_column.desc()).limit(page_rows(limit) + 1)


def page_rows(limit: int) -> int:
    """What a caller may ask for: at least one row, at most MOST_ROWS."""
    return max(1, min(limit, MOST_ROWS))


def take_page(rows: Sequence[T], limit: int, cursor_of: Callable[[T], Cursor]) -> Page[T]:
    """The page out of up to one row more than fits on it."""
    items = tuple(rows[: page_rows(limit)])
    return Page(items, cursor_of(items[-1]) if len(rows) > len(items) else None)
