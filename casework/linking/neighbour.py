"""A recording beside another one: of the same device, and of about the same time."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime

from casework.recordings.clocks import SAME_DOCKING, ClockWord


@dataclass(frozen=True)
class Neighbour:
    """A recording of a device: what is believed of its start, and how far. No time: its clock's could not be true."""

    id: uuid.UUID
    station_id: uuid.UUID
    officer: str | None
    started_at: datetime | None
    received_at: datetime
    uncertainty_seconds: float | None
    duration_seconds: float | None
    by_satellites: bool
    looked_at: bool
    """By the linker, before: what is new may change what was made of the others."""
    words: tuple[ClockWord, ...] = ()
    """Of its own clock, the name's first."""
    person_cases: frozenset[uuid.UUID] = frozenset()
    """Where persons have put it."""
    zone_told: bool = False
    """Whether `started_at` is its tags' time in the zone that its docking's other files tell (tag_zones.py)."""

    def came_with(self, other: Neighbour) -> bool:
        near = abs(self.received_at - other.received_at) <= SAME_DOCKING
        return near and self.station_id == other.station_id
