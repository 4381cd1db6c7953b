"""Looking at a file that nobody vouches for. Whatever it holds becomes findings; only our own failures are raised."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final, Self

from ingest.media import findings as code
from ingest.media.budget import READ_BYTES_A_SECOND
from ingest.media.commands import BY_FRAGMENTS, MOST_PIXELS, input_up_to, policy_arguments
from ingest.media.declared_time import LEAST_SECONDS
from ingest.media.description import (
    LONGEST_SECONDS,
    decimal,
    film_of,
    is_misread,
    listed,
    read_runs,
    read_stream,
    read_tags,
    text,
    whole,
)
from ingest.media.findings import CLOCKED, Extent, Findings, Reason, Stream
from ingest.media.missing import with_what_is_missing
from ingest.media.reader import FileFacts
from ingest.media.runner import MediaRunner, clean_stderr
from ingest.media.sandbox import MIB, WALL_SECONDS_A_PROCESSOR_SECOND, Limits
from ingest.media.stops import Stop, signal_word
from ingest.media.tool_ended import says_short
from ingest.media.verdict import explain_failure, judge, with_declared_frames

# What is found here is signed, so it must not depend on what else the machine has to do: the file is given seconds of
# the processor, and a wall behind them that only a machine at a standstill reaches.
PROBE_LIMITS: Final = Limits.of_processor(30, memory_bytes=2048 * MIB)
COUNT_LIMITS: Final = Limits.of_processor(20, memory_bytes=2048 * MIB)
FURTHER_SECONDS: Final = 30.0
# Of all further looks two go through the whole file: counting by decoding, and then by packets.
MOST_TIMES_READ: Final = 2
REFUSED_BY_POLICY: Final = ("Format not on whitelist", "Not detecting m3u8")
# A file may be whole in all its headers and hold nothing that decodes: the first packets tell. A few suffice mostly;
# where a recorder wrote its sound ahead of its picture, more are looked at before anything is concluded.
FIRST_PACKETS: Final = (8, 256)
# What ffmpeg says of a codec it was built without: no word about the file.
# How it says that it refuses a picture for its size (av_image_check_size2), or for a size of nothing.
REFUSED_SIZE: Final = re.compile(r"Picture size (\d+)x(\d+) is invalid")
NO_DECODER_WORDS: Final = ("Unsupported codec with id", "support hardware accelerated AV1 decoding")


@dataclass(frozen=True)
class Seen:
    """What one run of ffprobe gave: a description, or the reason why there is none; and its complaints, cleaned of
    paths in the latter case."""

    described: Mapping[str, Any]
    reason: Reason | None
    complaints: str = ""

    @property
    def why_unseen(self) -> str:
        """As RenditionFailed says it: a Stop, a signal, or else the code."""
        if self.reason is None:
            raise ValueError("it was seen")
        if self.reason.code == code.NOT_PROBED_IN_TIME:
            return Stop.DEADLINE
        if says_short(self.complaints):
            return Stop.RAN_SHORT
        return str(self.reason.facts.get("by", self.reason.code))

    def counts(self, key: str) -> dict[int | None, int]:
        """Of each stream by its index; one that gave nothing is not mentioned by ffprobe, and counts nothing."""
        return {whole(s.get("index")): whole(s.get(key)) or 0 for s in listed(self.described.get("streams"))}


def probe_media(path: Path, runner: MediaRunner, limits: Limits = PROBE_LIMITS) -> Findings:
    """Open, describe, and compare what the file declares with what it holds.

    Never raises for what the file contains. Raises SandboxFailed, or OSError when the file itself cannot be read.
    A file that is whole costs one call of ffprobe and one of the reader, side by side; one that is not is counted as
    well, within its own deadline."""
    if path.stat().st_size == 0:
        return unreadable(Reason(code.EMPTY_FILE), runner)
    with ThreadPoolExecutor(1) as beside:
        reading = beside.submit(runner.read, path)
        seen = describe(path, runner, limits, *first_packets(FIRST_PACKETS[0]))
        facts = reading.result()
    also: tuple[str, ...] = ()
    if seen.reason is not None and seen.reason.code == code.NOT_MEDIA and ends_in_a_fragment(facts):
        also = tuple(word for name, value in BY_FRAGMENTS.items() for word in (f"-{name}", value))
        seen = describe(path, runner, limits, *first_packets(FIRST_PACKETS[0]), *also)
    if seen.reason is not None:
        failed = replace(unreadable(seen.reason, runner), contents=facts.contents)
        return with_what_is_missing(explain_failure(failed, facts))
    found = with_declared_frames(read_description(seen.described, facts, runner), facts.boxes)
    if not any(stream.codec for stream in found.streams):
        nothing = replace(found, state="unreadable", reasons=(Reason(code.NO_STREAMS),))
        return with_what_is_missing(explain_failure(nothing, facts))
    found = with_pictures_by_id(found, seen.described)
    patience = Patience.with_file_of(path.stat().st_size)
    found = look_at_first_packets(found, seen, path, runner, patience.limits())
    return with_what_is_missing(
        judge(found, facts, seen.complaints, lambda known: count_frames(known, path, runner, patience, also))
    )


def ends_in_a_fragment(facts: FileFacts) -> bool:
    """In its head, which keeps tools that read all heads first from opening it."""
    return facts.boxes is not None and facts.boxes.complete and facts.boxes.reaching == "moof"


@dataclass(frozen=True)
class Patience:
    """What further looks at one file may take together, on the wall: a bomb costs one deadline, however often.
    `reading_seconds`: what a busy disk takes to give the file once, which is not the file's doing either."""

    until: float
    reading_seconds: float = 0.0

    @classmethod
    def with_file_of(cls, size_bytes: int) -> Self:
        reading = size_bytes / READ_BYTES_A_SECOND
        further = WALL_SECONDS_A_PROCESSOR_SECOND * FURTHER_SECONDS + MOST_TIMES_READ * reading
        return cls(time.monotonic() + further, reading)

    def limits(self) -> Limits:
        left = max(1.0, self.until - time.monotonic())
        return replace(COUNT_LIMITS, deadline_seconds=min(COUNT_LIMITS.deadline_seconds + self.reading_seconds, left))


