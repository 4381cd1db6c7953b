"""What a file's name claims. One table, a pattern a maker; a name is a claim, never authority."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, tzinfo

from ingest.metadata.claims import Claim, Claims, Withheld, gather
from ingest.metadata.clock import NO_SUCH_TIME, SHANGHAI, time_claim


@dataclass(frozen=True)
class NamePattern:
    """Named groups: device, officer, and either time (14 digits) or day (8) with clock (6)."""

    source: str
    regex: re.Pattern[str]
    example: str


def pattern(source: str, regex: str, example: str) -> NamePattern:
    return NamePattern(source, re.compile(rf"{regex}\.[A-Za-z0-9]{{1,5}}", re.ASCII), example)


# The first that matches the whole name wins, so the narrow ones come first.
PATTERNS = (
    pattern(
        "name:ga/t-947",
        r"(?P<device>[A-Z0-9]{7})_(?P<officer>[A-Z0-9]{6})_(?P<time>\d{14})",
        "AB00001_000123_20260101093000.MP4",
    ),
    pattern(
        "name:ga/t-947-numbered",
        r"(?P<device>[A-Z0-9]{7})_(?P<officer>[A-Z0-9]{6})_(?P<time>\d{14})[_-]\d{1,4}",
        "AB00001_000123_20260101093000_0001.MP4",
    ),
    pattern("name:device-time", r"(?P<device>[A-Z0-9]{4,20})[_-](?P<time>\d{14})", "DSJ00042_20260101093000.mp4"),
    pattern(
        "name:device-day-clock",
        r"(?P<device>(?!VID|IMG|MOV|PXL|REC)[A-Z0-9]{4,20})[_-](?P<day>\d{8})[_-](?P<clock>\d{6})",
        "DSJ00042_20260101_093000.mp4",
    ),
    pattern(
        "name:day-clock-number", r"(?P<day>\d{8})_(?P<clock>\d{6})(?:_\d{1,4})?[A-Z]?", "20260101_093000_0007A.MP4"
    ),
    pattern(
        "name:phone",
        r"(?:VID|IMG|MOV|PXL|REC)[_-]?(?P<day>\d{8})[_-](?P<clock>\d{6})(?:[_-]?\d{1,6})?",
        "VID_20260101_093000.mp4",
    ),
    pattern("name:drone", r"DJI_(?P<time>\d{14})_\d{4}(?:_[A-Z])?", "DJI_20260101093000_0001_D.MP4"),
    pattern("name:time", r"(?P<time>\d{14})", "20260101093000.mp4"),
)


def claims_from_name(name: str, zone: tzinfo = SHANGHAI) -> Claims:
    """`zone` is the one recorders' clocks are kept in; names never carry one. Folders before the name are ignored."""
    last = name.replace("\\", "/").rsplit("/", 1)[-1]
    for known in PATTERNS:
        found = known.regex.fullmatch(last)
        if found is not None:
            return gather(read_match(found, known.source, zone))
    return Claims()


def read_match(found: re.Match[str], source: str, zone: tzinfo) -> Iterator[Claim | Withheld]:
    groups = found.groupdict()
    if groups.get("device"):
        yield Claim("device", groups["device"], source, "stated")
    if groups.get("officer"):
        yield Claim("officer", groups["officer"], source, "stated")
    raw = groups.get("time") or groups["day"] + groups["clock"]
    try:
        moment = datetime.strptime(raw, "%Y%m%d%H%M%S")  # noqa: DTZ007 - names carry no zone; it is supposed
    except ValueError:
        yield Withheld("started_at", raw, source, NO_SUCH_TIME)
        return
    yield time_claim("started_at", moment, zone, raw, source)
