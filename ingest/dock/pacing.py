"""How fast bytes may go, by the hour of the day: one limit over everything that is sent at once."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from datetime import time as time_of_day

from ingest.dock.errors import RateUnreadable
from ingest.dock.patience import Patience
from ingest.dock.words import Words

USUAL_PARALLEL = 3
MOST_PARALLEL = 16
"""How many files are sent at once."""

_UNITS = {"b": 1, "kb": 1000, "mb": 10**6, "gb": 10**9, "kib": 1 << 10, "mib": 1 << 20, "gib": 1 << 30}
_WINDOW = re.compile(
    r"(?P<begins>\d{1,2}:\d{2})\s*[-–~]\s*(?P<ends>\d{1,2}:\d{2})\s+"
    r"(?:(?P<number>\d{1,9}(?:\.\d{1,9})?)\s*(?P<unit>[KMG]?i?B)/s|(?P<word>unlimited|stop|不限|停止))",
    re.IGNORECASE,
)
_LARGEST_BLOCK_BYTES = 256 * 1024
_SMALLEST_BLOCK_BYTES = 4 * 1024
# What a piece that is under way when an hour without sending begins is finished at: a request may not stand still.
_FINISHING_BYTES_PER_SECOND = 1 << 20
_LOOK_AGAIN_SECONDS = 20.0
_CLOSED = Words("nothing is sent at this hour, by setting", "按设置，此时段不上传")


@dataclass(frozen=True, slots=True)
class RateWindow:
    """From `begins` up to `ends`, over midnight when that is earlier; both equal: the whole day.

    `bytes_per_second` None is no limit, 0 is nothing at all.
    """

    begins: time_of_day
    ends: time_of_day
    bytes_per_second: int | None

    def holds(self, now: time_of_day) -> bool:
        """Whether it is the window's time."""
        if self.begins < self.ends:
            return self.begins <= now < self.ends
        return now >= self.begins or now < self.ends


@dataclass(frozen=True, slots=True)
class RateSchedule:
    """The first window that holds decides; outside of all, `otherwise` does (None is no limit)."""

    windows: tuple[RateWindow, ...] = ()
    otherwise: int | None = None

    def at(self, now: time_of_day) -> int | None:
        """Bytes per second, None without limit, 0 for nothing."""
        for window in self.windows:
            if window.holds(now):
                return window.bytes_per_second
        return self.otherwise


def parse_window(text: str) -> RateWindow:
    """As "08:00-18:00 2 MiB/s", "18:00-08:00 unlimited" or "07:00-08:00 stop". Raises RateUnreadable."""
    match = _WINDOW.fullmatch(text.strip())
    if match is None:
        raise RateUnreadable(text)
    word = (match["word"] or "").lower()
    if word:
        rate = 0 if word in ("stop", "停止") else None
    else:
        rate = int(float(match["number"]) * _UNITS[match["unit"].lower()])
    return RateWindow(_clock(match["begins"], text), _clock(match["ends"], text), rate)


def _clock(text: str, whole: str) -> time_of_day:
    hour, minute = (int(part) for part in text.split(":"))
    try:
        return time_of_day(0 if (hour, minute) == (24, 0) else hour, minute)
    except ValueError as error:
        raise RateUnreadable(whole) from error


def _local_time() -> time_of_day:
    """By the station's own clock and zone: what a person at the station reads off the wall."""
    return datetime.now().astimezone().time()


class Pacer:
    """Shared by all files: together they send no more than the schedule says."""

    def __init__(
        self, schedule: RateSchedule, patience: Patience, local_time: Callable[[], time_of_day] = _local_time
    ) -> None:
        self._schedule = schedule
        self._patience = patience
        self._local_time = local_time
        self._turn = threading.Lock()
        self._free_at = time.monotonic()

    def block_bytes(self) -> int:
        """How much to send at a time, so that a low rate is an even one."""
        rate = self._rate()
        quarter = _LARGEST_BLOCK_BYTES if rate is None else rate // 4
        return max(_SMALLEST_BLOCK_BYTES, min(quarter, _LARGEST_BLOCK_BYTES))

    def take(self, size_bytes: int) -> None:
        """Wait until `size_bytes` may go. Raises Interrupted."""
        self._patience.check()
        rate = self._rate()
        if rate is None:
            return
        with self._turn:
            now = time.monotonic()
            wait_seconds = max(0.0, self._free_at - now)
            self._free_at = max(self._free_at, now) + size_bytes / rate
        self._patience.stop.wait(wait_seconds)
        self._patience.check()

    def wait_until_open(self, tell: Callable[[Words, float], None]) -> None:
        """Wait out an hour at which nothing is sent; `tell` hears of it once. Raises Interrupted."""
        told = False
        while self._schedule.at(self._local_time()) == 0:
            if not told:
                tell(_CLOSED, _LOOK_AGAIN_SECONDS)
                told = True
            self._patience.stop.wait(_LOOK_AGAIN_SECONDS)
            self._patience.check()
            self._patience.progressed()

    def _rate(self) -> int | None:
        rate = self._schedule.at(self._local_time())
        return _FINISHING_BYTES_PER_SECOND if rate == 0 else rate
