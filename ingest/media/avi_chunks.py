"""The chunks of an AVI's picture. One of 0 bytes says that the picture before it is shown once more: where the rate of
frames varies most chunks are such, and a chunk is a piece of time, and not a picture.

Like damage.py this runs inside the sandbox, reads headers alone, and never raises for what the file holds.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import BinaryIO, Final

from ingest.media.boxes import Allowance, is_box_type

LISTS: Final = (b"RIFF", b"LIST")
INDEX: Final = b"idx1"
INDEX_ENTRY_BYTES: Final = 16
MOST_INDEX_BYTES: Final = 64 << 20
# An hour of 600 chunks a second, which is what some writers make of a rate that varies.
MOST_CHUNKS: Final = 1 << 21
# Of a stream's header (AVISTREAMHEADER): what it is of, then, at 20, scale, rate, start and length.
STREAM_HEADER: Final = struct.Struct("<4s16x4I")


@dataclass(frozen=True)
class PictureChunks:
    """By the header of the first stream of pictures: `declared` chunks of `scale` / `rate` seconds each.

    Where the file ends before its time `present` of them are whole; None where it does not, or nobody can say.
    `pictures` are those that are not empty: of the present ones of a file that ends before its time, else of all, by
    the index; None where nobody can say."""

    declared: int
    scale: int
    rate: int
    present: int | None = None
    pictures: int | None = None

    @property
    def declared_pictures(self) -> int | None:
        """What is beyond the end may be empty or not. Where nothing before it is empty the header's word stands."""
        if self.present is None or self.present >= self.declared:
            return self.pictures
        return self.declared if self.is_even else None

    @property
    def is_even(self) -> bool:
        """Whether each chunk that was seen is a picture: then a share of the pictures is one of the time."""
        return self.pictures is not None and self.pictures == (self.declared if self.present is None else self.present)

    @property
    def declared_seconds(self) -> float | None:
        return self._seconds_of(self.declared) if self.declared else None

    @property
    def present_seconds(self) -> float | None:
        """None too where there are more than the header counts: its word is worth nothing then."""
        return None if self.present is None or self.present > self.declared else self._seconds_of(self.present)

    def _seconds_of(self, chunks: int) -> float:
        return round(chunks * self.scale / self.rate, 3)


@dataclass(frozen=True)
class Chunk:
    """`kind` of a list is its name; `end` is the chunk's own word."""

    kind: bytes
    is_list: bool
    content_at: int
    end: int


def read_picture_chunks(handle: BinaryIO, present: int, is_cut: bool, allowance: Allowance) -> PictureChunks | None:
    """None where no stream of pictures is declared. A file that is whole says in its index which chunks are empty; of
    one that ends before its time all chunks are gone through, within the time of `allowance`."""
    allowance = Allowance(allowance.clock, allowance.until, boxes=MOST_CHUNKS)
    number, chunks = find_stream(handle, present, allowance)
    if chunks is None:
        return None
    kinds = (b"%02ddc" % number, b"%02ddb" % number)
    if not is_cut:
        return replace(chunks, pictures=count_in_index(handle, present, kinds, allowance))
    there = pictures = reached = 0
    for chunk in read_riff(handle, present, allowance, enter=True):
        reached = chunk.content_at if chunk.is_list else chunk.end
        if chunk.kind in kinds and chunk.end <= present:
            there += 1
            pictures += chunk.end > chunk.content_at
    # What stopped before the end met something that is no chunk: how many there are behind it nobody knows.
    whole = reached + 8 > present and not allowance.spent
    return replace(chunks, present=there, pictures=pictures) if whole else chunks


def find_stream(handle: BinaryIO, present: int, allowance: Allowance) -> tuple[int, PictureChunks | None]:
    """The number of the first stream of pictures, from 0, and what its header says."""
    number = -1
    for chunk in read_riff(handle, present, allowance, enter=True):
        if chunk.is_list and chunk.kind == b"movi":
            break
        if chunk.kind == b"strh":
            number += 1
            handle.seek(chunk.content_at)
            header = handle.read(STREAM_HEADER.size)
            if len(header) == STREAM_HEADER.size and header[:4] == b"vids":
                _, scale, rate, _, length = STREAM_HEADER.unpack(header)
                return number, PictureChunks(length, scale, rate) if scale and rate else None
    return number, None


def count_in_index(handle: BinaryIO, present: int, kinds: tuple[bytes, ...], allowance: Allowance) -> int | None:
    """The pictures of all; None where there is no index, or more of the film than it can name (several RIFFs)."""
    riffs, counted = 0, None
    for chunk in read_riff(handle, present, allowance, enter=False):
        riffs += chunk.is_list and chunk.kind in (b"AVI ", b"AVIX")
        if chunk.kind == INDEX and not chunk.is_list and chunk.end - chunk.content_at <= MOST_INDEX_BYTES:
            handle.seek(chunk.content_at)
            table = handle.read(chunk.end - chunk.content_at)
            entries = range(0, len(table) - INDEX_ENTRY_BYTES + 1, INDEX_ENTRY_BYTES)
            counted = sum(table[at : at + 4] in kinds and table[at + 12 : at + 16] != b"\0\0\0\0" for at in entries)
    return counted if riffs == 1 else None


def read_riff(handle: BinaryIO, present: int, allowance: Allowance, *, enter: bool) -> Iterator[Chunk]:
    """One chunk after another, and where `enter` says so those of a list behind the list; else only a RIFF is entered.
    Ends where what follows is no chunk."""
    at = 0
    while at + 8 <= present and allowance.allows(boxes=1):
        handle.seek(at)
        header = handle.read(12)
        kind, size = struct.unpack_from("<4sI", header)
        if not is_box_type(kind):
            return
        end = at + 8 + size + (size & 1)
        if kind in LISTS:
            yield Chunk(header[8:12], True, at + 12, end)
            at = at + 12 if enter or kind == b"RIFF" else end
        else:
            yield Chunk(kind, False, at + 8, at + 8 + size)
            at = end
