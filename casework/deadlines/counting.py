"""Counting days: from an event and a term to the last day, or from a hearing back to the last day to announce it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Protocol

from casework.deadlines.calendar import ONE_DAY, Calendar
from casework.deadlines.kinds import Direction
from casework.deadlines.terms import WhichDays


class CountedTerm(Protocol):
    """What counting asks of a term: see Term, whose words these are."""

    @property
    def days(self) -> int: ...

    @property
    def counted(self) -> WhichDays: ...

    @property
    def direction(self) -> Direction: ...

    @property
    def first_day_counts(self) -> bool: ...

    @property
    def whole_days(self) -> bool: ...

    @property
    def moves_from_day_off(self) -> bool: ...


@dataclass(frozen=True)
class DueDay:
    """`unannounced`: years whose working days had to be guessed. Then there is no due day yet, and `day` is a guess."""

    day: date
    unannounced: tuple[int, ...] = ()


def due_day(term: CountedTerm, start: date, calendar: Calendar) -> DueDay:
    """The last day on which what the term is for is in time, for an event on `start`.

    The day of the event does not count, unless the term says so. Raises OverflowError at the calendar's ends.
    """
    counting = _Counting(term, calendar)
    day = counting.last_of(start)
    return DueDay(day, tuple(sorted(counting.unannounced)))


class _Counting:
    def __init__(self, term: CountedTerm, calendar: Calendar) -> None:
        self.term, self.calendar = term, calendar
        self.unannounced: set[int] = set()

    def last_of(self, start: date) -> date:
        term = self.term
        step = ONE_DAY if term.direction == "after" else -ONE_DAY
        # So many whole days in between: what is due lies one day further off.
        days = term.days + term.whole_days - term.first_day_counts
        if term.counted == "calendar_days":
            day = start + days * step
            while term.moves_from_day_off and not self._is_working_day(day):
                day += ONE_DAY
            return day
        day, left = start, term.days + term.whole_days
        if term.first_day_counts and self._is_working_day(start):
            left -= 1
        while left:
            day += step
            left -= self._is_working_day(day)
        return day

    def _is_working_day(self, day: date) -> bool:
        if not self.calendar.is_announced(day.year):
            self.unannounced.add(day.year)
        return self.calendar.is_working_day(day)
