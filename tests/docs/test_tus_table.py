"""docs/tus.md names a test for every line of its table: each of them exists."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "tests/ingest/uploads"
TABLE = (ROOT / "docs/tus.md").read_text("utf-8").split("| what must hold | test |")[1].partition("\n\n")[0]
ROWS = [row for row in TABLE.splitlines()[2:] if row.startswith("| ")]
NAMED = re.compile(r"`([\w/]+\.py)?(?:::)?(test_\w+)?`")


def named_in(row: str) -> list[tuple[Path, str | None]]:
    """Files and functions; a function without a file is of the file before it."""
    found, path = [], None
    for file, function in NAMED.findall(row.split(" | ")[1]):
        if file:
            path = ROOT / file if "/" in file else FOLDER / file
        if path is not None:
            found.append((path, function or None))
    return found


def test_the_table_is_found() -> None:
    assert len(ROWS) > 30


@pytest.mark.parametrize("row", ROWS, ids=[row.split(" | ")[0][2:42] for row in ROWS])
def test_every_test_that_a_row_names_exists(row: str) -> None:
    named = named_in(row)
    assert named
    for path, function in named:
        text = path.read_text("utf-8")
        assert re.search(rf"^(async )?def {function or r'test_[a-z0-9_]+'}\(", text, re.MULTILINE), (path, function)
