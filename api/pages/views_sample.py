"""随机复核: the viewings of a month that were drawn by chance, for an auditor to say whether they were proper."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from typing import Any

from api.http.reading.samples import describe_sample
from api.pages.visit import Visit
from casework.permission import MAY
from casework.retrieval.errors import MonthNotOver
from casework.retrieval.sampling import draw_viewings
from integrity.local_time import chinese_day
from storage.catalog.access import VIEWING_OUTCOMES

MONTHS = 12


def build_sample(visit: Visit) -> Mapping[str, Any]:
    """The last month that is over, or the one asked for."""
    visit.require(*MAY["oversee_retrieval"])
    months = list(_months_before(chinese_day(visit.now)))
    month = _month(visit.asked("month"), months) or months[0]
    try:
        drawn = describe_sample(
            visit.session, visit.person, draw_viewings(visit.session, visit.person, month, visit.now)
        )
    except MonthNotOver:
        drawn = None
    return {"month": month, "months": months, "drawn": drawn, "outcomes": VIEWING_OUTCOMES}


def _months_before(today: date) -> list[date]:
    months, month = [], today.replace(day=1)
    for _ in range(MONTHS):
        month = date(month.year - (month.month == 1), (month.month - 2) % 12 + 1, 1)
        months.append(month)
    return months


def _month(text: str, months: list[date]) -> date | None:
    found = re.fullmatch(r"(\d{4})-(\d{2})", text, re.ASCII)
    return next((each for each in months if found and f"{each:%Y-%m}" == text), None)
