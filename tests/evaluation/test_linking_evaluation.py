"""The linker against shifts with known answers. `make evaluate` runs the whole set; here the first held-out seeds."""

from __future__ import annotations

import ast
import sys
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from storage.database import Database
from tests.evaluation.__main__ import (
    BAR_FOUND,
    BAR_WRONGLY,
    FEWEST_FOLLOW,
    HELD_OUT,
    IN_THE_SUITE,
    LEAST_OF_ALL,
    MOST_WRONG,
)
from tests.evaluation.judge import Judge
from tests.evaluation.measuring import measure
from tests.evaluation.shifts import FIRST_DAY, Clip, Duty, Issue, World, make_world
from tests.sampling import some_of

HERE = Path(__file__).parent
FOUND_BESIDE_CLOSED = 0.9
OF_THE_LINKER = "casework"
AS_ASKED = {"wrong clock": 0.15, "lent": 0.10, "nameless": 0.10, "overlapping": 0.20, "no case": 0.05}
"""Of all recordings; written here once more, so that nobody makes the worlds easier in one place alone."""


@pytest.mark.parametrize("seed", some_of(IN_THE_SUITE, one_in=len(IN_THE_SUITE)))
def test_of_what_follows_from_its_data_nearly_all_links_itself_and_hardly_any_wrongly(
    database: Database, capsys: pytest.CaptureFixture[str], seed: int
) -> None:
    measured = measure(database, seed)
    with capsys.disabled():
        print(f"\n{measured}")
    assert measured.recordings == 2000
    assert measured.follows >= FEWEST_FOLLOW
    assert measured.found >= BAR_FOUND
    assert measured.wrongly < BAR_WRONGLY
    assert measured.of_all >= LEAST_OF_ALL
    assert measured.wrong <= MOST_WRONG


@pytest.mark.parametrize("seed", some_of(IN_THE_SUITE, one_in=len(IN_THE_SUITE)))
def test_what_is_of_a_case_closed_on_the_spot_is_asked_and_not_drawn_into_the_one_beside_it(
    database: Database, capsys: pytest.CaptureFixture[str], seed: int
) -> None:
    """Three in ten, as simple penalties are, before any card is docked."""
    measured = measure(database, seed, closed_share=0.3)
    with capsys.disabled():
        print(f"\n{measured}; of closed cases {measured.of_closed}, drawn into others: {measured.drawn_away}")
    assert measured.of_closed > 400
    assert measured.wrongly < BAR_WRONGLY
    assert measured.found >= FOUND_BESIDE_CLOSED


@pytest.mark.parametrize("seed", [*range(3), *HELD_OUT])
def test_each_world_is_as_hard_as_it_was_asked_to_be(seed: int) -> None:
    world = make_world(seed)
    assert len(world.clips) == 2000
    assert {word: world.share(word) for word in AS_ASKED} == pytest.approx(AS_ASKED, abs=0.007)
    assert make_world(seed).clips == world.clips


def test_shifts_and_judge_know_nothing_of_the_linker() -> None:
    for name in ("shifts.py", "judge.py", "loading.py"):
        imported = set(imports_of(HERE / name))
        assert imported
        assert not {module for module in imported if module.split(".")[0] == OF_THE_LINKER}


def test_who_judges_what_follows_knows_nothing_of_the_archive() -> None:
    """Neither of what it reads nor of how sure it is: an archive that believes less is measured by the same."""
    known = {*sys.stdlib_module_names, "__future__"}
    others = {name for name in imports_of(HERE / "judge.py") if name.split(".")[0] not in known}
    assert others == {"tests.evaluation.shifts"}
    assert {name.split(".")[0] for name in imports_of(HERE / "shifts.py")} <= known


@pytest.mark.parametrize("seed", [1, *IN_THE_SUITE])
def test_as_many_follow_as_a_person_could_tell(seed: int) -> None:
    world = make_world(seed)
    judge = Judge(world)
    follows = [clip for clip in world.clips if (case := judge.case_of(clip)) is not None and case == clip.case]
    assert len(follows) >= FEWEST_FOLLOW
    assert not [clip for clip in follows if clip.offset and clip.fix is None and clip.outing not in judge.compared]


def test_a_clock_that_shows_a_zone_nobody_states_hides_a_case_only_where_another_is_possible() -> None:
    """A nameless file of a recorder that the station names, at ten o'clock or at two."""
    ten = FIRST_DAY + timedelta(hours=10)
    clip = made_at(ten, received_at=ten + timedelta(hours=3))
    morning = duty(1, ten)
    assert judged(clip, morning) == 1
    night = duty(2, ten - timedelta(hours=8))
    assert judged(replace(clip, zoned=False), morning, night) == 1  # eight hours later would be after its receipt
    assert judged(clip, morning, night) is None
    assert judged(replace(clip, offset=timedelta(minutes=5)), morning) is None
    assert judged(replace(clip, said_device=None), morning) is None


def made_at(start: datetime, received_at: datetime) -> Clip:
    return Clip(
        case=1,
        device="AB00001",
        badge="310001",
        outing=1,
        offset=timedelta(0),
        true_start=start,
        seconds=60.0,
        name="MOV0001.MP4",
        said_device="AB00001",
        shown=start,
        zoned=True,
        received_at=received_at,
        fix=None,
        spot=None,
        hard=frozenset({"nameless"}),
    )


def duty(case: int, start: datetime) -> Duty:
    return Duty(case, "310001", None, (start - timedelta(minutes=30), start + timedelta(minutes=30)), None)


def judged(clip: Clip, *duties: Duty) -> int | None:
    issue = Issue("AB00001", "310001", (FIRST_DAY - timedelta(days=1), None))
    return Judge(World(0, issues=[issue], duties=list(duties), clips=[clip])).case_of(clip)


def imports_of(path: Path) -> list[str]:
    modules = []
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module:
            modules.append(node.module)
        elif isinstance(node, ast.Import):
            modules += [alias.name for alias in node.names]
    return modules
