"""How long a bare stream of AMR (RFC 4867, 5) or ADTS (ISO/IEC 14496-3, 1.A.3) is: its frames, one after the other.

Neither says so anywhere, and a demuxer guesses by the size of the first frames, which is wrong by a lot where the rate
varies. Each frame says how long it is. This runs inside the sandbox (inside.py), within an allowance.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import BinaryIO, Final

from ingest.media.boxes import Allowance

AMR_MARKS: Final = {b"#!AMR\n": "narrow", b"#!AMR-WB\n": "wide"}
PIECE_BYTES: Final = 1 << 20
FRAMES_A_SECOND_OF_AMR: Final = 50
# Bytes behind the header by the frame's type; of types that are none of these nobody knows.
_NARROW: Final = (12, 13, 15, 17, 19, 20, 26, 31, 5, None, None, None, None, None, None, 0)
_WIDE: Final = (17, 23, 32, 36, 40, 46, 50, 58, 60, 5, None, None, None, None, 0, 0)
_RATES: Final = (96000, 88200, 64000, 48000, 44100, 32000, 24000, 22050, 16000, 12000, 11025, 8000, 7350)
_ADTS_HEADER: Final = 7
_SAMPLES: Final = 1024

Measure = Callable[[bytes, int], tuple[int, int] | None]
"""Of the frame at a place its bytes, and how much it counts; None for what is no frame."""


@dataclass(frozen=True)
class SoundFrames:
    """`end` is where the last frame ends by its own word, and may lie beyond the end of the file."""

    seconds: float
    end: int


def count_sound(handle: BinaryIO, present: int, allowance: Allowance, at: int = 0) -> SoundFrames | None:
    """None where it is no such stream from `at`, where a tag before it ends, to its end, or there is no time for it."""
    handle.seek(at)
    start = handle.read(16)
    for mark, band in AMR_MARKS.items():
        if start.startswith(mark):
            measure = amr_measure(_NARROW if band == "narrow" else _WIDE)
            return _walk(handle, at + len(mark), present, measure, 1, FRAMES_A_SECOND_OF_AMR, allowance)
    rate = adts_rate(start, 0)
    if rate is None:
        return None
    return _walk(handle, at, present, adts_measure(rate), _ADTS_HEADER, rate, allowance)


def _walk(
    handle: BinaryIO, at: int, present: int, measure: Measure, header: int, a_second: int, allowance: Allowance
) -> SoundFrames | None:
    counted = 0
    while present - at >= header and allowance.allows(boxes=1):
        handle.seek(at)
        piece, place = handle.read(PIECE_BYTES), 0
        while place + header <= len(piece):
            found = measure(piece, place)
            if found is None:
                return None
            size, counts = found
            if at + place + size > present:
                return SoundFrames(round(counted / a_second, 3), at + place + size)
            place += size
            counted += counts
        at += place
    return None if allowance.spent or at < present else SoundFrames(round(counted / a_second, 3), at)


def amr_measure(sizes: tuple[int | None, ...]) -> Measure:
    def measure(piece: bytes, at: int) -> tuple[int, int] | None:
        size = sizes[piece[at] >> 3 & 15]
        return None if size is None or piece[at] & 0x83 else (1 + size, 1)

    return measure


def adts_measure(rate: int) -> Measure:
    def measure(piece: bytes, at: int) -> tuple[int, int] | None:
        size = (piece[at + 3] & 3) << 11 | piece[at + 4] << 3 | piece[at + 5] >> 5
        if size < _ADTS_HEADER or adts_rate(piece, at) != rate:
            return None
        return size, _SAMPLES * ((piece[at + 6] & 3) + 1)

    return measure


def adts_rate(piece: bytes, at: int) -> int | None:
    """Twelve set bits, a bit of the version, and a layer of 0."""
    if len(piece) < at + _ADTS_HEADER or piece[at] != 0xFF or piece[at + 1] & 0xF6 != 0xF0:
        return None
    number = piece[at + 2] >> 2 & 15
    return _RATES[number] if number < len(_RATES) else None
