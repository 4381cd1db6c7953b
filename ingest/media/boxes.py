"""The boxes of ISO/IEC 14496-12, one after another, and what looking at one file may cost.

This runs inside the sandbox (inside.py), and is bounded all the same.
"""

from __future__ import annotations

import struct
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import BinaryIO, Final, Self

from ingest.containers import is_box_type

# A fragmented recording has two boxes a fragment: an hour of quarter seconds is 28,800.
MOST_BOXES: Final = 200_000
# Eight million chunks of 64-bit offsets: more than a day at a chunk for each frame.
MOST_TABLE_BYTES: Final = 64 << 20
# Of the processor: this process reads one file, and neither a slow disk nor what others do is that file's doing.
LONGEST_SECONDS: Final = 10.0


@dataclass
class Allowance:
    """What measuring one file may still cost, all its boxes together. Once it is spent nothing more is read."""

    clock: Callable[[], float]
    until: float
    boxes: int = MOST_BOXES
    table_bytes: int = MOST_TABLE_BYTES
    spent: bool = False

    @classmethod
    def of_one_file(cls, clock: Callable[[], float] = time.process_time) -> Self:
        return cls(clock, clock() + LONGEST_SECONDS)

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
