"""Instants as people in China read them. What a program reads stays in UTC: `integrity.fields.format_instant`."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta, timezone
from typing import Final

# China has had one time and no summer time since 1991; earlier than that nothing of ours is dated. A fixed offset:
# there are no zone files on a bare Debian. Claims state the name.
CHINA: Final = timezone(timedelta(hours=8), "Asia/Shanghai")
_LABEL: Final = "（北京时间 / UTC+8）"


def chinese_day(instant: datetime) -> date:
    """The day on which an instant falls in China: certificates, terms and decisions name days, and days are these."""
    return instant.astimezone(CHINA).date()


def end_of_day(day: date) -> datetime:
    """The first instant that is no more of this day, in China."""
    return datetime.combine(day + timedelta(days=1), time(), CHINA)


def show_in_china(instant: datetime) -> str:
    """To the second, and labelled: 2026-01-01 09:30:00（北京时间 / UTC+8）. Raises ValueError for a naive time."""
    if instant.tzinfo is None:
        raise ValueError(f"{instant!r} has no time zone")
    return f"{instant.astimezone(CHINA):%Y-%m-%d %H:%M:%S}{_LABEL}"


def show_written(written: object) -> str:
    """The same of an instant as JSON has it; what is no text, such as null, is a dash."""
    return show_in_china(datetime.fromisoformat(written)) if isinstance(written, str) else "—"
