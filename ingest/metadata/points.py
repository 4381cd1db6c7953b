"""A single position as files give it, and why it is not believed: what a photograph's one needs as a track's many do.

Loads little: it is read inside the sandbox for each of ten thousand small pictures.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from datetime import datetime

WORST_PRECISION: Final = 10.0
"""Dilution of precision; above it a receiver's makers themselves call the position poor."""
WORST_ERROR_METRES: Final = 300.0
"""A cell of a telephone network, or an address looked up by a wireless network: a part of town, and no scene."""
DEEPEST_METRES, HIGHEST_METRES = -500.0, 9000.0
EXACTLY_DEGREES: Final = 5e-8

NO_FIX: Final = "no_fix"
AT_ZERO: Final = "zero_zero_is_no_fix"
"""It lies in the Gulf of Guinea, and is what a receiver without a fix writes: never where a by-law was enforced."""
OUT_OF_RANGE: Final = "out_of_range"
POOR_PRECISION: Final = "poor_precision"
IMPLAUSIBLE_ALTITUDE: Final = "implausible_altitude"
TOO_COARSE: Final = "too_coarse"
STALE_FIX: Final = "stale_fix"


class Point(NamedTuple):
    """One reading: degrees of WGS 84, metres, metres a second.

    `offset_seconds` counts from the recording's first frame; None where only a clock is written. `fix` is 0 for none, 2
    or 3 for the receiver's dimensions, 1 for a fix of dimensions nobody says; None where nothing says whether there was
    one. `at` is the satellites' own time.
    """

    offset_seconds: float | None
    latitude: float
    longitude: float
    altitude_metres: float | None = None
    speed_metres_per_second: float | None = None
    fix: int | None = None
    precision: float | None = None
    at: datetime | None = None


def why_not(point: Point) -> str | None:
    """The first reason not to believe a point; None when there is none."""
    if point.fix is not None and point.fix < 1:
        return NO_FIX
    numbers = (point.latitude, point.longitude, point.offset_seconds or 0.0)
    if not all(map(math.isfinite, numbers)) or abs(point.latitude) > 90 or abs(point.longitude) > 180:
        return OUT_OF_RANGE
    if is_at_zero(point.latitude, point.longitude):
        return AT_ZERO
    height = point.altitude_metres
    if height is not None and not DEEPEST_METRES <= height <= HIGHEST_METRES:  # NaN fails both
        return IMPLAUSIBLE_ALTITUDE
    if point.precision is not None and not 0 <= point.precision <= WORST_PRECISION:
        return POOR_PRECISION
    return None


def is_at_zero(latitude: float, longitude: float) -> bool:
    """Near where both are nothing; and where one of them is nothing to the last digit, it was not written."""
    near = round(latitude, 4) == 0 and round(longitude, 4) == 0
    return near or min(abs(latitude), abs(longitude)) < EXACTLY_DEGREES


def is_coarse(latitude: float, longitude: float) -> bool:
    """Whether both are whole minutes of arc, a mile or two: so are whole degrees, and tenths of them. A reading to a
    tenth of a metre is that by chance once in millions."""
    return all(abs(degrees * 60 - round(degrees * 60)) < 60 * 1e-6 for degrees in (latitude, longitude))
