"""What lies in a RIFF (AVI, WAV) or a Matroska film and is of none of its tracks: no player shows it.

Room that was kept, chunks and elements that nobody knows, and attached files. As unclaimed.py has it of an MP4: another
film that lies there whole is told, and so is much of anything else; of little, and of zeros, nothing is said. What lies
between the pictures, in `movi` or in a cluster, is not gone through here: that would be to read headers all over a
large file. This runs inside the sandbox, within an allowance.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO, Final

from ingest.media.boxes import Allowance, Box
from ingest.media.padding import read_element
from ingest.media.unclaimed import LEAST_BYTES, LEAST_SHARE, Span, empty_bytes, find_film

_ENTERED_LISTS: Final = frozenset({b"hdrl", b"strl", b"odml"})
_OF_TRACKS: Final = frozenset({b"movi", b"idx1", b"data", b"indx"})
_DEEPEST_LIST: Final = 4
_SEGMENT: Final = 0x18538067
_CLUSTER: Final = 0x1F43B675
_CUES: Final = 0x1C53BB6B
_ATTACHED: Final = frozenset({0x1941A469, 0x61A7})  # attachments, one of them (RFC 9559, 5.1.6)
_FILE_DATA: Final = 0x465C


@dataclass(frozen=True)
class Unseen:
    """`film`: one that lies there whole, the first of them; else `bytes` of what is no track's, where that is much."""

    film: Span | None = None
    bytes: int = 0


def look_for_unseen(handle: BinaryIO, rooms: Iterator[Box], present: int) -> Unseen:
    """What `rooms` hold."""
    total, empty = 0, 0
    for room in rooms:
        if (film := find_film(handle, room, present)) is not None:
            return Unseen(film)
        total += max(0, min(room.end, present) - room.content_at)
        empty += empty_bytes(handle, room, present)
    least = max(LEAST_BYTES, LEAST_SHARE * present)
    return Unseen(bytes=total - empty if total - empty >= least else 0)


def rooms_of_riff(
    handle: BinaryIO, present: int, allowance: Allowance, at: int = 0, end: int | None = None, depth: int = 0
) -> Iterator[Box]:
    end = present if end is None else min(end, present)
    while at + 8 <= end and allowance.allows(boxes=1):
        handle.seek(at)
        header = handle.read(12)
        if len(header) < 8 or (depth == 0 and header[:4] != b"RIFF"):
            return
        kind, size = struct.unpack_from("<4sI", header)
        after, name = at + 8 + size + (size & 1), header[8:12]
        is_list = kind in (b"RIFF", b"LIST")
        if depth < _DEEPEST_LIST and (kind == b"RIFF" or (is_list and name in _ENTERED_LISTS)):
            yield from rooms_of_riff(handle, present, allowance, at + 12, after, depth + 1)
        elif (name if is_list else kind) not in _OF_TRACKS:
            yield Box(kind, at + (12 if is_list else 8), at + 8 + size)
        at = after


def rooms_of_matroska(handle: BinaryIO, present: int, allowance: Allowance) -> Iterator[Box]:
    """Up to the first whose end nobody knows, as in a live recording."""
    at = 0
    while at < present and allowance.allows(boxes=1):
        handle.seek(at)
        found = read_element(handle.read(12))
        if found is None:
            return
        kind, header_bytes, size = found
        content = at + header_bytes
        if kind == _SEGMENT or (kind in _ATTACHED and size is not None):
            at = content
            continue
        if size is None:
            return
        if kind not in (_CLUSTER, _CUES):
            yield Box(b"file" if kind == _FILE_DATA else b"void", content, content + size)
        at = content + size
