"""What lies in an MP4 and belongs to none of its tracks: nobody who plays the file sees it.

Its tables may be shortened and leave the samples where they are, and a film may lie in room that a container keeps.
Recorders leave some there themselves (a log, a small picture, room for an index that grew), so little is no word.
Like damage.py this runs inside the sandbox, and never raises for what the file holds.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import BinaryIO, Final

from ingest.media.boxes import Box
from ingest.media.sample_tables import SOUND, SampleTables

LEAST_BYTES: Final = 1 << 20
LEAST_SHARE: Final = 0.05
LOOKS: Final = 16
LOOK_BYTES: Final = 512
_FILMS: Final = (b"RIFF", b"RF64", b"\x1a\x45\xdf\xa3")
_FIRST_OF_A_FILM: Final = frozenset({b"ftyp", b"moov", b"mdat"})
LEAST_FILM_BYTES: Final = 1 << 16
_USER_TYPE_BYTES: Final = 16


@dataclass(frozen=True)
class Span:
    """Of the file, from its beginning, in bytes."""

    at: int
    end: int

    @property
    def bytes(self) -> int:
        return self.end - self.at


def find_film(handle: BinaryIO, box: Box, present: int) -> Span | None:
    """Another film that lies whole in a box that says nothing of the first and holds nothing of it."""
    begin = box.content_at + (_USER_TYPE_BYTES if box.kind == b"uuid" else 0)
    span = Span(begin, min(box.end, present))
    if span.bytes < LEAST_FILM_BYTES:
        return None
    handle.seek(begin)
    start = handle.read(8)
    return span if start.startswith(_FILMS) or start[4:8] in _FIRST_OF_A_FILM else None


def count_unclaimed(
    handle: BinaryIO, payloads: Sequence[Box], tracks: Sequence[SampleTables], sample_bytes: int, present: int
) -> int:
    """0 where there is little, or where the tables do not say how long each sample is."""
    if not tracks or not all(map(says_bytes, tracks)):
        return 0
    room = sum(min(box.end, present) - box.content_at for box in payloads if box.content_at < present)
    unclaimed = room - sample_bytes
    if unclaimed < max(LEAST_BYTES, LEAST_SHARE * present):
        return 0
    empty = sum(empty_bytes(handle, box, present) for box in payloads)
    return unclaimed - empty if unclaimed - empty >= max(LEAST_BYTES, LEAST_SHARE * present) else 0


def says_bytes(track: SampleTables) -> bool:
    """Of sound in QuickTime one size for all may be that of a sample, and not what it takes in the file."""
    return track.says_sizes and not (track.each and track.handler == SOUND)


def empty_bytes(handle: BinaryIO, box: Box, present: int) -> int:
    """By its share of a few looks: what a recorder set aside for a film that ended sooner is zeros."""
    span = Span(box.content_at, min(box.end, present))
    if span.bytes < LEAST_BYTES:
        return 0
    empty = 0
    for look in range(LOOKS):
        handle.seek(span.at + span.bytes * look // LOOKS)
        piece = handle.read(LOOK_BYTES)
        empty += not piece.strip(b"\0")
    return span.bytes * empty // LOOKS
