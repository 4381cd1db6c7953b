"""Whether the recordings of one shift fit the roster at their clock's word, or would fit better if it were wrong.

A clock that is an hour slow shows so long before anybody compares it with another: recordings fall where nobody was at
work, and the last duty of the day has none. A person sees that by laying the one list beside the other and moving it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

FEWEST: Final = 4
"""Of fewer recordings a shift says nothing."""
LEAST_MOVE_SECONDS: Final = 600.0
FARTHEST_MOVE_SECONDS: Final = 26 * 3600.0
BREAK_SECONDS: Final = 4 * 3600.0
"""What lies so far apart is two shifts."""
BETTER_BY: Final = 1.3
"""More than one recording that fits nowhere, or one duty that has none, at its clock's word alone."""
MOST_MOVES: Final = 400

Stretch = tuple[float, float]
"""From and until, in seconds since any common moment."""


@dataclass(frozen=True)
class Fit:
    """`at_its_word`: how well the shift fits as its clock has it; `moved`: how well at best by another clock."""

    recordings: int
    at_its_word: float
    moved: float

    @property
    def in_doubt(self) -> bool:
        return self.recordings >= FEWEST and self.moved >= self.at_its_word + BETTER_BY


def fit_shift(recordings: Sequence[Stretch], duties: Sequence[Stretch]) -> Fit:
    """Lay the recordings beside the duties at their clock's word, and at every other at which two beginnings meet."""
    if len(recordings) < FEWEST or not duties:
        return Fit(len(recordings), 0.0, 0.0)
    of_shift = number_shifts(duties)
    at_its_word = how_well(recordings, duties, of_shift, 0.0)
    moves = [move for move in possible_moves(recordings, duties) if abs(move) >= LEAST_MOVE_SECONDS]
    step = max(1, len(moves) // MOST_MOVES)
    moved = max((how_well(recordings, duties, of_shift, move) for move in moves[::step]), default=0.0)
    return Fit(len(recordings), at_its_word, moved)


def how_well(recordings: Iterable[Stretch], duties: Sequence[Stretch], of_shift: Sequence[int], move: float) -> float:
    """The recordings inside a duty, each by its share, less the duties of the same shifts that have none."""
    fitting, used = 0.0, set()
    for start, end in recordings:
        start, end = start + move, end + move
        best, which = 0.0, -1
        for number, (begins, ends) in enumerate(duties):
            if begins > end:
                break
            inside = (end if end < ends else ends) - (start if start > begins else begins)
            if inside > best:
                best, which = inside, number
        if which >= 0:
            fitting += best / (end - start)
            used.add(which)
    worked = {of_shift[number] for number in used}
    return fitting - sum(shift in worked for shift in of_shift) + len(used)


def number_shifts(duties: Sequence[Stretch]) -> list[int]:
    """Of each duty, in order, which shift it belongs to."""
    numbers: list[int] = []
    until = float("-inf")
    for begins, ends in duties:
        apart = begins - until > BREAK_SECONDS
        numbers.append((numbers[-1] if numbers else 0) + apart)
        until = max(until, ends)
    return numbers


def possible_moves(recordings: Sequence[Stretch], duties: Sequence[Stretch]) -> Iterator[float]:
    """So that a recording begins as a duty does, or ends as it ends: what fits best can be moved to one of these."""
    seen: set[int] = set()
    for start, end in recordings:
        for begins, ends in duties:
            for move in (begins - start, ends - end):
                minute = round(move / 60)
                if abs(move) <= FARTHEST_MOVE_SECONDS and minute not in seen:
                    seen.add(minute)
                    yield move
