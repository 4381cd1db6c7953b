"""The samples of an MP4's small tracks: metadata and text, never picture or sound. ISO/IEC 14496-12, 8.

Everything a box says is bounded before it is believed: boxes, tracks, samples, bytes read, seconds spent.
"""

from __future__ import annotations

import struct
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import BinaryIO, Final

from ingest.containers import is_box_type, next_fragment, number_of_fragment, read_at
from ingest.metadata.bounds import ReadingTooMuch

MOST_BOXES: Final = 20_000
MOST_TRACKS: Final = 64
MOST_SAMPLES: Final = 200_000
MOST_TABLE_BYTES: Final = 16 << 20
MOST_SAMPLE_BYTES: Final = 1 << 20
MOST_BYTES: Final = 96 << 20
LONGEST_SECONDS: Final = 20.0
"""Of the processor and not of the wall: what is found is signed, and a slow disk or a busy machine is not the file's
doing. This process reads one file."""

FIRST_KINDS: Final = frozenset(
    {b"ftyp", b"moov", b"mdat", b"free", b"skip", b"wide", b"pnot", b"styp", b"moof", b"uuid"}
)
CONTAINERS: Final = frozenset({b"moov", b"trak", b"mdia", b"minf", b"stbl"})
TABLES: Final = frozenset({b"tkhd", b"mdhd", b"hdlr", b"stsd", b"stts", b"stsz", b"stsc", b"stco", b"co64"})
# Of Novatek's chips, and of Blackvue.
WAYS_TO_LOGS: Final = ((b"moov", b"gps "), (b"free", b"gps "))


@dataclass
class Budget:
    """What reading one file may still cost, all its readers together. `spent`: it cost more, and was ended there."""

    boxes: int = MOST_BOXES
    bytes: int = MOST_BYTES
    until: float = field(default_factory=lambda: time.process_time() + LONGEST_SECONDS)
    spent: bool = False
    clock: Callable[[], float] = time.process_time

    def take(self, *, boxes: int = 0, bytes_: int = 0) -> None:
        self.boxes -= boxes
        self.bytes -= bytes_
        if self.boxes < 0 or self.bytes < 0 or self.clock() > self.until:
            self.spent = True
            raise ReadingTooMuch


@dataclass(frozen=True)
class Box:
    kind: bytes
    content_at: int
    end: int
    header_at: int = 0


@dataclass(frozen=True)
class MetaTrack:
    """A track and its sample tables as they lie in the file. `codec` is the sample entry's type: gpmd, text, tx3g …

    `number` is its track_ID, `defaults` the length and size of its samples where fragments say nothing (8.8.3)."""

    handler: bytes
    codec: bytes
    timescale: int
    tables: dict[bytes, bytes]
    number: int = 0
    defaults: tuple[int, int] = (0, 0)


@dataclass(frozen=True)
class Sample:
    start_seconds: float
    length_seconds: float
    content: bytes


def is_mp4(start: bytes) -> bool:
    return start[4:8] in FIRST_KINDS


def boxes_in(handle: BinaryIO, at: int, end: int, budget: Budget) -> Iterator[Box]:
    """4.2: size, type; 64-bit size when the first is 1; 0 reaches to the end. Ends where nothing sensible follows."""
    while at + 8 <= end:
        budget.take(boxes=1)
        handle.seek(at)
        header = handle.read(16)
        if len(header) < 8:
            return
        size, kind = struct.unpack_from(">I4s", header)
        smallest = 8
        if size == 1 and len(header) == 16:
            (size,) = struct.unpack_from(">Q", header, 8)
            smallest = 16
        size = end - at if size == 0 else size
        if size < smallest:
            return
        yield Box(kind, at + smallest, min(at + size, end), at)
        at += size


def boxes_of_film(handle: BinaryIO, size: int, budget: Budget) -> Iterator[Box]:
    """All of an MP4, also the fragments behind what is no box."""

    def may_look() -> bool:
        budget.take(boxes=1)
        return True

    at, number = 0, None
    while at < size:
        for box in boxes_in(handle, at, size, budget):
            if not is_box_type(box.kind):
                break
            yield box
            at = box.end
            if box.kind == b"moof":
                number = number_of_fragment(handle, box.content_at)
        further = None if number is None else next_fragment(handle, at, size, number, may_look)
        if further is None:
            return
        at = further


def find_boxes(handle: BinaryIO, at: int, end: int, budget: Budget, *path: bytes) -> Iterator[Box]:
    """Not beyond the first fragment: the moov stands before it (8.8.1), and a shift's recording has 80,000 of them."""
    for box in boxes_in(handle, at, end, budget):
        if box.kind == b"moof":
            return
        if box.kind == path[0]:
            if len(path) == 1:
                yield box
            else:
                yield from find_boxes(handle, box.content_at, box.end, budget, *path[1:])


def read_box(handle: BinaryIO, box: Box, budget: Budget, most: int = MOST_TABLE_BYTES) -> bytes:
    size = min(box.end - box.content_at, most)
    budget.take(bytes_=size)
    handle.seek(box.content_at)
    return handle.read(size)


