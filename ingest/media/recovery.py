"""Recovery copies: what a damaged file still holds, in a container that is whole. Nothing in it is encoded anew.

Two ways. What a demuxer still opens (a cut MP4, a fragmented one, an AVI without its index, a torn transport stream) is
remuxed, past what stands between fragments and is none. A film without its index is opened by none: its pictures are
picked out of the samples (salvage.py), with the parameter sets that stand among them, or those of a whole film of the
same recorder; its sound is not.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import ffmpeg

from ingest.media import findings as code
from ingest.media.budget import copying_limits
from ingest.media.commands import BY_FRAGMENTS, INPUT, POLICY
from ingest.media.description import whole
from ingest.media.encoding import ALL_ERRORS, arguments_of, open_input
from ingest.media.errors import RenditionFailed
from ingest.media.findings import Findings
from ingest.media.parameter_sets import ParameterSets
from ingest.media.plaintext import remove_plaintext
from ingest.media.probe import COUNT_LIMITS, PROBE_LIMITS, Seen, describe, first_packets, probe_media
from ingest.media.reader import run_script
from ingest.media.recovered import Recovered, as_bridged
from ingest.media.renditions import NothingToShow, Outcome, RenditionMade, take
from ingest.media.runner import MediaRunner, clean_stderr
from ingest.media.sandbox import MIB, OUT_INSIDE, Limits
from ingest.media.stops import Stop
from ingest.media.tool_ended import broke_off, is_empty_handed, is_the_machine_s, why_failed

KIND: Final = "recovery"
# Why there is none, beside the codes of findings.py.
REFERENCE_NEEDED: Final = "reference_needed"
REFERENCE_UNFIT: Final = "reference_unfit"
NOT_DAMAGED: Final = "not_damaged"
# What MP4 holds without a change; everything else fits into Matroska.
MP4_CODECS: Final = frozenset({"h264", "hevc", "mpeg4", "aac", "mp3", "av1"})
SALVAGE_SECONDS: Final = 330.0
PACKETS_TRIED: Final = 48
MOST_COMPLAINTS: Final = 3
SET_LIMITS: Final = Limits.of_processor(30, memory_bytes=1024 * MIB, stdout_bytes=1 * MIB, threads=8)


@dataclass(frozen=True)
class Reference:
    """A whole film of the same recorder: what a decoder needs to know, and its rate. `recording` names it."""

    recording: str
    sets: ParameterSets
    fps: float | None


def make_recovery(
    media: Path, found: Findings, out: Path, runner: MediaRunner, references: tuple[Reference, ...] = ()
) -> Outcome:
    """`out`: an empty private folder. Raises RenditionFailed where a copy was due and did not come about; no further
    reference is tried then, for it was not the reference's fault."""
    if not found.may_be_recovered:
        return NothingToShow(KIND, NOT_DAMAGED)
    if not found.lost_its_index:
        return remux_bridged(media, found, out, runner) if found.broken else remux(media, found, out, runner)
    # An index that is torn may have its parameter sets still.
    torn = read_reference(media, "", found, runner) if found.torn_box == "moov" else None
    own = pick_out(media, out, runner, None, None if torn is None else torn.sets)
    if isinstance(own, RenditionMade) or not references:
        return own
    outcome: Outcome = own
    for reference in references:
        outcome = pick_out(media, out, runner, reference)
        if isinstance(outcome, RenditionMade):
            break
    return outcome


