"""Figures of a year, at the ledger's latest checkpoint or at one asked for; and how well a month was recorded."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any, Final

from api.pages.visit import Visit, parse_id
from casework.permission import MAY
from casework.statistics.annual import FIRST_COUNTED_YEAR, annual_report
from casework.statistics.figures import GROUPS, MONEY
from casework.statistics.indicators import parse_month, recorded_month
from integrity.local_time import chinese_day

MONTHS_BACK: Final = 36


def build_statistics(visit: Visit) -> Mapping[str, Any]:
    visit.require(*MAY["see_statistics"])
    today = chinese_day(visit.now)
    this_year = today.year
    year, size = _number(visit.asked("year")), _number(visit.asked("size"))
    year = year if year is not None and FIRST_COUNTED_YEAR <= year <= this_year else this_year
    return {
        "report": annual_report(visit.session, visit.person, year, visit.now, size=size),
        "years": range(this_year, FIRST_COUNTED_YEAR - 1, -1),
        "groups": GROUPS,
        "money": MONEY,
        "may_take": visit.person.role in MAY["take_the_book"],
        "may_take_credit": visit.person.role in MAY["take_credit_lines"],
        "credit_from": today.replace(day=1),
        "credit_until": today,
    }


def build_recorded_month(visit: Visit) -> Mapping[str, Any]:
    visit.require(*MAY["see_statistics"])
    months = _months(chinese_day(visit.now))
    asked, unit = visit.asked("month"), visit.asked("unit")
    month = parse_month(asked) if asked else months[0]
    return {
        "found": recorded_month(
            visit.session, visit.person, month, visit.now, unit_id=parse_id(unit) if unit else None
        ),
        "months": months if month in months else [*months, month],
    }


def _months(today: date) -> list[date]:
    """This one and those before it, as far as people look back."""
    number = today.year * 12 + today.month - 1
    return [date(each // 12, each % 12 + 1, 1) for each in range(number, number - MONTHS_BACK, -1)]


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 16 else None
