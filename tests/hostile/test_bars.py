"""The gate of the hostile set: what is felt too much is a failure, and what a busy machine does in both is none."""

from __future__ import annotations

import pytest

from tests.hostile.bars import BARS, Felt, missed, ratios


def felt(answer: float, receipt: float, slow: float | None = None) -> Felt:
    return Felt([answer] * 90 + [slow or answer] * 10, [receipt] * 3)


def test_what_is_as_it_was_in_calm_holds() -> None:
    rounds = [(felt(10, 500), felt(11, 600)), (felt(40, 2000), felt(44, 2400)), (felt(10, 500), felt(11, 600))]
    assert ratios(rounds) == pytest.approx({"API median": 1.1, "API p95": 1.1, "neighbour's receipt": 1.2})
    assert missed(rounds) == []


@pytest.mark.parametrize(
    ("under", "named"),
    [
        (felt(16, 500), "API median"),
        (felt(10, 500, slow=25), "API p95"),
        (felt(10, 1100), "neighbour's receipt"),
    ],
)
def test_each_bar_is_named_when_it_is_missed(under: Felt, named: str) -> None:
    assert any(words.startswith(named) for words in missed([(felt(10, 500), under)] * 3))


def test_one_bad_round_of_three_is_the_machine_and_two_are_the_set() -> None:
    calm, bad, good = felt(10, 500), felt(30, 500), felt(10, 500)
    assert missed([(calm, bad), (calm, good), (calm, good)]) == []
    assert len(missed([(calm, bad), (calm, bad), (calm, good)])) == 2


def test_there_is_a_bar_for_each_measure() -> None:
    assert set(BARS) == set(ratios([(felt(1, 1), felt(1, 1))]))
