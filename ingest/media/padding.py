"""Room that a container keeps by its own word: zeros there are no footage that is missing.

Asked only of a file in which zeros were found. Like damage.py this runs inside the sandbox, within an allowance.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, Final

from ingest.media.boxes import Allowance, read_boxes
from ingest.media.sound_totals import end_of_tag

Span = tuple[int, int]

_MP4: Final = frozenset({b"free", b"skip", b"wide"})
_RIFF: Final = frozenset({b"JUNK", b"PAD ", b"FLLR", b"junk"})
_DEEPEST_LIST: Final = 4
# RFC 8794, 5 and 11.3: the header, the Segment in which all else lies, and what is void in it.
_EBML: Final = b"\x1a\x45\xdf\xa3"
_SEGMENT, _VOID = 0x18538067, 0xEC


def padding_of(path: Path) -> list[Span]:
    """From where to where, in bytes, in the order of the file. Empty for containers that know none."""
    size, allowance = path.stat().st_size, Allowance.of_one_file()
    with path.open("rb") as handle:
        start = handle.read(12)
        if start[:4] in (b"RIFF", b"RF64"):
            return list(_in_riff(handle, 12, size, allowance))
        if start[:3] == b"ID3":
            return [(0, min(end_of_tag(start), size))]
        if start[:4] == _EBML:
            return list(_in_matroska(handle, size, allowance))
        boxes = read_boxes(handle, 0, size, allowance)
        return [(box.content_at, min(box.end, size)) for box in boxes if box.kind in _MP4]


def _in_riff(handle: BinaryIO, at: int, end: int, allowance: Allowance, depth: int = 0) -> Iterator[Span]:
    while at + 8 <= end and allowance.allows(boxes=1):
        handle.seek(at)
        header = handle.read(12)
        if len(header) < 8:
            return
        kind, size = struct.unpack_from("<4sI", header)
        content, after = at + 8, at + 8 + size + (size & 1)
        if kind in (b"LIST", b"RIFF") and depth < _DEEPEST_LIST:
            yield from _in_riff(handle, content + 4, min(after, end), allowance, depth + 1)
        elif kind in _RIFF:
            yield content, min(content + size, end)
        at = after


def _in_matroska(handle: BinaryIO, end: int, allowance: Allowance) -> Iterator[Span]:
    """Beside the clusters; one of unknown size ends the way, as nobody knows where it does."""
    at = 0
    while at < end and allowance.allows(boxes=1):
        handle.seek(at)
        found = read_element(handle.read(12))
        if found is None:
            return
        kind, header_bytes, size = found
        content = at + header_bytes
        if kind == _SEGMENT:
            at = content
            continue
        if size is None:
            return
        if kind == _VOID:
            yield content, min(content + size, end)
        at = content + size


def read_element(start: bytes) -> tuple[int, int, int | None] | None:
    """Id, bytes of the head, and size, None where it is unknown (RFC 8794, 4 to 6); None where there is no element."""
    if not start or not (id_bytes := 9 - start[0].bit_length()) <= 4 or len(start) <= id_bytes:
        return None
    size_bytes = 9 - start[id_bytes].bit_length()
    if size_bytes > 8 or len(start) < id_bytes + size_bytes:
        return None
    value = int.from_bytes(start[id_bytes : id_bytes + size_bytes], "big") & ((1 << (7 * size_bytes)) - 1)
    unknown = value == (1 << (7 * size_bytes)) - 1
    return int.from_bytes(start[:id_bytes], "big"), id_bytes + size_bytes, None if unknown else value
