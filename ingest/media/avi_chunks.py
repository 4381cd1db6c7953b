"""The chunks of an AVI's picture, and how long its streams say they are. A chunk of 0 bytes says that the picture
before it is shown once more: where the rate of frames varies most are such, and a chunk is a piece of time, and not a
picture.

Like damage.py this runs inside the sandbox, reads headers alone, and never raises for what the file holds.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import BinaryIO, Final

from ingest.media.boxes import Allowance
from ingest.media.indexes import AviIndex
from ingest.media.riff import HEAD_BYTES, any_list, walk_chunks

# An hour of 600 chunks a second, which is what some writers make of a rate that varies.
MOST_CHUNKS: Final = 1 << 21
# Of a stream's header (AVISTREAMHEADER): what it is of, then, at 20, scale, rate, start and length.
STREAM_HEADER: Final = struct.Struct("<4s16x4I")
PICTURES, SOUND = b"vids", b"auds"
# Of WAVEFORMATEX: the bytes of a second, on an average.
SOUND_FORMAT: Final = struct.Struct("<8xI")
LEAST_OFF_SECONDS: Final = 1.0
LEAST_OFF_SHARE: Final = 0.05


@dataclass(frozen=True)
class PictureChunks:
    """By the header of the first stream of pictures: `declared` chunks of `scale` / `rate` seconds each.

    Where the file ends before its time, or has no index, `present` of them are whole; None where it has one, or nobody
    can say. `pictures` are those that are not empty: of the present ones, or else of all, by the index; None where
    nobody can say. `indexed` are all that the index names, empty ones too."""

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
    def there_seconds(self) -> float | None:
        """Of a film whose header was never filled in as well."""
        return None if self.present is None else self._seconds_of(self.present)

    @property
    def indexed_seconds(self) -> float | None:
        return None if self.indexed is None else self._seconds_of(self.indexed)

    def _seconds_of(self, chunks: int) -> float:
        return round(chunks * self.scale / self.rate, 3)


@dataclass(frozen=True)
class StreamHeader:
    """What an AVI says of a stream: its number, what it is of (`vids`, `auds`), how many pieces of `scale` / `rate`
    seconds it has, and, of sound, how many bytes each second of it takes."""

    number: int
    kind: bytes
    scale: int
    rate: int
    pieces: int
    bytes_a_second: int = 0


def read_stream_headers(handle: BinaryIO, present: int, allowance: Allowance) -> list[StreamHeader]:
    """Those before the pictures, in order."""
    headers = list[StreamHeader]()
    for chunk in walk_chunks(handle, 0, present, allowance, any_list):
        if chunk.name == b"movi":
            break
        handle.seek(chunk.content_at)
        if chunk.kind == b"strh" and len(said := handle.read(STREAM_HEADER.size)) == STREAM_HEADER.size:
            kind, scale, rate, _, pieces = STREAM_HEADER.unpack(said)
            headers.append(StreamHeader(len(headers), kind, scale, rate, pieces))
        elif chunk.kind == b"strf" and headers and headers[-1].kind == SOUND:
            said = handle.read(SOUND_FORMAT.size)
            if len(said) == SOUND_FORMAT.size:
                headers[-1] = replace(headers[-1], bytes_a_second=SOUND_FORMAT.unpack(said)[0])
    return headers


def read_picture_chunks(
    handle: BinaryIO, present: int, headers: Sequence[StreamHeader], index: AviIndex | None, allowance: Allowance
) -> PictureChunks | None:
    """None where no stream of pictures is declared. Which chunks are empty the index says; where there is none, or one
    of a file that ends before its time, all chunks are gone through, within the time of `allowance`."""
    allowance = Allowance(allowance.clock, allowance.until, boxes=MOST_CHUNKS)
    header = next((each for each in headers if each.kind == PICTURES), None)
    if header is None or not header.scale or not header.rate:
        return None
    chunks = PictureChunks(header.pieces, header.scale, header.rate)
    kinds = (b"%02ddc" % header.number, b"%02ddb" % header.number)
    if index is not None:
        sizes = index.sizes_of(kinds)
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


def seconds_of_sound(headers: Sequence[StreamHeader], index: AviIndex | None) -> float | None:
    """The longest of its sounds by its header, where the bytes that the index names bear that out: writers count
    pieces in many ways."""
    believed = [0.0]
    if index is None:
        return None
    for each in headers:
        if each.kind == SOUND and each.scale and each.rate and each.bytes_a_second:
            said = each.pieces * each.scale / each.rate
            held = sum(index.sizes_of((b"%02dwb" % each.number,))) / each.bytes_a_second
            believed += [said] if abs(said - held) <= max(LEAST_OFF_SECONDS, held * LEAST_OFF_SHARE) else []
    return round(max(believed), 3) or None
