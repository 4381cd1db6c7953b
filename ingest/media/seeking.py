"""Pictures for a sprite, each sought by itself: of a long film with an index all else stays unread.

Reading twelve hours for a hundred pictures takes minutes; seeking a hundred times takes seconds, and no longer for a
film that is twice as long. What a tool gives for each is a picture's plain pixels, whose number is known beforehand:
nothing of them is parsed here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import ffmpeg

from ingest.media.commands import INPUT, POLICY
from ingest.media.encoding import all_of_it, arguments_of, as_jpeg_pixels, jpeg_options, open_input
from ingest.media.errors import RenditionFailed
from ingest.media.findings import Findings
from ingest.media.runner import MediaRunner, clean_stderr
from ingest.media.sandbox import OUT_INSIDE, Confined, Limits
from ingest.media.tiles import SpriteLayout
from ingest.media.tool_ended import ran_short, why_failed

# Below, one pass that decodes keyframes alone is as quick, and needs no tool to start a hundred times.
SEEK_FROM_SECONDS: Final = 1800.0
# Of the processors, for one picture: half a second of it reads the index of twelve hours.
MOST_SECONDS_A_PICTURE: Final = 10.0
PIXELS: Final = "yuvj420p"
SAID: Final = "liuhen-sought/1"


def may_seek(found: Findings) -> bool:
    """MP4 whose samples are in one index, and transport streams, in which any place can be gone to by their clock, as
    long as it never jumps."""
    video, container = found.video, found.container or ""
    if found.has_jumping_clock:
        return False
    indexed = container.startswith("mov,") and video is not None and bool(video.frames_declared)
    return (found.duration_seconds or 0.0) >= SEEK_FROM_SECONDS and (indexed or container.startswith("mpegts"))


def seek_sprite(
    media: Path, found: Findings, layout: SpriteLayout, out: Path, runner: MediaRunner, limits: Limits
) -> tuple[Confined, tuple[str, ...]]:
    """`out/sprite.jpg`, out of all pictures; how that ended, and the arguments of both steps.

    `limits` are for all of it. Raises RenditionFailed where one picture's search breaks one, or where there is no
    picture and one of them ran short; where all together have used up their seconds of the processors, what was not
    come to yet shows the picture before it."""
    pixels = out / "pixels"
    try:
        pixels.write_bytes(find_pictures(media, found, layout, runner, limits))
        arguments = joining_arguments(layout, "sprite.jpg")
        result = runner.ffmpeg(arguments, pixels, out, limits)
    finally:
        pixels.unlink(missing_ok=True)
    return result, (SAID, *seeking_arguments(found, layout, 0.0), *arguments)


def find_pictures(media: Path, found: Findings, layout: SpriteLayout, runner: MediaRunner, limits: Limits) -> bytes:
    """Spread over the film from the first on, so that wherever it ends they are of all of it. Where there is none, the
    one before it once more. Empty where there is none at all."""
    size, pictures = layout.tile_width * layout.tile_height * 3 // 2, dict[int, bytes]()
    left, processor_left = limits.deadline_seconds, limits.processor_seconds or limits.deadline_seconds
    short: Confined | None = None
    for number in spread(layout.tiles):
        if processor_left <= 0:
            break
        arguments = seeking_arguments(found, layout, number * layout.interval_seconds)
        each = replace(
            limits,
            deadline_seconds=max(left, 0.0),
            processor_seconds=MOST_SECONDS_A_PICTURE,
            stdout_bytes=2 * size,
        )
        result = runner.ffmpeg(arguments, media, None, each)
        left -= result.elapsed_seconds / (runner.patience or 1.0)
        processor_left -= result.processor_seconds
        if result.stopped is not None:
            raise RenditionFailed("sprite", result.stopped, clean_stderr(result, media))
        short = result if ran_short(result) else short
        if len(result.stdout) == size:
            pictures[number] = result.stdout
    if not pictures and short is not None:
        raise RenditionFailed("sprite", why_failed(short), clean_stderr(short, media))
    return b"".join(in_every_tile(pictures, layout.tiles))


def spread(tiles: int) -> list[int]:
    """All of them: every 64th first, then those in the middle between two, and so on."""
    steps = [1 << power for power in range(6, -1, -1)]
    return list(dict.fromkeys(number for step in steps for number in range(0, tiles, step)))


def in_every_tile(pictures: Mapping[int, bytes], tiles: int) -> Iterator[bytes]:
    shown = pictures[min(pictures)] if pictures else b""
    for number in range(tiles):
        shown = pictures.get(number, shown)
        yield shown


def seeking_arguments(found: Findings, layout: SpriteLayout, at_seconds: float) -> tuple[str, ...]:
    """The keyframe at or before a time, scaled into a tile."""
    if found.video is None:
        raise ValueError("a sprite needs pictures")
    source = open_input(found, ss=f"{at_seconds:.3f}", noaccurate_seek=None, skip_frame="nokey", **all_of_it(found))
    picture = fit_tile(source[str(found.video.index)], layout).filter("format", PIXELS)
    options = {"frames:v": 1, "f": "rawvideo", "pix_fmt": PIXELS, "map_metadata": -1}
    return arguments_of(ffmpeg.output(picture, "pipe:1", **options))


def fit_tile(picture: Any, layout: SpriteLayout) -> Any:
    width, height = layout.tile_width, layout.tile_height
    picture = picture.filter(
        "scale", w=width, h=height, force_original_aspect_ratio="decrease", reset_sar=1, out_range="pc"
    )
    return picture.filter("pad", w=width, h=height, x="(ow-iw)/2", y="(oh-ih)/2")


def joining_arguments(layout: SpriteLayout, name: str) -> tuple[str, ...]:
    policy = {**POLICY, "format_whitelist": "rawvideo"}
    shape = {"f": "rawvideo", "pix_fmt": PIXELS, "video_size": (layout.tile_width, layout.tile_height)}
    source = ffmpeg.input(INPUT, nostdin=None, v="error", **policy, **shape, framerate=1)
    tiles = source["v:0"].filter("tile", layout=f"{layout.columns}x{layout.rows}", nb_frames=layout.tiles)
    return arguments_of(ffmpeg.output(as_jpeg_pixels(tiles), f"{OUT_INSIDE}/{name}", **jpeg_options(5)))