def remux(media: Path, found: Findings, out: Path, runner: MediaRunner) -> Outcome:
    """Every packet that is there, picture and sound, as it was written."""
    streams = [stream for stream in (found.video, found.audio) if stream is not None and not stream.gives_nothing]
    if not streams:
        return NothingToShow(KIND, code.NO_DECODABLE_FRAME)
    fits = all(stream.codec in MP4_CODECS for stream in streams)
    name, muxer, media_type = ("recovery.mp4", "mp4", "mp4") if fits else ("recovery.mkv", "matroska", "x-matroska")
    flags = BY_FRAGMENTS["fflags"] if found.opens_by_fragments else ""
    source = open_input(found, err_detect="ignore_err", fflags=f"+genpts+discardcorrupt{flags}")
    options: dict[str, Any] = {"c": "copy", "map_metadata": -1, "map_chapters": -1, "f": muxer, **ALL_ERRORS}
    options |= {"movflags": "+faststart"} if fits else {}
    parts = [source[str(stream.index)] for stream in streams]
    arguments = arguments_of(ffmpeg.output(*parts, f"{OUT_INSIDE}/{name}", **options))
    result = runner.ffmpeg(arguments, media, out, copying_limits(media.stat().st_size))
    if is_empty_handed(result, out / name):
        return NothingToShow(KIND, code.NO_DECODABLE_FRAME)
    kind = "video" if found.video is not None else "audio"
    made = take(KIND, f"{kind}/{media_type}", out / name, result, arguments, runner, media, {})
    holds = look_at_own(made.path, runner)
    if holds.main is None:
        return NothingToShow(KIND, code.NO_DECODABLE_FRAME)
    return dataclasses.replace(made, facts={"duration_seconds": holds.duration_seconds or 0.0, "by": "remux"})


def remux_bridged(media: Path, found: Findings, out: Path, runner: MediaRunner) -> Outcome:
    """What is no box between two fragments ends the film for a demuxer: it is passed over in a copy of the file, in
    which it is room, and what follows is read on (bridge.py)."""
    folder = fresh(out / "bridged")
    film = folder / "film"
    limits = dataclasses.replace(
        copying_limits(media.stat().st_size), threads=8, least_free_bytes=runner.reserve_bytes, stdout_bytes=MIB
    )
    arguments = ("over", f"{OUT_INSIDE}/{film.name}", json.dumps(found.broken))
    try:
        _, result = run_script(
            "bridge", arguments, media, folder, runner.reader, runner.sandbox, runner.patient(limits)
        )
        if broke_off(result) or not result.succeeded:
            raise RenditionFailed(KIND, why_failed(result), clean_stderr(result, media, folder))
        outcome = remux(film, found, fresh(out / "muxed"), runner)
    finally:
        film.unlink(missing_ok=True)
    if isinstance(outcome, RenditionMade):
        return dataclasses.replace(outcome, settings=(*as_bridged(found.broken), *outcome.settings))
    return outcome


def pick_out(
    media: Path, out: Path, runner: MediaRunner, reference: Reference | None, own: ParameterSets | None = None
) -> Outcome:
    """Pictures out of samples, then into an MP4 at the reference's rate (else 25 a second: no time is in samples).
    `own`: parameter sets that the file itself has elsewhere."""
    picked = fresh(out / "picked")
    stream = picked / "pictures"
    sets = own if reference is None else reference.sets
    said = "none" if sets is None else json.dumps(sets.as_facts())
    room = media.stat().st_size * 2 + 16 * MIB
    limits = Limits.of_processor(
        SALVAGE_SECONDS,
        memory_bytes=media.stat().st_size + 1024 * MIB,
        output_bytes=room,
        stdout_bytes=1 * MIB,
        threads=8,
        least_free_bytes=runner.reserve_bytes,
    )
    arguments = ("pictures", f"{OUT_INSIDE}/{stream.name}", said)
    limits = runner.patient(limits)
    told, result = run_script("salvage", arguments, media, picked, runner.reader, runner.sandbox, limits)
    if broke_off(result) or not result.succeeded:
        stream.unlink(missing_ok=True)
        raise RenditionFailed(KIND, why_failed(result), clean_stderr(result, media, picked))
    if told.get("complete") is False and not told.get("units"):
        stream.unlink(missing_ok=True)
        raise RenditionFailed(KIND, Stop.PROCESSOR, "no picture was found in the time that there is")
    if not told.get("units") or told.get("codec") not in ("h264", "hevc"):
        stream.unlink(missing_ok=True)
        reason = REFERENCE_NEEDED if told.get("missing") == "parameter_sets" else code.NO_DECODABLE_FRAME
        return NothingToShow(KIND, reason)
    try:
        return into_container(stream, str(told["codec"]), out, runner, reference, told)
    finally:
        stream.unlink(missing_ok=True)


def fresh(folder: Path) -> Path:
    """A folder for one call's output, which may hold nothing else."""
    remove_plaintext(folder)
    folder.mkdir(mode=0o700)
    return folder


