"""The linker against shifts with known answers. `make evaluate` runs the whole set; here the first held-out seed."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from storage.database import Database
from tests.evaluation.__main__ import BAR_FOUND, BAR_WRONGLY, IN_THE_SUITE
from tests.evaluation.measuring import measure
from tests.evaluation.shifts import LENT, NAMELESS, NO_CASE, OVERLAPPING, WRONG_CLOCKS, make_world

HERE = Path(__file__).parent
OF_THE_LINKER = "casework"


def test_of_what_follows_from_its_data_nearly_all_links_itself_and_hardly_any_wrongly(
    database: Database, capsys: pytest.CaptureFixture[str]
) -> None:
    measured = measure(database, IN_THE_SUITE)
    with capsys.disabled():
        print(f"\n{measured}")
    assert measured.recordings == 2000
    assert measured.follows > 1000
    assert measured.found >= BAR_FOUND
    assert measured.wrongly < BAR_WRONGLY


@pytest.mark.parametrize("seed", range(3))
def test_each_world_is_as_hard_as_it_was_asked_to_be(seed: int) -> None:
    world = make_world(seed)
    wanted = {
        "wrong clock": WRONG_CLOCKS,
        "lent": LENT,
        "nameless": NAMELESS,
        "overlapping": OVERLAPPING,
        "no case": NO_CASE,
    }
    assert len(world.clips) == 2000
    assert {word: world.share(word) for word in wanted} == pytest.approx(wanted, abs=0.03)
    assert make_world(seed).clips == world.clips


def test_shifts_and_judge_know_nothing_of_the_linker() -> None:
    for name in ("shifts.py", "judge.py", "loading.py"):
        imported = set(imports_of(HERE / name))
        assert imported
        assert not {module for module in imported if module.split(".")[0] == OF_THE_LINKER}


def imports_of(path: Path) -> list[str]:
    modules = []
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module:
            modules.append(node.module)
        elif isinstance(node, ast.Import):
            modules += [alias.name for alias in node.names]
    return modules
