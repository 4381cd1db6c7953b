"""What the quick run leaves to CI, and CI to the whole run: names of tests, chosen by what each takes."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from tests.choosing import KEPT_ALWAYS, KEPT_IN_CI, durations, kept
from tests.sampling import LEFT_TO_ALL, LEFT_TO_CI, names_in

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("listed", [names_in(LEFT_TO_CI), names_in(LEFT_TO_ALL)], ids=["ci", "all"])
def test_each_name_is_that_of_a_test(listed: frozenset[str]) -> None:
    there = {
        f"{path}::{each.name}"
        for path in {name.partition("::")[0] for name in listed}
        for each in ast.parse((ROOT / path).read_text("utf-8")).body
        if isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef)
    }
    assert listed - there == set()


def test_what_is_kept_stays_within_its_time_and_leaves_no_file_untried() -> None:
    seconds = {f"tests/test_{file}.py::test_{number}": float(number) for file in "abc" for number in range(1, 6)}
    chosen = kept(seconds, 20.0, ())
    assert sum(seconds[each] for each in chosen) <= 20
    assert {each.partition("::")[0] for each in chosen} == {f"tests/test_{file}.py" for file in "abc"}
    assert "tests/test_a.py::test_1" in chosen
    assert "tests/test_a.py::test_5" not in chosen
    assert kept(seconds, 45.0, ()) == seconds.keys()


def test_of_a_journey_all_is_kept_or_nothing() -> None:
    seconds = {f"tests/journeys/test_a.py::test_{number}": float(number) for number in range(1, 6)}
    assert kept(seconds, 14.0, ()) == set()
    assert kept(seconds, 15.0, ()) == seconds.keys()
    listed = {name for name in names_in(LEFT_TO_ALL) if name.startswith("tests/journeys/")}
    for path in {name.partition("::")[0] for name in listed}:
        tree = ast.parse((ROOT / path).read_text("utf-8"))
        tests = {each.name for each in tree.body if isinstance(each, ast.FunctionDef) and each.name.startswith("test_")}
        assert {name for name in listed if name.startswith(path)} == {f"{path}::{test}" for test in tests}


@pytest.mark.parametrize(
    ("always", "listed"), [(KEPT_ALWAYS, LEFT_TO_CI), (KEPT_IN_CI, LEFT_TO_ALL)], ids=["quick", "ci"]
)
def test_what_a_person_would_see_first_is_always_kept(always: tuple[str, ...], listed: Path) -> None:
    seconds = {f"{path}::test_it": 500.0 for path in always} | {"tests/test_a.py::test_long": 500.0}
    assert kept(seconds, 2000.0, always) >= {f"{path}::test_it" for path in always}
    assert not any(name.startswith(always) for name in names_in(listed))


def test_what_the_quick_run_tries_ci_tries_too() -> None:
    of_no_list = names_in(LEFT_TO_ALL) - names_in(LEFT_TO_CI)
    assert [each for each in of_no_list if not is_thorough(each)] == []


def is_thorough(test: str) -> bool:
    """As its file says: of the test, or of all in it."""
    path, _, name = test.partition("::")
    text = (ROOT / path).read_text("utf-8")
    before = text.partition(f"def {name}(")[0].rpartition("\n\n\n")[2]
    return "mark.thorough" in before or any(
        line.startswith("pytestmark") and "mark.thorough" in line for line in text.splitlines()
    )


def test_what_the_first_test_of_a_file_sets_up_is_the_files() -> None:
    lines = (
        "== slowest durations ==",
        "9.00s setup    tests/test_a.py::test_first[one-2]",
        "1.00s call     tests/test_a.py::test_first[one-2]",
        "0.50s setup    tests/test_a.py::test_first[two]",
        "0.50s setup    tests/test_a.py::test_second",
        "0.25s teardown tests/test_a.py::test_second",
    )
    took = durations(lines)
    assert took.files == pytest.approx({"tests/test_a.py": 8.5})
    assert took.tests == pytest.approx({"tests/test_a.py::test_first": 2.0, "tests/test_a.py::test_second": 0.75})
