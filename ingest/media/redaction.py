"""Redacted copies: boxes are covered, stretches of sound silenced, and the mark of whoever gets it drawn in.

All of it is new pixels and new samples: nothing lies under a box that could be uncovered. The original is only read.
Boxes are parts of the upright picture, times are of its own time line; both are widened a little, so that rounding
hides more and never less. A picture stays on the screen until the next one comes, however long that takes: so the
film gets an even beat first (`beat`), and a box begins on the last picture before its time.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import ffmpeg

from ingest.media.budget import encoding_limits
from ingest.media.commands import POLICY
from ingest.media.encoding import (
    ALL_ERRORS,
    UPRIGHT,
    WIDEST,
    all_of_it,
    arguments_of,
    as_jpeg_pixels,
    audio_options,
    fit,
    jpeg_options,
    open_input,
    video_options,
    without_side_data,
)
from ingest.media.errors import RenditionFailed
from ingest.media.findings import Findings
from ingest.media.renditions import (
    NothingToShow,
    Outcome,
    nothing_to_play,
    take,
    with_what_it_holds,
)
from ingest.media.runner import MediaRunner
from ingest.media.sandbox import OUT_INSIDE, Limits
from ingest.media.stops import Stop
from ingest.media.tool_ended import is_empty_handed
from storage.catalog.redaction import Box, Mute

NAME: Final = "redacted"
MARK: Final = "mark.pam"
MARK_DEMUXER: Final = "pam_pipe"
LEAST_BEAT, MOST_BEAT = 25, 60
SPARE_SECONDS: Final = 0.02
BLUR_PART: Final = 12
"""Of the picture's shorter side: how far around a pixel each mean reaches."""
MOST_TERMS: Final = 25
NOTHING_BESIDE: Final = {"a53cc": 0, "udu_sei": 0}
"""x264 writes captions and makers' notes that came with a frame into the copy; as a rule, it does the former."""
SAMPLES_AT_ONCE: Final = 128
"""A filter silences all of a piece or nothing: as long as a decoder's own pieces are, a word would be left."""


@dataclass(frozen=True)
class Hidden:
    boxes: tuple[Box, ...] = ()
    mutes: tuple[Mute, ...] = ()

    @classmethod
    def of(cls, boxes: Sequence[Mapping[str, Any]], mutes: Sequence[Mapping[str, Any]]) -> Hidden:
        """As a row of `redaction` has it."""
        return cls(tuple(Box(**box) for box in boxes), tuple(Mute(**mute) for mute in mutes))


def make_redacted(media: Path, found: Findings, hidden: Hidden, mark: bytes, out: Path, runner: MediaRunner) -> Outcome:
    """An MP4, or of a photograph a JPEG, in the empty private folder `out`. `mark` is a PAM (marking.py).

    Everything is encoded anew, whatever the original is. Raises RenditionFailed.
    """
    still = found.is_still and found.video is not None
    nothing = found.why_not_decoded if still else nothing_to_play(found)
    if nothing is not None:
        return NothingToShow(NAME, nothing)
    (out / MARK).write_bytes(mark)
    path = out / f"{NAME}.{'jpg' if still else 'mp4'}"
    arguments = (still_arguments if still else film_arguments)(found, hidden, path.name)
    result = runner.ffmpeg(arguments, media, out, redaction_limits(media.stat().st_size, found))
    if is_empty_handed(result, path):
        raise RenditionFailed(NAME, Stop.NO_FRAME, result.stderr_tail)
    media_type = "image/jpeg" if still else "audio/mp4" if found.video is None else "video/mp4"
    made = take(NAME, media_type, path, result, arguments, runner, media, {})
    return made if still else with_what_it_holds(made, runner)


def film_arguments(found: Findings, hidden: Hidden, name: str) -> tuple[str, ...]:
    """Progressive MP4. Tags, chapters and data streams stay behind, and closed captions, which lie within the pictures'
    own stream: they may hold positions and names, and the words that are muted."""
    careless = {"err_detect": "ignore_err"} if found.state == "damaged" else {}
    # Moments are of the proxy: whoever hides something saw it there.
    source = open_input(found, **careless, **all_of_it(found))
    parts, options = [], dict[str, Any]()
    if found.video is not None and not found.video.gives_nothing:
        rate = beat(found)
        picture = fit(source[str(found.video.index)], WIDEST, "tv").filter("fps", fps=rate).filter("format", "yuv420p")
        parts.append(without_side_data(_marked(cover(picture, hidden.boxes, 1 / rate + SPARE_SECONDS))))
        options |= video_options("encode", found.video.codec) | NOTHING_BESIDE
    if found.audio is not None and not found.audio.gives_nothing:
        parts.append(silence(source[str(found.audio.index)], hidden.mutes))
        options |= audio_options("encode", found.audio)
    options |= {"map_metadata": -1, "map_chapters": -1, "movflags": "+faststart", "f": "mp4", **ALL_ERRORS}
    return arguments_of(ffmpeg.output(*parts, f"{OUT_INSIDE}/{name}", **options))


def still_arguments(found: Findings, hidden: Hidden, name: str) -> tuple[str, ...]:
    """One upright JPEG without metadata; boxes are in it whatever their times."""
    if found.video is None:
        raise ValueError("a still is a picture")
    alone = found.container in ("jpeg_pipe", "image2")
    source = open_input(found, noautorotate=None) if alone else open_input(found)
    picture = source[str(found.video.index)]
    for turn, options in UPRIGHT[found.orientation]:
        picture = picture.filter(turn, **options)
    picture = cover(fit(picture, WIDEST, "pc").filter("format", "yuvj420p"), hidden.boxes, None)
    picture = as_jpeg_pixels(_marked(picture))
    return arguments_of(ffmpeg.output(picture, f"{OUT_INSIDE}/{name}", **jpeg_options(2)))


