"""Every working day of 2019–2026, from the dates in the State Council's own notices. Imports nothing of ours."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

NOTICES: dict[int, tuple[str, str, str]] = {
    # year: the notice, days off from–to, Saturdays and Sundays on which people work
    2019: (
        "国办发明电〔2018〕15号，2019-03-22 国办发明电〔2019〕3号改劳动节",
        "01-01 02-04/02-10 04-05/04-07 05-01/05-04 06-07/06-09 09-13/09-15 10-01/10-07",
        "02-02 02-03 04-28 05-05 09-29 10-12",
    ),
    2020: (
        "国办发明电〔2019〕16号，2020-01-26 国办发明电〔2020〕1号延长春节至 02-02",
        "01-01 01-24/02-02 04-04/04-06 05-01/05-05 06-25/06-27 10-01/10-08",
        "01-19 04-26 05-09 06-28 09-27 10-10",
    ),
    2021: (
        "国办发明电〔2020〕27号",
        "01-01/01-03 02-11/02-17 04-03/04-05 05-01/05-05 06-12/06-14 09-19/09-21 10-01/10-07",
        "02-07 02-20 04-25 05-08 09-18 09-26 10-09",
    ),
    2022: (
        "国办发明电〔2021〕11号",
        "01-01/01-03 01-31/02-06 04-03/04-05 04-30/05-04 06-03/06-05 09-10/09-12 10-01/10-07",
        "01-29 01-30 04-02 04-24 05-07 10-08 10-09",
    ),
    2023: (
        "国办发明电〔2022〕16号",
        "01-01/01-02 01-21/01-27 04-05 04-29/05-03 06-22/06-24 09-29/10-06",
        "01-28 01-29 04-23 05-06 06-25 10-07 10-08",
    ),
    2024: (
        "国办发明电〔2023〕7号",
        "01-01 02-10/02-17 04-04/04-06 05-01/05-05 06-10 09-15/09-17 10-01/10-07",
        "02-04 02-18 04-07 04-28 05-11 09-14 09-29 10-12",
    ),
    2025: (
        "国办发明电〔2024〕12号",
        "01-01 01-28/02-04 04-04/04-06 05-01/05-05 05-31/06-02 10-01/10-08",
        "01-26 02-08 04-27 09-28 10-11",
    ),
    2026: (
        "国办发明电〔2025〕7号",
        "01-01/01-03 02-15/02-23 04-04/04-06 05-01/05-05 06-19/06-21 09-25/09-27 10-01/10-07",
        "01-04 02-14 02-28 05-09 09-20 10-10",
    ),
}


def _days(year: int, spans: str) -> Iterator[date]:
    for span in spans.split():
        first, _, last = span.partition("/")
        day, end = date.fromisoformat(f"{year}-{first}"), date.fromisoformat(f"{year}-{last or first}")
        while day <= end:
            yield day
            day += timedelta(days=1)


def working_days() -> frozenset[date]:
    """From 2019-01-01 to 2026-12-31."""
    working = set()
    for year, (_, off, makeup) in NOTICES.items():
        of_year = set(_days(year, "01-01/12-31"))
        weekdays = {day for day in of_year if day.isoweekday() <= 5}
        working |= (weekdays - set(_days(year, off))) | set(_days(year, makeup))
    return frozenset(working)