def first_packets(number: int) -> tuple[str, ...]:
    return ("-count_frames", "-read_intervals", f"%+#{number}")


def describe(path: Path, runner: MediaRunner, limits: Limits, *options: str, end: int | None = None) -> Seen:
    """`end`: up to which byte it is read, where not to the last."""
    shown = ("-v", "error", "-of", "json", "-show_format", "-show_streams", *options)
    result = runner.ffprobe((*policy_arguments(end), *shown, input_up_to(end)), path, limits)
    if result.stopped is Stop.DEADLINE:
        return Seen({}, Reason(code.NOT_PROBED_IN_TIME, {"deadline_seconds": limits.deadline_seconds}))
    if result.stopped or result.signal:
        return Seen({}, Reason(code.PROBE_STOPPED, {"by": str(result.stopped or signal_word(result.signal))}))
    if not result.succeeded:
        refused = any(words in result.stderr_tail for words in REFUSED_BY_POLICY)
        reason = Reason(code.FORMAT_REFUSED if refused else code.NOT_MEDIA)
        return Seen({}, reason, clean_stderr(result, path))
    try:
        described = json.loads(result.stdout)
    except (ValueError, RecursionError):  # Names and tags of the file are in there; what breaks JSON came from it.
        return Seen({}, Reason(code.PROBE_STOPPED, {"by": "its own output"}))
    return Seen(described if isinstance(described, dict) else {}, None, result.stderr_tail.strip())


def look_at_first_packets(found: Findings, seen: Seen, path: Path, runner: MediaRunner, limits: Limits) -> Findings:
    """Mark what this ffmpeg has no decoder for, and count all where the first packets gave no frame at all."""
    main = found.main
    if main is None:
        return found
    if main.codec is None:
        return replace(found, reasons=(Reason(code.NO_DECODER, {"codec": "?"}),))
    if shown := seen.counts("nb_read_frames").get(main.index):
        # A stream of pictures in no container opens as a photograph does, of which there is one: phones keep a few
        # small ones behind it, and where as many follow as were looked at it is a film.
        if shown >= FIRST_PACKETS[0] and found.container == "jpeg_pipe":
            return replace(found, container=code.BARE_MJPEG, orientation=1)
        follow = shown > 1 and found.container in ("jpeg_pipe", "png_pipe")
        return replace(found, reasons=(Reason(code.SEVERAL_PICTURES),)) if follow else found
    if found.is_still and (pixels := refused_pixels(seen.complaints)):
        return replace(found, reasons=(Reason(code.PICTURE_TOO_LARGE, {"pixels": pixels, "most": MOST_PIXELS}),))
    if any(words in seen.complaints for words in NO_DECODER_WORDS):
        return replace(found, reasons=(Reason(code.NO_DECODER, {"codec": main.codec or "?"}),))
    # That it was built without a decoder ffprobe takes for no error, and says it only to whoever wants its warnings.
    more = describe(path, runner, limits, *first_packets(FIRST_PACKETS[1]), "-v", "warning")
    if more.counts("nb_read_frames").get(main.index):
        return found
    if any(words in more.complaints for words in NO_DECODER_WORDS):
        return replace(found, reasons=(Reason(code.NO_DECODER, {"codec": main.codec or "?"}),))
    return replace(found, reasons=(Reason(code.NO_DECODABLE_FRAME),))