def into_container(
    stream: Path, codec: str, out: Path, runner: MediaRunner, reference: Reference | None, told: dict[str, Any]
) -> Outcome:
    """The stream is bytes of ours around units of theirs: opened in the sandbox like anything else."""
    folder = fresh(out / "muxed")
    rate = {"framerate": reference.fps} if reference is not None and reference.fps else {}
    policy = {**POLICY, "format_whitelist": codec}
    source = ffmpeg.input(INPUT, nostdin=None, v="error", f=codec, fflags="+genpts", **rate, **policy)
    options = {"c": "copy", "map_metadata": -1, "movflags": "+faststart", "f": "mp4", **ALL_ERRORS}
    arguments = arguments_of(ffmpeg.output(source["v:0"], f"{OUT_INSIDE}/recovery.mp4", **options))
    room = stream.stat().st_size * 2 + 16 * MIB
    limits = Limits.of_processor(SALVAGE_SECONDS, memory_bytes=2048 * MIB, output_bytes=room)
    result = runner.ffmpeg(arguments, stream, folder, limits)
    path = folder / "recovery.mp4"
    try:
        settings = (*how_picked(reference, told).as_settings(), *arguments)
        made = take(KIND, "video/mp4", path, result, settings, runner, stream, {})
    except RenditionFailed:
        if broke_off(result):
            raise
        return NothingToShow(KIND, REFERENCE_UNFIT if reference is not None else code.NO_DECODABLE_FRAME)
    holds = look_at_own(path, runner)
    fits = reference is None or decodes_quietly(path, runner)
    if not holds.is_sound or holds.video is None or not fits:
        path.unlink()
        return NothingToShow(KIND, REFERENCE_UNFIT if reference is not None else code.NO_DECODABLE_FRAME)
    facts = {"duration_seconds": holds.duration_seconds or 0.0, "frames": holds.video.frames_declared or 0}
    about = {name: whole(told.get(name)) or 0 for name in ("picture_bytes", "other_bytes", "first_at")}
    by = "picked out" if reference is None else "picked out with a reference"
    return dataclasses.replace(made, facts={**facts, **about, "by": by})


def look_at_own(path: Path, runner: MediaRunner) -> Findings:
    """At a copy that was just made. Raises RenditionFailed where the look was stopped: of what the copy holds that says
    nothing, and it is tried again."""
    holds = probe_media(path, runner, runner.patient(PROBE_LIMITS))
    for reason in holds.reasons:
        if reason.code in (code.NOT_PROBED_IN_TIME, code.PROBE_STOPPED):
            raise RenditionFailed(KIND, Seen({}, reason).why_unseen, "")
    return holds


def decodes_quietly(path: Path, runner: MediaRunner) -> bool:
    """Parameter sets of another mode give pictures too, and a complaint for each: a decoder conceals what it can.

    Raises RenditionFailed where the machine gave no time or memory to see it."""
    seen = describe(path, runner, runner.patient(COUNT_LIMITS), *first_packets(PACKETS_TRIED))
    if seen.reason is not None and is_the_machine_s(seen.why_unseen):
        raise RenditionFailed(KIND, seen.why_unseen, seen.complaints)
    return seen.reason is None and len(seen.complaints.splitlines()) <= MOST_COMPLAINTS


def how_picked(reference: Reference | None, told: Mapping[str, Any]) -> Recovered:
    """What its settings say of it for as long as it is kept, and its page: also that it is not of the whole file."""
    short = (whole(told.get("last_at")) or 0) if told.get("complete") is False else None
    return (
        Recovered("in-band", None, short) if reference is None else Recovered("reference", reference.recording, short)
    )


def read_reference(media: Path, recording: str, found: Findings, runner: MediaRunner) -> Reference | None:
    """What a whole film tells of its recorder; None where it has nothing that helps. `found`: what it was seen to be.

    Raises RenditionFailed where the machine did not let it be read: it may help the next time."""
    limits = runner.patient(SET_LIMITS)
    told, result = run_script("salvage", ("sets",), media, None, runner.reader, runner.sandbox, limits)
    why = Stop.DEADLINE if found.was_not_probed_in_time else why_failed(result)
    if is_the_machine_s(why):
        raise RenditionFailed(KIND, why, clean_stderr(result, media))
    try:
        sets = ParameterSets.from_facts(told)
    except (KeyError, TypeError, ValueError):
        return None
    return Reference(recording, sets, None if found.video is None else found.video.fps)
