"""The head of an element (RFC 8794), of which Matroska is made: for all who read it, ingest/media and ingest/metadata,
inside the sandbox too."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

HEAD_BYTES: Final = 12
"""The longest: four bytes of a name, eight of a size."""
MAGIC: Final = b"\x1a\x45\xdf\xa3"
SEGMENT: Final = b"\x18\x53\x80\x67"
CLUSTER: Final = b"\x1f\x43\xb6\x75"
CUES: Final = b"\x1c\x53\xbb\x6b"
VOID: Final = b"\xec"


@dataclass(frozen=True)
class Head:
    """`size_bytes` of what follows the head; None where the writer did not know it."""

    kind: bytes
    head_bytes: int
    size_bytes: int | None


def read_element(start: bytes) -> Head | None:
    """RFC 8794, 5 and 6. None where no element begins."""
    width = 9 - start[0].bit_length() if start else 9
    if width > 4:
        return None
    size, size_width = read_number(start, width)
    return Head(start[:width], width + size_width, size) if size_width else None


def read_number(content: bytes, at: int) -> tuple[int | None, int]:
    """A number that says its own width, and that width (4). None where all of its bits are set, which of a size says
    that nobody knows it; width 0 where there is none."""
    width = 9 - content[at].bit_length() if at < len(content) else 9
    if width > 8 or at + width > len(content):
        return None, 0
    value, most = int.from_bytes(content[at : at + width]) & ((1 << 7 * width) - 1), (1 << 7 * width) - 1
    return (None if value == most else value), width
