"""An instant as it is written on a command line: with its time zone, for nobody guesses whose clock was meant; or in
Chinese time, where a person copies it from a paper or a page."""

from __future__ import annotations

from datetime import datetime

from api.errors import UsageRefused
from api.shown import parse_local


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


def read_local_instant(text: str) -> datetime:
    """What is typed without a zone is Chinese time. Raises UsageRefused."""
    moment = parse_local(text)
    if moment is None:
        raise UsageRefused(f"无法识别时间 {text}；例：2026-03-04T09:00", f"{text} is no time such as 2026-03-04T09:00")
    return moment
