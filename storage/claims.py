"""What a claim says, as a recording's row keeps it and its manifest states it. Any may be nonsense: files make them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime


def stated_time(value: object) -> datetime | None:
    """The time in a claim's value, in UTC: so claims state it, and so it is meant where no zone stands with it.

    None for the value of a claim of something else, for what is no time, and for one that UTC has no year for."""
    if not isinstance(value, Mapping):
        return None
    try:
        moment = datetime.fromisoformat(str(value.get("time", "")))
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
