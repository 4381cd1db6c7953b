"""What lies in a RIFF (AVI, WAV) or a Matroska film and is of none of its tracks: no player shows it.

Room that was kept, chunks and elements that nobody knows, and attached files. As unclaimed.py has it of an MP4: another
film that lies there whole is told, and so is much of anything else; of little, and of zeros, nothing is said. What lies
between the pictures, in `movi` or in a cluster, is not gone through here: that would be to read headers all over a
large file. This runs inside the sandbox, within an allowance.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO, Final

from ingest.ebml import CLUSTER, CUES, SEGMENT
from ingest.media.boxes import Allowance, Box
from ingest.media.matroska import walk_elements
from ingest.media.riff import Chunk, read_chunks, walk_chunks
from ingest.media.unclaimed import LEAST_BYTES, LEAST_SHARE, Span, empty_bytes, find_film

_ENTERED_LISTS: Final = frozenset({b"hdrl", b"strl", b"odml"})
_OF_TRACKS: Final = frozenset({b"movi", b"idx1", b"data", b"indx"})
_INTO_ATTACHED: Final = (SEGMENT, b"\x19\x41\xa4\x69", b"\x61\xa7")  # attachments, one of them (RFC 9559, 5.1.6)
_FILE_DATA: Final = b"\x46\x5c"


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


def rooms_of_riff(handle: BinaryIO, present: int, allowance: Allowance) -> Iterator[Box]:
    """Of one RIFF after another; what follows them is none of it, whatever letters it begins with."""
    for form in read_chunks(handle, 0, present, allowance):
        if form.kind != b"RIFF":
            return
        for chunk in walk_chunks(handle, form.content_at, form.stop, allowance, _is_entered):
            if not _is_entered(chunk) and (chunk.name or chunk.kind) not in _OF_TRACKS:
                yield Box(chunk.kind, chunk.content_at, chunk.stop)


def _is_entered(chunk: Chunk) -> bool:
    return chunk.name in _ENTERED_LISTS


def rooms_of_matroska(handle: BinaryIO, present: int, allowance: Allowance) -> Iterator[Box]:
    """Up to the first whose end nobody knows, as in a live recording."""
    for element in walk_elements(handle, present, allowance, _INTO_ATTACHED):
        if element.kind not in (CLUSTER, CUES):
            yield Box(b"file" if element.kind == _FILE_DATA else b"void", element.content_at, element.end)
