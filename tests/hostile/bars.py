"""What those who mean no harm may feel of the hostile set, and whether they felt more.

Each round is a pair: a while of calm, then a part of the set, by the same clock on the same machine. A machine that is
busy with other things is so in both, and what is judged is the middle one of the rounds' ratios.

The bars are where they are because two calm spells of one run differ by as much: 2x in the median and 4x in p95 on two
cores that other work keeps busy. A lower bar would be missed by the machine alone.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field


@dataclass
class Felt:
    """In milliseconds: answers of the API, and a neighbour's small files from the request to their receipts.

    `settled`: whether the archive was through with all that it had by the end."""

    answers: list[float] = field(default_factory=list)
    receipts: list[float] = field(default_factory=list)
    settled: bool = False


def p95(taken: Sequence[float]) -> float:
    return sorted(taken)[int(len(taken) * 0.95)]


MEASURES: Mapping[str, Callable[[Felt], float]] = {
    "API median": lambda felt: statistics.median(felt.answers),
    "API p95": lambda felt: p95(felt.answers),
    "neighbour's receipt": lambda felt: statistics.median(felt.receipts),
}
BARS: Mapping[str, float] = {"API median": 1.5, "API p95": 2.0, "neighbour's receipt": 2.0}
Round = tuple[Felt, Felt]


def ratios(rounds: Sequence[Round]) -> dict[str, float]:
    """Under the set against calm, of each measure: the median over the rounds."""
    return {
        name: statistics.median(measure(under) / measure(calm) for calm, under in rounds)
        for name, measure in MEASURES.items()
    }


def missed(rounds: Sequence[Round]) -> list[str]:
    """The bars that were not held, in words."""
    found = ratios(rounds)
    late = sum(not felt.settled for pair in rounds for felt in pair)
    unsettled = [f"{late} times the archive was not through with its files in time"] if late else []
    return unsettled + [
        f"{name} {found[name]:.2f}x, at most {bar:.1f}x" for name, bar in BARS.items() if found[name] > bar
    ]
