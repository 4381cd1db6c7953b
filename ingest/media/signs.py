"""How long containers are that have no boxes, by their own word or by their packets.

Like damage.py this runs inside the sandbox, reads a bounded part of the file, and never raises for what it holds.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import BinaryIO, Final

from ingest.containers import PACKETS, SYNC

SEGMENT_ID: Final = b"\x18\x53\x80\x67"


@dataclass(frozen=True)
class Packets:
    """A transport stream: the bytes of its packets once the last one is whole, and what follows them and is none."""

    declared: int
    trailing: int = 0


def read_packets(handle: BinaryIO, present: int) -> Packets | None:
    """None where the file is no transport stream. What a maker wrote behind it is no torn packet: those begin as
    packets do."""
    handle.seek(0)
    start = handle.read(4 * max(size for size, _ in PACKETS) + 8)
    for size, lead in PACKETS:
        places = range(lead, min(len(start), 4 * size), size)
        if len(places) >= 3 and all(start[at] == SYNC for at in places):
            rest = present % size
            handle.seek(present - rest)
            mark = handle.read(rest)[lead : lead + 1]
            if mark and mark[0] != SYNC:
                return Packets(present - rest, rest)
            return Packets(-(-present // size) * size)
    return None


def declared_segment(handle: BinaryIO) -> int | None:
    """Where a Matroska file's Segment ends by its own word (RFC 8794, 6); None where it does not say."""
    handle.seek(0)
    start = handle.read(4096)
    at = start.find(SEGMENT_ID)
    if at < 0 or at + 12 > len(start):
        return None
    length = 9 - start[at + 4].bit_length()
    if not 1 <= length <= 8:
        return None
    content = start[at + 4 : at + 4 + length]
    value = int.from_bytes(content, "big") & ((1 << (7 * length)) - 1)
    return None if value == (1 << (7 * length)) - 1 else at + 4 + length + value
