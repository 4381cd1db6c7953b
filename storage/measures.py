"""Arithmetic of times and places out of untrusted files: no value whatever breaks a step that works with them.

Imports nothing: the reader in the sandbox uses it too.
"""

from __future__ import annotations

import math
from datetime import datetime, timedelta

_EARTH_METRES = 6_371_000.0
ONE_PLACE_METRES = 1000.0
"""What two say of one recording is of one place up to here: a tag is of when it began, a track of when its receiver had
a fix, and people go on meanwhile."""


def shifted(time: datetime, by: timedelta) -> datetime:
    """A time at either end of the calendar stays there."""
    try:
        return time + by
    except OverflowError:
        return time


def metres_between(latitude: float, longitude: float, other_latitude: float, other_longitude: float) -> float:
    """Along the great circle (haversine), of degrees of WGS 84 on a ball: right to half a percent."""
    north = math.radians(other_latitude - latitude) / 2
    east = math.radians(other_longitude - longitude) / 2
    parallels = math.cos(math.radians(latitude)) * math.cos(math.radians(other_latitude))
    inner = math.sin(north) ** 2 + parallels * math.sin(east) ** 2
    return 2 * _EARTH_METRES * math.asin(math.sqrt(min(1.0, inner)))
