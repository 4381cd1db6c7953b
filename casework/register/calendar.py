"""The years a register can speak of: beyond them a digit was mistyped; at the calendar's ends sums fail."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Final

EARLIEST: Final = date(1990, 1, 1)
LATEST: Final = date(2200, 12, 31)
WITHOUT_END: Final = date.max
"""9999-12-31, as other systems write it of a certificate that is valid for good (长期)."""
_EARLIEST_INSTANT: Final = datetime(1990, 1, 1, tzinfo=UTC)
_LATEST_INSTANT: Final = datetime(2201, 1, 1, tzinfo=UTC)


def is_usable(moment: date | datetime) -> bool:
    """Whether a day, or an aware instant, is of those years; instants are compared as UTC has them. Never raises."""
    if isinstance(moment, datetime):
        return _EARLIEST_INSTANT <= moment < _LATEST_INSTANT
    return EARLIEST <= moment <= LATEST
