"""In which zone a recorder writes the time into its tags, told by files that came with it and have it in their names.

Tags say that they are UTC, and many recorders write their local time there: a file without a time in its name may be
from then, or from eight hours before. One recorder writes all its tags in one zone, and a name is always local time:
so any file of the same docking that has both tells which. Used for finding the case alone, as a learnt offset is.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Final

from casework.intervals import either_way, length_of
from casework.linking.neighbour import Neighbour
from casework.recordings.clocks import ClockWord
from storage.measures import shifted

NAME: Final = "name:"
ZONE_UNKNOWN: Final = timedelta(hours=1)
"""A start that is uncertain by more has its zone to thank for it."""
WITHIN: Final = timedelta(minutes=5)
"""As a time in a name is believed; and how far two words of one clock about one recording may differ."""


def put_into_zones(neighbours: Sequence[Neighbour]) -> list[Neighbour]:
    """The same recordings of one device; where others of its docking tell the zone of one's tags, at that time."""
    return [_in_its_zone(each, neighbours) if awaits_zone(each) else each for each in neighbours]


def awaits_zone(neighbour: Neighbour) -> bool:
    """Whether its start is its tags' word alone, and may be hours off by their zone."""
    of_tags = bool(neighbour.words) and neighbour.words[0].source != NAME
    return of_tags and not neighbour.by_satellites and either_way(neighbour.uncertainty_seconds) >= ZONE_UNKNOWN


def tells_zone(neighbour: Neighbour) -> bool:
    return len({word.source for word in neighbour.words}) > 1 and neighbour.words[0].source == NAME


def _in_its_zone(neighbour: Neighbour, others: Iterable[Neighbour]) -> Neighbour:
    word = neighbour.words[0]
    behind = _behind(word, [each for each in others if tells_zone(each) and each.came_with(neighbour)])
    if behind is None:
        return neighbour
    start = shifted(word.time, behind)
    if shifted(start, length_of(neighbour.duration_seconds)) > shifted(neighbour.received_at, WITHIN):
        return neighbour
    return replace(neighbour, started_at=start, uncertainty_seconds=WITHIN.total_seconds(), zone_told=True)


def _behind(tag: ClockWord, tellers: Sequence[Neighbour]) -> timedelta | None:
    """How much later than it says the tag's time is; None where nobody tells, or two tell otherwise."""
    told = [each.words[0].time - said.time for each in tellers for said in each.words[1:] if said.source == tag.source]
    return told[0] if told and max(told) - min(told) <= WITHIN else None
