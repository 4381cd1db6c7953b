"""What a container's index names of pictures and sound, against what stands where it says.

Who wants minutes gone from a film need not cut it: he renames what holds them. Chunks of an AVI become `JUNK`, clusters
`Void`, fragments `free`; every size stays true, no frame is torn, and players pass over them in silence. The index was
written while they were there. This runs inside the sandbox, within an allowance, and never raises for what the file
holds.
"""

from __future__ import annotations

import io
import re
import struct
from collections.abc import Callable, Container, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, BinaryIO, Final, NamedTuple, TypeVar

from ingest.containers import MOST_FILE_BYTES, read_at
from ingest.ebml import CLUSTER, CUES, HEAD_BYTES, SEGMENT, VOID, read_element
from ingest.media.boxes import Allowance, Box, read_boxes
from ingest.media.matroska import read_elements, walk_elements
from ingest.media.riff import ROOM, Chunk, walk_chunks

LOOKS: Final = 512
"""Places that are looked at first, spread over all: to read heads all over a large file waits for its disk. Where
one of them is not as it was named all are looked at. What lies between is for whole.py to find."""
MOST_PLACES: Final = 1 << 21
MOST_INDEX_BYTES: Final = 64 << 20
ROW: Final = struct.Struct("<4sQI")
"""A chunk's name, where it is, and how long what it holds is."""
_OLD_ROW: Final = struct.Struct("<4s4xII")
_NEW_HEAD: Final = struct.Struct("<HBBI4sQ4x")
_NEW_PLACE: Final = struct.Struct("<QII")
_NEW_ROW: Final = struct.Struct("<II")
_OF_CHUNKS: Final = 1
_FILMS: Final = (b"AVI ", b"AVIX")
_OF_A_STREAM: Final = re.compile(rb"\d\d(?:d[bc]|wb)")
_INTO_CUES: Final = (b"\xbb", b"\xb7")  # a point, and where it is of each track (RFC 9559, 5.1.5)
_CLUSTER_AT: Final = b"\xf1"
_ROOM_IN_MP4: Final = frozenset((b"free", b"skip", b"wide"))

T = TypeVar("T")


@dataclass(frozen=True)
class Indexed:
    """How many pieces the index names, and of how many something else stands in their place."""

    named: int
    gone: int = 0


class Place(NamedTuple):
    """What the index of an AVI says of a chunk; where its head is counts from somewhere."""

    kind: bytes
    at: int
    size_bytes: int


@dataclass(frozen=True)
class AviIndex:
    """`bases`: where its places may count from. `rows` are those of ROW."""

    bases: tuple[int, ...]
    rows: bytes

    def __len__(self) -> int:
        return len(self.rows) // ROW.size

    def __getitem__(self, number: int) -> Place:
        return Place(*ROW.unpack_from(self.rows, number * ROW.size))

    def sizes_of(self, kinds: Container[bytes]) -> list[int]:
        return [size for kind, _, size in ROW.iter_unpack(self.rows) if kind in kinds]


def read_avi_index(handle: BinaryIO, present: int, allowance: Allowance) -> AviIndex | None:
    """None where there is none, or more of the film than it can name: of several RIFFs `idx1` has the first. Where
    there are indexes of OpenDML (AVI 2.0, 3) they are of all of it, and `idx1` may be of a beginning alone."""
    forms, movi_at, old, new = 0, None, b"", b""
    for chunk in walk_chunks(handle, 0, present, allowance, _leads_to_indexes):
        forms += chunk.name in _FILMS
        if chunk.name == b"movi":
            movi_at = chunk.content_at - len(chunk.name)
        elif chunk.kind == b"idx1":
            rows = _whole_rows(_OLD_ROW, _read(handle, chunk.content_at, chunk.size_bytes))
            old = b"".join(ROW.pack(*row) for row in rows if _OF_A_STREAM.fullmatch(row[0]))
        elif chunk.kind == b"indx":
            new += _rows_of_stream(handle, _read(handle, chunk.content_at, chunk.size_bytes), allowance)
    if new:
        return AviIndex((0,), new)
    return AviIndex((movi_at, 0), old) if old and movi_at is not None and forms == 1 else None


def _leads_to_indexes(chunk: Chunk) -> bool:
    return chunk.name in (*_FILMS, b"hdrl", b"strl")


def _rows_of_stream(handle: BinaryIO, index: bytes, allowance: Allowance) -> bytes:
    """Of one stream: an index of chunks, or of where such indexes are."""
    if len(index) < _NEW_HEAD.size:
        return b""
    _, _, kind, count, *_ = _NEW_HEAD.unpack_from(index)
    if kind == _OF_CHUNKS:
        return _rows_of_chunks(index)
    rows = b""
    for at, size, _ in islice(_whole_rows(_NEW_PLACE, index[_NEW_HEAD.size :]), count):
        if not allowance.allows(boxes=1) or len(rows) > MOST_INDEX_BYTES:
            break
        rows += _rows_of_chunks(_read(handle, at + 8, size - 8))
    return rows


def _rows_of_chunks(index: bytes) -> bytes:
    """Places are those of what the chunks hold, behind their heads; the highest bit of a size is no part of it."""
    if len(index) < _NEW_HEAD.size:
        return b""
    words, _, kind, count, name, base = _NEW_HEAD.unpack_from(index)
    if kind != _OF_CHUNKS or words != _NEW_ROW.size // 4:
        return b""
    rows = islice(_whole_rows(_NEW_ROW, index[_NEW_HEAD.size :]), count)
    return b"".join(ROW.pack(name, max(0, base + at - 8) % MOST_FILE_BYTES, size & 0x7FFFFFFF) for at, size in rows)