def beat(found: Findings) -> int:
    """Pictures a second of a copy: as many as the film has, so that none is left out, within what a screen shows."""
    fps = None if found.video is None else found.video.fps
    return min(MOST_BEAT, max(LEAST_BEAT, math.ceil((fps or LEAST_BEAT) - 0.01)))


def redaction_limits(size_bytes: int, found: Findings) -> Limits:
    """As for any encoding, and more where the beat adds pictures to those that there are bytes for.

    Whether it gets on is not watched: over a pause of the recorder it makes the same picture again and again."""
    limits = encoding_limits(size_bytes, found)
    fps = None if found.video is None else found.video.fps
    more = min(LEAST_BEAT, max(1.0, beat(found) / fps)) if fps else 1.0
    return replace(
        limits,
        deadline_seconds=limits.deadline_seconds * more,
        processor_seconds=None if limits.processor_seconds is None else limits.processor_seconds * more,
        idle_processor_seconds=None,
    )


def cover(picture: Any, boxes: Sequence[Box], spare: float | None) -> Any:
    """Each box while it lasts, `spare` seconds before and after included; None: always, in a still."""
    blurred = [box for box in boxes if box.style == "blur"]
    if blurred:
        picture = _blur(picture, blurred, spare)
    for box in boxes:
        if box.style != "blur":
            picture = _draw(picture, box, spare, color="black")
    return picture


def silence(sound: Any, mutes: Sequence[Mute]) -> Any:
    if not mutes:
        return sound
    sound = sound.filter("asetnsamples", n=SAMPLES_AT_ONCE, p=0)
    for lasting in _while_any(mutes, SPARE_SECONDS):
        sound = sound.filter("volume", volume=0, enable=lasting)
    return sound


def _blur(picture: Any, boxes: Sequence[Box], spare: float | None) -> Any:
    """The whole picture becomes blurred, each pixel the mean of those around it, four times; over it lies the sharp
    one, with holes. One blur and one overlay, however many boxes: of a chain of them ffmpeg never sees the end."""
    both = picture.filter_multi_output("split", 2)
    radii = {"luma_radius": f"floor(min(w,h)/{BLUR_PART})", "chroma_radius": f"floor(min(cw,ch)/{BLUR_PART})"}
    below = both[0]
    for lasting in ({},) if spare is None else ({"enable": each} for each in _while_any(boxes, spare)):
        below = below.filter("boxblur", luma_power=4, chroma_power=4, **radii, **lasting)
    above = both[1].filter("format", "yuva420p")
    for box in boxes:
        above = _draw(above, box, spare, color="black@0", replace=1)
    return ffmpeg.overlay(below, above)


def _draw(picture: Any, box: Box, spare: float | None, **how: str | int) -> Any:
    """On even pixels (colours are kept by twos), outwards. Sides of pictures are even themselves (`fit`)."""
    right, bottom = min(1.0, box.left + box.width), min(1.0, box.top + box.height)
    left, top = f"2*floor(iw*{box.left:.6f}/2)", f"2*floor(ih*{box.top:.6f}/2)"
    place = {"x": left, "y": top, "w": f"2*ceil(iw*{right:.6f}/2)-{left}", "h": f"2*ceil(ih*{bottom:.6f}/2)-{top}"}
    lasting = {} if spare is None else {"enable": _while(box, spare)}
    return picture.filter("drawbox", t="fill", **place, **how, **lasting)


def _marked(picture: Any) -> Any:
    """The mark lies in the folder for what comes out, the one thing beside the original that the sandbox has."""
    of_ours = {**POLICY, "format_whitelist": MARK_DEMUXER}
    mark = ffmpeg.input(f"file:{OUT_INSIDE}/{MARK}", f=MARK_DEMUXER, **of_ours)
    return ffmpeg.overlay(picture, mark["0"], x=0, y=0, eof_action="repeat")


def _while(span: Box | Mute, spare: float) -> str:
    return _between(max(0.0, span.from_seconds - spare), None if span.to_seconds is None else span.to_seconds + spare)


def _between(first: float, last: float | None) -> str:
    return f"gte(t,{first:.3f})" if last is None else f"between(t,{first:.3f},{last:.3f})"


def _while_any(spans: Sequence[Box | Mute], spare: float) -> list[str]:
    """For a chain of filters, of which one at least is at work while any of the spans lasts: ffmpeg takes no expression
    of hundreds of terms. Spans that meet are joined."""
    joined: list[tuple[float, float]] = []
    for first, last in sorted((span.from_seconds - spare, _end_of(span) + spare) for span in spans):
        if joined and first <= joined[-1][1]:
            joined[-1] = joined[-1][0], max(joined[-1][1], last)
        else:
            joined.append((max(0.0, first), last))
    terms = [_between(first, None if math.isinf(last) else last) for first, last in joined]
    return ["+".join(terms[at : at + MOST_TERMS]) for at in range(0, len(terms), MOST_TERMS)]


def _end_of(span: Box | Mute) -> float:
    return math.inf if span.to_seconds is None else span.to_seconds
