"""docs/tus.md names a test for every line of its table: each of them exists."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "tests/ingest/uploads"
PAGE, AND_TABLE = (ROOT / "docs/tus.md").read_text("utf-8").split("| what must hold | test |")
TABLE = AND_TABLE.partition("\n\n")[0]
SERVERS = {"tus", "start_server"}
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


def test_the_page_says_which_files_speak_to_no_server() -> None:
    said = PAGE.rpartition("in a process of its own. Without one")[2]
    files = {path for row in ROWS for path, _ in named_in(row) if path.parent == FOLDER}
    assert set(re.findall(r"`(test_\w+\.py)`", said)) == {path.name for path in files if not speaks_to_a_server(path)}


def speaks_to_a_server(path: Path) -> bool:
    """Most of its tests do: by the fixtures of a server, or one of its own that takes those."""
    functions = [node for node in ast.parse(path.read_text("utf-8")).body if isinstance(node, ast.FunctionDef)]
    servers = set(SERVERS)
    for function in functions:
        if not function.name.startswith("test_") and servers & {each.arg for each in function.args.args}:
            servers.add(function.name)
    tests = [function for function in functions if function.name.startswith("test_")]
    speaking = [test for test in tests if servers & {each.arg for each in test.args.args}]
    return 2 * len(speaking) > len(tests)
