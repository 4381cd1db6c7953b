"""Which samples of an MP4's tracks lie in the file, by its own tables (ISO/IEC 14496-12, 8.5 to 8.7).

Boxes say where an mdat ends, and not what is in it: one may be too long by some bytes that nobody misses, and one that
was closed after a cut may be too short. The tables say where each chunk begins, and how long each sample is.
This runs inside the sandbox (inside.py), and reads no more than its allowance.
"""

from __future__ import annotations

import struct
import sys
from array import array
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import BinaryIO, Final

from ingest.media.boxes import Allowance, Box, read_boxes

SOUND: Final = b"soun"
KINDS: Final = {b"vide": "video", SOUND: "audio", b"meta": "data", b"sbtl": "subtitle", b"text": "subtitle"}
# Of sound that is coded, QuickTime counts uncoded samples of one size, which says nothing of its bytes.
UNCODED_SOUND: Final = frozenset(
    (b"raw ", b"twos", b"sowt", b"lpcm", b"in24", b"in32", b"fl32", b"fl64", b"ulaw", b"alaw", b"ipcm", b"fpcm")
)
LONGEST_SECONDS: Final = 31 * 86400.0
TABLE_PIECE_BYTES: Final = 1 << 20
# Where chunk tables are (8.7.5). A container anywhere else is not entered, so nesting ends by itself.
WAY_TO_TABLES: Final = (b"moov", b"trak", b"mdia", b"minf", b"stbl")
# Chunk offset tables and the array type of one entry: 32 bits and 64.
CHUNK_TABLES = {b"stco": "I", b"co64": "Q"}
SIZE_TABLE: Final = b"stsz"
RUN_TABLE: Final = b"stsc"
HEADERS: Final = ((), (), (b"tkhd",), (b"mdhd", b"hdlr"), (), (b"stsd",))
"""What says of a track more than its tables do, by the depth it lies at."""


@dataclass(frozen=True)
class TrackExtent:
    """A track, by its id, and how many of its samples lie in the file whole. Seconds are the track's own word, and of
    what is there its share of the samples; None where the track has none."""

    track: int
    kind: str
    declared_samples: int
    present_samples: int
    declared_seconds: float | None = None
    present_seconds: float | None = None


