"""What a step may cost, worked out of what a file has and not of what it says of itself.

A length is a number that whoever made the file wrote into it. Its bytes had to be sent, and its frames lie among them:
what a decoder is given can be no more frames than there are bytes for, however long they are said to play.
"""

from __future__ import annotations

from typing import Final

from ingest.media.encoding import WIDEST
from ingest.media.findings import Findings
from ingest.media.sandbox import MIB, Limits

LEAST_SECONDS: Final = 60.0
PICTURE_LIMITS: Final = Limits.of_processor(LEAST_SECONDS, memory_bytes=3072 * MIB, output_bytes=16 * MIB)
# A disk that is busy with other things still gives as much, and a demuxer takes it.
READ_BYTES_A_SECOND: Final = 20 * MIB
# Some six times what decoding, scaling and x264 veryfast take of two processors here, for noise.
ENCODING_SECONDS_A_PIXEL: Final = 60e-9
# At the lowest rate that recorders write, 100 kbit/s where nothing moves, that is 1.5 s for each second of film.
LEAST_BYTES_AN_ENCODING_SECOND: Final = 8_000
IDLE_SECONDS: Final = 60.0
ENCODING_MEMORY_BYTES: Final = 4096 * MIB
OUTPUT_SPARE_BYTES: Final = 256 * MIB
# Of the original's size: x264 may need more than HEVC did for the same picture, not many times more.
OUTPUT_FACTOR: Final = 4


def reading_limits(size_bytes: int) -> Limits:
    """For a picture that may be made of all the file."""
    seconds = LEAST_SECONDS + size_bytes / READ_BYTES_A_SECOND
    return Limits.of_processor(
        seconds, memory_bytes=PICTURE_LIMITS.memory_bytes, output_bytes=PICTURE_LIMITS.output_bytes
    )


def copying_limits(size_bytes: int) -> Limits:
    """Once through the file, and once more for the index to come first."""
    return _copies(size_bytes, LEAST_SECONDS + 2 * size_bytes / READ_BYTES_A_SECOND)


def encoding_limits(size_bytes: int, found: Findings) -> Limits:
    by_size = size_bytes / LEAST_BYTES_AN_ENCODING_SECOND
    return _copies(size_bytes, LEAST_SECONDS + min(by_size, seconds_by_frames(found) or by_size))


def _copies(size_bytes: int, processor_seconds: float) -> Limits:
    return Limits.of_processor(
        processor_seconds,
        idle_processor_seconds=IDLE_SECONDS,
        memory_bytes=ENCODING_MEMORY_BYTES,
        output_bytes=OUTPUT_FACTOR * size_bytes + OUTPUT_SPARE_BYTES,
    )


def seconds_by_frames(found: Findings) -> float | None:
    """Of the processor, for the frames that there are bytes for; None where nothing says how many there are."""
    films, extent = [each for each in found.to_decode if each.kind == "video"], found.extent
    if not films or not all(each.width and each.height and each.frames_declared for each in films):
        return None
    share = 1.0
    if extent is not None and extent.sample_bytes and extent.sample_bytes > extent.present_bytes:
        # Samples that share their bytes: so many of them as there would be if each had its own.
        share = extent.present_bytes / extent.sample_bytes
    pixels = 0.0
    for each in films:
        in_one = (each.width or 0) * (each.height or 0)
        pixels += (each.frames_declared or 0) * (in_one + min(in_one, WIDEST * WIDEST))
    return share * pixels * ENCODING_SECONDS_A_PIXEL
