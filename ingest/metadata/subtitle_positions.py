"""Positions in subtitles: drones and dashcams write a line a second, as a text track or as an .srt beside the file.

DJI: `[latitude: 31.2304] [longitude: 121.4737] [rel_alt: 1.5 abs_alt: 3.2]`, older `GPS(121.4737,31.2304,19)` with the
longitude first, and `GPS (121.4737, 31.2304, 19)` within a comma list. Others write NMEA as it is.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from typing import Final

from ingest.metadata.nmea import points_of_nmea
from ingest.metadata.points import Point

LONGEST_CUE: Final = 4096
MOST_CUES: Final = 200_000
# Every repetition is bounded and what follows it cannot begin it: no text makes these slow.
NUMBER: Final = r"([+-]?\d{1,4}(?:\.\d{1,12})?)"
# Degrees with at least three decimals, a hundred metres: of degrees, minutes and seconds these are not the degrees.
DEGREES: Final = r"([+-]?\d{1,3}\.\d{3,12})(?![\d.])"
LATITUDE: Final = re.compile(rf"\blat(?:itude)? ?[:=] ?{DEGREES} ?([NS]\b)?", re.IGNORECASE)
LONGITUDE: Final = re.compile(rf"\b(?:longt?itude|lon|lng) ?[:=] ?{DEGREES} ?([EW]\b)?", re.IGNORECASE)
HEIGHT: Final = re.compile(rf"\b(?:abs_alt|altitude|alt) ?[:=] ?{NUMBER}", re.IGNORECASE)
DJI_GPS: Final = re.compile(rf"\bGPS ?\( ?{DEGREES} ?, ?{DEGREES} ?(?:, ?{NUMBER} ?M?)?\)")
CHINA_WEST: Final = 73.0
CHINA_SOUTH, CHINA_NORTH = 3.0, 54.0
TIMES: Final = re.compile(r"(\d{1,3}):(\d{2}):(\d{2})[,.](\d{3}) --> ")


def point_of_cue(text: str, offset_seconds: float) -> Point | None:
    """Where one cue says it was shown; None where it says nothing of the kind."""
    text = text[:LONGEST_CUE]
    latitude, longitude, height = LATITUDE.search(text), LONGITUDE.search(text), HEIGHT.search(text)
    if latitude and longitude:
        north, east = degrees_of(latitude), degrees_of(longitude)
        if north is None or east is None:
            return None
        return Point(offset_seconds, north, east, None if height is None else float(height[1]))
    dji = DJI_GPS.search(text)
    if dji is not None:
        east, north = float(dji[1]), float(dji[2])
        # Some write the latitude first. Where that would be in China and this in the polar sea, it is neither.
        doubtful = north > CHINA_WEST and CHINA_SOUTH < east < CHINA_NORTH
        # The third number counts satellites on some models, and is no height to be relied on.
        return Point(offset_seconds, math.nan, math.nan) if doubtful else Point(offset_seconds, north, east)
    return next(points_of_nmea(text, offset_seconds), None)


def degrees_of(found: re.Match[str]) -> float | None:
    """South and west may be written behind the number, or before it by a minus, or both. None: these contradict."""
    degrees, half = float(found[1]), (found[2] or "").upper()
    if half in ("S", "W"):
        return -abs(degrees)
    return None if half and degrees < 0 else degrees


def points_of_srt(text: str) -> Iterator[Point]:
    """SubRip: cues apart by empty lines, each with its times."""
    for number, cue in enumerate(re.split(r"\r?\n\r?\n", text)):
        if number >= MOST_CUES:
            return
        found = TIMES.search(cue[:LONGEST_CUE])
        if found is not None:
            hours, minutes, seconds, thousandths = map(int, found.groups())
            point = point_of_cue(cue[found.end() :], hours * 3600 + minutes * 60 + seconds + thousandths / 1000)
            if point is not None:
                yield point
