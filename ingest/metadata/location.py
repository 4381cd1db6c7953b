"""Positions as files write them, and the ones that are none."""

from __future__ import annotations

import re
from collections.abc import Mapping

from ingest.metadata.claims import Claim, Withheld
from ingest.metadata.points import TOO_COARSE, Point, is_coarse, why_not

NOT_UNDERSTOOD = "not_understood"
OTHER_DATUM = "other_datum"
HALF_MISSING = "half_of_the_globe_missing"
COARSEST_DEGREES = 0.01
"""A kilometre. What is written in whole degrees, or tenths of them, is a region."""
ISO_6709 = re.compile(
    r"([+-]\d+(?:\.\d+)?)([+-]\d+(?:\.\d+)?)([+-]\d+(?:\.\d+)?)?(?:CRS(?P<crs>[^/]*)/|CRS(?P<last>.*)|/)?", re.DOTALL
)
WGS_84 = re.compile(r"\s*(?:WGS[ _-]?(?:19)?84|EPSG:?:?(?:4326|4979))?\s*", re.IGNORECASE)
"""Names of the satellites' own system, and none: nobody who writes another leaves it out."""


def location_from_iso6709(raw: str, source: str) -> Claim | Withheld:
    """ISO 6709 point strings, ±DD.DDDD±DDD.DDDD/, also with minutes and seconds, with or without a height in metres."""
    found = ISO_6709.fullmatch(raw.strip())
    if found is None:
        return Withheld("location", raw, source, NOT_UNDERSTOOD)
    if WGS_84.fullmatch(found["crs"] or found["last"] or "") is None:
        return Withheld("location", raw, source, OTHER_DATUM)
    latitude = degrees_of(found.group(1), 2)
    longitude = degrees_of(found.group(2), 3)
    if latitude is None or longitude is None:
        return Withheld("location", raw, source, NOT_UNDERSTOOD)
    if max(unit_of(found.group(1), 2), unit_of(found.group(2), 3)) > COARSEST_DEGREES * 1.001:
        return Withheld("location", raw, source, TOO_COARSE)
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


def unit_of(text: str, degree_digits: int) -> float:
    """Degrees by which the last digit that is written counts."""
    whole, _, decimals = text[1:].partition(".")
    parts = (len(whole) - degree_digits + 1) // 2  # 0: degrees, 1: minutes, 2: seconds
    return float(60.0 ** -max(0, parts) * 10.0 ** -len(decimals))


def location_from_degrees(
    latitude: float,
    longitude: float,
    altitude_metres: float | None,
    raw: str,
    source: str,
    *,
    fix: int | None = None,
    precision: float | None = None,
) -> Claim | Withheld:
    """Believed by the same rules as the points of a track. `fix`, `precision`: as Point has them."""
    reason = why_not(Point(None, latitude, longitude, altitude_metres, fix=fix, precision=precision))
    if reason is None and is_coarse(latitude, longitude):
        reason = TOO_COARSE
    if reason is not None:
        return Withheld("location", raw, source, reason)
    value: Mapping[str, str | float] = {"latitude": round(latitude, 7), "longitude": round(longitude, 7)}
    if altitude_metres is not None:
        value = {**value, "altitude_metres": round(altitude_metres, 2)}
    return Claim("location", value, source, "stated")
