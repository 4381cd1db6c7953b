"""A statement about rows that it is given: one of them column by column, several as one JSON text.

To read a single row out of JSON takes PostgreSQL a fifth of what the statement does with it. Of many, a parameter for
each column takes the client longer than the statement does.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

PLACE = ":rows"
"""Where they stand in the statement: a SELECT of them."""


@dataclass(frozen=True)
class RowsStatement:
    """The same statement about one and about many."""

    one: str
    many: str
    columns: tuple[str, ...]

    @classmethod
    def of(cls, text: str, columns: str, others: int) -> RowsStatement:
        """`columns` are their names and types, as a table's are written; `others`: how many parameters come first, $1
        and so on."""
        kinds = [column.split() for column in columns.split(",")]
        one = ", ".join(f"${place}::{kind} AS {name}" for place, (name, kind) in enumerate(kinds, others + 1))
        many = f"* FROM json_to_recordset(${others + 1}::json) AS given ({columns})"
        about_one, about_many = (text.replace(PLACE, f"SELECT {rows}") for rows in (one, many))
        return cls(about_one, about_many, tuple(name for name, _ in kinds))

    def given(self, rows: Sequence[Mapping[str, Any]], *others: str) -> tuple[str, tuple[str | None, ...]]:
        """The statement and its parameters, for PlainConnection. Each row has a value for each column."""
        if len(rows) == 1:
            return self.one, (*others, *(_as_text(rows[0][name]) for name in self.columns))
        return self.many, (*others, json.dumps(rows))


def _as_text(value: Any) -> str | None:
    """Raises ValueError for a NUL, at which libpq would end the text without a word; in JSON PostgreSQL refuses it."""
    if isinstance(value, str):
        if "\0" in value:
            raise ValueError("a text with a NUL has no place in a row")
        return value
    if value is None:
        return None
    return str(value) if isinstance(value, int) else json.dumps(value)
