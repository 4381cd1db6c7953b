"""The elements of Matroska (RFC 9559), one after another, for all who look for something in one. boxes.py has those of
MP4, riff.py those of AVI and WAV; what stands between the pictures is for ingest/metadata/matroska_clock.py.

This runs inside the sandbox (inside.py), within an allowance, and never raises for what the file holds.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO, Final

from ingest.ebml import HEAD_BYTES, SEGMENT, read_element
from ingest.media.boxes import Allowance, Box

Way = tuple[bytes, ...]
"""By the depth it lies at, which element is gone into: so nesting ends by itself."""
INTO_FILM: Final[Way] = (SEGMENT,)


@dataclass(frozen=True)
class Element:
    """`end` is its own word, None where its writer did not know it."""

    kind: bytes
    content_at: int
    end: int | None


def read_elements(handle: BinaryIO, at: int, end: int, allowance: Allowance) -> Iterator[Element]:
    """Those of one parent, between its head and its end. One of unknown size is the last: nobody knows where another
    begins (RFC 8794, 6.2)."""
    while at < end and allowance.allows(boxes=1):
        handle.seek(at)
        found = read_element(handle.read(HEAD_BYTES))
        if found is None:
            return
        content_at = at + found.head_bytes
        if found.size_bytes is None:
            yield Element(found.kind, content_at, None)
            return
        at = content_at + found.size_bytes
        yield Element(found.kind, content_at, at)


def walk_elements(handle: BinaryIO, end: int, allowance: Allowance, way: Way = INTO_FILM, at: int = 0) -> Iterator[Box]:
    """Those that lie beside the way and those in what it leads into, each cut off where its parent ends: the walk goes
    on from there, so that what lies behind is the parent's neighbour's, whatever a child says of itself. A `Void` that
    claims to be longer than what it lies in would else cover footage: for zeros there nobody would have to answer, and
    of bytes that are a track's it would be said that they are no one's."""
    for element in read_elements(handle, at, end, allowance):
        stop = end if element.end is None else min(element.end, end)
        if way and element.kind == way[0] and (element.end is not None or element.kind == SEGMENT):
            yield from walk_elements(handle, stop, allowance, way[1:], element.content_at)
        elif element.end is not None:
            yield Box(element.kind, element.content_at, stop)


def end_of_segment(handle: BinaryIO, present: int, allowance: Allowance) -> int | None:
    """Where the film ends by its own word; None where it does not say."""
    elements = read_elements(handle, 0, present, allowance)
    return next((element.end for element in elements if element.kind == SEGMENT), None)
