"""The server's time, as far as the station can know it. The station's own clock is measured and never set.

    offset = station's time in the middle of the round trip − server's time, known to half the round trip

The server's answer was written at some moment between the request and its arrival here; taking the middle is wrong by
at most half of what the round trip took, whichever way was the slow one. Between measurements the server's time is
carried on by the monotonic clock, which no setting of the station's clock moves.
"""

from __future__ import annotations

import email.utils
import threading
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

# What a quartz drifts, generously: 100 ppm. An old, exact measurement gives way to a new one in time.
_DRIFT = 1e-4
# A Date header is whole seconds, and an answer may have been made before it.
_DATE_UNCERTAINTY_SECONDS = 1.5
# A server without a battery says 1970. What is outside of these was never a clock's, and no time can be carried on.
_FIRST_YEAR, _LAST_YEAR = 1970, 9000


def read_http_date(text: str) -> datetime | None:
    """A date of RFC 9110 or RFC 5322 in UTC; None for all else, also for a year that no calendar has."""
    try:
        said = email.utils.parsedate_to_datetime(text)
        return None if said.tzinfo is None else said.astimezone(UTC)
    except (ArithmeticError, LookupError, TypeError, ValueError):
        return None


def read_timestamp(text: str) -> datetime | None:
    """A time with its zone as the archive's JSON has it (RFC 3339), in UTC; None for all else."""
    try:
        said = datetime.fromisoformat(text)
        return None if said.tzinfo is None else said.astimezone(UTC)
    except (ArithmeticError, ValueError):
        return None


@dataclass(frozen=True, slots=True)
class ClockReading:
    """`offset_seconds` is station minus server; the true one lies within `uncertainty_seconds` of it."""

    offset_seconds: float
    uncertainty_seconds: float


@dataclass(frozen=True, slots=True)
class _Anchor:
    """The server's clock showed `server_time` when the monotonic one showed `at`, give or take `uncertainty`."""

    at: float
    server_time: datetime
    uncertainty: float

    def age(self, now: float) -> float:
        return max(0.0, now - self.at)

    def uncertainty_at(self, now: float) -> float:
        return self.uncertainty + _DRIFT * self.age(now)


class ServerClock:
    """Safe to use from several threads."""

    def __init__(self) -> None:
        self._turn = threading.Lock()
        self._anchor: _Anchor | None = None

    def learn(self, sent_at: float, received_at: float, server_time: datetime) -> bool:
        """Take a measurement: `server_time` was read between two readings of time.monotonic(). Whether it can be."""
        half = max(0.0, received_at - sent_at) / 2
        return self._take(_Anchor(sent_at + half, server_time, half))

    def learn_date(self, header: str) -> bool:
        """Take the Date of an answer that has just come; whether it said one that can be a clock's."""
        said = read_http_date(header)
        if said is None:
            return False
        middle = said + timedelta(seconds=0.5)
        return self._take(_Anchor(time.monotonic(), middle, _DATE_UNCERTAINTY_SECONDS))

    def now(self) -> datetime:
        """The server's time; the station's own as long as nothing better is known."""
        with self._turn:
            anchor = self._anchor
        if anchor is None:
            return datetime.now(UTC)
        return anchor.server_time + timedelta(seconds=time.monotonic() - anchor.at)

    def read(self) -> ClockReading | None:
        """How far the station's clock is off now; None when it was not measured."""
        with self._turn:
            anchor = self._anchor
        if anchor is None:
            return None
        now, station = time.monotonic(), datetime.now(UTC)
        server = anchor.server_time + timedelta(seconds=now - anchor.at)
        return ClockReading((station - server).total_seconds(), anchor.uncertainty_at(now))

    def _take(self, new: _Anchor) -> bool:
        if not _FIRST_YEAR <= new.server_time.year <= _LAST_YEAR:
            return False
        with self._turn:
            old = self._anchor
            if old is None or new.uncertainty <= old.uncertainty_at(new.at) or not _agree(old, new):
                self._anchor = new
        return True


def _agree(old: _Anchor, new: _Anchor) -> bool:
    """Whether both can be true of one server's clock; when it was set in between, only the new one is."""
    expected = old.server_time + timedelta(seconds=new.at - old.at)
    apart = abs((new.server_time - expected).total_seconds())
    return apart <= old.uncertainty_at(new.at) + new.uncertainty
