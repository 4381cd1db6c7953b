"""The samples of small tracks in fragmented MP4: ISO/IEC 14496-12, 8.8. Recorders write so to lose little at a cut.

The sample tables of `moov` are empty there; each `moof` says which samples lie in the `mdat` after it.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import BinaryIO, Final

from ingest.containers import read_at
from ingest.metadata.mp4 import (
    MOST_SAMPLE_BYTES,
    MOST_SAMPLES,
    Box,
    Budget,
    MetaTrack,
    Sample,
    boxes_in,
    boxes_of_film,
    read_box,
)

MOST_FRAGMENT_BOXES: Final = 400_000
"""A fragment a second for half a day, with a picture, sound and telemetry each."""
BASE_OFFSET, DESCRIPTION, DURATION, SIZE, FLAGS = 0x1, 0x2, 0x8, 0x10, 0x20
RUN_OFFSET, RUN_FIRST_FLAGS, RUN_DURATION, RUN_SIZE, RUN_FLAGS, RUN_SHIFT = 0x1, 0x4, 0x100, 0x200, 0x400, 0x800


@dataclass
class Clock:
    """Of one track as its fragments go by: where its next sample begins, in its own ticks."""

    track: MetaTrack
    duration: int = 0
    size: int = 0
    ticks: int = 0


def fragment_samples(
    handle: BinaryIO, size: int, tracks: Mapping[int, MetaTrack], budget: Budget
) -> Iterator[tuple[MetaTrack, Sample]]:
    """Of the tracks given by their number. Samples that lie outside the file are missing."""
    budget.boxes = MOST_FRAGMENT_BOXES
    clocks = {number: Clock(track, *track.defaults) for number, track in tracks.items()}
    left = MOST_SAMPLES
    for moof in boxes_of_film(handle, size, budget):
        if moof.kind != b"moof":
            continue
        for traf in boxes_in(handle, moof.content_at, moof.end, budget):
            if traf.kind != b"traf":
                continue
            for clock, at, length, ticks, duration in places_in(handle, moof, traf, clocks, budget):
                left -= 1
                if left < 0:
                    return
                sample = read_sample(handle, clock.track, at, length, ticks, duration, budget)
                if sample is not None:
                    yield clock.track, sample


def places_in(
    handle: BinaryIO, moof: Box, traf: Box, clocks: Mapping[int, Clock], budget: Budget
) -> Iterator[tuple[Clock, int, int, int, int]]:
    """Where each sample of one track's part lies, its size, its time and its length in ticks."""
    clock, base, duration, size = None, moof.header_at, 0, 0
    at = base
    for box in boxes_in(handle, traf.content_at, traf.end, budget):
        if box.kind == b"tfhd":
            head = read_box(handle, box, budget)
            number, base, duration, size = read_header(head, moof, clocks)
            clock, at = clocks.get(number), base
        elif clock is not None and box.kind == b"tfdt":
            said = read_box(handle, box, budget)
            clock.ticks = int.from_bytes(said[4:12] if said[:1] == b"\1" else said[4:8])
        elif clock is not None and box.kind == b"trun":
            for offset, length, ticks in runs_of(read_box(handle, box, budget), duration, size):
                at = base + offset if offset is not None else at
                yield clock, at, length, clock.ticks, ticks
                at, clock.ticks = at + length, clock.ticks + ticks


def read_header(head: bytes, moof: Box, clocks: Mapping[int, Clock]) -> tuple[int, int, int, int]:
    """tfhd: the track's number, where offsets count from, and what holds where a run says nothing."""
    flags, number = struct.unpack_from(">II", head)
    at, base = 8, moof.header_at
    if flags & BASE_OFFSET:
        (base,) = struct.unpack_from(">Q", head, at)
        at += 8
    at += 4 if flags & DESCRIPTION else 0
    known = clocks.get(number)
    values = [0, 0] if known is None else [known.duration, known.size]
    for n, flag in enumerate((DURATION, SIZE)):
        if flags & flag:
            (values[n],) = struct.unpack_from(">I", head, at)
            at += 4
    return number, base, *values


def runs_of(run: bytes, duration: int, size: int) -> Iterator[tuple[int | None, int, int]]:
    """trun: for each sample its size and length; before the first of a run, where it lies, if that is said."""
    flags, count = struct.unpack_from(">II", run)
    at, offset = 8, None
    if flags & RUN_OFFSET:
        (offset,) = struct.unpack_from(">i", run, at)
        at += 4
    at += 4 if flags & RUN_FIRST_FLAGS else 0
    fields = [flag for flag in (RUN_DURATION, RUN_SIZE, RUN_FLAGS, RUN_SHIFT) if flags & flag]
    for _ in range(min(count, MOST_SAMPLES)):
        if at + 4 * len(fields) > len(run):
            return
        said = dict(zip(fields, struct.unpack_from(f">{len(fields)}I", run, at), strict=True))
        at += 4 * len(fields)
        yield offset, said.get(RUN_SIZE, size), said.get(RUN_DURATION, duration)
        offset = None


def read_sample(
    handle: BinaryIO, track: MetaTrack, at: int, length: int, ticks: int, duration: int, budget: Budget
) -> Sample | None:
    if not 0 < length <= MOST_SAMPLE_BYTES or at < 0:
        return None
    budget.take(bytes_=length)
    content = read_at(handle, at, length)
    scale = track.timescale or 1
    return Sample(ticks / scale, duration / scale, content) if len(content) == length else None
