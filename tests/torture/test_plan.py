"""What a seed decides, and that the steps torture aims at are all there are."""

from __future__ import annotations

import ast
import inspect
import textwrap
from collections.abc import Callable
from itertools import chain, islice

import pytest

from ingest.custody import claims_of, seal_staged, seal_upload
from tests.torture.files import Footage
from tests.torture.plan import VICTIMS, Aim, Kill, plan_acts
from tests.torture.points import CUSTODY_STEPS, MENDING_STEPS, short


def test_acts_and_files_are_a_function_of_the_seed() -> None:
    first, again, other = (list(islice(chain(*plan_acts(seed, 1000)), 300)) for seed in (1, 1, 2))
    assert first == again
    assert first != other
    one, same = Footage(5), Footage(5)
    for _ in range(200):
        assert one.plan_next() == same.plan_next()
    plain = next(file for file in one if not file.is_clip)
    assert one.content(plain) == same.content(plain)


def test_a_duplicate_has_the_bytes_of_its_first() -> None:
    footage = Footage(3)
    while (file := footage.plan_next()).same_as is None:
        pass
    assert footage.content(file) == footage.content(footage.planned[file.same_as])


@pytest.mark.parametrize("seed", range(5))
def test_even_a_short_run_aims_at_each_step_and_kills_each_process(seed: int) -> None:
    opening, _ = plan_acts(seed, len(CUSTODY_STEPS) + len(VICTIMS))
    assert {act.step for act in opening if isinstance(act, Aim)} == set(CUSTODY_STEPS)
    assert {victim for act in opening if isinstance(act, Kill) for victim in act.victims} == set(VICTIMS)


@pytest.mark.parametrize("kills", [3, len(VICTIMS), len(VICTIMS) + 4])
def test_a_very_short_run_kills_processes_first_and_then_aims_at_as_many_steps_as_are_left(kills: int) -> None:
    opening, _ = plan_acts(1, kills)
    killed = [act.victims for act in opening if isinstance(act, Kill)]
    assert len(set(killed)) == len(killed) == min(kills, len(VICTIMS))
    assert len({act.step for act in opening if isinstance(act, Aim)}) == max(0, kills - len(VICTIMS))


def test_the_steps_are_all_that_sealing_calls_in_the_order_in_which_it_comes_to_its_end() -> None:
    mending = {short(step) for step in MENDING_STEPS}
    called = [name for name in calls_of(seal_staged) if name not in ("begun_beside", "findings", "claims_of")]
    # Both a new file's and a repeat's claims are made by it; the whole road's come before the manifest.
    place = called.index("state_manifest")
    called[place:place] = calls_of(claims_of)
    called += [name for name in calls_of(seal_upload) if name != "seal_staged"]
    assert mending < set(called)
    called = [name for name in called if name not in mending]
    taken, *steps, removed = (short(step) for step in CUSTODY_STEPS)
    assert (taken, removed) == ("lease_due_upload", "Staging.remove"), "before it is called, and after its end"
    assert called == steps


def calls_of(function: Callable[..., object]) -> list[str]:
    """In the order in which they end, but for the making of facts.

    Of what is called within a call, the inner one comes first; of what stands there twice, the whole road's counts.
    """
    tree = ast.parse(textwrap.dedent(inspect.getsource(function)))
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)]
    ended = {node.func.id: (node.end_lineno, node.end_col_offset) for node in sorted(calls, key=lambda at: at.lineno)}
    return [name for name in sorted(ended, key=lambda name: ended[name]) if name != "SealedFacts"]
