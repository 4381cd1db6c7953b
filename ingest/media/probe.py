"""Looking at a file that nobody vouches for. Whatever it holds becomes findings; only our own failures are raised."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import Any, Final

from ingest.media import findings as code
from ingest.media.commands import INPUT, policy_arguments
from ingest.media.damage import Boxes, measure_boxes
from ingest.media.findings import Extent, Findings, Reason, Stream
from ingest.media.runner import MediaRunner
from ingest.media.sandbox import MIB, Confined, Limits
from ingest.metadata.exif import read_orientation

PROBE_LIMITS: Final = Limits(deadline_seconds=30, memory_bytes=2048 * MIB)
COUNT_LIMITS: Final = Limits(deadline_seconds=20, memory_bytes=2048 * MIB)
REFUSED_BY_POLICY: Final = ("Format not on whitelist", "Not detecting m3u8")
LONGEST_TAG: Final = 512
MOST_TAGS: Final = 200


@dataclass(frozen=True)
class Seen:
    """What one run of ffprobe gave: a description, or the reason why there is none."""

    described: Mapping[str, Any]
    reason: Reason | None


def probe_media(path: Path, runner: MediaRunner, limits: Limits = PROBE_LIMITS) -> Findings:
    """Open, describe, and compare what the file declares with what it holds.

    Never raises for what the file contains. Raises SandboxFailed, or OSError when the file itself cannot be read.
    A file that is whole costs one call of ffprobe; one that is not is counted as well, within its own deadline."""
    if path.stat().st_size == 0:
        return unreadable(Reason(code.EMPTY_FILE), runner)
    boxes = measure_boxes(path)
    seen = describe(path, runner, limits)
    if seen.reason is not None:
        return explain_failure(seen.reason, boxes, runner)
    found = read_description(seen.described, path, runner)
    if not any(stream.codec for stream in found.streams):
        return replace(found, state="unreadable", reasons=(Reason(code.NO_STREAMS),))
    if found.is_still:
        return check_still(found, path, runner)
    return check_extent(found, boxes, path, runner)


def describe(path: Path, runner: MediaRunner, limits: Limits, *options: str) -> Seen:
    shown = ("-v", "error", "-of", "json", "-show_format", "-show_streams", *options)
    result = runner.ffprobe((*policy_arguments(), *shown, INPUT), path, limits)
    if result.stopped == "deadline":
        return Seen({}, Reason(code.NOT_PROBED_IN_TIME, {"deadline_seconds": limits.deadline_seconds}))
    if result.stopped or result.signal:
        return Seen({}, Reason(code.PROBE_STOPPED, {"by": result.stopped or f"signal {result.signal}"}))
    if not result.succeeded:
        refused = any(words in result.stderr_tail for words in REFUSED_BY_POLICY)
        return Seen({}, Reason(code.FORMAT_REFUSED if refused else code.NOT_MEDIA))
    try:
        described = json.loads(result.stdout)
    except ValueError:  # Names and tags of the file are in there; whatever breaks JSON came from it.
        return Seen({}, Reason(code.PROBE_STOPPED, {"by": "its own output"}))
    return Seen(described if isinstance(described, dict) else {}, None)


def unreadable(reason: Reason, runner: MediaRunner, extent: Extent | None = None) -> Findings:
    tool = runner.tools.ffprobe
    return Findings(
        state="unreadable",
        reasons=(reason,),
        container=None,
        duration_seconds=None,
        streams=(),
        extent=extent,
        orientation=1,
        tags={},
        tool=tool.name,
        tool_version=tool.version,
        sandbox=runner.sandbox.name,
    )


def explain_failure(reason: Reason, boxes: Boxes | None, runner: MediaRunner) -> Findings:
    """An MP4 that lost its index (moov) is damaged, not foreign: its footage is there and may be recovered."""
    if boxes is None:
        return unreadable(reason, runner)
    extent = Extent(boxes.declared_bytes, boxes.present_bytes)
    lost_index = boxes.complete and "mdat" in boxes.kinds and "moov" not in boxes.kinds
    if reason.code == code.NOT_MEDIA and lost_index:
        reasons = (Reason(code.MOOV_MISSING), *ends_early(boxes))
        return replace(unreadable(reason, runner, extent), state="damaged", reasons=reasons, container="mp4")
    return unreadable(reason, runner, extent)


def ends_early(boxes: Boxes) -> tuple[Reason, ...]:
    facts = {"declared_bytes": boxes.declared_bytes, "present_bytes": boxes.present_bytes}
    return (Reason(code.ENDS_EARLY, facts),) if boxes.missing_bytes else ()


def check_extent(found: Findings, boxes: Boxes | None, path: Path, runner: MediaRunner) -> Findings:
    """Bytes are missing: count what is left. Where every declared frame is there, it is a note and no damage."""
    if boxes is None:
        return found
    found = replace(found, extent=Extent(boxes.declared_bytes, boxes.present_bytes))
    if not boxes.missing_bytes:
        return found
    streams, counted_by = count_frames(found, path, runner)
    found = replace(found, streams=streams)
    main = found.video or found.audio
    declared, present = (main.frames_declared, main.frames_present) if main else (None, None)
    extent = Extent(boxes.declared_bytes, boxes.present_bytes, declared, present, counted_by)
    reasons = ends_early(boxes)
    if declared is not None and present is not None and present < declared:
        reasons += (Reason(code.FRAMES_MISSING, {"declared_frames": declared, "present_frames": present}),)
    if present == 0:
        reasons += (Reason(code.NO_DECODABLE_FRAME),)
    whole = declared is not None and declared == present
    return replace(found, state="intact" if whole else "damaged", reasons=reasons, extent=extent)


def count_frames(found: Findings, path: Path, runner: MediaRunner) -> tuple[tuple[Stream, ...], Any]:
    """By decoding; where that takes too long, by packets, which counts the torn last one too."""
    for option, key, word in (
        ("-count_frames", "nb_read_frames", "decoding"),
        ("-count_packets", "nb_read_packets", "packets"),
    ):
        seen = describe(path, runner, COUNT_LIMITS, option)
        if seen.reason is None:
            counts = {whole(s.get("index")): whole(s.get(key)) or 0 for s in listed(seen.described.get("streams"))}
            return tuple(replace(s, frames_present=counts.get(s.index)) for s in found.streams), word
    return found.streams, None


def check_still(found: Findings, path: Path, runner: MediaRunner) -> Findings:
    """A picture is decoded whole: it costs little, and a cut JPEG shows nowhere else."""
    decode = (
        "-nostdin",
        "-v",
        "error",
        *policy_arguments(),
        "-noautorotate",
        "-i",
        INPUT,
        "-frames:v",
        "1",
        "-f",
        "null",
        "-",
    )
    result = runner.ffmpeg(decode, path, None, COUNT_LIMITS)
    if result.succeeded and not result.stderr_tail.strip():
        return found
    return replace(found, state="damaged", reasons=(complaint(result),))


def complaint(result: Confined) -> Reason:
    if result.succeeded:
        return Reason(code.DECODER_COMPLAINED)
    if result.stopped:
        return Reason(code.NOT_PROBED_IN_TIME if result.stopped == "deadline" else code.PROBE_STOPPED)
    return Reason(code.NO_DECODABLE_FRAME)


def read_description(described: Mapping[str, Any], path: Path, runner: MediaRunner) -> Findings:
    shown = described.get("format")
    about: Mapping[str, Any] = shown if isinstance(shown, dict) else {}
    container = text(about.get("format_name"))
    streams = tuple(read_stream(stream) for stream in listed(described.get("streams")))
    empty = unreadable(Reason(code.NO_STREAMS), runner)
    return replace(
        empty,
        state="intact",
        reasons=(),
        container=container,
        duration_seconds=decimal(about.get("duration")),
        streams=streams,
        orientation=read_orientation(path) if container in ("jpeg_pipe", "image2") else 1,
        tags=read_tags(about.get("tags")),
    )


def read_stream(stream: Mapping[str, Any]) -> Stream:
    disposition = stream.get("disposition")
    return Stream(
        index=whole(stream.get("index")) or 0,
        kind=text(stream.get("codec_type")) or "unknown",
        codec=text(stream.get("codec_name")),
        profile=text(stream.get("profile")),
        width=whole(stream.get("width")),
        height=whole(stream.get("height")),
        rotation=read_rotation(stream),
        fps=read_rate(stream.get("avg_frame_rate")),
        pix_fmt=text(stream.get("pix_fmt")),
        channels=whole(stream.get("channels")),
        sample_rate=whole(stream.get("sample_rate")),
        is_picture=isinstance(disposition, dict) and disposition.get("attached_pic") == 1,
        length_prefixed=stream.get("is_avc", "true") == "true",
        frames_declared=whole(stream.get("nb_frames")),
        tags=read_tags(stream.get("tags")),
    )


def read_rotation(stream: Mapping[str, Any]) -> int:
    """Degrees counter-clockwise, as in the display matrix."""
    sides = listed(stream.get("side_data_list"))
    return next((whole(side["rotation"]) or 0 for side in sides if "rotation" in side), 0)


def read_rate(value: object) -> float | None:
    try:
        return round(float(Fraction(str(value))), 3) or None
    except (ValueError, ZeroDivisionError, OverflowError):
        return None


def read_tags(value: object) -> dict[str, str]:
    """Bounded: a hostile file may carry megabytes of them."""
    tags = value if isinstance(value, dict) else {}
    return {storable(str(name)): storable(str(tags[name])) for name in list(tags)[:MOST_TAGS]}


def storable(value: str) -> str:
    """Half a surrogate pair and NUL pass through JSON; no database takes them."""
    whole_pairs = value[:LONGEST_TAG].encode("utf-8", "replace").decode()
    return whole_pairs.replace("\0", "\N{REPLACEMENT CHARACTER}")


def listed(value: object) -> list[Mapping[str, Any]]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def text(value: object) -> str | None:
    return storable(value) if isinstance(value, str) else None


def whole(value: object) -> int | None:
    number = decimal(value)
    return None if number is None else int(number)


def decimal(value: object) -> float | None:
    try:
        number = float(str(value))
    except ValueError:
        return None
    return number if number == number and abs(number) != float("inf") else None