def may_have_positions(handle: BinaryIO, size: int, budget: Budget) -> bool:
    """Whether the readers of positions are worth loading: most files have picture and sound alone."""
    try:
        logs = (path for way in WAYS_TO_LOGS for path in find_boxes(handle, 0, size, budget, *way))
        return any(True for _ in logs) or any(True for _ in meta_tracks(handle, size, budget))
    except (ReadingTooMuch, struct.error):
        return True


def meta_tracks(handle: BinaryIO, size: int, budget: Budget) -> Iterator[MetaTrack]:
    """The tracks that are neither picture nor sound, of every moov there is."""
    for number, trak in enumerate(find_boxes(handle, 0, size, budget, b"moov", b"trak")):
        if number >= MOST_TRACKS:
            return
        tables: dict[bytes, bytes] = {}
        collect_tables(handle, trak, budget, tables, 0)
        track = describe_track(tables)
        if track is not None:
            yield track


def collect_tables(handle: BinaryIO, parent: Box, budget: Budget, tables: dict[bytes, bytes], depth: int) -> None:
    """Of a track that turns out to be picture or sound, the large tables are left where they are."""
    for box in boxes_in(handle, parent.content_at, parent.end, budget):
        if box.kind in CONTAINERS and depth < 4:
            collect_tables(handle, box, budget, tables, depth + 1)
        elif box.kind in TABLES and box.kind not in tables and not is_footage(tables):
            tables[box.kind] = read_box(handle, box, budget)


def is_footage(tables: dict[bytes, bytes]) -> bool:
    return tables.get(b"hdlr", b"")[8:12] in (b"vide", b"soun")


def describe_track(tables: dict[bytes, bytes]) -> MetaTrack | None:
    if is_footage(tables) or not {b"mdhd", b"stsd", b"stts", b"stsz", b"stsc"} <= tables.keys():
        return None
    head, entry = tables[b"mdhd"], tables[b"stsd"]
    if len(head) < 24 or len(entry) < 16:
        return None
    (timescale,) = struct.unpack_from(">I", head, 20 if head[0] == 1 else 12)
    place = tables.get(b"tkhd", b"")
    number = int.from_bytes(place[20:24] if place[:1] == b"\1" else place[12:16])
    return MetaTrack(tables.get(b"hdlr", b"")[8:12], entry[12:16], timescale, tables, number)


def samples_of(handle: BinaryIO, track: MetaTrack, budget: Budget) -> Iterator[Sample]:
    """In the order of decoding. Samples that lie outside the file are missing, and none is read beyond its bound."""
    times, places = times_of(track), places_of(track)
    for (start, length), (at, size) in zip(times, places, strict=False):
        if size > MOST_SAMPLE_BYTES or size == 0:
            continue
        budget.take(bytes_=size)
        content = read_at(handle, at, size)
        if len(content) == size:
            yield Sample(start, length, content)


def times_of(track: MetaTrack) -> Iterator[tuple[float, float]]:
    """stts: runs of samples of one length."""
    table, clock, scale = track.tables[b"stts"], 0, track.timescale or 1
    for count, delta in struct.iter_unpack(">II", table[8 : 8 + (len(table) - 8) // 8 * 8]):
        for _ in range(min(count, MOST_SAMPLES)):
            yield clock / scale, delta / scale
            clock += delta


def places_of(track: MetaTrack) -> Iterator[tuple[int, int]]:
    """stsz, stsc and stco or co64 together: where each sample lies, and its size."""
    sizes, runs, chunks = sizes_of(track), runs_of(track), chunk_offsets(track)
    number = 0
    for index, offset in enumerate(chunks):
        for _ in range(runs(index + 1)):
            if number >= MOST_SAMPLES:
                return
            size = sizes(number)
            if size is None:
                return
            yield offset, size
            offset, number = offset + size, number + 1


def sizes_of(track: MetaTrack) -> SizeTable:
    table = track.tables[b"stsz"]
    uniform, count = struct.unpack_from(">II", table, 4) if len(table) >= 12 else (0, 0)
    return SizeTable(table, uniform, count)


@dataclass(frozen=True)
class SizeTable:
    table: bytes
    uniform: int
    count: int

    def __call__(self, number: int) -> int | None:
        if number >= self.count:
            return None
        if self.uniform:
            return self.uniform
        at = 12 + 4 * number
        return None if at + 4 > len(self.table) else int.from_bytes(self.table[at : at + 4])


def runs_of(track: MetaTrack) -> ChunkRuns:
    table = track.tables[b"stsc"]
    rows = [
        (first, count) for first, count, _ in struct.iter_unpack(">III", table[8 : 8 + (len(table) - 8) // 12 * 12])
    ]
    return ChunkRuns(rows)


class ChunkRuns:
    """Samples in a chunk, asked for in the order of chunks."""

    def __init__(self, rows: list[tuple[int, int]]) -> None:
        self._rows, self._at = rows, 0

    def __call__(self, chunk: int) -> int:
        while self._at + 1 < len(self._rows) and self._rows[self._at + 1][0] <= chunk:
            self._at += 1
        return min(self._rows[self._at][1], MOST_SAMPLES) if self._rows else 0


def chunk_offsets(track: MetaTrack) -> Iterator[int]:
    for kind, letter, width in ((b"stco", ">I", 4), (b"co64", ">Q", 8)):
        table = track.tables.get(kind, b"")
        for (offset,) in struct.iter_unpack(letter, table[8 : 8 + max(0, len(table) - 8) // width * width]):
            yield offset
