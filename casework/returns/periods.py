"""The periods that returns are of: months, quarters, half-years and years, each by its code (`2026-11`, `2026-Q4`)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from casework.returns.errors import PeriodUnusable

MONTHS: Final = {"month": 1, "quarter": 3, "half_year": 6, "year": 12}
"""How many months each kind of period lasts."""
_CODE: Final = re.compile(r"(\d{4})(?:-(?:(\d{2})|Q([1-4])|H([12])))?")
_EARLIEST_YEAR: Final = 1990
_LATEST_YEAR: Final = 2200


@dataclass(frozen=True)
class Period:
    """Chinese days, both included. `kind` is a word of MONTHS."""

    kind: str
    first_day: date

    @property
    def last_day(self) -> date:
        return _months_after(self.first_day, MONTHS[self.kind]) - timedelta(days=1)

    @property
    def code(self) -> str:
        place = (self.first_day.month - 1) // MONTHS[self.kind] + 1
        ending = {"month": f"-{place:02}", "quarter": f"-Q{place}", "half_year": f"-H{place}", "year": ""}
        return f"{self.first_day.year}{ending[self.kind]}"


def period_of(kind: str, day: date) -> Period:
    """The one that a day lies in."""
    months = MONTHS[kind]
    return Period(kind, date(day.year, (day.month - 1) // months * months + 1, 1))


def periods_ending(kind: str, since: date, until: date) -> Iterator[Period]:
    """Those whose last day is one of these days, both included, the earliest first."""
    period = period_of(kind, since)
    while period.last_day <= until:
        yield period
        period = Period(kind, period.last_day + timedelta(days=1))


def parse_period(code: str) -> Period:
    """What `Period.code` wrote. Raises PeriodUnusable."""
    found = _CODE.fullmatch(code)
    if found is None or not _EARLIEST_YEAR <= int(found[1]) <= _LATEST_YEAR:
        raise PeriodUnusable(code)
    for kind, place in (("month", found[2]), ("quarter", found[3]), ("half_year", found[4])):
        if place is not None:
            if not 1 <= int(place) <= 12 // MONTHS[kind]:
                raise PeriodUnusable(code)
            return Period(kind, date(int(found[1]), (int(place) - 1) * MONTHS[kind] + 1, 1))
    return Period("year", date(int(found[1]), 1, 1))


def _months_after(day: date, months: int) -> date:
    number = day.year * 12 + day.month - 1 + months
    return date(number // 12, number % 12 + 1, 1)
