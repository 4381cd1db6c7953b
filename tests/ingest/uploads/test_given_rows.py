"""A statement about one row and about many says the same."""

from __future__ import annotations

from typing import Any

import psycopg
import pytest

from ingest.uploads.given_rows import PLACE, RowsStatement
from storage.database import Database

STATEMENT = RowsStatement.of(
    f"WITH given AS ({PLACE}) SELECT $1, name, number, flag, facts->>'a', at FROM given ORDER BY number",
    "name text, number bigint, flag boolean, facts jsonb, at timestamptz",
    others=1,
)
PLAIN = {
    "name": "甲",
    "number": 1,
    "flag": True,
    "facts": {"a": 'it\'s "so" \\ 好\n'},
    "at": "2026-11-24T08:00:00+08:00",
}
EMPTY = {"name": None, "number": 2, "flag": False, "facts": {"a": None}, "at": None}
QUOTED = {"name": "{\"x\",'y'} \\N null", "number": 2**40, "flag": False, "facts": {}, "at": "2026-11-24T00:00:00Z"}
FOUND = [
    ("word", "甲", "1", "t", 'it\'s "so" \\ 好\n', "2026-11-24 00:00:00+00"),
    ("word", None, "2", "f", None, None),
    ("word", "{\"x\",'y'} \\N null", str(2**40), "f", None, "2026-11-24 00:00:00+00"),
]


def found(database: Database, rows: list[dict[str, Any]]) -> list[tuple[str | None, ...]]:
    statement, parameters = STATEMENT.given(rows, "word")
    with database.direct() as connection:
        return connection.run(statement, *parameters)


@pytest.mark.parametrize(("row", "is_found"), list(zip((PLAIN, EMPTY, QUOTED), FOUND, strict=True)))
def test_a_row_that_is_alone(database: Database, row: dict[str, Any], is_found: tuple[str | None, ...]) -> None:
    assert found(database, [row]) == [is_found]


def test_rows_together(database: Database) -> None:
    assert found(database, [QUOTED, EMPTY, PLAIN]) == FOUND


def test_a_row_without_one_of_the_columns_is_not_sent(database: Database) -> None:
    with pytest.raises(KeyError, match="at"):
        found(database, [{name: value for name, value in PLAIN.items() if name != "at"}])


def test_a_text_with_a_nul_is_not_cut_at_it(database: Database) -> None:
    with pytest.raises(ValueError, match="NUL"):
        found(database, [PLAIN | {"name": "a\0b"}])
    with pytest.raises(psycopg.DataError):
        found(database, [PLAIN | {"name": "a\0b"}, EMPTY])
