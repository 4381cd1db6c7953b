"""Positions as files write them, and the ones that are none."""

from __future__ import annotations

import re
from collections.abc import Mapping

from ingest.metadata.claims import Claim, Confidence, Withheld

NO_FIX = "zero_zero_is_no_fix"
OUT_OF_RANGE = "out_of_range"
NOT_UNDERSTOOD = "not_understood"
ISO_6709 = re.compile(r"([+-]\d+(?:\.\d+)?)([+-]\d+(?:\.\d+)?)([+-]\d+(?:\.\d+)?)?(?:CRS.*)?/?")


def location_from_iso6709(raw: str, source: str) -> Claim | Withheld:
    """ISO 6709 point strings, ±DD.DDDD±DDD.DDDD/, also with minutes and seconds, with or without a height in metres."""
    found = ISO_6709.fullmatch(raw.strip())
    if found is None:
        return Withheld("location", raw, source, NOT_UNDERSTOOD)
    latitude = degrees_of(found.group(1), 2)
    longitude = degrees_of(found.group(2), 3)
    if latitude is None or longitude is None:
        return Withheld("location", raw, source, NOT_UNDERSTOOD)
    height = None if found.group(3) is None else float(found.group(3))
    return location_from_degrees(latitude, longitude, height, raw, source)


def degrees_of(text: str, degree_digits: int) -> float | None:
    """Annex H: the number of digits before the point says whether minutes and seconds are among them.

    Fewer than degrees have (Android wrote -0.2431 for -000.2431) can be degrees alone."""
    sign, number = (-1 if text[0] == "-" else 1), text[1:]
    digits = len(number.split(".")[0])
    if digits == degree_digits or (digits < degree_digits and "." in number):
        return sign * float(number)
    minutes = number[degree_digits:]
    degrees = float(number[:degree_digits])
    if digits == degree_digits + 2:
        return sign * (degrees + float(minutes) / 60)
    if digits == degree_digits + 4:
        return sign * (degrees + float(minutes[:2]) / 60 + float(minutes[2:]) / 3600)
    return None


def location_from_degrees(
    latitude: float,
    longitude: float,
    altitude_metres: float | None,
    raw: str,
    source: str,
    confidence: Confidence = "stated",
) -> Claim | Withheld:
    """0,0 lies in the Gulf of Guinea: it is what a receiver without a fix writes, never where a by-law was enforced."""
    if not (abs(latitude) <= 90 and abs(longitude) <= 180):  # NaN fails both.
        return Withheld("location", raw, source, OUT_OF_RANGE)
    if round(latitude, 4) == 0 and round(longitude, 4) == 0:
        return Withheld("location", raw, source, NO_FIX)
    value: Mapping[str, str | float] = {"latitude": round(latitude, 7), "longitude": round(longitude, 7)}
    if altitude_metres is not None:
        value = {**value, "altitude_metres": round(altitude_metres, 2)}
    return Claim("location", value, source, confidence)
