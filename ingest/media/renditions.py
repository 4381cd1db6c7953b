"""Copies that a browser plays: proxy, poster, sprite. The original is only ever read.

Each maker returns RenditionMade, or NothingToShow where there is nothing to be made and no repeat would change that;
it raises RenditionFailed where a copy was due and did not come about.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from ingest.media import findings as code
from ingest.media.budget import PICTURE_LIMITS, copying_limits, encoding_limits, reading_limits
from ingest.media.encoding import ProxyPlan, plan_proxy, poster_arguments, proxy_arguments, sprite_arguments
from ingest.media.errors import RenditionFailed
from ingest.media.findings import Findings
from ingest.media.probe import PROBE_LIMITS, describe, read_description
from ingest.media.reader import FileFacts
from ingest.media.runner import MediaRunner, clean_stderr
from ingest.media.sandbox import Confined, Limits
from ingest.media.seeking import may_seek, seek_sprite
from ingest.media.stops import Stop
from ingest.media.tiles import sprite_layout
from ingest.media.tool_ended import is_empty_handed, is_plain_file, ran_short, why_failed
from ingest.media.watching import ToolWatch
from ingest.media.whole import Decoded, judge_decoding


@dataclass(frozen=True)
class RenditionMade:
    """A file in the caller's folder, regular, not empty, fsync left to whoever stores it.

    `settings` are the tool's arguments, as run inside the sandbox; `facts` what a page needs to show it, as a
    rendition's row keeps it. `decoded` is what making it has shown of the whole file, where all of it had to be
    decoded."""

    name: str
    path: Path
    media_type: str
    tool: str
    tool_version: str
    settings: tuple[str, ...]
    size_bytes: int
    sandbox: str
    facts: Mapping[str, str | int | float] = field(default_factory=dict)
    decoded: Decoded | None = None


@dataclass(frozen=True)
class NothingToShow:
    """Final: there is no such copy of this file. `reason` is a code of findings.py or one of the two below."""

    name: str
    reason: str


NOT_MOVING: Final = "not_a_moving_picture"
NO_PICTURE: Final = "no_picture"
Outcome = RenditionMade | NothingToShow


def make_proxy(
    media: Path,
    found: Findings,
    out: Path,
    runner: MediaRunner,
    limits: Limits | None = None,
    *,
    only_as_planned: bool = False,
) -> Outcome:
    """`out`: an empty private folder on a disk with room. Copies what plays, encodes the rest.

    Copying may still fail over a stream that is not what it says: then everything is encoded, once; or, with
    `only_as_planned`, RenditionFailed says that the copy was refused."""
    nothing = nothing_to_play(found)
    if nothing is not None:
        return NothingToShow("proxy", nothing)
    plan, watch = plan_proxy(found), ToolWatch()
    result, arguments = run_proxy(media, found, plan, out, runner, limits, watch)
    if not result.succeeded and result.stopped is None and not ran_short(result) and "copy" in (plan.video, plan.audio):
        if only_as_planned:
            raise RenditionFailed("proxy", Stop.COPY_REFUSED, clean_stderr(result, media, out))
        plan = ProxyPlan(*("encode" if how == "copy" else how for how in (plan.video, plan.audio)))
        watch = ToolWatch()
        result, arguments = run_proxy(media, found, plan, out, runner, limits, watch)
    path = out / "proxy.mp4"
    if is_empty_handed(result, path):
        return NothingToShow("proxy", code.NO_DECODABLE_FRAME)
    media_type = "audio/mp4" if plan.video == "drop" else "video/mp4"
    made = take("proxy", media_type, path, result, arguments, runner, media, {"video": plan.video, "audio": plan.audio})
    if decodes_all(plan, found):
        made = dataclasses.replace(made, decoded=judge_decoding(found, watch, result))
    return with_what_it_holds(made, runner)


def decodes_all(plan: ProxyPlan, found: Findings) -> bool:
    """Whether each stream went through a decoder that a look at the whole of it would decode."""
    parts = ((plan.video, found.video), (plan.audio, found.audio))
    return len(found.to_decode) == sum(stream is not None for _, stream in parts) and all(
        how == "encode" for how, stream in parts if stream is not None
    )


def with_what_it_holds(made: RenditionMade, runner: MediaRunner) -> Outcome:
    """Look at the copy itself: an encoder that got no frame still leaves a well-formed, empty MP4.

    Its headers suffice: they are of our own ffmpeg's writing, and a file cut short would have failed before. Raises
    RenditionFailed where the look was stopped: that is not to say that the copy holds nothing."""
    seen = describe(made.path, runner, runner.patient(PROBE_LIMITS))
    if seen.reason is not None:
        raise RenditionFailed(made.name, seen.why_unseen, seen.complaints)
    holds = read_description(seen.described, FileFacts(), runner)
    main = holds.video or holds.audio
    if main is None or not main.frames_declared:
        return NothingToShow(made.name, code.NO_DECODABLE_FRAME)
    facts: dict[str, str | int | float] = {**made.facts, "duration_seconds": holds.duration_seconds or 0.0}
    if holds.video is not None:
        sideways = holds.video.rotation % 180 == 90  # no player turns a picture by less
        width, height = holds.video.width or 0, holds.video.height or 0
        facts |= {"width": height if sideways else width, "height": width if sideways else height}
        facts |= {"frames": holds.video.frames_declared or 0}
    return dataclasses.replace(made, facts=facts)


def run_proxy(
    media: Path,
    found: Findings,
    plan: ProxyPlan,
    out: Path,
    runner: MediaRunner,
    limits: Limits | None,
    watch: ToolWatch,
) -> tuple[Confined, tuple[str, ...]]:
    arguments = proxy_arguments(found, plan, "proxy.mp4")
    encodes = "encode" in (plan.video, plan.audio)
    size_bytes = media.stat().st_size
    limits = limits or (encoding_limits(size_bytes, found) if encodes else copying_limits(size_bytes))
    return runner.ffmpeg(arguments, media, out, limits, watch=watch if encodes else None), arguments


def copy_proxy(media: Path, found: Findings, out: Path, runner: MediaRunner) -> Outcome:
    """A proxy for whoever has no time to encode what cannot be copied after all."""
    return make_proxy(media, found, out, runner, only_as_planned=True)


def nothing_to_play(found: Findings) -> str | None:
    if found.kind == "still":
        return NOT_MOVING
    if found.kind == "none":
        return found.reasons[0].code if found.reasons else code.NO_STREAMS
    return why_no_picture(found) if plan_proxy(found).is_empty else None


def why_no_picture(found: Findings) -> str:
    """Where nobody here knows what the pictures are coded in, or they are too large for us, there may be many."""
    return found.why_not_decoded or code.NO_DECODABLE_FRAME


def make_poster(
    media: Path, found: Findings, out: Path, runner: MediaRunner, limits: Limits = PICTURE_LIMITS
) -> Outcome:
    """A JPEG without metadata, upright, from one second in, or the first frame where there is nothing later."""
    if found.video is None:
        return NothingToShow(
            "poster", NO_PICTURE if found.kind == "audio" else nothing_to_play(found) or code.NO_STREAMS
        )
    if found.video.gives_nothing or found.why_not_decoded is not None:
        return NothingToShow("poster", why_no_picture(found))
    path = out / "poster.jpg"
    later = 0.0 if found.is_still or (found.duration_seconds or 0.0) < 2 else 1.0
    for at_seconds in sorted({later, 0.0}, reverse=True):
        arguments = poster_arguments(found, at_seconds, path.name)
        result = runner.ffmpeg(arguments, media, out, limits)
        # What broke a limit here would break it there as well: one is enough.
        if result.stopped is not None or (result.succeeded and is_plain_file(path)):
            break
    if is_empty_handed(result, path):
        return NothingToShow("poster", why_no_picture(found))
    return take("poster", "image/jpeg", path, result, arguments, runner, media, {"at_seconds": at_seconds})


def make_sprite(media: Path, found: Findings, out: Path, runner: MediaRunner, limits: Limits | None = None) -> Outcome:
    """A JPEG grid of small pictures at even times; `facts` is its SpriteLayout."""
    if found.kind == "still":
        return NothingToShow("sprite", NOT_MOVING)
    if found.video is None:
        return NothingToShow(
            "sprite", NO_PICTURE if found.kind == "audio" else nothing_to_play(found) or code.NO_STREAMS
        )
    if found.video.gives_nothing or found.why_not_decoded is not None:
        return NothingToShow("sprite", why_no_picture(found))
    layout = sprite_layout(found.played_seconds)
    limits = limits or reading_limits(media.stat().st_size)
    if may_seek(found):
        result, arguments = seek_sprite(media, found, layout, out, runner, limits)
    else:
        arguments = sprite_arguments(found, layout, "sprite.jpg")
        result = runner.ffmpeg(arguments, media, out, limits)
    if is_empty_handed(result, out / "sprite.jpg"):
        return NothingToShow("sprite", why_no_picture(found))
    return take(
        "sprite", "image/jpeg", out / "sprite.jpg", result, arguments, runner, media, dataclasses.asdict(layout)
    )


def take(
    name: str,
    media_type: str,
    path: Path,
    result: Confined,
    arguments: tuple[str, ...],
    runner: MediaRunner,
    media: Path,
    facts: Mapping[str, str | int | float],
) -> RenditionMade:
    if not result.succeeded or ran_short(result) or not is_plain_file(path):
        raise RenditionFailed(name, why_failed(result), clean_stderr(result, media, path.parent))
    return RenditionMade(
        name=name,
        path=path,
        media_type=media_type,
        tool=runner.tools.ffmpeg.name,
        tool_version=runner.tools.ffmpeg.version,
        settings=arguments,
        size_bytes=path.stat().st_size,
        sandbox=result.sandbox,
        facts=facts,
    )
