"""Days as people write them, and the years a register can speak of: beyond them a digit was mistyped; at the calendar's
ends sums fail."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from typing import Final

EARLIEST: Final = date(1990, 1, 1)
LATEST: Final = date(2200, 12, 31)
WITHOUT_END: Final = date.max
"""9999-12-31, as other systems write it of a certificate that is valid for good (长期)."""
DAY_WRITTEN: Final = re.compile(r"(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?")
_EARLIEST_INSTANT: Final = datetime(1990, 1, 1, tzinfo=UTC)
_LATEST_INSTANT: Final = datetime(2201, 1, 1, tzinfo=UTC)


def read_day(text: str) -> date | None:
    """A day as people and spreadsheets in China write it: 2026-03-04, 2026/3/4, 2026.3.4, 2026年3月4日.

    None for what is none; whether it `is_usable` is another question.
    """
    match = DAY_WRITTEN.fullmatch(text)
    try:
        return None if match is None else date(*map(int, match.groups()))
    except ValueError:
        return None


def is_usable(moment: date | datetime) -> bool:
    """Whether a day, or an aware instant, is of those years; instants are compared as UTC has them. Never raises."""
    if isinstance(moment, datetime):
        return _EARLIEST_INSTANT <= moment < _LATEST_INSTANT
    return EARLIEST <= moment <= LATEST
