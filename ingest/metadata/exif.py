"""What a photograph's EXIF claims, read by exifread: pure Python, over a bounded copy of the file's bytes."""

from __future__ import annotations

import io
import logging
import re
import time
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from typing import Any, Final

import exifread

from ingest.metadata.bounds import ReadingTooMuch
from ingest.metadata.claims import Claim, Claims, Withheld, gather
from ingest.metadata.clock import NO_SUCH_TIME, time_claim
from ingest.metadata.location import HALF_MISSING, NOT_UNDERSTOOD, OTHER_DATUM, WGS_84, location_from_degrees
from ingest.metadata.points import NO_FIX, POOR_PRECISION, STALE_FIX, WORST_ERROR_METRES
from ingest.metadata.reading import MOST_PHOTOGRAPH_BYTES

# Tags may claim the same bytes over and over, and boxes may lead back to themselves.
MOST_BYTES_READ: Final = 2 * MOST_PHOTOGRAPH_BYTES
LONGEST_SECONDS: Final = 10.0
"""Of the processor, as everywhere in this process: it reads one file, and is not to tell another story under load."""
MOST_READS: Final = 50_000
"""The most for a photograph of the corpus were 800. A box of HEIC that leads back to itself is read for ever."""
LONGEST_SINCE_FIX: Final = timedelta(minutes=10)
"""Before the shutter: from longer ago a camera tells where it was, and not where it is."""
OFFSET: Final = re.compile(r"Z|[+-]\d\d:?\d\d")
Tags = Mapping[str, Any]

# It writes a warning for every broken tag of every hostile file; the findings say so once.
logging.getLogger("exifread").setLevel(logging.CRITICAL)


class BoundedBytes(io.BytesIO):
    """What the parser reads from. It has no limits of its own, but does nothing for long without reading."""

    def __init__(self, content: bytes) -> None:
        super().__init__(content)
        self._left, self._until = MOST_BYTES_READ, time.process_time() + LONGEST_SECONDS
        self._reads_left = MOST_READS

    def read(self, size: int | None = -1, /) -> bytes:
        piece = super().read(size)
        self._left -= len(piece)
        self._reads_left -= 1
        if self._left < 0 or self._reads_left < 0 or time.process_time() > self._until:
            raise ReadingTooMuch
        return piece


def read_exif(content: bytes) -> Tags:
    """Empty for whatever carries none or carries it broken. Makers' private notes and thumbnails are left alone.

    Raises ReadingTooMuch for what goes on for longer than any photograph does: that it says nothing is not known then.
    """
    try:
        tags: Tags = exifread.process_file(BoundedBytes(content), details=False)
    except ReadingTooMuch:
        raise
    except Exception:  # RecursionError and MemoryError are among them.
        return {}
    return tags


def orientation_of_tags(tags: Tags) -> int:
    """1 to 8 (TIFF 6.0, tag 274); 1, upright, for anything else."""
    values = numbers_of(tags, "Image Orientation")
    return int(values[0]) if values and 1 <= values[0] <= 8 else 1


def claims_of_tags(tags: Tags) -> Claims:
    """Positions, times and the camera; China's zone is supposed where a time carries no offset, as most do not."""
    place = tuple(read_location(tags))
    has_fix = any(isinstance(found, Claim) for found in place)
    times = tuple(read_times(tags, has_fix))
    if has_fix and is_stale(times):
        place = tuple(Withheld("location", raw_location(tags), "exif:gps", STALE_FIX) for _ in place)
    return gather((*place, *times, *read_device(tags)))


def is_stale(times: Iterable[Claim | Withheld]) -> bool:
    """Whether the fix is older than the picture. Where the camera says no zone nobody can tell: the one that is
    supposed may be hours off."""
    by_source = {said.source: moment_of(said) for said in times if isinstance(said, Claim)}
    fix = by_source.pop("exif:gps", None)
    shutter = next((moment for moment in by_source.values() if moment is not None), None)
    return fix is not None and shutter is not None and shutter - fix > LONGEST_SINCE_FIX


def moment_of(claim: Claim) -> datetime | None:
    """None where its zone is supposed."""
    if isinstance(claim.value, str) or claim.confidence != "stated":
        return None
    return datetime.fromisoformat(str(claim.value["time"]))


def read_location(tags: Tags) -> Iterator[Claim | Withheld]:
    if "GPS GPSLatitude" not in tags and "GPS GPSLongitude" not in tags:
        return
    halves = tuple(text_of(tags, f"GPS GPS{name}Ref").upper()[:1] for name in ("Latitude", "Longitude"))
    raw = raw_location(tags)
    latitude = sexagesimal(tags, "GPS GPSLatitude", halves[0] == "S")
    longitude = sexagesimal(tags, "GPS GPSLongitude", halves[1] == "W")
    if latitude is None or longitude is None:
        yield Withheld("location", raw, "exif:gps", NOT_UNDERSTOOD)
    elif halves[0] not in ("N", "S") or halves[1] not in ("E", "W"):
        yield Withheld("location", raw, "exif:gps", HALF_MISSING)
    elif WGS_84.fullmatch(text_of(tags, "GPS GPSMapDatum")) is None:
        yield Withheld("location", raw, "exif:gps", OTHER_DATUM)
    elif error_metres(tags) > WORST_ERROR_METRES or way_of_finding(tags) == "CELLID":
        yield Withheld("location", raw, "exif:gps", POOR_PRECISION)
    elif way_of_finding(tags) == "MANUAL":
        yield Withheld("location", raw, "exif:gps", NO_FIX)
    else:
        # Status V is "measurement void" (EXIF 2.32, 4.6.6): the camera itself does not stand by it.
        fix = 0 if text_of(tags, "GPS GPSStatus") == "V" else None
        precision = number_of(tags, "GPS GPSDOP")
        yield location_from_degrees(latitude, longitude, height_of(tags), raw, "exif:gps", fix=fix, precision=precision)


