"""How many bytes a container declares, against how many there are. Reads headers only; decodes nothing.

A faststart MP4 cut anywhere still opens, with its full duration: only its boxes tell that footage is missing.
This runs inside the sandbox (inside.py), and what one file may cost is bounded beforehand all the same.
"""

from __future__ import annotations

import struct
import sys
import time
from array import array
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, BinaryIO, Final

from ingest.media.boxes import Allowance, Box, read_boxes
from ingest.media.padding import padding_of
from ingest.media.signs import declared_segment, find_zeros, read_packets

TABLE_PIECE_BYTES: Final = 1 << 20

MP4_FIRST = frozenset({b"ftyp", b"moov", b"mdat", b"free", b"skip", b"wide", b"pnot", b"styp", b"moof", b"uuid"})
# One of any other type that claims to reach beyond the end is no box at all: letters of a maker's tail or of garbage.
MP4_TOP = MP4_FIRST | {b"mfra", b"sidx", b"ssix", b"prft", b"pdin", b"emsg", b"meta", b"udta", b"jumb"}
# Where chunk tables are (8.7.5). A container anywhere else is not entered, so nesting ends by itself.
WAY_TO_TABLES: Final = (b"moov", b"trak", b"mdia", b"minf", b"stbl")
# Chunk offset tables and the array type of one entry: 32 bits and 64.
CHUNK_TABLES = {b"stco": "I", b"co64": "Q"}
SIZE_TABLE: Final = b"stsz"


@dataclass(frozen=True)
class Boxes:
    """Top-level structure of a file. `declared_bytes` never is less than what is understood of it.

    `reaching` names the box that ends beyond the end of the file, `trailing_bytes` counts what follows the last box
    and is none. Where measuring was not `complete`, what was not seen may still be there. `sample_bytes` is the sum of
    what the tables of an MP4 say of each sample, of all its tracks."""

    family: str
    declared_bytes: int
    present_bytes: int
    kinds: frozenset[str] = field(default_factory=frozenset)
    reaching: str | None = None
    trailing_bytes: int = 0
    complete: bool = True
    sample_bytes: int = 0

    @property
    def missing_bytes(self) -> int:
        return max(0, self.declared_bytes - self.present_bytes)


def measure_file(path: Path) -> dict[str, Any]:
    """Everything this module and signs.py find, as JSON: `boxes`, `zeros`, each None where there is nothing to say."""
    boxes, zeros = measure_boxes(path), find_zeros(path, padding_of)
    return {
        "boxes": None if boxes is None else {**asdict(boxes), "kinds": sorted(boxes.kinds)},
        "zeros": None if zeros is None else asdict(zeros),
    }


def measure_boxes(path: Path, clock: Callable[[], float] = time.monotonic) -> Boxes | None:
    """None where the container does not declare its length: only MP4, RIFF, Matroska and whole TS packets do.

    Never raises for what the file holds; `clock` gives seconds, and after LONGEST_SECONDS what is known has to do."""
    present = path.stat().st_size
    allowance = Allowance.of_one_file(clock)
    with path.open("rb") as handle:
        start = handle.read(12)
        if start[:4] in (b"RIFF", b"RF64") and len(start) == 12:
            return measure_riff(handle, present, allowance)
        if start[4:8] in MP4_FIRST:
            return measure_mp4(handle, present, allowance)
        if start[:4] == b"\x1a\x45\xdf\xa3":
            declared = declared_segment(handle)
            return None if declared is None else Boxes("matroska", declared, present)
        packets = read_packets(handle, present)
        return None if packets is None else Boxes("mpegts", packets.declared, present, trailing_bytes=packets.trailing)


