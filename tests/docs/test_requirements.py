"""docs/requirements.md: every requirement has its row, every row its tests, and what it names is there."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
ROW = re.compile(r"^\| (S\d+) \| (.+?) \| (.+?) \| (.+?) \| (.+?) \|$", re.MULTILINE)
TEST = re.compile(r"(tests/[\w/]+\.py)::(\w+)")
PLACE = re.compile(r"\b(?:api|casework|docs|ingest|integrity|retention|storage|tests)/[\w./-]+\w/?")
MIGRATION = re.compile(r"\b\d{4}\b(?!-)")


def rows() -> Iterator[tuple[str, str, str, str, str]]:
    yield from ROW.findall((ROOT / "docs/requirements.md").read_text("utf-8"))


def functions_of(path: Path) -> set[str]:
    return {each.name for each in ast.walk(ast.parse(path.read_text("utf-8"))) if isinstance(each, ast.FunctionDef)}


def test_each_requirement_has_one_row() -> None:
    assert [number for number, *_ in rows()] == [f"S{number}" for number in range(1, 59)]


def test_each_row_names_tests_that_there_are_unless_it_is_open() -> None:
    for number, _, _, tests, state in rows():
        named = TEST.findall(tests)
        assert named or state == "open", number
        assert tests == ", ".join(f"{path}::{name}" for path, name in named), f"{number} names nothing else"
        assert {(path, name) for path, name in named if name not in functions_of(ROOT / path)} == set(), number


def test_what_a_row_says_of_where_it_lives_is_there() -> None:
    migrations = {path.name[:4] for path in (ROOT / "storage/migrations/versions").glob("0*.py")}
    for number, _, where, *_ in rows():
        assert [place for place in PLACE.findall(where) if not list(ROOT.glob(f"{place.rstrip('/')}*"))] == [], number
        assert set(MIGRATION.findall(re.sub(PLACE, "", where))) <= migrations, number
