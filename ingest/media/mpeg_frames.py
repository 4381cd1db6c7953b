"""How long MPEG sound of layer III is, by its frames (ISO/IEC 11172-3, 2.4), and by what it says of them itself.

A demuxer takes the rate of the first frames for that of all, which is wrong by a half where the rate varies and the
encoder wrote no total, and wrong by all that follows the sound and is none.

This runs inside the sandbox (inside.py), within an allowance.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import BinaryIO, Final

from ingest.media.boxes import Allowance
from ingest.media.sound_totals import HEADER_BYTES, MOST_NOT_COUNTED, SoundTotals, is_frame
from ingest.media.sound_walk import Frame, FrameKind, SoundFrames, walk_frames

# Kilobits a second by the header's number, of version 1 and of the later ones; 0 and 15 are none (is_frame).
_RATES_1: Final = (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 0)
_RATES_2: Final = (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160, 0)
_HERTZ: Final = (44100, 48000, 32000)
_VERSION_1: Final = 3
_VERSION_2: Final = 2
# As is_frame has it, but for its third byte's last half.
_HEADER: Final = re.compile(rb"\xff(?=[\xe2\xe3\xf2\xf3\xfa\xfb][\x10-\xef])")
_LARGEST_BYTES: Final = 2881
_SMALLEST_BYTES: Final = 24
"""8 kbit/s at 24 kHz."""


@dataclass(frozen=True)
class SoundLength:
    """`frames` are those that the stream declares, None where that is no word to go by. `end`: as of SoundFrames."""

    frames: int | None
    seconds: float | None
    end: int


def frame_at(piece: bytes, at: int) -> Frame | None:
    """What its header says, where all of the header is there."""
    head = piece[at : at + HEADER_BYTES]
    if not is_frame(head):
        return None
    version, number, padded = head[1] >> 3 & 3, head[2] >> 4, head[2] >> 1 & 1
    hertz = _HERTZ[head[2] >> 2 & 3] >> (_VERSION_1 - version if version >= _VERSION_2 else 2)
    if version == _VERSION_1:
        return Frame(144_000 * _RATES_1[number] // hertz + padded, 1152, hertz)
    return Frame(72_000 * _RATES_2[number] // hertz + padded, 576, hertz)


def count_frames(handle: BinaryIO, at: int, present: int, allowance: Allowance) -> SoundFrames | None:
    """From the frame at a place to the end of the file; None where none begins there."""
    return walk_frames(handle, at, present, _LAYER_III, allowance)


def next_frame(piece: bytes, at: int, stop: int) -> int:
    """Where one begins that another follows: eleven set bits stand anywhere. Beyond `stop` where there is none."""
    for found in _HEADER.finditer(piece, at, stop + 3):
        frame = frame_at(piece, found.start())
        if frame is None or found.start() > stop:
            continue
        following = frame_at(piece, found.start() + frame.size)
        if following is not None and following.hertz == frame.hertz:
            return found.start()
    return stop + 1


_LAYER_III: Final = FrameKind(frame_at, next_frame, HEADER_BYTES, _LARGEST_BYTES + HEADER_BYTES, b"\xff")


def weigh_totals(totals: SoundTotals, counted: SoundFrames | None, first: bytes, present: int) -> SoundLength:
    """What a stream says of itself in its `first` frame, held against the frames that are there.

    Of one that ends before its time its word stands: it is how long it was. Of any other it is as long as its frames
    are many, which are what a player plays: a word that says less is of the first of several streams in one file, and
    one that says more makes none of them. More than there is room for is said of no stream."""
    frame, end = frame_at(first, 0), max(present if counted is None else counted.end, totals.end or 0)
    each = 0.0 if frame is None else frame.samples / frame.hertz
    declared = totals.frames
    if declared is not None and declared * _SMALLEST_BYTES > end:
        declared = None
    if counted is None:
        return SoundLength(declared, None if declared is None else round(declared * each, 3), end)
    there, seconds = counted.frames - 1, round(counted.seconds - each, 3)
    if declared is None:
        return SoundLength(None, seconds, end)
    if not counted.complete or end > present or abs(declared - there) <= MOST_NOT_COUNTED:
        return SoundLength(declared, round(declared * each, 3), end)
    return SoundLength(None if declared < there else declared, seconds, end)
