"""What a seed decides, and that each target has its share."""

from __future__ import annotations

from collections import Counter

import pytest

from tests.compose.chaos.plan import PLACES, TARGETS, Kill, StopStore, plan_acts


def test_acts_are_a_function_of_the_seed() -> None:
    assert plan_acts(1, 10, 120.0) == plan_acts(1, 10, 120.0) != plan_acts(2, 10, 120.0)


@pytest.mark.parametrize("kills", [1, 2, 10])
def test_each_target_is_killed_so_often_and_each_of_a_kind_has_its_turn(kills: int) -> None:
    killed = [act for act in plan_acts(3, kills, 120.0) if isinstance(act, Kill)]
    assert Counter(act.target for act in killed) == dict.fromkeys(TARGETS, kills)
    for target, places in PLACES.items():
        counted = Counter(act.place for act in killed if act.target == target)
        assert max(counted.values()) - min(counted[place] for place in places) <= 1


def test_the_store_is_stopped_once_and_not_at_all_for_no_time() -> None:
    assert [act.seconds for act in plan_acts(4, 2, 120.0) if isinstance(act, StopStore)] == [120.0]
    assert not [act for act in plan_acts(4, 2, 0.0) if isinstance(act, StopStore)]
