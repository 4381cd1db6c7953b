"""docs/invariants.md: whatever must always hold is tried by `make test` itself, and not by CI alone."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.choosing import KEPT_ALWAYS, KEPT_IN_CI
from tests.invariants import PAGE, Invariant, invariants
from tests.sampling import LEFT_TO_ALL, LEFT_TO_CI, names_in

ROOT = Path(__file__).parents[2]
ALL = tuple(invariants())


def test_each_line_of_the_table_is_read_and_numbered_in_turn() -> None:
    lines = [line for line in PAGE.read_text("utf-8").splitlines() if line.startswith("| ")]
    assert [each.number for each in ALL] == list(range(1, len(lines)))


@pytest.mark.parametrize("invariant", ALL, ids=[str(each.number) for each in ALL])
def test_make_test_runs_each_test_that_a_line_names(invariant: Invariant) -> None:
    left = names_in(LEFT_TO_CI) | names_in(LEFT_TO_ALL)
    for test in invariant.tests:
        path, _, name = test.partition("::")
        function = functions_of(path).get(name)
        assert function is not None, f"{test} is none"
        assert test not in left, f"{test} is left to CI"
        assert "thorough" not in marks_of(path, function), f"{test} is left to CI by its mark"
        assert test in KEPT_ALWAYS
        assert test in KEPT_IN_CI


def functions_of(path: str) -> dict[str, ast.FunctionDef | ast.AsyncFunctionDef]:
    body = ast.parse((ROOT / path).read_text("utf-8")).body
    return {each.name: each for each in body if isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef)}


def marks_of(path: str, function: ast.FunctionDef | ast.AsyncFunctionDef) -> str:
    """What is said of the test, and of all in its file."""
    return " ".join(map(ast.unparse, [*function.decorator_list, *marks_of_all(path)]))


def marks_of_all(path: str) -> Iterator[ast.expr]:
    for each in ast.parse((ROOT / path).read_text("utf-8")).body:
        if isinstance(each, ast.Assign) and any(ast.unparse(target) == "pytestmark" for target in each.targets):
            yield each.value
