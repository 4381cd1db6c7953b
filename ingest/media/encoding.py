"""Which streams a browser plays as they are, and the ffmpeg commands for what it does not.

ffmpeg-python writes the commands (ffmpeg.get_args); the runner runs them. What a browser plays was tried in
Chromium: H.264 with 4:2:0 8-bit pixels and AAC in MP4. HEVC in MP4 gives sound, a black picture and no error.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import ffmpeg

from ingest.media.commands import BY_FRAGMENTS, input_up_to, policy_for
from ingest.media.findings import Findings, Stream
from ingest.media.sandbox import OUT_INSIDE
from ingest.media.tiles import SpriteLayout
from ingest.media.watching import WATCHED

WIDEST: Final = 1920
POSTER_WIDEST: Final = 1280
# Below this, every frame is decoded for the sprite: a short clip may have a single keyframe.
KEYFRAMES_ONLY_FROM_SECONDS: Final = 30.0
PLAYED_PIXELS: Final = frozenset({"yuv420p", "yuvj420p"})
PLAYED_PROFILES: Final = frozenset({"Constrained Baseline", "Baseline", "Main", "High"})
# Containers whose H.264 carries the times that MP4 needs. AVI's does not, once there are B-frames.
TIMED_CONTAINERS: Final = ("mov,", "matroska", "mpegts")
# EXIF orientation (TIFF 6.0, tag 274) → the filters that turn the picture upright.
UPRIGHT: Final[dict[int, tuple[tuple[str, dict[str, str]], ...]]] = {
    1: (),
    2: (("hflip", {}),),
    3: (("hflip", {}), ("vflip", {})),
    4: (("vflip", {}),),
    5: (("transpose", {"dir": "cclock_flip"}),),
    6: (("transpose", {"dir": "clock"}),),
    7: (("transpose", {"dir": "clock_flip"}),),
    8: (("transpose", {"dir": "cclock"}),),
}


@dataclass(frozen=True)
class ProxyPlan:
    """What is done to each part. "drop" means that there is none, or none that decodes."""

    video: str
    audio: str

    @property
    def is_empty(self) -> bool:
        return self.video == self.audio == "drop"


def plan_proxy(found: Findings) -> ProxyPlan:
    """Damaged files are never copied: a torn last frame stops a player, and an encoder leaves it out. What nothing here
    decodes no encoder is given."""

    def plan(stream: Stream | None, plays: Callable[[Stream, Findings], bool]) -> str:
        if stream is None or stream.gives_nothing:
            return "drop"
        if found.is_sound and plays(stream, found):
            return "copy"
        return "drop" if stream is found.main and found.why_not_decoded is not None else "encode"

    return ProxyPlan(plan(found.video, plays_video), plan(found.audio, plays_audio))


def plays_video(video: Stream, found: Findings) -> bool:
    even = video.width is not None and video.height is not None and video.width % 2 == 0 and video.height % 2 == 0
    timed = found.container is not None and found.container.startswith(TIMED_CONTAINERS)
    if video.codec == "av1":  # An encoder needs what a bare ffmpeg has no decoder for; every browser has one.
        return timed and video.profile in (None, "Main")
    played = video.codec == "h264" and video.pix_fmt in PLAYED_PIXELS and video.profile in PLAYED_PROFILES
    # In MP4, H.264 must be length-prefixed; a stream with start codes inside MP4 is somebody's mistake.
    framed = video.length_prefixed or not (found.container or "").startswith("mov,")
    return played and even and timed and framed


def plays_audio(audio: Stream, found: Findings) -> bool:
    timed = found.container is not None and found.container.startswith((*TIMED_CONTAINERS, "aac"))
    return audio.codec == "aac" and audio.profile == "LC" and (audio.channels or 0) in (1, 2) and timed


# ffmpeg calls a file of mostly broken frames a failure even when it saved the rest; that is for us to judge.
ALL_ERRORS: Final = {"max_error_rate": 1}


def open_input(found: Findings, **options: Any) -> Any:
    # nostdin: it must not wait for keys. The policy stands before -i, where it binds the demuxer.
    policy = policy_for(found.read_up_to)
    return ffmpeg.input(input_up_to(found.read_up_to), nostdin=None, **{"v": "error", **policy, **options})


def all_of_it(found: Findings) -> dict[str, int | str]:
    """Where an edit list hides a part of the film, nothing is left out for it; where it lays picture and sound beside
    each other is followed. And what ends in the head of a fragment is opened one by one."""
    shown: dict[str, int | str] = {} if found.hidden_seconds is None else {"advanced_editlist": 0}
    return {**shown, **BY_FRAGMENTS} if found.opens_by_fragments else shown


def arguments_of(output: Any) -> tuple[str, ...]:
    return tuple(ffmpeg.overwrite_output(output).get_args())


def fit(stream: Any, widest: int, colours: str) -> Any:
    """Square pixels, even sides, no side longer than `widest`, never enlarged. Rotation was applied before.

    `colours`: "tv" for video (MJPEG cameras give the full range, which yuv420p does not mean), "pc" for JPEG."""
    factor = f"min(1,{widest}/max(iw*sar,ih))"
    stream = stream.filter(
        "scale", w=f"max(2,2*trunc(iw*sar*{factor}/2))", h=f"max(2,2*trunc(ih*{factor}/2))", out_range=colours
    )
    return stream.filter("setsar", "1")


def proxy_arguments(found: Findings, plan: ProxyPlan, name: str) -> tuple[str, ...]:
    """Progressive MP4 with its index first. Tags, chapters and data streams stay behind: they may hold positions."""
    watched = WATCHED if "encode" in (plan.video, plan.audio) else {}
    careless = {"err_detect": "ignore_err"} if found.state == "damaged" else {}
    source = open_input(found, **watched, **careless, **all_of_it(found))
    parts, options = [], dict[str, Any]()
    if plan.video != "drop" and found.video is not None:
        picture = source[str(found.video.index)]
        parts.append(fit(picture, WIDEST, "tv") if plan.video == "encode" else picture)
        options |= video_options(plan.video, found.video.codec)
    if plan.audio != "drop" and found.audio is not None:
        parts.append(source[str(found.audio.index)])
        options |= audio_options(plan.audio, found.audio)
    options |= {"map_metadata": -1, "map_chapters": -1, "movflags": "+faststart", "f": "mp4", **ALL_ERRORS}
    return arguments_of(ffmpeg.output(*parts, f"{OUT_INSIDE}/{name}", **options))


def video_options(how: str, codec: str | None) -> dict[str, Any]:
    if how == "copy":
        return {"c:v": "copy", "tag:v": "av01" if codec == "av1" else "avc1"}
    return {
        "c:v": "libx264",
        "preset": "veryfast",
        "crf": 23,
        "pix_fmt": "yuv420p",
        "profile:v": "high",
        "tag:v": "avc1",
        "g": 120,
        "fps_mode": "vfr",
        "max_muxing_queue_size": 4096,
    }


def audio_options(how: str, audio: Stream) -> dict[str, Any]:
    if how == "copy":
        return {"c:a": "copy"}
    return {"c:a": "aac", "b:a": "128k", "ac": min(audio.channels or 1, 2), "ar": 48000}


def poster_arguments(found: Findings, at_seconds: float, name: str) -> tuple[str, ...]:
    """One upright JPEG. A JPEG's orientation is applied here from its EXIF: ffmpeg 7 does not, ffmpeg 8 does."""
    if found.video is None:
        raise ValueError("a poster needs a picture")
    if found.is_still and found.container in ("jpeg_pipe", "image2"):
        source = open_input(found, noautorotate=None)
    else:
        seek = {"ss": f"{at_seconds:.3f}"} if at_seconds and not found.is_clocked else {}
        source = open_input(found, **seek, **all_of_it(found))
    picture = source[str(found.video.index)]
    if at_seconds and found.is_clocked:  # Its clock may begin anew: what is sought by it may be of any piece.
        picture = picture.filter("trim", start=f"{at_seconds:.3f}")
    for turn, options in UPRIGHT[found.orientation]:
        picture = picture.filter(turn, **options)
    picture = as_jpeg_pixels(fit(picture, POSTER_WIDEST, "pc"))
    return arguments_of(ffmpeg.output(picture, f"{OUT_INSIDE}/{name}", **jpeg_options(3)))


