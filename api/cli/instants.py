"""An instant as it is written on a command line: with its time zone, for nobody guesses whose clock was meant."""

from __future__ import annotations

from datetime import datetime

from api.errors import UsageRefused


def read_instant(text: str) -> datetime:
    """Raises UsageRefused."""
    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        instant = None
    if instant is None or instant.tzinfo is None:
        raise UsageRefused(
            f"{text} 不是带时区的时刻，应如 2026-12-01T08:00:00+08:00",
            f"{text} is no instant with a time zone: write one such as 2026-12-01T08:00:00+08:00",
        )
    return instant
