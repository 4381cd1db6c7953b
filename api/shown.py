"""How values are shown: times where the reader lives, sizes and lengths a person can read, digests in groups."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from integrity.local_time import CHINA

_UNITS = ("KiB", "MiB", "GiB", "TiB")


def show_instant(moment: datetime | None) -> str:
    """To the second, in Chinese time."""
    return "—" if moment is None else _local(moment).strftime("%Y-%m-%d %H:%M:%S")


def show_minute(moment: datetime | None) -> str:
    """To the minute: for lists, where seconds only take room."""
    return "—" if moment is None else _local(moment).strftime("%Y-%m-%d %H:%M")


def show_day(day: date | None) -> str:
    return "—" if day is None else day.isoformat()


def input_instant(moment: datetime) -> str:
    """The value of a datetime-local field, which knows no zone: it is read back as Chinese time."""
    return _local(moment).strftime("%Y-%m-%dT%H:%M")


def input_second(moment: datetime) -> str:
    """The same to the second, for a field that asks for seconds."""
    return _local(moment).strftime("%Y-%m-%dT%H:%M:%S")


def show_clock(moment: datetime | None, before: datetime | None = None) -> str:
    """Month, day and time in Chinese time, where the year is said beside it; tenths only where there are any. The time
    alone where `before`, on the same day, stands in front of it."""
    if moment is None:
        return "—"
    local = _local(moment)
    same_day = before is not None and _local(before).date() == local.date()
    tenths = f".{local.microsecond // 100_000}" if local.microsecond >= 100_000 else ""
    return local.strftime("%H:%M:%S" if same_day else "%m-%d %H:%M:%S") + tenths


def _local(moment: datetime) -> datetime:
    """In Chinese time; the last hours of the calendar, which have none, as they are."""
    try:
        return moment.astimezone(CHINA)
    except OverflowError:
        return moment


def parse_local(text: str) -> datetime | None:
    """What a datetime-local field sends, taken for Chinese time; None for nothing or for what is no time."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment.replace(tzinfo=CHINA) if moment.tzinfo is None else moment


def show_size(size_bytes: int) -> str:
    """In powers of 1024, with three digits that count."""
    if size_bytes < 1024:
        return f"{size_bytes} B"
    power = min((size_bytes.bit_length() - 1) // 10, len(_UNITS))
    size = size_bytes / 1024**power
    return f"{size:.{0 if size >= 100 else 1}f} {_UNITS[power - 1]}"


def show_length(seconds: float | None) -> str:
    """As a clock: 0:05, 12:30, 1:02:03. A file may claim anything, so what is no length is not shown."""
    if seconds is None or not 0 <= seconds < 1e9:
        return "—"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def show_claim(value: Any) -> str:
    """A claim's value in a line: text as it is, a time in Chinese time, a place in degrees."""
    if not isinstance(value, Mapping):
        return str(value)
    if "time" in value:
        moment = parse_local(str(value["time"]))
        return str(value["time"]) if moment is None else show_instant(moment)
    if {"latitude", "longitude"} <= value.keys():
        return f"{value['latitude']}, {value['longitude']}"
    return ", ".join(f"{name}: {part}" for name, part in value.items())


def local_path(text: str | None) -> str | None:
    """`text` if it is an address on this very site, else None: nobody is sent elsewhere by a crafted link."""
    if not text or not text.startswith("/") or text.startswith("//"):
        return None
    # Browsers read a backslash as a slash, and drop tabs and line ends before they look.
    return None if "\\" in text or any(ord(character) < 0x21 for character in text) else text
