"""How long MPEG sound of layer III is that says so nowhere: its frames, one after the other (ISO/IEC 11172-3, 2.4).

A demuxer takes the rate of the first frames for that of all, which is wrong by a half where the rate varies and the
encoder wrote no total. This runs inside the sandbox (inside.py), within an allowance.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from typing import BinaryIO, Final

from ingest.media.boxes import Allowance
from ingest.media.sound_frames import PIECE_BYTES, SoundFrames
from ingest.media.sound_totals import HEADER_BYTES, is_frame

# Kilobits a second by the header's number, of version 1 and of the later ones; 0 and 15 are none (is_frame).
_RATES_1: Final = (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 0)
_RATES_2: Final = (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160, 0)
_HERTZ: Final = (44100, 48000, 32000)
_VERSION_1: Final = 3
_VERSION_2: Final = 2
# As is_frame has it, but for its third byte's last half.
_HEADER: Final = re.compile(rb"\xff(?=[\xe2\xe3\xf2\xf3\xfa\xfb][\x10-\xef])")
_TAG_BYTES: Final = 128
_APE_BYTES: Final = 32
_LARGEST_FRAME_BYTES: Final = 2881


@dataclass(frozen=True)
class Frame:
    size: int
    samples: int
    hertz: int


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
    """From the frame at a place to the end of the file. What lies between frames is gone over, as players do, and then
    nobody knows whether the last one is torn. Where there is no time for all of it, what was counted by then; None
    where that is nothing."""
    end = end_of_frames(handle, present)
    counted, is_whole, last_end = Counter[int](), True, at
    while end - at >= HEADER_BYTES and allowance.allows(boxes=1):
        handle.seek(at)
        # A frame's successor is looked at too, so that no piece ends between the two.
        piece, place = handle.read(min(PIECE_BYTES, end - at)), 0
        is_last = at + len(piece) >= end
        stop = len(piece) - (HEADER_BYTES if is_last else _LARGEST_FRAME_BYTES + HEADER_BYTES)
        while place <= stop:
            frame = frame_at(piece, place)
            if frame is None:
                is_whole = False
                place = next_frame(piece, place + 1, stop)
                continue
            last_end = at + place + frame.size
            if last_end > end:
                break
            counted[frame.hertz] += frame.samples
            place += frame.size
        if last_end > end or is_last or not place:  # not even one: it was cut while it was read
            break
        at += place
    if not counted:
        return None
    seconds = sum(samples / hertz for hertz, samples in counted.items())
    torn = is_whole and last_end > end
    return SoundFrames(round(seconds, 3), last_end + present - end if torn else present)


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


def end_of_frames(handle: BinaryIO, present: int) -> int:
    """Before the tags that players put behind: ID3 version 1, and APE with the size in its last bytes."""
    end = present
    handle.seek(max(0, end - _TAG_BYTES))
    if handle.read(3) == b"TAG" and end > _TAG_BYTES:
        end -= _TAG_BYTES
    handle.seek(max(0, end - _APE_BYTES))
    footer = handle.read(_APE_BYTES)
    if footer.startswith(b"APETAGEX"):
        has_header = footer[23] & 0x80
        size = int.from_bytes(footer[12:16], "little") + (_APE_BYTES if has_header else 0)
        end -= size if _APE_BYTES <= size < end else 0
    return end
