"""Where a photograph ends, by its own marks: what lies behind that no viewer shows.

Like damage.py this runs inside the sandbox, and never raises for what the file holds.
"""

from __future__ import annotations

TYPE_CHECKING = False  # typing takes longer to import than all of this
if TYPE_CHECKING:
    from typing import BinaryIO, Final

JPEG: Final = b"\xff\xd8\xff"
PNG: Final = b"\x89PNG\r\n\x1a\n"
MOST_SEGMENTS: Final = 4096
SHORTEST_BEHIND: Final = 1 << 16
"""Phones and cameras write a few words of their own there."""
PIECE_BYTES: Final = 1 << 20
_START_OF_SCAN: Final = 0xDA
_END_OF_IMAGE: Final = b"\xff\xd9"
_APP2: Final = 0xE2
_SEVERAL: Final = b"MPF\0"


def end_of_still(handle: BinaryIO, size: int) -> int | None:
    """Of a JPEG or PNG; None where nobody can say. Of a JPEG that lists the pictures behind it (CIPA DC-007, MPF) as
    well: phones keep small ones there."""
    handle.seek(0)
    start = handle.read(8)
    if start.startswith(JPEG):
        return _end_of_jpeg(handle, size)
    return _end_of_png(handle, size) if start == PNG else None


def _end_of_jpeg(handle: BinaryIO, size: int) -> int | None:
    """Segments say how long they are, up to the first scan; in what is coded no byte of 0xFF stands before another
    mark's letter (ITU-T T.81, B.1.1.5)."""
    at = 2
    for _ in range(MOST_SEGMENTS):
        handle.seek(at)
        head = handle.read(8)
        if len(head) < 4 or head[0] != 0xFF:
            return None
        if head[1] == 0xFF:  # A mark may be preceded by any number of them.
            at += 1
            continue
        if head[1] == _APP2 and head[4:8] == _SEVERAL:
            return None
        at += 2 + int.from_bytes(head[2:4])
        if head[1] == _START_OF_SCAN:
            return _find_end(handle, at, size)
    return None


def _find_end(handle: BinaryIO, at: int, size: int) -> int | None:
    while at < size:
        handle.seek(at)
        piece = handle.read(PIECE_BYTES)
        if (found := piece.find(_END_OF_IMAGE)) >= 0:
            return at + found + 2
        if len(piece) < PIECE_BYTES:
            return None
        at += len(piece) - 1
    return None


def _end_of_png(handle: BinaryIO, size: int) -> int | None:
    at = len(PNG)
    while at + 12 <= size:
        handle.seek(at)
        head = handle.read(8)
        kind = head[4:]
        at += 12 + int.from_bytes(head[:4])
        if kind == b"IEND":
            return min(at, size)
    return None
