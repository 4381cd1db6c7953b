"""Intervals of time: how long a recording is, how far its time may be off, and where others are looked for."""

from __future__ import annotations

import math
from collections.abc import Iterable
from datetime import datetime, timedelta

LONGEST_RECORDING = timedelta(days=31)
"""Durations come out of untrusted files: one that claims more counts as this much."""
UNSTATED_UNCERTAINTY_SECONDS = 300.0
MOST_UNCERTAIN = timedelta(days=36_525)
"""A clock that lost its battery is off by as much as its firmware is old: eleven years are eleven years."""

Interval = tuple[datetime, datetime]


def merge(intervals: Iterable[Interval]) -> list[Interval]:
    merged: list[Interval] = []
    for start, end in sorted(intervals):
        if merged and start <= merged[-1][1]:
            merged[-1] = merged[-1][0], max(end, merged[-1][1])
        else:
            merged.append((start, end))
    return merged


def without(interval: Interval, others: Iterable[Interval]) -> list[Interval]:
    """What is left of it where none of the `others` is, which are merged."""
    start, end = interval
    left = []
    for first, last in others:
        if last <= start or first >= end:
            continue
        if first > start:
            left.append((start, first))
        start = max(start, last)
    return [*left, (start, end)] if start < end else left


def length_of(seconds: float | None) -> timedelta:
    """Nothing for a still, or a file of unknown length."""
    if seconds is None or math.isnan(seconds) or seconds <= 0:
        return timedelta(0)
    return timedelta(seconds=min(seconds, LONGEST_RECORDING.total_seconds()))


def either_way(seconds: float | None) -> timedelta:
    """How far a time may be off, before and after, a century at most; as unstated where the number is none that can
    be.
    """
    known = seconds is not None and not math.isnan(seconds) and seconds >= 0
    seconds = seconds if seconds is not None and known else UNSTATED_UNCERTAINTY_SECONDS
    return timedelta(seconds=min(seconds, MOST_UNCERTAIN.total_seconds()))
