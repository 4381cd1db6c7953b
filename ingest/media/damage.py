"""How many bytes a container declares, against how many there are. Reads box headers only; decodes nothing.

A faststart MP4 cut anywhere still opens, with its full duration: only its boxes tell that footage is missing.
This runs outside the sandbox, over bytes nobody vouches for: what one file may cost is bounded beforehand.
"""

from __future__ import annotations

import struct
import sys
import time
from array import array
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, Final

# A fragmented recording has two boxes a fragment: an hour of quarter seconds is 28,800.
MOST_BOXES: Final = 200_000
# Eight million chunks of 64-bit offsets: more than a day at a chunk for each frame.
MOST_TABLE_BYTES: Final = 64 << 20
LONGEST_SECONDS: Final = 10.0
TABLE_PIECE_BYTES: Final = 1 << 20

MP4_FIRST = frozenset({b"ftyp", b"moov", b"mdat", b"free", b"skip", b"wide", b"pnot", b"styp", b"moof", b"uuid"})
# Where chunk tables are (8.7.5). A container anywhere else is not entered, so nesting ends by itself.
WAY_TO_TABLES: Final = (b"moov", b"trak", b"mdia", b"minf", b"stbl")
# Chunk offset tables and the array type of one entry: 32 bits and 64.
CHUNK_TABLES = {b"stco": "I", b"co64": "Q"}


@dataclass(frozen=True)
class Boxes:
    """Top-level structure of a file. `declared_bytes` never is less than what is understood of it.

    Where measuring was not `complete`, what was not seen may still be there."""

    family: str
    declared_bytes: int
    present_bytes: int
    kinds: frozenset[str] = field(default_factory=frozenset)
    complete: bool = True

    @property
    def missing_bytes(self) -> int:
        return max(0, self.declared_bytes - self.present_bytes)


@dataclass
class Allowance:
    """What measuring one file may still cost, all its boxes together. Once it is spent nothing more is read."""

    clock: Callable[[], float]
    until: float
    boxes: int = MOST_BOXES
    table_bytes: int = MOST_TABLE_BYTES
    spent: bool = False

    def allows(self, *, boxes: int = 0, table_bytes: int = 0) -> bool:
        self.boxes -= boxes
        self.table_bytes -= table_bytes
        self.spent = self.spent or self.boxes < 0 or self.table_bytes < 0 or self.clock() > self.until
        return not self.spent


@dataclass(frozen=True)
class Box:
    """`end` is the box's own word, and may lie beyond the end of the file."""

    kind: bytes
    content_at: int
    end: int


def measure_boxes(path: Path, clock: Callable[[], float] = time.monotonic) -> Boxes | None:
    """None where the file is neither MP4-like nor RIFF: other containers do not declare their length up front.

    Never raises for what the file holds; `clock` gives seconds, and after LONGEST_SECONDS what is known has to do."""
    present = path.stat().st_size
    allowance = Allowance(clock, clock() + LONGEST_SECONDS)
    with path.open("rb") as handle:
        start = handle.read(12)
        if start[:4] == b"RIFF" and len(start) == 12:
            return measure_riff(handle, present, allowance)
        if start[4:8] in MP4_FIRST:
            return measure_mp4(handle, present, allowance)
    return None


def measure_mp4(handle: BinaryIO, present: int, allowance: Allowance) -> Boxes:
    reach, kinds = 0, set[str]()
    for box in read_boxes(handle, 0, present, allowance):
        kinds.add(box.kind.decode("latin-1"))
        reach = max(reach, box.end)
        if box.kind == WAY_TO_TABLES[0]:
            reach = max(reach, last_chunk_offset(handle, box, present, allowance))
    return Boxes("mp4", reach, present, frozenset(kinds), complete=not allowance.spent)


def read_boxes(handle: BinaryIO, at: int, end: int, allowance: Allowance) -> Iterator[Box]:
    """ISO/IEC 14496-12, 4.2: size, type, and a 64-bit size when the first is 1; 0 reaches to the end.

    Ends where what follows is no box: a maker's trailer, say, which says nothing about the footage."""
    while at + 8 <= end and allowance.allows(boxes=1):
        handle.seek(at)
        header = handle.read(16)
        if len(header) < 8:
            return
        size, kind = struct.unpack_from(">I4s", header)
        if not is_box_type(kind):
            return
        smallest = 8
        if size == 1 and len(header) == 16:
            (size,) = struct.unpack_from(">Q", header, 8)
            smallest = 16
        size = end - at if size == 0 else size
        if size < smallest:
            return
        yield Box(kind, at + smallest, at + size)
        at += size


def last_chunk_offset(handle: BinaryIO, moov: Box, present: int, allowance: Allowance) -> int:
    """Where the last chunk of samples must begin, plus one byte: beyond the end of a file that lost its tail.

    Boxes may be whole and the samples still gone, when somebody closed the boxes of a cut file."""
    furthest, waiting = 0, [(moov.content_at, min(moov.end, present), 1)]
    while waiting:
        start, end, depth = waiting.pop()
        for box in read_boxes(handle, start, end, allowance):
            inside = min(box.end, end)
            if depth == len(WAY_TO_TABLES):
                if box.kind in CHUNK_TABLES:
                    furthest = max(furthest, largest_entry(handle, box, inside, allowance) + 1)
            elif box.kind == WAY_TO_TABLES[depth]:
                waiting.append((box.content_at, inside, depth + 1))
    return furthest


def largest_entry(handle: BinaryIO, box: Box, end: int, allowance: Allowance) -> int:
    """A table claims how many entries it has; no more are read than its own box has room for."""
    handle.seek(box.content_at)
    header, largest = handle.read(8), 0
    if len(header) < 8:
        return 0
    (count,) = struct.unpack_from(">I", header, 4)
    itemsize = array(CHUNK_TABLES[box.kind]).itemsize
    left = min(count, max(0, end - box.content_at - 8) // itemsize) * itemsize
    while left and allowance.allows(table_bytes=min(left, TABLE_PIECE_BYTES)):
        piece = handle.read(min(left, TABLE_PIECE_BYTES))
        if not piece or len(piece) % itemsize:  # It was cut while it was read.
            break
        left -= len(piece)
        table = array(CHUNK_TABLES[box.kind], piece)
        if sys.byteorder == "little":
            table.byteswap()
        highest = max(table)
        largest = max(largest, highest)
    return largest


def is_box_type(kind: bytes) -> bool:
    return all(letter == 0xA9 or 0x20 <= letter < 0x7F for letter in kind)


def measure_riff(handle: BinaryIO, present: int, allowance: Allowance) -> Boxes:
    """One RIFF after another (AVI 2.0, "AVIX"). A size of 0 or 2^32 - 1: the writer never came back to fill it in."""
    at, kinds = 0, set[str]()
    while at < present and allowance.allows(boxes=1):
        handle.seek(at)
        header = handle.read(12)
        if len(header) < 12 or header[:4] != b"RIFF":
            break
        (size,) = struct.unpack_from("<I", header, 4)
        if size in (0, 0xFFFFFFFF):
            return Boxes("riff", present, present, frozenset(kinds))
        kinds.add(header[8:12].decode("latin-1"))
        at += 8 + size
    return Boxes("riff", at, present, frozenset(kinds), complete=not allowance.spent)
