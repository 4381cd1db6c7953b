"""Zeros where footage was meant to come, which any file may hold: what a recorder leaves that lost its power.

This runs inside the sandbox (inside.py) over every file, reads a bounded part of it, and never raises for what it
holds. It imports next to nothing, because sealing ten thousand small files waits for every millisecond of it.
"""

from __future__ import annotations

import os

TYPE_CHECKING = False  # typing takes longer to import than all of this
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import BinaryIO, Final

    from ingest.media.boxes import Allowance

BLOCK_BYTES: Final = 4096
MOST_BLOCKS: Final = 512
PIECE_BYTES: Final = 1 << 20
# A recorder that lost power leaves whole clusters of zeros; encoders write no such runs, except as silence in PCM.
SHORTEST_RUN_BYTES: Final = 64 << 10
SHORTEST_RUN_IN_SMALL_FILES: Final = 16 << 10
SMALL_FILE_BYTES: Final = 4 << 20


def find_zeros(
    path: str, padding_of: Callable[[str], Sequence[tuple[int, int]]], end: int | None = None
) -> tuple[int, int] | None:
    """How many bytes of them, by an estimate, and where the first are. Behind `end`, where the film ends by its own
    word, nothing is missing: recorders set room aside, and do not give back what they did not need.

    Samples are spread over the file; one counts when a whole run of zeros follows it, and it is not of the room that
    the container keeps (`padding_of`, asked only where there are zeros).
    What is shorter than their distance (8 MiB in a file of 4 GiB) may lie between: that is for whole.py to find."""
    size = os.stat(path).st_size  # noqa: PTH116 - pathlib takes longer to import than a small file to be read
    size = size if end is None else min(size, end)
    blocks = size // BLOCK_BYTES
    if blocks < 4:
        return None
    step = max(1, -(-blocks // MOST_BLOCKS))
    run = SHORTEST_RUN_IN_SMALL_FILES if size < SMALL_FILE_BYTES else SHORTEST_RUN_BYTES
    empty = []
    with open(path, "rb") as handle:  # noqa: PTH123 - as above
        for block in range(0, blocks, step):
            at = block * BLOCK_BYTES
            if is_zero(handle, at, BLOCK_BYTES) and lies_in_run(handle, at, run, size):
                empty.append(at)
    room = padding_of(path) if empty else ()
    empty = [at for at in empty if not any(start <= at and at + BLOCK_BYTES <= end for start, end in room)]
    return (min(size, len(empty) * step * BLOCK_BYTES), empty[0]) if empty else None


def end_of_data(handle: BinaryIO, size: int, allowance: Allowance) -> int:
    """Behind the last byte that is none. Where there is no time for that, the end of the file."""
    at = size
    while at > 0 and allowance.allows(boxes=1):
        begin = max(0, at - PIECE_BYTES)
        handle.seek(begin)
        if piece := handle.read(at - begin).rstrip(b"\0"):
            return begin + len(piece)
        at = begin
    return size


def is_zero(handle: BinaryIO, at: int, length: int) -> bool:
    handle.seek(at)
    piece = handle.read(length)
    return len(piece) == length and not piece.strip(b"\0")


def lies_in_run(handle: BinaryIO, at: int, run: int, size: int) -> bool:
    """Forward of it, or back from its end: the last block of a run counts as well."""
    return (at + run <= size and is_zero(handle, at, run)) or (
        at + BLOCK_BYTES >= run and is_zero(handle, at + BLOCK_BYTES - run, run)
    )
