"""The chunks of an AVI's picture. One of 0 bytes says that the picture before it is shown once more: where the rate of
frames varies most chunks are such, and a chunk is a piece of time, and not a picture.

Like damage.py this runs inside the sandbox, reads headers alone, and never raises for what the file holds.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, replace
from typing import BinaryIO, Final

from ingest.media.boxes import Allowance
from ingest.media.indexes import AviIndex
from ingest.media.riff import HEAD_BYTES, any_list, walk_chunks

# An hour of 600 chunks a second, which is what some writers make of a rate that varies.
MOST_CHUNKS: Final = 1 << 21
# Of a stream's header (AVISTREAMHEADER): what it is of, then, at 20, scale, rate, start and length.
STREAM_HEADER: Final = struct.Struct("<4s16x4I")


@dataclass(frozen=True)
class PictureChunks:
    """By the header of the first stream of pictures: `declared` chunks of `scale` / `rate` seconds each.

    Where the file ends before its time `present` of them are whole; None where it does not, or nobody can say.
    `pictures` are those that are not empty: of the present ones of a file that ends before its time, else of all, by
    the index; None where nobody can say. `indexed` are all that the index names, empty ones too."""

    declared: int
    scale: int
    rate: int
    present: int | None = None
    pictures: int | None = None
    indexed: int | None = None

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

    @property
    def indexed_seconds(self) -> float | None:
        return None if self.indexed is None else self._seconds_of(self.indexed)

    def _seconds_of(self, chunks: int) -> float:
        return round(chunks * self.scale / self.rate, 3)


def read_picture_chunks(
    handle: BinaryIO, present: int, index: AviIndex | None, is_cut: bool, allowance: Allowance
) -> PictureChunks | None:
    """None where no stream of pictures is declared. A file that is whole says in its index which chunks are empty; of
    one that ends before its time all chunks are gone through, within the time of `allowance`."""
    allowance = Allowance(allowance.clock, allowance.until, boxes=MOST_CHUNKS)
    number, chunks = find_stream(handle, present, allowance)
    if chunks is None:
        return None
    kinds = (b"%02ddc" % number, b"%02ddb" % number)
    if not is_cut:
        sizes = [] if index is None else index.sizes_of(kinds)
        return replace(chunks, pictures=sum(map(bool, sizes)), indexed=len(sizes)) if sizes else chunks
    there = pictures = reached = 0
    is_followed = True
    for chunk in walk_chunks(handle, 0, present, allowance, any_list):
        # What is no chunk ends a list, and the walk goes on behind it: how many there were nobody knows.
        is_followed = is_followed and chunk.at <= reached + 1
        reached = chunk.content_at if chunk.name else chunk.end
        if chunk.kind in kinds and chunk.end <= present:
            there += 1
            pictures += chunk.size_bytes > 0
    whole = is_followed and reached + HEAD_BYTES > present and not allowance.spent
    return replace(chunks, present=there, pictures=pictures) if whole else chunks


def find_stream(handle: BinaryIO, present: int, allowance: Allowance) -> tuple[int, PictureChunks | None]:
    """The number of the first stream of pictures, from 0, and what its header says."""
    number = -1
    for chunk in walk_chunks(handle, 0, present, allowance, any_list):
        if chunk.name == b"movi":
            break
        if chunk.kind == b"strh":
            number += 1
            handle.seek(chunk.content_at)
            header = handle.read(STREAM_HEADER.size)
            if len(header) == STREAM_HEADER.size and header[:4] == b"vids":
                _, scale, rate, _, length = STREAM_HEADER.unpack(header)
                return number, PictureChunks(length, scale, rate) if scale and rate else None
    return number, None
