"""NMEA 0183 sentences, as recorders write them beside or into a recording.

RMC says where, when and whether; GGA adds the height and the kind of fix. A sentence without a right checksum is torn,
and torn ones are passed over.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Final

from ingest.metadata.points import Point

SENTENCE: Final = re.compile(r"\$(G[A-Z]|BD)(RMC|GGA),([A-Za-z0-9,.\-]{10,110})\*([0-9A-Fa-f]{2})")
_DAY: Final = re.compile(r"[0-9]{6}")
_CLOCK: Final = re.compile(r"[0-9]{6}(\.[0-9]{0,9})?")
_NUMBER: Final = re.compile(r"-?[0-9]{1,12}(\.[0-9]{0,12})?|-?\.[0-9]{1,12}")
_LATITUDE: Final = re.compile(r"([0-9]{2})([0-5][0-9](?:\.[0-9]{0,12})?)")
_LONGITUDE: Final = re.compile(r"([0-9]{3})([0-5][0-9](?:\.[0-9]{0,12})?)")
"""Two or three digits of degrees, two of minutes: always as many (NMEA 0183, 5.3). Of fewer nobody knows which are the
degrees, and what some write there are degrees with decimals."""
KNOT: Final = 0.514444
Fix = tuple[float | None, int | None, float | None]  # height, dimensions, dilution
Sentence = tuple[list[str], float | None]  # the fields of an RMC, and when it came
NO_FIX_OF_QUALITY: Final = ("", "0", "6", "7", "8")
"""Of GGA: none, reckoned on from the last one, typed in, simulated."""
NO_FIX_OF_MODE: Final = ("N", "E", "M", "S")
"""The same in RMC, since version 2.3."""


def points_of_nmea(text: str, offset: float | Callable[[int], float | None] | None = None) -> Iterator[Point]:
    """A point for each RMC, with the height of the GGA of the same second. `offset`: seconds from the first frame of
    all of this text, or of what begins at so many letters. A sentence without a fix is a point without a place."""
    heights: dict[str, Fix] = {}
    waiting: list[Sentence] = []
    for found in SENTENCE.finditer(text):
        if checksum_of(found.group(0)) != int(found.group(4), 16):
            continue
        fields = found.group(3).split(",")
        if found.group(2) == "GGA":
            heights[fields[0]] = read_gga(fields)
        else:
            waiting.append((fields, offset(found.start()) if callable(offset) else offset))
        if len(waiting) > 8:
            yield from points_of_rmc([waiting.pop(0)], heights)
            if len(heights) > 32:
                heights.pop(next(iter(heights)))
    yield from points_of_rmc(waiting, heights)


def checksum_of(sentence: str) -> int:
    total = 0
    for letter in sentence[1 : sentence.rindex("*")]:
        total ^= ord(letter)
    return total


def points_of_rmc(sentences: list[Sentence], heights: dict[str, Fix]) -> Iterator[Point]:
    """hhmmss.ss, A or V, ddmm.mmmm, N or S, dddmm.mmmm, E or W, knots, course, ddmmyy, variation, E or W, mode."""
    for fields, offset_seconds in sentences:
        if len(fields) < 9:
            continue
        clock, at = fields[0], moment_of(fields[8], fields[0])
        if fields[1] != "A" or fields[11:12] in ([mode] for mode in NO_FIX_OF_MODE):
            yield Point(offset_seconds, math.nan, math.nan, fix=0, at=at)
            continue
        latitude = degrees_of(_LATITUDE, fields[2], fields[3], "NS")
        longitude = degrees_of(_LONGITUDE, fields[4], fields[5], "EW")
        if latitude is None or longitude is None:
            continue
        height, dimensions, dilution = heights.get(clock, (None, None, None))
        speed = number_of(fields[6])
        yield Point(
            offset_seconds,
            latitude,
            longitude,
            height,
            None if speed is None else speed * KNOT,
            fix=1 if dimensions is None else dimensions,
            precision=dilution,
            at=at,
        )


def read_gga(fields: list[str]) -> Fix:
    """… quality (0 none), satellites, dilution, height, M …. Four satellites make a height."""
    if len(fields) < 9:
        return None, None, None
    satellites, quality = number_of(fields[6]), fields[5]
    dimensions = 0 if quality in NO_FIX_OF_QUALITY else 3 if (satellites or 0) >= 4 else 2
    return number_of(fields[8]), dimensions, number_of(fields[7])


def degrees_of(form: re.Pattern[str], text: str, half: str, halves: str) -> float | None:
    """None for what is not of that form. A sign there is none: the half of the globe is written apart."""
    found = form.fullmatch(text)
    if found is None or not half or half not in halves:
        return None
    value = int(found[1]) + float(found[2]) / 60
    return -value if half == halves[1] else value


def number_of(text: str) -> float | None:
    """Of digits alone: a sentence has no powers of ten, no infinity, and nothing that is not a number."""
    return float(text) if _NUMBER.fullmatch(text) else None


def moment_of(day: str, clock: str) -> datetime | None:
    """Two digits of the year: recorders are of this century."""
    if not (_DAY.fullmatch(day) and _CLOCK.fullmatch(clock)):
        return None
    try:
        whole = datetime.strptime(f"{day} {clock[:6]}", "%d%m%y %H%M%S").replace(tzinfo=UTC)
    except ValueError:
        return None
    return whole + timedelta(seconds=float("0" + clock[6:]))
