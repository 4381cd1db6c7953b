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
MOST_LISTED: Final = 16
SHORTEST_BEHIND: Final = 1 << 16
"""Phones and cameras write a few words of their own there."""
PIECE_BYTES: Final = 1 << 20
_START_OF_SCAN: Final = 0xDA
_END_OF_IMAGE: Final = b"\xff\xd9"
_APP2: Final = 0xE2
_SEVERAL: Final = b"MPF\0"
_LISTED: Final = 0xB002
_ROW: Final = 16


def end_of_still(handle: BinaryIO, size: int) -> int | None:
    """Of a JPEG or PNG; None where nobody can say. Of a JPEG that lists pictures behind it (CIPA DC-007, MPF), as
    phones do for small ones, where the last of those ends: by its own marks, whatever the list says of its size.

    Beyond the end of a file that ends within what a JPEG has coded: its last mark, or half of it, is missing at least.
    """
    handle.seek(0)
    start = handle.read(8)
    if not start.startswith(JPEG):
        return _end_of_png(handle, size) if start == PNG else None
    listed: list[int] = []
    end = _end_of_jpeg(handle, 0, size, listed)
    for begin in sorted(listed)[:MOST_LISTED]:
        handle.seek(begin)
        if end is not None and handle.read(3) == JPEG:
            behind = _end_of_jpeg(handle, begin, size) or 0
            end = max(end, behind if behind <= size else 0)
    return end


def _end_of_jpeg(handle: BinaryIO, at: int, size: int, listed: list[int] | None = None) -> int | None:
    """Segments say how long they are, up to the first scan; in what is coded no byte of 0xFF stands before another
    mark's letter (ITU-T T.81, B.1.1.5). Where pictures are that its first segments list goes into `listed`."""
    at += 2
    for _ in range(MOST_SEGMENTS):
        handle.seek(at)
        head = handle.read(8)
        if len(head) < 4 or head[0] != 0xFF:
            return None
        if head[1] == 0xFF:  # A mark may be preceded by any number of them.
            at += 1
            continue
        length = int.from_bytes(head[2:4])
        if listed is not None and head[1] == _APP2 and head[4:8] == _SEVERAL:
            listed += (at + 8 + begin for begin in _read_list(handle.read(max(0, length - 6))))
        at += 2 + length
        if head[1] == _START_OF_SCAN:
            return _find_end(handle, at, size)
    return None


def _read_list(index: bytes) -> list[int]:
    """Where pictures begin, counted from the index: of each there are sixteen bytes, the third four of which say that.
    Of the first it is 0: that is the one the list stands in."""
    import struct

    order = {b"II*\0": "<", b"MM\0*": ">"}.get(index[:4])
    try:
        (first,) = struct.unpack_from(f"{order}I", index, 4)
        (count,) = struct.unpack_from(f"{order}H", index, first)
        for entry in range(count):
            tag, _, size, place = struct.unpack_from(f"{order}HHII", index, first + 2 + 12 * entry)
            if tag == _LISTED:
                numbers = struct.unpack_from(f"{order}{min(size, MOST_LISTED * _ROW) // 4}I", index, place)
                return [begin for begin in numbers[2::4] if begin]
    except struct.error:  # An order of bytes that is none is one, too.
        pass
    return []


def _find_end(handle: BinaryIO, at: int, size: int) -> int | None:
    while at < size:
        handle.seek(at)
        piece = handle.read(PIECE_BYTES)
        if (found := piece.find(_END_OF_IMAGE)) >= 0:
            return at + found + 2
        if len(piece) < PIECE_BYTES:
            return size + (1 if piece.endswith(_END_OF_IMAGE[:1]) else 2)
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