def _read(handle: BinaryIO, at: int, size: int) -> bytes:
    return read_at(handle, at, size) if size <= MOST_INDEX_BYTES else b""


def _whole_rows(row: struct.Struct, table: bytes) -> Iterator[tuple[Any, ...]]:
    return row.iter_unpack(table[: len(table) // row.size * row.size])


def weigh_chunks(handle: BinaryIO, index: AviIndex, allowance: Allowance) -> Indexed | None:
    """Of an AVI. None where nothing stands where it says: its places count from the list of pictures, or, as some
    writers have it, from the beginning of the file."""
    numbers = range(len(index))
    standing = {base: sum(_stands(handle, base, index[number]) for number in spread(numbers)) for base in index.bases}
    base = max(index.bases, key=lambda each: standing[each])
    if not standing[base]:
        return None
    return _count(numbers, lambda number: _is_renamed(handle, base, index[number]), allowance)


def _stands(handle: BinaryIO, base: int, place: Place) -> bool:
    return _chunk_at(handle, base + place.at)[0] == place.kind


def _is_renamed(handle: BinaryIO, base: int, place: Place) -> bool:
    """Room, or a chunk of another name that is as long. An index that is wrong by itself points into the middle of
    something, which is neither."""
    kind, size = _chunk_at(handle, base + place.at)
    return kind != place.kind and (kind in ROOM or (size == place.size_bytes and kind.isalnum()))


def _chunk_at(handle: BinaryIO, at: int) -> tuple[bytes, int]:
    head = _read(handle, at, 8)
    return head[:4], int.from_bytes(head[4:], "little")


def weigh_cues(handle: BinaryIO, present: int, allowance: Allowance) -> Indexed | None:
    """Of a Matroska film, by its cues; None where it has none."""
    allowance = Allowance(allowance.clock, allowance.until, boxes=MOST_PLACES)
    segment = next((each for each in read_elements(handle, 0, present, allowance) if each.kind == SEGMENT), None)
    if segment is None:
        return None
    places = set[int]()
    for element in read_elements(handle, segment.content_at, present, allowance):
        if element.kind == CUES and element.end is not None:
            content = io.BytesIO(_read(handle, element.content_at, element.end - element.content_at))
            for each in walk_elements(content, element.end - element.content_at, allowance, _INTO_CUES):
                if each.kind == _CLUSTER_AT:
                    content.seek(each.content_at)
                    places.add(segment.content_at + int.from_bytes(content.read(min(8, each.end - each.content_at))))
    return _weigh_places(handle, sorted(places), _is_cluster, _is_void, allowance)


def _is_cluster(handle: BinaryIO, at: int) -> bool:
    return _read(handle, at, len(CLUSTER)) == CLUSTER


def _is_void(handle: BinaryIO, at: int) -> bool:
    """Room, or an element of another name before a cluster."""
    found = read_element(_read(handle, at, HEAD_BYTES))
    if found is None or found.kind == CLUSTER or found.size_bytes is None:
        return False
    return found.kind == VOID or _is_cluster(handle, at + found.head_bytes + found.size_bytes)


def weigh_fragments(handle: BinaryIO, mfra: Box, present: int, allowance: Allowance) -> Indexed | None:
    """Of a fragmented MP4, by the table at its end (ISO/IEC 14496-12, 8.8.10)."""
    places = set[int]()
    for box in read_boxes(handle, mfra.content_at, min(mfra.end, present), allowance):
        if box.kind == b"tfra":
            places |= _moofs_of(_read(handle, box.content_at, min(box.end, present) - box.content_at))
    return _weigh_places(handle, sorted(places), _is_moof, _is_free, allowance)


def _moofs_of(table: bytes) -> set[int]:
    if len(table) < 16:
        return set()
    version, (widths, count) = table[0], struct.unpack_from(">II", table, 8)
    time_and_place = "QQ" if version == 1 else "II"
    rest = sum((widths >> shift & 3) + 1 for shift in (4, 2, 0))
    row = struct.Struct(f">{time_and_place}{rest}x")
    content = table[16 : 16 + min(count, (len(table) - 16) // row.size) * row.size]
    return {place for _, place in row.iter_unpack(content)}


def _box_at(handle: BinaryIO, at: int) -> bytes:
    return _read(handle, at, 8)[4:]


def _is_moof(handle: BinaryIO, at: int) -> bool:
    return _box_at(handle, at) == b"moof"


def _is_free(handle: BinaryIO, at: int) -> bool:
    return _box_at(handle, at) in _ROOM_IN_MP4


Look = Callable[[BinaryIO, int], bool]


def _weigh_places(
    handle: BinaryIO, places: Sequence[int], stands: Look, is_room: Look, allowance: Allowance
) -> Indexed | None:
    """None where nothing is as it was named: then it is the index that is wrong."""
    if not any(stands(handle, place) for place in spread(places)):
        return None
    return _count(places, lambda place: is_room(handle, place), allowance)


def _count(places: Sequence[T], is_gone: Callable[[T], bool], allowance: Allowance) -> Indexed:
    if not any(is_gone(place) for place in spread(places)):
        return Indexed(len(places))
    allowance = Allowance(allowance.clock, allowance.until, boxes=MOST_PLACES)
    gone = sum(is_gone(place) for place in places if allowance.allows(boxes=1))
    return Indexed(len(places), max(1, gone))


def spread(places: Sequence[T]) -> Sequence[T]:
    """LOOKS of them at most, the last among them."""
    if len(places) <= LOOKS:
        return places
    step = -(-len(places) // (LOOKS - 1))
    return [*places[::step], places[-1]]