def refused_pixels(complaints: str) -> int:
    """Of a picture that was refused because it has too many; its size is refused too where there is none. ffmpeg counts
    them with a margin, so that the limit lies a little lower than it says."""
    sizes = (int(width) * int(height) for width, height in REFUSED_SIZE.findall(complaints))
    return next((pixels for pixels in sizes if pixels > MOST_PIXELS // 2), 0)


def count_frames(
    found: Findings, path: Path, runner: MediaRunner, patience: Patience | None = None, also: tuple[str, ...] = ()
) -> tuple[tuple[Stream, ...], Any]:
    """By decoding; where that takes too long, by packets, which counts the torn last one too. What an edit list leaves
    out is there all the same."""
    every_sample = ("-ignore_editlist", "1") if "mov" in (found.container or "").split(",") else ()
    for option, key, word in (
        ("-count_frames", "nb_read_frames", "decoding"),
        ("-count_packets", "nb_read_packets", "packets"),
    ):
        limits = COUNT_LIMITS if patience is None else patience.limits()
        seen = describe(path, runner, limits, option, *every_sample, *also, end=found.read_up_to)
        if seen.reason is None:
            counts = seen.counts(key)
            streams = (replace(s, frames_present=counts.get(s.index, 0)) if s.codec else s for s in found.streams)
            return tuple(streams), word
    return found.streams, None


def with_pictures_by_id(found: Findings, described: Mapping[str, Any]) -> Findings:
    """Of a program stream: what its id makes a picture is none of the sound that a demuxer took it for. What it is
    coded in nobody knows then, so that nothing is said of frames."""
    if found.container != "mpeg":
        return found
    misread = {whole(stream.get("index")) for stream in listed(described.get("streams")) if is_misread(stream)}
    streams = (Stream(each.index, "video", None) if each.index in misread else each for each in found.streams)
    return replace(found, streams=tuple(streams))


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


def read_description(described: Mapping[str, Any], facts: FileFacts, runner: MediaRunner) -> Findings:
    shown = described.get("format")
    about: Mapping[str, Any] = shown if isinstance(shown, dict) else {}
    container = text(about.get("format_name"))
    # Of another container than the demuxer's nothing in a file's first bytes is believed.
    film = film_of(container, facts.contents.get("film"))
    runs = read_runs(facts.contents.get("runs") if container in CLOCKED else film.get("runs"))
    hidden, seconds = decimal(film.get("hidden_seconds")), decimal(film.get("seconds"))
    seconds = seconds if seconds is not None and seconds <= LONGEST_SECONDS else None
    said_seconds = decimal(about.get("duration"))
    if container in CLOCKED and (by_clock := decimal(facts.contents.get("stream_seconds"))) is not None:
        # ffprobe subtracts the first time that it finds from one of the last, whatever the clock did in between.
        is_further = said_seconds is None or said_seconds + LEAST_SECONDS < by_clock <= LONGEST_SECONDS
        said_seconds = by_clock if is_further else said_seconds
    goes_on = facts.boxes is not None and bool(facts.boxes.broken)  # and ffprobe stopped there
    is_better = hidden or said_seconds is None or goes_on or ends_in_a_fragment(facts)
    length = seconds if seconds and is_better else decimal(film.get("length_seconds")) or said_seconds
    side_up = whole(facts.contents.get("orientation")) if container in ("jpeg_pipe", "image2") else None
    return replace(
        unreadable(Reason(code.NO_STREAMS), runner),
        state="opens",
        reasons=(),
        container=container,
        duration_seconds=max(run.offset_seconds + run.seconds for run in runs) if runs else length,
        runs=runs,
        hidden_seconds=hidden or None,
        streams=tuple(read_stream(stream) for stream in listed(described.get("streams"))),
        orientation=side_up if side_up is not None and 1 <= side_up <= 8 else 1,
        tags=read_tags(about.get("tags")),
        contents=facts.contents,
    )
