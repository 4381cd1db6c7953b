"""Rules of returns as files: what they say, what is refused and where; and the periods that returns are of."""

from __future__ import annotations

from datetime import date

import pytest

from casework.deadlines.calendar import Calendar
from casework.deadlines.counting import due_day
from casework.returns.errors import PeriodUnusable
from casework.returns.periods import parse_period, period_of, periods_ending
from casework.returns.rule_file import SHIPPED, kinds_of, read_returns, refuse_nonsense
from casework.rules.errors import RuleFileUnusable
from casework.statistics.figures import FIGURES, GROUPS, codes_of

SHIPPED_YEARLY = (SHIPPED / "cn-1.yaml").read_text(encoding="utf-8")
MONTHLY = """
jurisdiction: CQ-jiangbei
version: 1
title: {zh: 江北区月报, en: Monthly return of Jiangbei}
valid_from: 2026-01-01
returns:
  - code: monthly
    name: {zh: 执法情况月报, en: Monthly return}
    owed_by: below
    with_below: false
    every: month
    due: {days: 5, counted: working_days}
    recipients: [区城市管理局]
    figures: [taken_down, penalties, cases_closed]
    law: [江北城市管理发〔2019〕82号 三（一）3]
"""


def test_the_shipped_rule_is_the_notice_s_yearly_return() -> None:
    (yearly,) = read_returns(SHIPPED_YEARLY.encode()).returns
    assert (yearly.owed_by, yearly.every, yearly.with_below) == ("topmost", "year", True)
    assert yearly.recipients == ("本级人民政府", "上级城市管理部门")
    assert yearly.figures == tuple(GROUPS)
    assert codes_of(yearly.figures) == FIGURES
    for year in (2019, 2026):
        assert due_day(yearly.due, date(year, 12, 31), Calendar()).day == date(year + 1, 1, 31)


def test_a_file_is_read_and_stored_and_read_again() -> None:
    file = read_returns(MONTHLY.encode())
    (monthly,) = file.returns
    assert kinds_of(file.rules_as_json()) == file.returns
    assert monthly.figures == ("taken_down", "penalties", "cases_closed")
    assert codes_of(monthly.figures) == ("cases_closed", *GROUPS["penalties"], "taken_down")
    # 2026-09-30 is a Wednesday; 1–7 October are off, Saturday the 10th is worked.
    assert due_day(monthly.due, date(2026, 9, 30), Calendar()).day == date(2026, 10, 13)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (
            ("every: month", "every: week"),
            r"line 11: returns\[1\].every week is not known here; it is one of: month, ",
        ),
        (("owed_by: below", "owed_by: nobody"), r"line 9: returns\[1\].owed_by nobody is not known"),
        (("days: 5", "days: 0"), r"line 12: returns\[1\].due.days has to be a number of days"),
        (("days: 5", "hours: 5"), r"line 12: returns\[1\].due.hours is not known"),
        (("working_days}", "working_days, at_day_off: stays}"), r"line 12: .*at_day_off is for terms of calendar days"),
        (("[区城市管理局]", "[]"), r"line 13: returns\[1\].recipients is empty"),
        (("[区城市管理局]", "[区局, 区局]"), r"line 13: returns\[1\].recipients 区局 stands there twice"),
        (("penalties, cases_closed", "penalties, fines"), r"line 14: returns\[1\].figures\[3\] fines is not known"),
        (("penalties, cases_closed", "penalties, penalties"), r"line 14: .*figures penalties stands there twice"),
        (("code: monthly", "code: Monthly"), r"line 7: returns\[1\].code has to be a word of small letters"),
        (("    law:", "    lore:"), r"line 15: returns\[1\].lore is not known"),
        (("valid_from: 2026-01-01", "valid_from: 2026-02-30"), "line 5: valid_from is no day"),
    ],
)
def test_a_file_is_refused_with_its_line_and_field(change: tuple[str, str], said: str) -> None:
    assert change[0] in MONTHLY
    with pytest.raises(RuleFileUnusable, match=said):
        read_returns(MONTHLY.replace(*change).encode())


def test_two_returns_of_one_code_and_a_version_that_supersedes_itself_are_refused() -> None:
    _, _, one = MONTHLY.partition("returns:\n")
    with pytest.raises(RuleFileUnusable, match="line 16: returns monthly stands there twice"):
        read_returns((MONTHLY.rstrip("\n") + "\n" + one).encode())
    with pytest.raises(RuleFileUnusable, match="no earlier version"):
        refuse_nonsense(read_returns(MONTHLY.replace("version: 1", "version: 1\nsupersedes: 1").encode()))


@pytest.mark.parametrize(
    ("kind", "code", "first", "last"),
    [
        ("month", "2028-02", date(2028, 2, 1), date(2028, 2, 29)),
        ("quarter", "2026-Q4", date(2026, 10, 1), date(2026, 12, 31)),
        ("half_year", "2026-H1", date(2026, 1, 1), date(2026, 6, 30)),
        ("year", "2026", date(2026, 1, 1), date(2026, 12, 31)),
    ],
)
def test_a_period_is_known_by_its_code(kind: str, code: str, first: date, last: date) -> None:
    period = parse_period(code)
    assert (period.kind, period.code, period.first_day, period.last_day) == (kind, code, first, last)
    assert period_of(kind, first) == period_of(kind, last) == period


def test_periods_that_end_in_some_days_are_found_without_a_gap() -> None:
    found = [each.code for each in periods_ending("month", date(2025, 11, 30), date(2026, 2, 27))]
    assert found == ["2025-11", "2025-12", "2026-01"]
    assert [each.code for each in periods_ending("quarter", date(2026, 4, 1), date(2026, 9, 30))] == [
        "2026-Q2",
        "2026-Q3",
    ]


@pytest.mark.parametrize(
    "code", ["", "2026-13", "2026-00", "2026-Q5", "2026-H0", "26-01", "2026-1", "1989", "2026-01-01"]
)
def test_what_is_no_period_is_told(code: str) -> None:
    with pytest.raises(PeriodUnusable, match="write a year 2026"):
        parse_period(code)