def without_side_data(stream: Any) -> Any:
    """What lies beside the pixels: EXIF with its position, which ffmpeg 8's JPEG writer would put back, and closed
    captions (CEA-608/708), which x264 would. Rotation was applied before."""
    return stream.filter("sidedata", mode="delete")


def as_jpeg_pixels(stream: Any) -> Any:
    return without_side_data(stream).filter("format", "yuvj420p")


def jpeg_options(quality: int) -> dict[str, Any]:
    return {"frames:v": 1, "c:v": "mjpeg", "q:v": quality, "map_metadata": -1, "f": "image2", "update": 1, **ALL_ERRORS}


def sprite_arguments(found: Findings, layout: SpriteLayout, name: str) -> tuple[str, ...]:
    """Keyframes only, spread over an even grid of times: 0.7 s for five minutes where decoding all takes 14."""
    if found.video is None:
        raise ValueError("a sprite needs pictures")
    long = (found.duration_seconds or 0.0) >= KEYFRAMES_ONLY_FROM_SECONDS
    source = open_input(found, **({"skip_frame": "nokey"} if long else {}), **all_of_it(found))
    picture = source[str(found.video.index)]
    width, height = layout.tile_width, layout.tile_height
    picture = (
        picture.filter("fps", fps=f"1/{layout.interval_seconds}", start_time=0, round="up")
        .filter("scale", w=width, h=height, force_original_aspect_ratio="decrease", reset_sar=1)
        .filter("pad", w=width, h=height, x="(ow-iw)/2", y="(oh-ih)/2")
        # The last keyframe may lie long before the end: the grid is filled up with it, then cut to its size.
        .filter("tpad", stop_mode="clone", stop=layout.tiles)
        .filter("tile", layout=f"{layout.columns}x{layout.rows}", nb_frames=layout.tiles)
    )
    return arguments_of(ffmpeg.output(as_jpeg_pixels(picture), f"{OUT_INSIDE}/{name}", **jpeg_options(5)))
