"""The blocks in which Novatek's chips, and the many recorders built on them, write where they were.

In an MP4 the box `gps ` in moov lists where blocks lie, each a box of type `free` that begins `GPS `; in a transport
stream the same fields are the payload of a private stream. Six 32-bit numbers say the time, three letters say fix, half
of latitude and of longitude, three 32-bit floats say ddmm.mmmm, dddmm.mmmm and knots, all little-endian.
The time is the recorder's own, in a zone nobody says: it orders the points, and is no satellites' time.

Some makers scramble the degrees in the same fields. What then reads as no ddmm.mmmm is no position; ExifTool's notes on
a hundred such layouts (QuickTimeStream.pl) were read to see that theirs do.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from ingest.metadata.nmea import KNOT
from ingest.metadata.points import Point

MARK: Final = b"freeGPS "
FIELDS: Final = struct.Struct("<IIIIIIcccBfff")
AFTER_MARK: Final = (12, 44)
"""Where the fields begin, counted from the mark: newer chips, older ones."""
BARE: Final = (0, 164)
"""The same in a transport stream, where there is no mark."""
OTHER_MAKERS: Final = (b"IQS",)
"""These write whole degrees in the same place; at the twelfth byte from the mark."""
MOST_BYTES: Final = 4096
SMALLEST: Final = 0.01
"""Of ddmm.mmmm: twenty metres from the equator. What is smaller was no such number."""
MOST_DEGREES: Final = (90, 180)
"""What are no more than these may be plain degrees: as ddmm.mmmm they would lie in the Gulf of Guinea, off all land."""


@dataclass(frozen=True)
class Block:
    """`clock` is the recorder's own time of day and date, without a zone."""

    clock: datetime
    point: Point


def read_block(content: bytes) -> Block | None:
    """What a block says, from its mark on, or bare; None where its fields are not those of these layouts."""
    marked = content.startswith(MARK)
    if marked and content[12:15] in OTHER_MAKERS:
        return None
    found = (read_fields(content, at) for at in (AFTER_MARK if marked else BARE))
    return next((block for block in found if block is not None), None)


def read_fields(content: bytes, at: int) -> Block | None:
    if len(content) < at + FIELDS.size:
        return None
    hour, minute, second, year, month, day, fix, north, east, zero, latitude, longitude, knots = FIELDS.unpack_from(
        content, at
    )
    if fix not in b"AV" or north not in b"NS" or east not in b"EW" or zero or year > 3000:
        return None
    where = degrees_of(latitude, 90, north == b"S"), degrees_of(longitude, 180, east == b"W")
    if where[0] is None or where[1] is None or (latitude <= MOST_DEGREES[0] and longitude <= MOST_DEGREES[1]):
        return None
    try:
        clock = datetime(year + (2000 if year < 100 else 0), month, day, hour, minute, second)  # noqa: DTZ001
    except ValueError:
        return None
    speed = knots * KNOT if math.isfinite(knots) else None
    return Block(clock, Point(None, where[0], where[1], None, speed, fix=1 if fix == b"A" else 0))


def points_of_blocks(blocks: Iterable[Block]) -> Iterator[Point]:
    """Seconds are counted from the first block, which is written as recording begins."""
    first: datetime | None = None
    for block in blocks:
        first = first or block.clock
        yield block.point._replace(offset_seconds=(block.clock - first).total_seconds())


def degrees_of(value: float, most: int, negative: bool) -> float | None:
    if not math.isfinite(value) or not SMALLEST <= value <= most * 100:
        return None
    degrees, minutes = divmod(value, 100)
    if minutes >= 60:
        return None
    return -(degrees + minutes / 60) if negative else degrees + minutes / 60
