"""Every working day of 2019–2026, from the dates in the State Council's own notices. Imports nothing of ours."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

NOTICES: dict[int, tuple[str, str, str]] = {
    # year: the notice; days off from–to, with how many days the notice itself says they are (元旦 … 国庆);
    # Saturdays (六) and Sundays (日) on which people work, with the day of the week that the notice prints
    2019: (
        "国办发明电〔2018〕15号，2019-03-22 国办发明电〔2019〕3号改劳动节",
        "2018-12-30/01-01=3 02-04/02-10=7 04-05/04-07=3 05-01/05-04=4 06-07/06-09=3 09-13/09-15=3 10-01/10-07=7",
        "02-02六 02-03日 04-28日 05-05日 09-29日 10-12六",
    ),
    2020: (
        "国办发明电〔2019〕16号，2020-01-26 国办发明电〔2020〕1号延长春节至 02-02",
        "01-01=1 01-24/02-02=10 04-04/04-06=3 05-01/05-05=5 06-25/06-27=3 10-01/10-08=8",
        "01-19日 04-26日 05-09六 06-28日 09-27日 10-10六",
    ),
    2021: (
        "国办发明电〔2020〕27号",
        "01-01/01-03=3 02-11/02-17=7 04-03/04-05=3 05-01/05-05=5 06-12/06-14=3 09-19/09-21=3 10-01/10-07=7",
        "02-07日 02-20六 04-25日 05-08六 09-18六 09-26日 10-09六",
    ),
    2022: (
        "国办发明电〔2021〕11号",
        "01-01/01-03=3 01-31/02-06=7 04-03/04-05=3 04-30/05-04=5 06-03/06-05=3 09-10/09-12=3 10-01/10-07=7",
        "01-29六 01-30日 04-02六 04-24日 05-07六 10-08六 10-09日",
    ),
    2023: (
        "国办发明电〔2022〕16号",
        "2022-12-31/01-02=3 01-21/01-27=7 04-05=1 04-29/05-03=5 06-22/06-24=3 09-29/10-06=8",
        "01-28六 01-29日 04-23日 05-06六 06-25日 10-07六 10-08日",
    ),
    2024: (
        "国办发明电〔2023〕7号",
        "01-01=1 02-10/02-17=8 04-04/04-06=3 05-01/05-05=5 06-10=1 09-15/09-17=3 10-01/10-07=7",
        "02-04日 02-18日 04-07日 04-28日 05-11六 09-14六 09-29日 10-12六",
    ),
    2025: (
        "国办发明电〔2024〕12号",
        "01-01=1 01-28/02-04=8 04-04/04-06=3 05-01/05-05=5 05-31/06-02=3 10-01/10-08=8",
        "01-26日 02-08六 04-27日 09-28日 10-11六",
    ),
    2026: (
        "国办发明电〔2025〕7号",
        "01-01/01-03=3 02-15/02-23=9 04-04/04-06=3 05-01/05-05=5 06-19/06-21=3 09-25/09-27=3 10-01/10-07=7",
        "01-04日 02-14六 02-28六 05-09六 09-20日 10-10六",
    ),
}


def _day(year: int, text: str) -> date:
    return date.fromisoformat(text if len(text) == 10 else f"{year}-{text}")


def spans_off(year: int) -> Iterator[tuple[date, date, int]]:
    """From, to, and how many days the notice says that is."""
    for entry in NOTICES[year][1].split():
        span, _, count = entry.partition("=")
        first, _, last = span.partition("/")
        yield _day(year, first), _day(year, last or first), int(count)


def makeup_days(year: int) -> Iterator[tuple[date, str]]:
    """With the day of the week as it is printed."""
    for entry in NOTICES[year][2].split():
        yield _day(year, entry[:-1]), entry[-1]


def _each_day(first: date, last: date) -> Iterator[date]:
    while first <= last:
        yield first
        first += timedelta(days=1)


def working_days() -> frozenset[date]:
    """From 2019-01-01 to 2026-12-31. What notices say of a December before is of weekends, or of 2018."""
    working = set()
    for year in NOTICES:
        of_year = set(_each_day(date(year, 1, 1), date(year, 12, 31)))
        weekdays = {day for day in of_year if day.isoweekday() <= 5}
        off = {day for first, last, _ in spans_off(year) for day in _each_day(first, last)}
        working |= (weekdays - off) | {day for day, _ in makeup_days(year)}
    return frozenset(working)
