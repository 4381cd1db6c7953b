"""Stretches of time in which recordings or assignments are looked for."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

LONGEST_RECORDING = timedelta(days=31)
"""Durations come out of untrusted files: one that claims more counts as this much."""

Window = tuple[datetime, datetime]


def merge(windows: Iterable[Window]) -> list[Window]:
    merged: list[Window] = []
    for start, end in sorted(windows):
        if merged and start <= merged[-1][1]:
            merged[-1] = merged[-1][0], max(end, merged[-1][1])
        else:
            merged.append((start, end))
    return merged