def raw_location(tags: Tags) -> str:
    names = ("GPSLatitudeRef", "GPSLatitude", "GPSLongitudeRef", "GPSLongitude")
    return " ".join(str(tags.get(f"GPS {name}", "?")) for name in names)


def way_of_finding(tags: Tags) -> str:
    """GPSProcessingMethod (EXIF 2.32, 4.6.6): GPS, CELLID, WLAN or MANUAL, behind eight bytes that say in which
    letters it is written."""
    try:
        said = bytes(tags["GPS GPSProcessingMethod"].values)
    except (KeyError, AttributeError, TypeError, ValueError):
        return ""
    return said[8:].decode("ascii", "replace").strip("\0 ").upper()


def height_of(tags: Tags) -> float | None:
    """Metres; the reference says below sea level, or (EXIF 3.0) below the ellipsoid."""
    height = number_of(tags, "GPS GPSAltitude")
    below = numbers_of(tags, "GPS GPSAltitudeRef") in ([Fraction(1)], [Fraction(3)])
    return -height if height is not None and below else height


def error_metres(tags: Tags) -> float:
    """GPSHPositioningError (tag 31, which the reader has no name for); 0 where it is not written."""
    return number_of(tags, "GPS Tag 0x001F") or 0.0


def number_of(tags: Tags, name: str) -> float | None:
    numbers = numbers_of(tags, name)
    return float(numbers[0]) if numbers else None


def sexagesimal(tags: Tags, name: str, negative: bool) -> float | None:
    """Degrees of degrees, minutes and seconds. None for what are no such: the half of the globe is written apart, and
    who writes a part of a degree or of a minute there has written the smaller parts already (EXIF 2.32, 4.6.6)."""
    parts = numbers_of(tags, name)
    if parts is None or len(parts) != 3 or min(parts) < 0 or max(parts[1:]) > 60:
        return None
    if any(part.denominator != 1 and any(parts[at + 1 :]) for at, part in enumerate(parts)):
        return None
    degrees = float(parts[0] + parts[1] / 60 + parts[2] / 3600)
    return -degrees if negative else degrees


def numbers_of(tags: Tags, name: str) -> list[Fraction] | None:
    """None where the tag is missing or a fraction has no denominator, as cameras without a fix write it."""
    try:
        return [exact(value) for value in list(tags[name].values)]
    except (KeyError, AttributeError, TypeError, ValueError, ZeroDivisionError, OverflowError):
        return None


def exact(value: Any) -> Fraction:
    return Fraction(value.num, value.den) if hasattr(value, "num") else Fraction(value)


def text_of(tags: Tags, name: str) -> str:
    return str(tags[name]).strip("\0 ") if name in tags else ""


def read_times(tags: Tags, has_fix: bool) -> Iterator[Claim | Withheld]:
    """`has_fix`: a receiver without one has no satellites' time either, but some clock of its own."""
    for name in ("DateTimeOriginal", "DateTimeDigitized"):
        raw = text_of(tags, f"EXIF {name}")
        if raw:
            offset = text_of(tags, f"EXIF OffsetTime{name.removeprefix('DateTime')}") or text_of(
                tags, "EXIF OffsetTime"
            )
            yield read_time(raw, offset, f"exif:{name}")
            break  # The second says the same on every camera that is not a scanner.
    day, clock = text_of(tags, "GPS GPSDate"), numbers_of(tags, "GPS GPSTimeStamp")
    if day and clock is not None and len(clock) == 3:
        said = read_gps_time(day, clock)
        lost = isinstance(said, Claim) and not has_fix
        yield Withheld("clock", f"{day} {clock_text(clock)}", "exif:gps", NO_FIX) if lost else said


def read_time(raw: str, offset: str, source: str) -> Claim | Withheld:
    try:
        moment = datetime.strptime(raw, "%Y:%m:%d %H:%M:%S")  # noqa: DTZ007 - the zone comes next, or is supposed
        if OFFSET.fullmatch(offset):  # "   :  " where it is not known (EXIF 2.32, 4.6.5)
            moment = moment.replace(tzinfo=datetime.strptime(offset, "%z").tzinfo)
    except ValueError:
        return Withheld("clock", f"{raw} {offset}".strip(), source, NO_SUCH_TIME)
    return time_claim("clock", moment, raw, source)


def read_gps_time(day: str, clock: list[Fraction]) -> Claim | Withheld:
    """The satellites' time, in UTC: better than the camera's own where both are there."""
    raw = f"{day} {clock_text(clock)}"
    if not (clock[0] < 24 and clock[1] < 60 and min(clock) >= 0):
        return Withheld("clock", raw, "exif:gps", NO_SUCH_TIME)
    try:
        midnight = datetime.strptime(day, "%Y:%m:%d").replace(tzinfo=UTC)
        moment = midnight + timedelta(seconds=float(clock[0] * 3600 + clock[1] * 60 + clock[2]))
    except (ValueError, OverflowError):
        return Withheld("clock", raw, "exif:gps", NO_SUCH_TIME)
    return time_claim("clock", moment.replace(microsecond=0), raw, "exif:gps")


def clock_text(clock: list[Fraction]) -> str:
    return ":".join(str(float(part)) for part in clock)


def read_device(tags: Tags) -> Iterator[Claim | Withheld]:
    maker, model = text_of(tags, "Image Make"), text_of(tags, "Image Model")
    if maker or model:
        name = model if model.startswith(maker) else f"{maker} {model}".strip()
        serial = text_of(tags, "EXIF BodySerialNumber")
        yield Claim("device", f"{name} #{serial}" if serial else name, "exif:make+model", "stated")
