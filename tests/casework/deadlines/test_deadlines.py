"""Every term of every day of 2019–2026, against a table made from the official notices and a count of another kind."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from datetime import date, timedelta

import pytest

from casework.deadlines.calendar import Calendar, library_years
from casework.deadlines.counting import due_day
from casework.deadlines.kinds import KINDS
from casework.deadlines.terms import TermRules, shipped_terms
from tests.casework.deadlines.official import NOTICES, makeup_days, spans_off, working_days

WORKING = sorted(working_days())
OFFICIAL = frozenset(WORKING)
FIRST, LAST = date(2019, 1, 1), date(2026, 12, 31)
LAW_OF_2021 = date(2021, 7, 15)
EVERY_DAY = [FIRST + timedelta(days=number) for number in range((LAST - FIRST).days + 1)]
WORKING_DAYS_NOW = {
    "publish_penalty": 7,
    "publish_inspection": 20,
    "withdraw": 3,
    "service": 7,
    "preservation": 7,
    "hearing_request": 5,
}
CALENDAR_DAYS_BEFORE = {"service": 7, "preservation": 7, "hearing_request": 3}


def test_the_table_of_the_notices_holds_together() -> None:
    """Each holiday is as long as its notice says in words, each makeup day falls on the weekday that it prints, and
    none is a day off; what reaches into the December before falls on a weekend, but for that of 2018."""
    for year in NOTICES:
        off = set()
        for first, last, count in spans_off(year):
            days = [first + timedelta(days=number) for number in range((last - first).days + 1)]
            assert len(days) == count, (first, last)
            assert all(day.isoweekday() > 5 for day in days if 2019 <= day.year < year), (first, last)
            off |= set(days)
        for day, weekday in makeup_days(year):
            assert " 一二三四五六日"[day.isoweekday()] == weekday, day
            assert weekday in "六日", day
            assert day not in off, day


@pytest.mark.parametrize(
    ("year", "count"),
    # By hand, year by year: 2024 has 262 days from Monday to Friday, of which 19 are off; 8 Saturdays and Sundays work.
    [(2019, 250), (2020, 249), (2021, 250), (2022, 249), (2023, 249), (2024, 251), (2025, 248), (2026, 248)],
)
def test_each_year_has_as_many_working_days_as_were_counted_by_hand(year: int, count: int) -> None:
    assert sum(day.year == year for day in WORKING) == count


def test_each_day_is_a_working_day_or_not_as_the_notices_say() -> None:
    calendar = Calendar()
    assert [day for day in EVERY_DAY if calendar.is_working_day(day) != (day in OFFICIAL)] == []
    assert library_years()[1] >= LAST.year


def nth_working_day_after(day: date, count: int) -> date | None:
    place = bisect_right(WORKING, day) + count - 1
    return WORKING[place] if place < len(WORKING) else None


def nth_working_day_before(day: date, count: int) -> date | None:
    place = bisect_left(WORKING, day) - count
    return WORKING[place] if place >= 0 else None


def first_working_day_from(day: date) -> date | None:
    place = bisect_left(WORKING, day)
    return WORKING[place] if place < len(WORKING) else None


def expected(kind: str, start: date) -> date | str | None:
    """None: no such term was in force. "beyond": it leads out of the years of the table."""
    old = start < LAW_OF_2021
    if kind == "posted_service":
        return start + timedelta(days=60 if start < date(2022, 1, 1) else 30)
    if kind in ("withdraw", "decision") and old:
        return None
    if kind == "decision":
        day = first_working_day_from(start + timedelta(days=90))
    elif kind == "hearing_notice":
        day = start - timedelta(days=7) if old else nth_working_day_before(start, 7)
    elif kind in CALENDAR_DAYS_BEFORE and old:
        day = first_working_day_from(start + timedelta(days=CALENDAR_DAYS_BEFORE[kind]))
    else:
        day = nth_working_day_after(start, WORKING_DAYS_NOW[kind])
    return "beyond" if day is None or not FIRST <= day <= LAST else day


@pytest.mark.parametrize("kind", KINDS)
def test_each_term_of_each_day(kind: str) -> None:
    rules, calendar = TermRules(shipped_terms()), Calendar()
    wrong, compared = [], 0
    for start in EVERY_DAY:
        wanted = expected(kind, start)
        found = rules.term(kind, start)
        if found is None:
            wrong += [(start, wanted)] if wanted is not None else []
            continue
        due = due_day(found[0], start, calendar)
        if wanted == "beyond":
            # 2018 is announced as well, 2027 is not: then there is nothing but a guess.
            assert due.unannounced == ((2027,) if due.day.year == 2027 else ())
            continue
        compared += 1
        if (due.day, due.unannounced) != (wanted, ()):
            wrong.append((start, wanted, due))
    assert wrong == []
    assert compared > (1900 if kind in ("withdraw", "decision") else 2800)


@pytest.mark.parametrize(
    ("kind", "start", "due"),
    [
        # Counted by hand. Before the May holiday of 2019, which was made longer on 2019-03-22: 28 April and 5 May work.
        ("publish_penalty", "2019-04-25", "2019-05-07"),
        # The days off at New Year of 2020 that were added on 2020-01-26.
        ("publish_penalty", "2020-01-22", "2020-02-10"),
        # Seven days across the National Day of 2026: 28, 29, 30 September, 8, 9, 10 (a Saturday), 12 October.
        ("publish_penalty", "2026-09-25", "2026-10-12"),
        # The old law: the seventh day is the Saturday 2021-05-08, on which people work; and the Sunday 2021-05-16.
        ("service", "2021-05-01", "2021-05-08"),
        ("service", "2021-05-09", "2021-05-17"),
        # The last day of the old law, and the first of the new.
        ("service", "2021-07-14", "2021-07-21"),
        ("service", "2021-07-15", "2021-07-26"),
        # A hearing on a Monday after a holiday; one on 2021-03-08 under the old law, seven days before a Monday.
        ("hearing_notice", "2026-10-12", "2026-09-24"),
        ("hearing_notice", "2021-03-08", "2021-03-01"),
        # Sixty days by the old law of civil procedure, thirty by the new; a day off at the end, a Sunday, is no matter.
        ("posted_service", "2021-12-31", "2022-03-01"),
        ("posted_service", "2022-01-01", "2022-01-31"),
        ("posted_service", "2026-10-30", "2026-11-29"),
        # Ninety days after 2021-11-03 is the Tuesday 2022-02-01 in the New Year holiday, which ends on 6 February.
        ("decision", "2021-11-03", "2022-02-07"),
    ],
)
def test_terms_counted_by_hand(kind: str, start: str, due: str) -> None:
    found = TermRules(shipped_terms()).term(kind, date.fromisoformat(start))
    assert found is not None
    assert due_day(found[0], date.fromisoformat(start), Calendar()).day == date.fromisoformat(due)


def test_nothing_was_in_force_before_the_law_was() -> None:
    rules = TermRules(shipped_terms())
    assert all(rules.term(kind, date(1996, 9, 30)) is None for kind in KINDS)
    assert rules.term("publish_penalty", date(2018, 12, 31)) is None
    assert rules.term("withdraw", date(2021, 7, 14)) is None


def test_the_city_goes_before_the_nation() -> None:
    rules = TermRules(shipped_terms())
    found = [rules.term("publish_penalty", date(2019, 11, day)) for day in (26, 27)]
    names = [each[1].jurisdiction for each in found if each is not None]
    assert names == ["CN-publication", "CN-CQ-jiangbei"]
