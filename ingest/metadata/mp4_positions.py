"""Which tracks and boxes of an MP4 say where the recorder was."""

from __future__ import annotations

import bisect
import itertools
import math
import re
import struct
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from typing import BinaryIO, Final

from ingest.metadata.bounds import ReadingTooMuch
from ingest.metadata.free_gps import MARK, MOST_BYTES, Block, points_of_blocks, read_block
from ingest.metadata.gpmf import points_of_payload
from ingest.metadata.mp4 import (
    WAYS_TO_LOGS,
    Budget,
    MetaTrack,
    Sample,
    find_boxes,
    meta_tracks,
    read_box,
    samples_of,
)
from ingest.metadata.mp4_fragments import fragment_samples
from ingest.metadata.nmea import points_of_nmea
from ingest.metadata.points import Point
from ingest.metadata.positions import EPOCH
from ingest.metadata.subtitle_positions import point_of_cue

Found = tuple[str, list[Point]]
MOST_BLOCKS: Final = 100_000
MOST_UDTA_BYTES: Final = 64 << 10
SCRAMBLING_FIRMWARE: Final = b"3.01.054"
"""Rexing V1-4k: its degrees are scaled and look like others."""
TEXT_CODECS: Final = (b"text", b"tx3g", b"sbtl", b"mp4s")


LEAP_SECONDS: Final = 18
STAMP: Final = re.compile(r"\[(\d{13})\]")
LONGEST_STEP: Final = 10.0
"""Seconds between two stamps; where there are more, somebody set the clock."""


def read_mp4(handle: BinaryIO, size: int, budget: Budget) -> Iterator[Found]:
    """Each source of positions once, with all its points. Never raises for what the file holds.

    What was read before the budget was spent is given all the same."""
    for read in (read_novatek, read_blackvue, read_tracks):
        found: dict[str, list[Point]] = {}
        try:
            for source, points in read(handle, size, budget):
                found.setdefault(source, []).extend(points)
        except (ReadingTooMuch, struct.error, OverflowError, ValueError):
            pass
        yield from found.items()


def read_tracks(handle: BinaryIO, size: int, budget: Budget) -> Iterator[Found]:
    fragmented: dict[int, MetaTrack] = {}
    defaults = fragment_defaults(handle, size, budget)
    for track in meta_tracks(handle, size, budget):
        source, read = reader_for(track)
        if read is None:
            continue
        for sample in samples_of(handle, track, budget):
            yield source, read(sample)
        if track.number in defaults:
            fragmented[track.number] = replace(track, defaults=defaults[track.number])
    for track, sample in fragment_samples(handle, size, fragmented, budget) if fragmented else ():
        source, read = reader_for(track)
        if read is not None:
            yield source, read(sample)


def fragment_defaults(handle: BinaryIO, size: int, budget: Budget) -> dict[int, tuple[int, int]]:
    """By a track's number, length and size of its samples where fragments say nothing: trex (8.8.3)."""
    found = {}
    for box in find_boxes(handle, 0, size, budget, b"moov", b"mvex", b"trex"):
        said = read_box(handle, box, budget)
        if len(said) >= 20:
            number, _, duration, length = struct.unpack_from(">IIII", said, 4)
            found[number] = (duration, length)
    return found


def reader_for(track: MetaTrack) -> tuple[str, Callable[[Sample], list[Point]] | None]:
    if track.codec == b"gpmd":
        return "gpmf", lambda sample: points_of_payload(sample.content, sample.start_seconds, sample.length_seconds)
    if track.codec == b"camm":
        return "camm", points_of_camm
    if track.codec in TEXT_CODECS or track.handler in (b"text", b"sbtl", b"subt"):
        return "text_track", points_of_text
    return "", None


def points_of_text(sample: Sample) -> list[Point]:
    """3GPP TS 26.245: two bytes of length, the text, and boxes that style it."""
    (length,) = struct.unpack_from(">H", sample.content.ljust(2, b"\0"))
    text = sample.content[2 : 2 + length].decode("utf-8", "replace")
    point = point_of_cue(text, sample.start_seconds)
    return [] if point is None else [point]


def points_of_camm(sample: Sample) -> list[Point]:
    """Camera Motion Metadata: type 5 has latitude, longitude, height as doubles; type 6 its time, fix and more."""
    content, at = sample.content, sample.start_seconds
    if len(content) < 28:
        return []
    (kind,) = struct.unpack_from("<H", content, 2)
    if kind == 5:
        return [Point(at, *struct.unpack_from("<ddd", content, 4))]
    if kind == 6 and len(content) >= 60:
        seconds, fix, latitude, longitude, height = struct.unpack_from("<diddf", content, 4)
        east, north = struct.unpack_from("<ff", content, 44)
        # GPS time, which knows no leap seconds: 18 behind UTC's since 2017.
        told = math.isfinite(seconds) and LEAP_SECONDS < seconds < 4e9
        moment = EPOCH + timedelta(seconds=seconds - LEAP_SECONDS) if told else None
        return [Point(at, latitude, longitude, height, math.hypot(east, north), fix=fix, at=moment)]
    return []


def read_novatek(handle: BinaryIO, size: int, budget: Budget) -> Iterator[Found]:
    """`gps ` in moov: four bytes, how many blocks, then an offset and a size for each."""
    for box in find_boxes(handle, 0, size, budget, b"moov", b"udta"):
        if SCRAMBLING_FIRMWARE in read_box(handle, box, budget, MOST_UDTA_BYTES):
            return
    for box in find_boxes(handle, 0, size, budget, *WAYS_TO_LOGS[0]):
        yield "novatek", list(points_of_blocks(listed_blocks(handle, read_box(handle, box, budget), budget)))


def read_blackvue(handle: BinaryIO, size: int, budget: Budget) -> Iterator[Found]:
    """`gps ` in a `free` of the top level: a log of NMEA, each sentence behind a time of the recorder's own."""
    for box in find_boxes(handle, 0, size, budget, *WAYS_TO_LOGS[1]):
        log = read_box(handle, box, budget).decode("latin-1")
        yield "blackvue", list(points_of_nmea(log, offsets_by_stamps(log)))


def offsets_by_stamps(log: str) -> Callable[[int], float | None]:
    """Seconds from the first stamp, which is written as recording begins, to what stands at a place in the log; None
    everywhere if the recorder's clock was set meanwhile."""
    stamps = [(found.start(), int(found[1]) / 1000) for found in STAMP.finditer(log)]
    steps = (later[1] - earlier[1] for earlier, later in itertools.pairwise(stamps))
    if not stamps or not all(0 <= step <= LONGEST_STEP for step in steps):
        return lambda at: None
    places, first = [at for at, _ in stamps], stamps[0][1]
    return lambda at: round(stamps[max(0, bisect.bisect_right(places, at) - 1)][1] - first, 3)


def listed_blocks(handle: BinaryIO, table: bytes, budget: Budget) -> Iterator[Block]:
    count = min(int.from_bytes(table[4:8]), max(0, len(table) - 8) // 8)
    entries = table[8 : 8 + count * 8]
    for number, (at, length) in enumerate(struct.iter_unpack(">II", entries)):
        if number >= MOST_BLOCKS:
            return
        budget.take(bytes_=min(length, MOST_BYTES))
        handle.seek(at)
        content = handle.read(min(length, MOST_BYTES))
        block = read_block(content[4:]) if content[4:12] == MARK else None
        if block is not None:
            yield block
