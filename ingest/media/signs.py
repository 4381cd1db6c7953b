"""How long a transport stream is, by its packets.

Like damage.py this runs inside the sandbox, reads a bounded part of the file, and never raises for what it holds.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import BinaryIO

from ingest.containers import PACKETS, SYNC


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