@dataclass
class SampleTables:
    """One track's, as they are read. `understood` is false where something of them was of another kind, or left out."""

    track: int = 0
    handler: bytes = b""
    entry: bytes = b""
    seconds: float | None = None
    chunks: array[int] = field(default_factory=lambda: array("Q"))
    runs: array[int] = field(default_factory=lambda: array("I"))
    each: int = 0
    count: int = 0
    sizes: array[int] = field(default_factory=lambda: array("I"))
    understood: bool = True
    sample_bytes: int = 0
    is_renamed: bool = False
    """Whether what it stands in is called a track no more: no player knows of it."""

    @property
    def says_sizes(self) -> bool:
        if not self.understood or not self.count:
            return False
        if self.each:
            return self.handler != SOUND or self.entry in UNCODED_SOUND
        return len(self.sizes) == self.count

    def furthest(self) -> int:
        """Where the last chunk ends; where its size is not known, one byte after it begins."""
        if not self.chunks:
            return 0
        start = max(self.chunks)
        if not self.says_sizes:
            return start + 1
        first, number = self._samples_of(self.chunks.index(start))
        return start + max(1, self._bytes(first, number))

    def present(self, size: int) -> int:
        """How many samples end within `size` bytes. One step a chunk: asked only of a file that is too short."""
        whole, first, done = 0, 0, 0
        for run in range(0, len(self.runs), 3):
            begin, per = self.runs[run] - 1, self.runs[run + 1]
            end = self.runs[run + 3] - 1 if run + 3 < len(self.runs) else len(self.chunks)
            if begin != done:  # Runs follow each other; others would be gone through again and again.
                return whole
            done = max(begin, end)
            for start in self.chunks[begin:end]:
                number = min(per, self.count - first)
                if number <= 0:
                    return whole
                whole += self._whole_within(start, first, number, size)
                first += number
        return whole

    def extent(self, size: int) -> TrackExtent:
        present = self.present(size) if self.says_sizes else 0
        left = None if self.seconds is None else round(self.seconds * present / self.count, 3)
        kind = KINDS.get(self.handler, "other")
        return TrackExtent(self.track, kind, self.count, present, self.seconds, left)

    def _samples_of(self, chunk: int) -> tuple[int, int]:
        """The first sample of a chunk, and how many it has."""
        first = 0
        for run in range(0, len(self.runs), 3):
            begin, per = self.runs[run] - 1, self.runs[run + 1]
            end = self.runs[run + 3] - 1 if run + 3 < len(self.runs) else len(self.chunks)
            if begin <= chunk < end:
                first += (chunk - begin) * per
                return first, max(0, min(per, self.count - first))
            first += max(0, end - begin) * per
        return self.count, 0

    def _bytes(self, first: int, number: int) -> int:
        return self.each * number if self.each else sum(self.sizes[first : first + number])

    def _whole_within(self, start: int, first: int, number: int, size: int) -> int:
        if start + self._bytes(first, number) <= size:
            return number
        if start >= size:
            return 0
        if self.each:
            return min(number, (size - start) // self.each)
        at = start
        for whole, length in enumerate(self.sizes[first : first + number]):
            at += length
            if at > size:
                return whole
        return number


def read_header(tables: SampleTables, handle: BinaryIO, box: Box) -> None:
    """What a track says of itself beside its tables: its id (tkhd), time (mdhd), kind (hdlr) and coding (stsd)."""
    handle.seek(box.content_at)
    start = handle.read(min(36, max(0, box.end - box.content_at)))
    large = start[:1] == b"\x01"
    if box.kind == b"tkhd" and len(start) >= 24:
        (tables.track,) = struct.unpack_from(">I", start, 20 if large else 12)
    elif box.kind == b"mdhd" and len(start) >= (32 if large else 20):
        scale, length = struct.unpack_from(">IQ" if large else ">II", start, 20 if large else 12)
        if scale and length / scale <= LONGEST_SECONDS:
            tables.seconds = round(length / scale, 3)
    elif box.kind == b"hdlr" and not tables.handler:
        tables.handler = start[8:12]
    elif box.kind == b"stsd":
        tables.entry = start[12:16]


def read_tables(handle: BinaryIO, moov: Box, present: int, allowance: Allowance) -> list[SampleTables]:
    """What each track's tables say of where its samples lie, and how many bytes they have. Also of one that somebody
    renamed, so that no player knows of it.

    Boxes may be whole and the samples still gone, when somebody closed the boxes of a cut file: then chunks lie beyond
    its end. And a table costs four bytes a sample, whatever it says of it: of the second there may be terabytes."""
    tracks = list[SampleTables]()
    waiting = [(moov.content_at, min(moov.end, present), 1, SampleTables())]
    while waiting:
        start, end, depth, track = waiting.pop()
        for box in read_boxes(handle, start, end, allowance):
            inside = min(box.end, end)
            if box.kind in HEADERS[depth]:
                read_header(track, handle, box)
            if depth < len(WAY_TO_TABLES):
                is_renamed = depth == 1 and box.kind != WAY_TO_TABLES[1] and holds_a_track(handle, box)
                if box.kind == WAY_TO_TABLES[depth] or is_renamed:
                    if depth == 1:
                        tracks.append(track := SampleTables(is_renamed=is_renamed))
                    waiting.append((box.content_at, inside, depth + 1, track))
            elif box.kind in CHUNK_TABLES:
                for piece in read_entries(handle, box, inside, 4, CHUNK_TABLES[box.kind], allowance):
                    track.chunks.extend(array("Q", piece))
            elif box.kind == RUN_TABLE:
                for piece in read_entries(handle, box, inside, 4, "I", allowance, each=3):
                    track.runs.extend(piece)
            elif box.kind == SIZE_TABLE:
                track.sample_bytes += read_sizes(track, handle, box, inside, allowance)
    return [track for track in tracks if track.count or track.chunks]


def holds_a_track(handle: BinaryIO, box: Box) -> bool:
    handle.seek(box.content_at)
    return handle.read(8)[4:] == b"tkhd"


def read_sizes(track: SampleTables, handle: BinaryIO, box: Box, end: int, allowance: Allowance) -> int:
    """ISO/IEC 14496-12, 8.7.3: one size for all samples, or, where that is 0, a table with one for each. Their sum."""
    handle.seek(box.content_at)
    header = handle.read(12)
    if len(header) < 12:
        return 0
    each, count = struct.unpack_from(">II", header, 4)
    track.understood = track.count == 0
    track.each, track.count = each, count
    if each:
        return int(each * count)
    summed = 0
    for piece in read_entries(handle, box, end, 8, "I", allowance):
        track.sizes.extend(piece)
        summed += sum(piece)
    return summed


def read_entries(
    handle: BinaryIO, box: Box, end: int, count_at: int, kind: str, allowance: Allowance, each: int = 1
) -> Iterator[array[int]]:
    """A table's entries of `each` numbers, piece by piece. It claims how many it has; no more are read than its own box
    has room for."""
    handle.seek(box.content_at)
    header = handle.read(count_at + 4)
    if len(header) < count_at + 4:
        return
    (count,) = struct.unpack_from(">I", header, count_at)
    itemsize = array(kind).itemsize * each
    most = TABLE_PIECE_BYTES // itemsize * itemsize
    left = min(count, max(0, end - box.content_at - count_at - 4) // itemsize) * itemsize
    while left and allowance.allows(table_bytes=min(left, most)):
        piece = handle.read(min(left, most))
        if not piece or len(piece) % itemsize:  # It was cut while it was read.
            return
        left -= len(piece)
        table = array(kind, piece)
        if sys.byteorder == "little":
            table.byteswap()
        yield table
