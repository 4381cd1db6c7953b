"""GPMF, the telemetry of GoPro and of those that copied it: https://github.com/gopro/gpmf-parser, "GPMF Introduction".

KLV with a four-letter key, a type, the size of one sample and how many; everything is padded to four bytes. A stream
(STRM) of a device (DEVC) carries its scale (SCAL) before its samples. Only what says where and when is read.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from ingest.metadata.points import Point

HEADER_BYTES: Final = 8
DEEPEST: Final = 6
MOST_ITEMS: Final = 20_000
NESTED: Final = 0
NUMBERS: Final = {
    ord("b"): "b",
    ord("B"): "B",
    ord("s"): "h",
    ord("S"): "H",
    ord("l"): "i",
    ord("L"): "I",
    ord("f"): "f",
    ord("d"): "d",
    ord("j"): "q",
    ord("J"): "Q",
}
DAYS_SINCE: Final = datetime(2000, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Item:
    key: bytes
    type: int
    sample_bytes: int
    repeat: int
    content: bytes


class Spent(Exception):
    """More items than any camera writes into one payload. Never leaves this module."""


def points_of_payload(payload: bytes, start_seconds: float, length_seconds: float) -> list[Point]:
    """The positions of one payload, which covers so many seconds of the recording. Empty for what is no GPMF.

    GPS5: latitude, longitude, altitude, ground speed, 3D speed. GPS9 (HERO11 on): the same, then days since 2000,
    seconds of the day, dilution of precision, fix, each point with its own. For GPS5 the payload says them once.
    GPRI (Karma): seconds since it began, latitude, longitude, altitude, two errors in metres, speed, course, fix.
    """
    points: list[Point] = []
    try:
        for stream in streams_of(payload, [MOST_ITEMS], 0):
            points += points_of_stream(stream, start_seconds, length_seconds)
    except (Spent, struct.error, OverflowError, ValueError):
        return points
    return points


def streams_of(content: bytes, allowance: list[int], depth: int) -> Iterator[list[Item]]:
    for item in items_of(content, allowance):
        if item.type != NESTED or depth >= DEEPEST:
            continue
        if item.key == b"STRM":
            yield list(items_of(item.content, allowance))
        else:
            yield from streams_of(item.content, allowance, depth + 1)


def items_of(content: bytes, allowance: list[int]) -> Iterator[Item]:
    at = 0
    while at + HEADER_BYTES <= len(content):
        allowance[0] -= 1
        if allowance[0] < 0:
            raise Spent
        key, kind, sample_bytes, repeat = struct.unpack_from(">4sBBH", content, at)
        at += HEADER_BYTES
        size = sample_bytes * repeat
        if at + size > len(content) or key == b"\0\0\0\0":
            return
        yield Item(key, kind, sample_bytes, repeat, content[at : at + size])
        at += -(-size // 4) * 4


def points_of_stream(stream: Sequence[Item], start: float, length: float) -> Iterator[Point]:
    by_key = {item.key: item for item in stream}
    samples = by_key.get(b"GPS9") or by_key.get(b"GPS5") or by_key.get(b"GPRI")
    if samples is None or b"SCAL" not in by_key or not samples.repeat:
        return
    scales = numbers_in(by_key[b"SCAL"])
    rows = rows_of(samples, by_key.get(b"TYPE"))
    divisors = scales * (9 if len(scales) == 1 else 1)
    fix, precision = first_number(by_key.get(b"GPSF")), first_number(by_key.get(b"GPSP"))
    clock = read_gpsu(by_key[b"GPSU"].content) if b"GPSU" in by_key else None
    for n, row in enumerate(rows):
        values = [value / (scale or 1) for value, scale in zip(row, divisors, strict=False)]
        if len(values) < 5:
            return
        offset = start + length * n / len(rows)
        shared = (offset, values[0], values[1], values[2], values[3])
        if samples.key == b"GPRI":
            if len(values) >= 9:
                yield Point(offset, values[1], values[2], values[3], values[6], fix=int(values[8]))
        elif samples.key == b"GPS9" and len(values) >= 9:
            at = moment_of(values[5], values[6])
            yield Point(*shared, fix=int(values[8]), precision=values[7], at=at)
        else:
            # The clock was read as the payload began; the points after it are spread over its length.
            at = None if clock is None else clock + timedelta(seconds=length * n / len(rows))
            yield Point(
                *shared,
                fix=None if fix is None else int(fix),
                precision=None if precision is None else precision / 100,
                at=at,
            )


def rows_of(samples: Item, shape: Item | None) -> list[tuple[float, ...]]:
    """The samples as numbers. GPS9 mixes types: TYPE names them ("lllllllSS")."""
    letters = shape.content.rstrip(b"\0") if samples.type == ord("?") and shape is not None else b""
    if not letters:
        one = NUMBERS.get(samples.type)
        if one is None or not samples.sample_bytes:
            return []
        letters = bytes([samples.type]) * (samples.sample_bytes // struct.calcsize(">" + one))
    if any(letter not in NUMBERS for letter in letters):
        return []
    row = struct.Struct(">" + "".join(NUMBERS[letter] for letter in letters))
    if row.size != samples.sample_bytes:
        return []
    return list(row.iter_unpack(samples.content))


def numbers_in(item: Item) -> list[float]:
    one = NUMBERS.get(item.type)
    if one is None:
        return []
    size = struct.calcsize(">" + one)
    count = len(item.content) // size
    return list(struct.unpack_from(f">{count}{one}", item.content))


def first_number(item: Item | None) -> float | None:
    numbers = [] if item is None else numbers_in(item)
    return numbers[0] if numbers else None


def read_gpsu(raw: bytes) -> datetime | None:
    """yymmddhhmmss.sss, in UTC."""
    try:
        return datetime.strptime(raw.decode("ascii").strip("\0 "), "%y%m%d%H%M%S.%f").replace(tzinfo=UTC)
    except ValueError:  # UnicodeDecodeError is one.
        return None


def moment_of(days: float, seconds: float) -> datetime | None:
    try:
        return DAYS_SINCE + timedelta(days=days, seconds=seconds)
    except (OverflowError, ValueError):
        return None