def measure_mp4(handle: BinaryIO, present: int, allowance: Allowance) -> Boxes:
    reach, end, kinds, reaching, sample_bytes = 0, 0, set[str](), None, 0
    for box in read_boxes(handle, 0, present, allowance):
        if box.end > present and box.kind not in MP4_TOP:
            break
        kind = box.kind.decode("latin-1")
        kinds.add(kind)
        end = max(end, box.end)
        reach = max(reach, box.end)
        if box.end > present:
            reaching = kind
        if box.kind == WAY_TO_TABLES[0]:
            furthest, samples = read_tables(handle, box, present, allowance)
            reach, sample_bytes = max(reach, furthest), sample_bytes + samples
    trailing = 0 if allowance.spent else max(0, present - end)
    complete = not allowance.spent
    return Boxes("mp4", reach, present, frozenset(kinds), reaching, trailing, complete, sample_bytes)


def read_tables(handle: BinaryIO, moov: Box, present: int, allowance: Allowance) -> tuple[int, int]:
    """Where the last chunk of samples must begin, plus one byte; and how many bytes all samples have together.

    Boxes may be whole and the samples still gone, when somebody closed the boxes of a cut file: then the first lies
    beyond its end. And a table costs four bytes a sample, whatever it says of it: of the second there may be terabytes.
    """
    furthest, samples, waiting = 0, 0, [(moov.content_at, min(moov.end, present), 1)]
    while waiting:
        start, end, depth = waiting.pop()
        for box in read_boxes(handle, start, end, allowance):
            inside = min(box.end, end)
            if depth < len(WAY_TO_TABLES):
                if box.kind == WAY_TO_TABLES[depth]:
                    waiting.append((box.content_at, inside, depth + 1))
            elif box.kind in CHUNK_TABLES:
                offsets = read_entries(handle, box, inside, 4, CHUNK_TABLES[box.kind], allowance)
                furthest = max(furthest, max(map(max, offsets), default=0) + 1)
            elif box.kind == SIZE_TABLE:
                samples += sum_sizes(handle, box, inside, allowance)
    return furthest, samples


def sum_sizes(handle: BinaryIO, box: Box, end: int, allowance: Allowance) -> int:
    """ISO/IEC 14496-12, 8.7.3: one size for all samples, or, where that is 0, a table with one for each."""
    handle.seek(box.content_at)
    header = handle.read(12)
    if len(header) < 12:
        return 0
    each, count = struct.unpack_from(">II", header, 4)
    return each * count if each else sum(map(sum, read_entries(handle, box, end, 8, "I", allowance)))


def read_entries(
    handle: BinaryIO, box: Box, end: int, count_at: int, kind: str, allowance: Allowance
) -> Iterator[array[int]]:
    """A table's entries, piece by piece. It claims how many it has; no more are read than its own box has room for."""
    handle.seek(box.content_at)
    header = handle.read(count_at + 4)
    if len(header) < count_at + 4:
        return
    (count,) = struct.unpack_from(">I", header, count_at)
    itemsize = array(kind).itemsize
    left = min(count, max(0, end - box.content_at - count_at - 4) // itemsize) * itemsize
    while left and allowance.allows(table_bytes=min(left, TABLE_PIECE_BYTES)):
        piece = handle.read(min(left, TABLE_PIECE_BYTES))
        if not piece or len(piece) % itemsize:  # It was cut while it was read.
            return
        left -= len(piece)
        table = array(kind, piece)
        if sys.byteorder == "little":
            table.byteswap()
        yield table


def measure_riff(handle: BinaryIO, present: int, allowance: Allowance) -> Boxes:
    """One RIFF after another (AVI 2.0, "AVIX"). A size of 0 or 2^32 - 1: the writer never came back to fill it in."""
    at, kinds = 0, set[str]()
    if (large := size_of_rf64(handle)) is not None:
        return Boxes("riff", large, present, frozenset({"WAVE"}))
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
    trailing = 0 if allowance.spent else max(0, present - at)
    return Boxes("riff", at, present, frozenset(kinds), trailing_bytes=trailing, complete=not allowance.spent)


def size_of_rf64(handle: BinaryIO) -> int | None:
    """EBU Tech 3306: the size of a WAV of more than 4 GiB stands in the chunk ds64 that comes first."""
    handle.seek(0)
    start = handle.read(28)
    if start[:4] != b"RF64" or start[12:16] != b"ds64" or len(start) < 28:
        return None
    return 8 + int(struct.unpack_from("<Q", start, 20)[0])
