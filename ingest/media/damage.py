"""How many bytes a container declares, against how many there are. Reads box headers only; decodes nothing.

A faststart MP4 cut anywhere still opens, with its full duration: only its boxes tell that footage is missing.
"""

from __future__ import annotations

import os
import struct
import sys
from array import array
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

# A fragmented recording has two boxes a fragment: an hour of quarter seconds is 28,800.
MOST_BOXES = 200_000
MP4_FIRST = frozenset({b"ftyp", b"moov", b"mdat", b"free", b"skip", b"wide", b"pnot", b"styp", b"moof", b"uuid"})
MP4_CONTAINERS = frozenset({b"moov", b"trak", b"mdia", b"minf", b"stbl"})
# Chunk offset tables and the array type of one entry (8.7.5): 32 bits and 64.
CHUNK_TABLES = {b"stco": "I", b"co64": "Q"}
MOST_CHUNKS = 4_000_000


@dataclass(frozen=True)
class Boxes:
    """Top-level structure of a file. `declared_bytes` never is less than what is understood of it."""

    family: str
    declared_bytes: int
    present_bytes: int
    kinds: frozenset[str] = field(default_factory=frozenset)

    @property
    def missing_bytes(self) -> int:
        return max(0, self.declared_bytes - self.present_bytes)


def measure_boxes(path: Path) -> Boxes | None:
    """None where the file is neither MP4-like nor RIFF: other containers do not declare their length up front."""
    present = path.stat().st_size
    with path.open("rb") as handle:
        start = handle.read(12)
        if start[:4] == b"RIFF" and len(start) == 12:
            return measure_riff(handle, present)
        if start[4:8] in MP4_FIRST:
            return measure_mp4(handle, present)
    return None


def measure_mp4(handle: BinaryIO, present: int) -> Boxes:
    """ISO/IEC 14496-12, 4.2: size, type, and a 64-bit size when the first is 1; 0 reaches to the end of the file."""
    at, samples_reach, kinds = 0, 0, set[str]()
    for _ in range(MOST_BOXES):
        handle.seek(at)
        header = handle.read(16)
        if len(header) < 8:
            break
        size, kind = struct.unpack_from(">I4s", header)
        if not is_box_type(kind):  # What follows is no box: a maker's trailer, which says nothing about the footage.
            break
        smallest = 8
        if size == 1 and len(header) == 16:
            (size,) = struct.unpack_from(">Q", header, 8)
            smallest = 16
        size = present - at if size == 0 else size
        if size < smallest:
            break
        kinds.add(kind.decode("latin-1"))
        if kind == b"moov":
            samples_reach = last_chunk_offset(handle, at + smallest, min(at + size, present))
        at += size
        if at >= present:
            break
    return Boxes("mp4", max(at, samples_reach), present, frozenset(kinds))


def last_chunk_offset(handle: BinaryIO, start: int, end: int) -> int:
    """Where the last chunk of samples must begin, plus one byte: beyond the end of a file that lost its tail.

    Boxes may be whole and the samples still gone, when somebody closed the boxes of a cut file."""
    furthest, at = 0, start
    for _ in range(MOST_BOXES):
        handle.seek(at)
        header = handle.read(16)
        if at + 16 > end or len(header) < 16:
            break
        size, kind = struct.unpack_from(">I4s", header)
        if size < 8:
            break
        if kind in MP4_CONTAINERS:
            furthest = max(furthest, last_chunk_offset(handle, at + 8, min(at + size, end)))
        elif kind in CHUNK_TABLES:
            (count,) = struct.unpack_from(">I", header, 12)
            furthest = max(furthest, largest_entry(handle, min(count, MOST_CHUNKS), CHUNK_TABLES[kind]) + 1)
        at += size
    return furthest


def largest_entry(handle: BinaryIO, count: int, typecode: str) -> int:
    table = array(typecode)
    block = handle.read(count * table.itemsize)
    table.frombytes(block[: len(block) // table.itemsize * table.itemsize])
    if sys.byteorder == "little":
        table.byteswap()
    return max(table, default=0)


def is_box_type(kind: bytes) -> bool:
    return all(letter == 0xA9 or 0x20 <= letter < 0x7F for letter in kind)


def measure_riff(handle: BinaryIO, present: int) -> Boxes:
    """One RIFF after another (AVI 2.0, "AVIX"). A size of 0 or 2^32 - 1: the writer never came back to fill it in."""
    at, kinds = 0, set[str]()
    for _ in range(MOST_BOXES):
        handle.seek(at, os.SEEK_SET)
        header = handle.read(12)
        if len(header) < 12 or header[:4] != b"RIFF":
            break
        (size,) = struct.unpack_from("<I", header, 4)
        if size in (0, 0xFFFFFFFF):
            return Boxes("riff", present, present, frozenset(kinds))
        kinds.add(header[8:12].decode("latin-1"))
        at += 8 + size
        if at >= present:
            break
    return Boxes("riff", at, present, frozenset(kinds))
