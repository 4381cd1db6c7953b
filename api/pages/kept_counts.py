"""How many recordings there are: counted once a minute for each unit whose administrators ask, and as of when.

Counting a million takes an index scan each time. A count that triggers keep would make every sealing wait for one row,
and an estimate of the planner knows nothing of row security.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

KEPT: Final = timedelta(minutes=1)


@dataclass(frozen=True)
class Counted:
    """As of `counted_at`."""

    recordings: int
    original_bytes: int
    counted_at: datetime


@dataclass
class KeptCounts:
    """By unit, for whoever is of it sees the same recordings; in one process."""

    counted: dict[uuid.UUID, Counted] = field(default_factory=dict)

    def get(self, unit_id: uuid.UUID, now: datetime, count: Callable[[], tuple[int, int]]) -> Counted:
        kept = self.counted.get(unit_id)
        if kept is None or not timedelta() <= now - kept.counted_at < KEPT:
            kept = self.counted[unit_id] = Counted(*count(), now)
        return kept
