"""Working days as the State Council's notices have them, days off in exchange (调休) and all.

The notices come late, for one year at a time, and now and then for a running one; until one has come, which days are
off is a guess. What is announced is in the library chinesecalendar, whose every day of 2019–2026 a test holds against
the notices; a year that came later than the installed library is laid over it from a file of our own.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from calendar import isleap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import cache
from typing import Final

import chinese_calendar

from casework.register.calendar import EARLIEST, LATEST
from casework.rules.errors import RuleFileUnusable
from casework.rules.reading import Value, read_rules

ONE_DAY: Final = timedelta(days=1)
_SATURDAY: Final = 5
_OFF_EVERY_YEAR: Final = frozenset({(1, 1), (5, 1), (5, 2), (10, 1), (10, 2), (10, 3)})
"""Month and day: the days off of the solar calendar in 全国年节及纪念日放假办法."""


@dataclass(frozen=True)
class YearFile:
    """One year as its notice has it: `days_off` of Monday to Friday, `makeup_days` of Saturday and Sunday. Days of the
    December before may be among them: New Year's notice may change what the year before had said."""

    year: int
    days_off: frozenset[date]
    makeup_days: frozenset[date]
    source: str

    def is_working_day(self, day: date) -> bool:
        return day in self.makeup_days or (day.weekday() < _SATURDAY and day not in self.days_off)

    def names(self, day: date) -> bool:
        return day in self.days_off or day in self.makeup_days


@dataclass(frozen=True)
class Calendar:
    """The announced years: those of the library, and over them those of `files`."""

    files: Mapping[int, YearFile] = field(default_factory=dict)
    _working: dict[int, tuple[date, ...]] = field(default_factory=dict, init=False, repr=False, compare=False)

    def is_announced(self, year: int) -> bool:
        first, last = library_years()
        return year in self.files or first <= year <= last

    def is_working_day(self, day: date) -> bool:
        """Of a year that is not announced a guess: Monday to Friday, but for the days that are off every year."""
        following = self.files.get(day.year + 1)
        if following is not None and following.names(day):
            return following.is_working_day(day)
        if day.year in self.files:
            return self.files[day.year].is_working_day(day)
        if self.is_announced(day.year):
            return bool(chinese_calendar.is_workday(day))
        return day.weekday() < _SATURDAY and (day.month, day.day) not in _OFF_EVERY_YEAR

    def count_working_days(self, first: date, last: date) -> int:
        """From `first` up to and with `last`; 0 where `last` is before it. Years that lie between cost a look-up each:
        lists ask it of a hundred terms, some of which are years overdue."""
        if last < first:
            return 0
        years = [self._working_days_of(year) for year in range(first.year, last.year + 1)]
        return sum(bisect_right(days, last) - bisect_left(days, first) for days in years)

    def _working_days_of(self, year: int) -> tuple[date, ...]:
        if year not in self._working:
            # What no file speaks of is the same in every calendar of one library.
            plain = year not in self.files and year + 1 not in self.files
            days = _plain_working_days(year, self.is_announced(year)) if plain else _read_working_days(self, year)
            self._working[year] = days
        return self._working[year]

    def over(self, files: Sequence[YearFile]) -> Calendar:
        """With these years laid over it. Raises RuleFileUnusable where two are of one year."""
        over: dict[int, YearFile] = {}
        for file in files:
            if over.setdefault(file.year, file) is not file:
                raise RuleFileUnusable(f"year {file.year}", "twice")
        return Calendar({**self.files, **over})


@cache
def _plain_working_days(year: int, announced: bool) -> tuple[date, ...]:
    """`announced`: whether the library has the year; what is worked out without it is not what counts with it."""
    return _read_working_days(Calendar(), year)


def _read_working_days(calendar: Calendar, year: int) -> tuple[date, ...]:
    first, length = date(year, 1, 1), 365 + isleap(year)
    days = (first + timedelta(days=place) for place in range(length))
    return tuple(day for day in days if calendar.is_working_day(day))


@cache
def library_years() -> tuple[int, int]:
    """The first and the last year whose days the library knows."""
    days = chinese_calendar.holidays
    return min(days).year, max(days).year


def read_year(content: bytes) -> YearFile:
    """A year's days off and makeup days: docs/formats/rules.md. Raises RuleFileUnusable."""
    _, table = read_rules(content)
    table.names(("year", "source", "days_off", "makeup_days"))
    year = table.at("year").number("no_year", first=EARLIEST.year, last=LATEST.year)
    off, makeup = table.at("days_off").list(), table.at("makeup_days").list()
    return YearFile(
        year,
        frozenset(_day_of(each, year, weekend=False) for each in off),
        frozenset(_day_of(each, year, weekend=True) for each in makeup),
        table.at("source").line_of_text(),
    )


def _day_of(value: Value, year: int, *, weekend: bool) -> date:
    """A day that is no exception is a slip of the pen."""
    day = value.day()
    if day.year != year and (day.year, day.month) != (year - 1, 12):
        raise value.refused("other_year")
    if (day.weekday() >= _SATURDAY) != weekend:
        raise value.refused("works_already" if weekend else "off_already")
    return day
