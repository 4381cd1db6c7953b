"""Whether the recordings of one shift fit the roster at their clock's word, or would fit better if it were wrong.

A clock that is an hour slow shows so long before anybody compares it with another: recordings fall where nobody was at
work, and the last duty of the day has none. A person sees that by laying the one list beside the other and moving it.

Where another clock fits much better, the shift's own is in doubt altogether. One near it that fits as well, and has a
recording for a duty that is empty by its own, is a doubt for those recordings that it would put elsewhere: so a shift
looks whose clock is off by a duty's length, and so does half a card.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

FEWEST: Final = 3
"""Of fewer recordings a shift says nothing."""
LEAST_SECONDS: Final = 600.0
FARTHEST_SECONDS: Final = 26 * 3600.0
BREAK_SECONDS: Final = 4 * 3600.0
"""What lies so far apart is two shifts."""
NEAR_SECONDS: Final = 4 * 3600.0
"""Among so many places farther off, one fits a little better by chance."""
BETTER_BY: Final = 2.2
AS_WELL: Final = 0.5
"""So little worse is as good, where an empty duty is explained by it. One that explains none has to be better: what is
of no case fits another clock now and then."""
MUCH_BETTER_BY_FAR: Final = 2.3
"""More than two recordings that fit nowhere, or duties that have none, at its clock's word alone: one or two of a shift
are of no case, and among so many places some other clock puts them into a duty."""
MUCH_BETTER_BY_NEAR: Final = 3.0
PUT_ELSEWHERE: Final = 2.5
"""What it counts against a clock that it has a recording elsewhere than where a person put it: one such word is enough
to have the others asked about."""
LATE_SECONDS: Final = 600.0
"""A recording was made before it was received, as far as a station's clock can be relied upon."""
MOST_MOVES: Final = 400

Stretch = tuple[float, float]
"""From and until, in seconds since any common moment."""


@dataclass(frozen=True)
class Filmed:
    """A recording of the shift by its clock; `known`: numbers of the duties to which a person has put it."""

    stretch: Stretch
    known: frozenset[int] | None = None


@dataclass(frozen=True)
class Fit:
    """How well the shift fits `at_its_word`, as its clock has it; `in_doubt`: much better by another.

    `rivals`: how many seconds later it would be by clocks near its own that might be right as well.
    """

    at_its_word: float = 0.0
    in_doubt: bool = False
    rivals: tuple[float, ...] = ()


def fit_shift(recordings: Sequence[Filmed], duties: Sequence[Stretch], latest: float = FARTHEST_SECONDS) -> Fit:
    """Lay the recordings beside the duties at their clock's word, and at every other at which two beginnings meet.

    `latest`: moved by more seconds, they would have been received before they were made.
    """
    if len(recordings) < FEWEST or not duties:
        return Fit()
    of_shift = number_shifts(duties)
    at_its_word = how_well(recordings, duties, of_shift, 0.0)
    moves = [move for move in possible_moves(recordings, duties) if abs(move) >= LEAST_SECONDS and move <= latest]
    step = max(1, len(moves) // MOST_MOVES)
    moved = {move: how_well(recordings, duties, of_shift, move) for move in moves[::step]}
    gains = {move: laid.fits - at_its_word.fits for move, laid in moved.items()}
    empty = empty_duties(recordings, duties, of_shift, at_its_word.used)
    rivals = [
        move
        for move, laid in moved.items()
        if abs(move) < NEAR_SECONDS and gains[move] >= (-AS_WELL if laid.used & empty else BETTER_BY)
    ]
    in_doubt = any(gain >= much_better_by(move) for move, gain in gains.items())
    return Fit(at_its_word.fits, in_doubt, tuple(sorted(rivals)))


def empty_duties(
    recordings: Iterable[Filmed], duties: Sequence[Stretch], of_shift: Sequence[int], used: frozenset[int]
) -> frozenset[int]:
    """Those of the shifts worked that have no recording at its clock's word; of two at once it may be of either."""
    worked = {of_shift[number] for number in used}
    shared = {
        number
        for number, (begins, ends) in enumerate(duties)
        for start, end in (filmed.stretch for filmed in recordings)
        if min(end, ends) - max(start, begins) >= (end - start) / 2
    }
    return frozenset(number for number, shift in enumerate(of_shift) if shift in worked) - used - shared


def much_better_by(move: float) -> float:
    return MUCH_BETTER_BY_NEAR if abs(move) < NEAR_SECONDS else MUCH_BETTER_BY_FAR


@dataclass(frozen=True)
class Laid:
    """`used`: numbers of the duties that have a recording, each in the one that has most of it."""

    fits: float
    used: frozenset[int]


def how_well(recordings: Iterable[Filmed], duties: Sequence[Stretch], of_shift: Sequence[int], move: float) -> Laid:
    """The recordings inside a duty, each by its share, less the duties of the same shifts that have none."""
    fitting, used = 0.0, set[int]()
    for filmed in recordings:
        start, end = filmed.stretch[0] + move, filmed.stretch[1] + move
        best, which = 0.0, -1
        for number, (begins, ends) in enumerate(duties):
            if begins > end:
                break
            inside = (end if end < ends else ends) - (start if start > begins else begins)
            if inside > best and (filmed.known is None or number in filmed.known):
                best, which = inside, number
        if which >= 0:
            fitting += best / (end - start)
            used.add(which)
        elif filmed.known is not None:
            fitting -= PUT_ELSEWHERE
    worked = {of_shift[number] for number in used}
    return Laid(fitting - sum(shift in worked for shift in of_shift) + len(used), frozenset(used))


def number_shifts(duties: Sequence[Stretch]) -> list[int]:
    """Of each duty, in order, which shift it belongs to."""
    numbers: list[int] = []
    until = float("-inf")
    for begins, ends in duties:
        apart = begins - until > BREAK_SECONDS
        numbers.append((numbers[-1] if numbers else 0) + apart)
        until = max(until, ends)
    return numbers


def possible_moves(recordings: Sequence[Filmed], duties: Sequence[Stretch]) -> Iterator[float]:
    """So that a recording begins as a duty does, or ends as it ends: what fits best can be moved to one of these."""
    seen: set[int] = set()
    for start, end in (filmed.stretch for filmed in recordings):
        for begins, ends in duties:
            for move in (begins - start, ends - end):
                minute = round(move / 60)
                if abs(move) <= FARTHEST_SECONDS and minute not in seen:
                    seen.add(minute)
                    yield move
