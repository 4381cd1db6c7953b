"""What comes next, and that a run ends: whatever is missed, however often, and whoever never comes by."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import cast

import pytest

from tests.torture.driver import Driver
from tests.torture.judge import Judgement
from tests.torture.plan import VICTIMS, Aim, Kill, KillAll
from tests.torture.points import CUSTODY_STEPS, MEDIA_STEPS
from tests.torture.proxy import BadLink
from tests.torture.run import FOUND, NOT_REACHED, code_of
from tests.torture.system import Engines
from tests.torture.turns import MOST_MISSES, PAUSE_SECONDS, Turns

STORED = f"worker-media: {MEDIA_STEPS[1]}"
MOST_ACTS = 1_000


def play(turns: Turns, comes_by: Callable[[Aim | Kill], bool]) -> None:
    """As the driver does: aims are laid, a few at once, and each is met, or missed, before the next act but one."""
    laid: list[Aim] = []
    while not turns.reached and turns.acts < MOST_ACTS:
        act = turns.next(laid)
        if act is None or len(laid) == 6:
            aim = laid.pop(0)
            turns.met(aim) if comes_by(aim) and aim.kills else turns.missed(aim)
        if isinstance(act, Aim):
            laid.append(act)
        elif isinstance(act, KillAll):
            turns.met_victim("everything at once")
        elif isinstance(act, Kill):
            for victim in act.victims:
                one = Kill((victim,), act.delay_seconds, act.misses)
                turns.met_victim(victim) if comes_by(one) else turns.missed(one)


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("kills", [1, 18, 60, 400])
def test_an_aim_that_nobody_comes_to_is_given_up_by_name_and_another_kill_takes_its_place(
    seed: int, kills: int
) -> None:
    turns = Turns(seed, kills)
    play(turns, lambda act: isinstance(act, Kill) or act.role != "worker-media")
    assert turns.reached
    assert turns.kills >= kills
    assert not any(turns.at_steps[step] for step in MEDIA_STEPS)
    assert all(name.startswith("worker-media: ") for name in turns.given_up)
    assert turns.given_up or kills < 400


def test_the_last_aim_of_a_run_is_laid_a_few_times_and_no_more() -> None:
    turns = Turns(7, 1)
    turns.met_victim(turns.unmet()[0])
    turns.wanted, turns.kills = 60, 59
    while turns.next([Aim("http", "another", 0)]) is not None:
        pass
    turns.missed(Aim("worker-media", MEDIA_STEPS[1], 0))
    for misses in range(1, MOST_MISSES):
        again = turns.next([])
        assert again == Aim("worker-media", MEDIA_STEPS[1], 0, misses=misses)
        assert turns.waiting([again]) == [f"{STORED}, missed {misses} times"]
        assert turns.next([again]) is None, "it makes up the number, once its process has come by"
        turns.missed(again)
    instead = turns.next([])
    assert isinstance(instead, Kill)
    assert instead.victims[0] in VICTIMS
    assert turns.given_up == {STORED: 1}
    assert not turns.reached
    turns.met_victim(instead.victims[0])
    assert turns.reached


def test_what_the_opening_names_is_never_given_up() -> None:
    never = CUSTODY_STEPS[4]
    turns = Turns(3, 60)
    play(turns, lambda act: isinstance(act, Kill) or act.step != never)
    assert turns.acts == MOST_ACTS, "it would go on until time is over"
    assert turns.unmet() == [never]
    assert not turns.given_up
    assert turns.kills >= 60, "others make up the number meanwhile"


def test_a_victim_on_its_way_back_is_killed_later_and_what_is_never_there_is_replaced() -> None:
    turns = Turns(1, len(VICTIMS))
    seen: list[Kill] = []

    def comes_by(act: Aim | Kill) -> bool:
        if isinstance(act, Kill) and act.victims == ("beat",):
            seen.append(act)
        return not (isinstance(act, Kill) and act.victims == ("beat",) and act.misses < 2 * MOST_MISSES)

    play(turns, comes_by)
    assert turns.reached, "the opening names it: it is not given up"
    assert [act.misses for act in seen] == list(range(2 * MOST_MISSES + 1))
    assert [act.delay_seconds for act in seen[1:]] == [PAUSE_SECONDS * act.misses for act in seen[1:]]
    turns.missed(Kill(("beat",), 0.0, misses=MOST_MISSES - 1))
    assert turns.given_up == {"beat": 1}


def test_a_worker_that_was_to_be_held_is_no_kill_to_come() -> None:
    turns = Turns(2, 33)
    turns.missed(Aim("worker-custody", CUSTODY_STEPS[0], 0, kills=False))
    assert turns.waiting([Aim("worker-custody", CUSTODY_STEPS[1], 0, kills=False)]) == []


def test_time_over_ends_the_killing_and_says_what_was_still_to_come() -> None:
    """Nothing is raised: what there was is judged."""
    driver = Driver(7, 60, cast(Engines, None), [], cast(BadLink, None))
    driver.turns.missed(Aim("worker-media", MEDIA_STEPS[1], 0))
    said: list[str] = []
    driver.run(time.monotonic() - 1, said.append)
    assert said == [f"time is over after 0 kills, with these to come: {STORED}, missed 1 times"]


def test_the_exit_code_says_whether_something_was_found_and_whether_all_was_done() -> None:
    sound, faulty = Judgement(files=9), Judgement(files=9, lost=["a file"])
    short, done = Turns(1, 2), Turns(1, 0)
    assert code_of(sound, done) == 0
    assert code_of(sound, short) == NOT_REACHED
    assert code_of(faulty, done) == code_of(faulty, short) == FOUND
