"""How the shipping of the write-ahead log is: written by the process that does it, told by all that are asked.

DATA/wal-standing.json
"""

from __future__ import annotations

import json
import os
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from api.backup.latest import latest_stream
from api.wal.errors import WalError, WalLacksBackup, WalLate, WalNearBound
from api.wal.steady_instant import SteadyInstant
from integrity.durable_files import PRIVATE

_NAME = "wal-standing.json"


@dataclass(frozen=True)
class WalStanding:
    """`lsn`, `at`: up to where, and as of when, everything is in the stream; None before anything was. `held_bytes` of
    the log wait here, and `room_bytes` more may. `failure`: the class of what is wrong since `since`, None where
    nothing is; `why` says it to a person. `looked`: when that was so, for whoever asks whether it still is; None where
    nobody said (a file of an earlier release)."""

    stream: str
    lsn: int
    at: datetime | None
    held_bytes: int
    room_bytes: int
    failure: str | None
    why: str
    since: datetime | None
    looked_at: datetime
    looked: SteadyInstant | None = None

    def was_seen_within(self, seconds: float) -> bool:
        """Whether whoever ships was at work so lately, whatever clocks were set to meanwhile."""
        return self.looked is not None and self.looked.seconds_ago() <= seconds

    def to_json(self) -> dict[str, object]:
        """For people and their tools; `looked` says nothing to them."""
        said = {name: value for name, value in asdict(self).items() if name != "looked"}
        return {name: value.isoformat() if isinstance(value, datetime) else value for name, value in said.items()}

    @classmethod
    def none(cls) -> WalStanding:
        return cls("", 0, None, 0, 0, None, "", None, datetime.now(UTC))

    def write(self, data: Path) -> None:
        """Whole or not at all; what a power failure takes of it is written again at once. Raises OSError."""
        passing = data / f".{_NAME}.{os.getpid()}"
        said = {**self.to_json(), "looked": None if self.looked is None else asdict(self.looked)}
        with open(passing, "w", encoding="utf-8", opener=_private) as file:
            json.dump(said, file, ensure_ascii=False)
        passing.replace(data / _NAME)

    @classmethod
    def read(cls, data: Path) -> WalStanding | None:
        try:
            said: dict[str, Any] = json.loads((data / _NAME).read_bytes())
            for name in ("at", "since", "looked_at"):
                said[name] = None if said[name] is None else datetime.fromisoformat(said[name])
            looked = said.pop("looked", None)
            return cls(**said, looked=None if looked is None else SteadyInstant(**looked))
        except (OSError, ValueError, KeyError, TypeError):
            return None


class WalFailing(WalError):
    """One by the name of the failure that was recorded; see `require_shipped`."""


def require_shipped(data: Path, seconds: int, now: datetime | None = None) -> None:
    """Return where all that was written up to `seconds` ago is in the place, and a backup goes on in it.

    By the wall clock, as which the place has it; and by a steady one, for after the former was set back nothing would
    be late for as long. Raises what failed, by a class of its name; WalLate, WalNearBound, WalLacksBackup.
    """
    standing, now = WalStanding.read(data), now or datetime.now(UTC)
    if standing is not None and standing.held_bytes > standing.room_bytes:
        raise WalNearBound(standing.room_bytes)
    if standing is not None and standing.failure is not None:
        raise type(standing.failure, (WalFailing,), {})(standing.why, standing.why)
    if standing is None or standing.at is None or now - standing.at > timedelta(seconds=seconds):
        raise WalLate(seconds)
    if not standing.was_seen_within(seconds):
        raise WalLate(seconds)
    if latest_stream(data) != standing.stream:
        raise WalLacksBackup()


def forget_standing(data: Path) -> None:
    with suppress(FileNotFoundError):
        (data / _NAME).unlink()


def _private(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_CLOEXEC, PRIVATE)
