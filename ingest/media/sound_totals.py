"""What a stream of MPEG sound (ISO/IEC 11172-3, layer III) declares: the frames and bytes that encoders write into a
first frame of silence, "Xing" or "Info", or "VBRI". A stream without such a frame declares nothing.

This runs inside the sandbox (inside.py), and reads the beginning of the file alone.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import BinaryIO, Final

# Where a first frame may begin after a tag: some leave a few bytes between.
LOOKED_THROUGH: Final = 4096
HEADER_BYTES: Final = 4
VBRI_AT: Final = 32
HAS_FRAMES, HAS_BYTES = 1, 2
MOST_NOT_COUNTED: Final = 2
"""Some encoders count the frame that says so, and of the first a decoder may make none."""


@dataclass(frozen=True)
class SoundTotals:
    """`frames` beside the one that says so; `end` is where the last one ends, in bytes of the file. None of what it
    does not say."""

    frames: int | None
    end: int | None


def is_mpeg_sound(start: bytes) -> bool:
    """A tag before it, or a frame of layer III: eleven set bits, and two that are 01."""
    return start[:3] == b"ID3" or is_frame(start)


def is_frame(start: bytes) -> bool:
    if len(start) < HEADER_BYTES or start[0] != 0xFF or start[1] & 0xE6 != 0xE2 or start[1] & 0x18 == 0x08:
        return False
    return start[2] >> 4 not in (0, 15) and start[2] & 0x0C != 0x0C


def end_of_tag(start: bytes) -> int:
    """ID3v2, 3.1: four times seven bits, without the header of ten bytes, and a footer of as many where a flag says."""
    if start[:3] != b"ID3" or len(start) < 10:
        return 0
    size = 0
    for part in start[6:10]:
        size = size << 7 | part & 0x7F
    return 10 + size + (10 if start[5] & 0x10 else 0)


def first_frame(handle: BinaryIO) -> tuple[int, bytes] | None:
    """Where it begins, and what lies from there on; None where none follows the tag soon."""
    handle.seek(0)
    tag = end_of_tag(handle.read(10))
    handle.seek(tag)
    piece = handle.read(LOOKED_THROUGH)
    at = next((at for at in range(len(piece) - HEADER_BYTES) if is_frame(piece[at : at + HEADER_BYTES])), None)
    return None if at is None else (tag + at, piece[at:])


def read_totals(handle: BinaryIO, start: int, frame: bytes, present: int) -> SoundTotals | None:
    """Of what the first frame says, which begins at `start`."""
    frames, length = in_first_frame(frame)
    if frames is None and length is None:
        return None
    handle.seek(0)
    tag = end_of_tag(handle.read(10))
    # Some count the tag as well: what is short by no more than the tag is not known to be short.
    end = None if not length or 0 < start + length - present <= tag else start + length
    return SoundTotals(frames, end)


def in_first_frame(frame: bytes) -> tuple[int | None, int | None]:
    """Frames and bytes. They stand behind the side information, whose length is by version and channels."""
    mono, first_version = frame[3] >> 6 == 3, frame[1] & 0x18 == 0x18
    at = HEADER_BYTES + ((17 if mono else 32) if first_version else (9 if mono else 17))
    at += 0 if frame[1] & 1 else 2
    for place in (at, at - 2):
        if frame[place : place + 4] in (b"Xing", b"Info") and len(frame) >= place + 16:
            flags, *numbers = struct.unpack_from(">III", frame, place + 4)
            frames = numbers.pop(0) if flags & HAS_FRAMES else None
            return frames, numbers.pop(0) if flags & HAS_BYTES else None
    at = HEADER_BYTES + VBRI_AT
    if frame[at : at + 4] == b"VBRI" and len(frame) >= at + 18:
        length, frames = struct.unpack_from(">II", frame, at + 10)
        return frames, length
    return None, None
