"""Signs of damage in containers that have no boxes, and in any file: zeros where footage was meant to come.

Like damage.py this runs inside the sandbox, reads a bounded part of the file, and never raises for what it holds.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final

from ingest.containers import PACKETS, SYNC

BLOCK_BYTES: Final = 4096
MOST_BLOCKS: Final = 512
# A recorder that lost power leaves whole clusters of zeros; encoders write no such runs, except as silence in PCM.
SHORTEST_RUN_BYTES: Final = 64 << 10
SHORTEST_RUN_IN_SMALL_FILES: Final = 16 << 10
SMALL_FILE_BYTES: Final = 4 << 20
SEGMENT_ID: Final = b"\x18\x53\x80\x67"


@dataclass(frozen=True)
class ZeroFilled:
    """`bytes` is an estimate from samples, `first_at` the offset of the first sample that was nothing but zeros."""

    bytes: int
    first_at: int


def find_zeros(path: Path, padding_of: Callable[[Path], Sequence[tuple[int, int]]]) -> ZeroFilled | None:
    """Samples spread over the file; one counts when a whole run of zeros follows it, and it is not of the room that the
    container keeps (`padding_of`, asked only where there are zeros).

    What is shorter than their distance (8 MiB in a file of 4 GiB) may lie between: that is for whole.py to find."""
    size = path.stat().st_size
    blocks = size // BLOCK_BYTES
    if blocks < 4:
        return None
    step = max(1, -(-blocks // MOST_BLOCKS))
    run = SHORTEST_RUN_IN_SMALL_FILES if size < SMALL_FILE_BYTES else SHORTEST_RUN_BYTES
    empty = []
    with path.open("rb") as handle:
        for block in range(0, blocks, step):
            if is_zero(handle, block * BLOCK_BYTES, BLOCK_BYTES) and lies_in_run(handle, block * BLOCK_BYTES, run):
                empty.append(block * BLOCK_BYTES)
    room = padding_of(path) if empty else ()
    empty = [at for at in empty if not any(start <= at and at + BLOCK_BYTES <= end for start, end in room)]
    return ZeroFilled(min(size, len(empty) * step * BLOCK_BYTES), empty[0]) if empty else None


def is_zero(handle: BinaryIO, at: int, length: int) -> bool:
    handle.seek(at)
    piece = handle.read(length)
    return len(piece) == length and not piece.strip(b"\0")


def lies_in_run(handle: BinaryIO, at: int, run: int) -> bool:
    """Forward of it, or back from its end: the last block of a run counts as well."""
    return is_zero(handle, at, run) or (at + BLOCK_BYTES >= run and is_zero(handle, at + BLOCK_BYTES - run, run))


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
