"""Figures of a year: of the unit and those below it, at the ledger's latest checkpoint or at one asked for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from api.pages.visit import Visit
from casework.permission import MAY
from casework.statistics.annual import FIRST_YEAR, annual_report
from casework.statistics.figures import GROUPS, MONEY
from integrity.local_time import chinese_day


def build_statistics(visit: Visit) -> Mapping[str, Any]:
    visit.require(*MAY["see_statistics"])
    this_year = chinese_day(visit.now).year
    year, size = _number(visit.asked("year")), _number(visit.asked("size"))
    year = year if year is not None and FIRST_YEAR <= year <= this_year else this_year
    return {
        "report": annual_report(visit.session, visit.person, year, visit.now, size=size),
        "years": range(this_year, FIRST_YEAR - 1, -1),
        "groups": GROUPS,
        "money": MONEY,
        "may_take": visit.person.role in MAY["take_the_book"],
    }


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 16 else None
