"""How long a bare stream of AMR (RFC 4867, 5) or ADTS (ISO/IEC 14496-3, 1.A.3) is, by its frames.

Neither says so anywhere, and a demuxer guesses by the size of the first frames, which is wrong by a lot where the rate
varies. This runs inside the sandbox (inside.py), within an allowance.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import BinaryIO, Final

from ingest.media.boxes import Allowance
from ingest.media.sound_walk import Frame, FrameKind, SoundFrames, walk_frames

AMR_HERTZ: Final = 8000
AMR_SAMPLES: Final = 160
# Bytes behind the head by the frame's type; of types that are none of these nobody knows.
_NARROW: Final = (12, 13, 15, 17, 19, 20, 26, 31, 5, None, None, None, None, None, None, 0)
_WIDE: Final = (17, 23, 32, 36, 40, 46, 50, 58, 60, 5, None, None, None, None, 0, 0)
AMR_MARKS: Final = {b"#!AMR\n": _NARROW, b"#!AMR-WB\n": _WIDE}
# Of the head (RFC 4867, 5.3): what pads it is 0, and this says that the frame came whole.
_PADS: Final = 0x83
_IS_GOOD: Final = 0x04
# A head is one byte and every twentieth byte may be one: so many good frames in a row no other bytes are.
_IN_A_ROW: Final = 8
_RATES: Final = (96000, 88200, 64000, 48000, 44100, 32000, 24000, 22050, 16000, 12000, 11025, 8000, 7350)
_ADTS_HEAD: Final = 7
_ADTS_LARGEST: Final = 8191
_ADTS_SAMPLES: Final = 1024
_ADTS_BEGINS: Final = re.compile(rb"\xff(?=[\xf0\xf1\xf8\xf9])")

FrameAt = Callable[[bytes, int], Frame | None]
Sizes = tuple[int | None, ...]


def count_sound(handle: BinaryIO, present: int, allowance: Allowance, at: int = 0) -> SoundFrames | None:
    """None where no such stream begins at `at`, where a tag before it ends."""
    handle.seek(at)
    start = handle.read(16)
    for mark, sizes in AMR_MARKS.items():
        if start.startswith(mark):
            return walk_frames(handle, at + len(mark), present, amr(sizes), allowance)
    rate = adts_rate(start, 0)
    return None if rate is None else walk_frames(handle, at, present, adts(rate), allowance)


def amr(sizes: Sizes) -> FrameKind:
    """Zeros are the head of a frame, too: of the lowest rate, which did not come whole. One such may stand for a frame
    that was lost on its way. Where another one of nothing but zeros follows, or the end, no encoder wrote them."""

    def size_at(piece: bytes, at: int) -> int | None:
        behind = None if piece[at] & _PADS else sizes[piece[at] >> 3 & 15]
        return None if behind is None else 1 + behind

    def is_empty(piece: bytes, at: int, size: int) -> bool:
        return not piece[at : at + size].strip(b"\0")

    def frame_at(piece: bytes, at: int) -> Frame | None:
        size = size_at(piece, at)
        if size is None or (is_empty(piece, at, size) and is_empty(piece, at + size, size)):
            return None
        return Frame(size, AMR_SAMPLES, AMR_HERTZ)

    heads = bytes(number << 3 | _IS_GOOD for number, size in enumerate(sizes) if size is not None)
    good = re.compile(b"[" + re.escape(heads) + b"]")

    def next_frame(piece: bytes, at: int, stop: int) -> int:
        for found in good.finditer(piece, at, stop + 1):
            place = found.start()
            for _ in range(_IN_A_ROW):
                if place >= len(piece) or piece[place] not in heads:
                    break
                place += size_at(piece, place) or 1
            else:
                return found.start()
        return stop + 1

    return FrameKind(frame_at, next_frame, head_bytes=1, looks_ahead=_IN_A_ROW * (1 + max(size or 0 for size in sizes)))


def adts(rate: int) -> FrameKind:
    def frame_at(piece: bytes, at: int) -> Frame | None:
        if adts_rate(piece, at) != rate:
            return None
        size = (piece[at + 3] & 3) << 11 | piece[at + 4] << 3 | piece[at + 5] >> 5
        return None if size < _ADTS_HEAD else Frame(size, _ADTS_SAMPLES * ((piece[at + 6] & 3) + 1), rate)

    def next_frame(piece: bytes, at: int, stop: int) -> int:
        """One that another follows, or the end: twelve set bits stand anywhere."""
        for found in _ADTS_BEGINS.finditer(piece, at, stop + 2):
            frame = frame_at(piece, found.start())
            if frame is None or found.start() > stop:
                continue
            behind = found.start() + frame.size
            if behind == len(piece) or frame_at(piece, behind) is not None:
                return found.start()
        return stop + 1

    return FrameKind(frame_at, next_frame, _ADTS_HEAD, _ADTS_LARGEST + _ADTS_HEAD, b"\xff")


def adts_rate(piece: bytes, at: int) -> int | None:
    """Twelve set bits, a bit of the version, and a layer of 0."""
    if len(piece) < at + _ADTS_HEAD or piece[at] != 0xFF or piece[at + 1] & 0xF6 != 0xF0:
        return None
    number = piece[at + 2] >> 2 & 15
    return _RATES[number] if number < len(_RATES) else None
