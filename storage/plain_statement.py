"""A statement of the catalog, put together once, for connections that take text: storage/plain_connection.py.

To put one together and to compile it takes SQLAlchemy longer than PostgreSQL needs for the answer.
"""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

from sqlalchemy import BindParameter, Select, bindparam
from sqlalchemy.dialects import postgresql

_NUMBERED = postgresql.dialect(paramstyle="numeric_dollar")  # type: ignore[no-untyped-call]


def place(name: str) -> BindParameter[Any]:
    """Where a value of that name will stand; of the type of what it is compared with."""
    return bindparam(name, None)


class PlainStatement:
    """What a SELECT with places says to PostgreSQL, and what stands in each of its places."""

    def __init__(self, statement: Select[*tuple[Any, ...]]) -> None:
        compiled = statement.compile(dialect=_NUMBERED, compile_kwargs={"render_postcompile": True})
        self.text = compiled.string
        self._names: tuple[str, ...] = tuple(getattr(compiled, "positiontup", None) or ())
        self._given = {name: _as_text(value) for name, value in compiled.params.items() if value is not None}

    def parameters(self, **places: object) -> tuple[str, ...]:
        """The text of each place, in order. Raises KeyError for one that nothing is said of, TypeError for a value that
        has no text of its own."""
        said = {name: _as_text(value) for name, value in places.items()}
        return tuple(said[name] if name in said else self._given[name] for name in self._names)


def _as_text(value: object) -> str:
    """As PostgreSQL reads it; a list as an array."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, (str, int, uuid.UUID)):
        return str(value)
    if isinstance(value, (list, tuple)) and all(isinstance(each, (int, uuid.UUID)) for each in value):
        return f"{{{','.join(map(str, value))}}}"
    raise TypeError(f"{type(value).__name__} has no text that PostgreSQL would read")
