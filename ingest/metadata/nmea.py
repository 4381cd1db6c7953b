"""NMEA 0183 sentences, as recorders write them beside or into a recording.

RMC says where, when and whether; GGA adds the height and the kind of fix. A sentence without a right checksum is torn,
and torn ones are passed over.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Final

from ingest.metadata.positions import Point

SENTENCE: Final = re.compile(r"\$(G[A-Z]|BD)(RMC|GGA),([A-Za-z0-9,.\-]{10,110})\*([0-9A-Fa-f]{2})")
KNOT: Final = 0.514444
Fix = tuple[float | None, int | None, float | None]  # height, dimensions, dilution


def points_of_nmea(text: str, offset_seconds: float | None = None) -> Iterator[Point]:
    """A point for each RMC, with the height of the GGA of the same second. `offset_seconds`: of its frame."""
    heights: dict[str, Fix] = {}
    waiting: list[tuple[str, list[str]]] = []
    for found in SENTENCE.finditer(text):
        if checksum_of(found.group(0)) != int(found.group(4), 16):
            continue
        fields = found.group(3).split(",")
        if found.group(2) == "GGA":
            heights[fields[0]] = read_gga(fields)
        else:
            waiting.append((fields[0], fields))
        if len(waiting) > 8:
            yield from points_of_rmc([waiting.pop(0)], heights, offset_seconds)
            if len(heights) > 32:
                heights.pop(next(iter(heights)))
    yield from points_of_rmc(waiting, heights, offset_seconds)


def checksum_of(sentence: str) -> int:
    total = 0
    for letter in sentence[1 : sentence.rindex("*")]:
        total ^= ord(letter)
    return total


def points_of_rmc(
    sentences: list[tuple[str, list[str]]], heights: dict[str, Fix], offset_seconds: float | None
) -> Iterator[Point]:
    """hhmmss.ss, A or V, ddmm.mmmm, N or S, dddmm.mmmm, E or W, knots, course, ddmmyy."""
    for clock, fields in sentences:
        if len(fields) < 9:
            continue
        latitude, longitude = degrees_of(fields[2], fields[3], "NS"), degrees_of(fields[4], fields[5], "EW")
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
            fix=0 if fields[1] != "A" else 1 if dimensions is None else dimensions,
            precision=dilution,
            at=moment_of(fields[8], clock),
        )


def read_gga(fields: list[str]) -> Fix:
    """… quality (0 none), satellites, dilution, height, M …. Four satellites make a height."""
    if len(fields) < 9:
        return None, None, None
    satellites, quality = number_of(fields[6]), fields[5]
    dimensions = 0 if quality in ("", "0") else 3 if (satellites or 0) >= 4 else 2
    return number_of(fields[8]), dimensions, number_of(fields[7])


def degrees_of(text: str, half: str, halves: str) -> float | None:
    number = number_of(text)
    if number is None or not half or half not in halves:
        return None
    degrees, minutes = divmod(number, 100)
    if not 0 <= minutes < 60:
        return None
    value = degrees + minutes / 60
    return -value if half == halves[1] else value


def number_of(text: str) -> float | None:
    try:
        return float(text) if text and len(text) < 24 and "_" not in text else None
    except ValueError:
        return None


def moment_of(day: str, clock: str) -> datetime | None:
    """Two digits of the year: recorders are of this century."""
    try:
        whole = datetime.strptime(f"{day} {clock[:6]}", "%d%m%y %H%M%S").replace(tzinfo=UTC)
        return whole + timedelta(seconds=float("0" + clock[6:]))
    except ValueError:
        return None
