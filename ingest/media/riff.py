"""The chunks of a RIFF (AVI, WAV), one after another, for all who look for something in one. boxes.py has those of MP4,
matroska.py those of Matroska.

This runs inside the sandbox (inside.py), within an allowance, and never raises for what the file holds.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import BinaryIO, Final

from ingest.containers import is_box_type
from ingest.media.boxes import Allowance

FORMS: Final = (b"RIFF", b"RF64")
LISTS: Final = (*FORMS, b"LIST")
HEAD_BYTES: Final = 8
OPEN_SIZES: Final = (0, 0xFFFFFFFF)
"""Of a list that its writer never came back to: no list is empty, its name is in its size."""
DEEPEST: Final = 4
ROOM: Final = frozenset({b"JUNK", b"PAD ", b"FLLR", b"junk"})
"""What is kept for later by its own word."""


@dataclass(frozen=True)
class Chunk:
    """`name` is that of a list, and empty of all else. `end` is the chunk's own word, without the byte that pads it;
    `stop` is where what it holds ends, which is within its parent. `is_open`: a list that its writer never came back
    to, so that the end is its parent's."""

    kind: bytes
    name: bytes
    content_at: int
    end: int
    stop: int
    is_open: bool = False

    @property
    def at(self) -> int:
        return self.content_at - HEAD_BYTES - len(self.name)

    @property
    def is_odd(self) -> bool:
        """Such a one is followed by a byte that nobody counts."""
        return bool((self.end - self.at) & 1)

    @property
    def size_bytes(self) -> int:
        """Of what it holds, by its own word."""
        return self.end - self.content_at


def read_chunks(handle: BinaryIO, at: int, end: int, allowance: Allowance) -> Iterator[Chunk]:
    """Those of one list, between its name and its end. Ends where what follows is no chunk: a maker's trailer, say.

    A list that was left open reaches to its parent's end. A chunk is cut off there: players and this walk go on behind
    the parent from the parent's own end, so that what lies there is its neighbour's. `JUNK` among the headers that
    claims gigabytes would else cover the film: zeros in it would be nobody's loss, and its pictures nobody's."""
    while at + HEAD_BYTES <= end and allowance.allows(boxes=1):
        handle.seek(at)
        header = handle.read(HEAD_BYTES + 4)
        if len(header) < HEAD_BYTES:
            return
        kind, size = struct.unpack_from("<4sI", header)
        if not is_box_type(kind):
            return
        name = header[HEAD_BYTES:] if kind in LISTS else b""
        is_open = bool(name) and size in OPEN_SIZES
        own_end = end if is_open else at + HEAD_BYTES + size
        chunk = Chunk(kind, name, at + HEAD_BYTES + len(name), own_end, min(own_end, end), is_open)
        yield chunk
        at = own_end + chunk.is_odd


def walk_chunks(
    handle: BinaryIO, at: int, end: int, allowance: Allowance, into: Callable[[Chunk], bool], deepest: int = DEEPEST
) -> Iterator[Chunk]:
    """Each of them, and behind a list that `into` says yes to what it holds."""
    for chunk in read_chunks(handle, at, end, allowance):
        yield chunk
        if chunk.name and deepest and into(chunk):
            yield from walk_chunks(handle, chunk.content_at, chunk.stop, allowance, into, deepest - 1)


def any_list(chunk: Chunk) -> bool:
    return bool(chunk.name)
