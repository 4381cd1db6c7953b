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

BLOCK_BYTES: Final = 4096
MOST_BLOCKS: Final = 512
# A recorder that lost power leaves whole clusters of zeros; encoders write no such runs, except as silence in PCM.
SHORTEST_RUN_BYTES: Final = 64 << 10
SHORTEST_RUN_IN_SMALL_FILES: Final = 16 << 10
SMALL_FILE_BYTES: Final = 4 << 20


def find_zeros(path: str, padding_of: Callable[[str], Sequence[tuple[int, int]]]) -> tuple[int, int] | None:
    """How many bytes of them, by an estimate, and where the first are.

    Samples are spread over the file; one counts when a whole run of zeros follows it, and it is not of the room that
    the container keeps (`padding_of`, asked only where there are zeros).
    What is shorter than their distance (8 MiB in a file of 4 GiB) may lie between: that is for whole.py to find."""
    size = os.stat(path).st_size  # noqa: PTH116 - pathlib takes longer to import than a small file to be read
    blocks = size // BLOCK_BYTES
    if blocks < 4:
        return None
    step = max(1, -(-blocks // MOST_BLOCKS))
    run = SHORTEST_RUN_IN_SMALL_FILES if size < SMALL_FILE_BYTES else SHORTEST_RUN_BYTES
    empty = []
    with open(path, "rb") as handle:  # noqa: PTH123 - as above
        for block in range(0, blocks, step):
            if is_zero(handle, block * BLOCK_BYTES, BLOCK_BYTES) and lies_in_run(handle, block * BLOCK_BYTES, run):
                empty.append(block * BLOCK_BYTES)
    room = padding_of(path) if empty else ()
    empty = [at for at in empty if not any(start <= at and at + BLOCK_BYTES <= end for start, end in room)]
    return (min(size, len(empty) * step * BLOCK_BYTES), empty[0]) if empty else None


def is_zero(handle: BinaryIO, at: int, length: int) -> bool:
    handle.seek(at)
    piece = handle.read(length)
    return len(piece) == length and not piece.strip(b"\0")


def lies_in_run(handle: BinaryIO, at: int, run: int) -> bool:
    """Forward of it, or back from its end: the last block of a run counts as well."""
    return is_zero(handle, at, run) or (at + BLOCK_BYTES >= run and is_zero(handle, at + BLOCK_BYTES - run, run))
