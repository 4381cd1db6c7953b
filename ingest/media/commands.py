"""What every command over untrusted media begins with."""

from __future__ import annotations

from typing import Final

from ingest.media.sandbox import MEDIA_INSIDE

INPUT: Final = f"file:{MEDIA_INSIDE}"
# A playlist or ffconcat script makes ffmpeg open other files, whatever its name ends with, and the protocol list
# does not stop it: only this list of demuxers does. None of these opens a second file by name.
DEMUXERS: Final = "mov,avi,mpegts,mpeg,h264,hevc,matroska,wav,mp3,amr,aac,image2,jpeg_pipe,png_pipe"
PROTOCOLS: Final = "file"
PART_OF_A_FILE: Final = "subfile"
# What ffmpeg refuses by itself today (av_image_check_size2): a later one may take more.
MOST_PIXELS: Final = 1 << 28
# A tiled photograph has a stream a tile: 8064 × 6048 in tiles of 512 are 192.
MOST_STREAMS: Final = 400

POLICY: Final[dict[str, str | int]] = {
    "protocol_whitelist": PROTOCOLS,
    "format_whitelist": DEMUXERS,
    "max_streams": MOST_STREAMS,
    "max_pixels": MOST_PIXELS,
}


# Of a fragmented MP4: to read on from fragment to fragment, and no head before its turn has come.
BY_FRAGMENTS: Final = {"fflags": "+ignidx"}


def policy_for(end: int | None) -> dict[str, str | int]:
    """Of what is read up to a byte alone: the part is a protocol of its own, over that of the file."""
    return POLICY if end is None else {**POLICY, "protocol_whitelist": f"{PROTOCOLS},{PART_OF_A_FILE}"}


def input_up_to(end: int | None) -> str:
    """`end`: where the film ends by its own word, and its file does not."""
    return INPUT if end is None else f"{PART_OF_A_FILE},,start,0,end,{end},,:{INPUT}"


def policy_arguments(end: int | None = None) -> tuple[str, ...]:
    return tuple(word for name, value in policy_for(end).items() for word in (f"-{name}", str(value)))
