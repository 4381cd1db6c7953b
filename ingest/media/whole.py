"""Looking at a whole film or sound: every packet goes through a decoder, and what it says is counted.

A first look opens a file and decodes its beginning. Bytes in its middle may be anything, in a container that is whole:
only a decoder that was given all of them knows. That takes long, so it is done later, and where a proxy is encoded
anyway its decoder has the answer.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final, Literal

import ffmpeg

from ingest.media import findings as code
from ingest.media.budget import encoding_limits
from ingest.media.encoding import ALL_ERRORS, all_of_it, arguments_of, open_input
from ingest.media.errors import RenditionFailed
from ingest.media.findings import Findings, Stream
from ingest.media.runner import MediaRunner, clean_stderr
from ingest.media.sandbox import MIB, Confined, Limits
from ingest.media.sound_totals import MOST_NOT_COUNTED
from ingest.media.stops import Stop, signal_word
from ingest.media.watching import WATCHED, ToolWatch

KIND: Final = "decode"
# Beside the worker's own, so that what is encoded for somebody who waits comes first.
NICENESS: Final = 4
SOUND: Final = "mp3"
# Why it was not decoded, beside code.NO_DECODER.
LIMIT_BROKEN: Final = "decoding_limit"


@dataclass(frozen=True)
class Decoded:
    """`reason` is a code of findings.py, or LIMIT_BROKEN; None of what is intact. `first_complaint_ms`: about where."""

    state: Literal["intact", "damaged", "not_decoded"]
    reason: str | None
    declared_frames: int | None
    decoded_frames: int | None
    refused_packets: int
    complaints: int
    first_complaint_ms: int | None


def decode_whole(media: Path, found: Findings, runner: MediaRunner) -> Decoded:
    """Raises RenditionFailed where the machine was in the way, or the tool died of it."""
    if found.main is not None and found.main.codec is None:  # What another decoder made of it would be no word of it.
        return Decoded("not_decoded", code.NO_DECODER, None, None, 0, 0, None)
    limits = replace(encoding_limits(media.stat().st_size, found), output_bytes=MIB)
    result, watch = run_decoders(media, found.to_decode, found, runner, limits)
    if len(found.to_decode) > len(found.sure_to_decode) and opened_nothing(result, watch):
        # One codec that this archive has no decoder for keeps ffmpeg from beginning at all.
        result, watch = run_decoders(media, found.sure_to_decode, found, runner, limits)
    if result.stopped is Stop.DEADLINE or (result.signal is not None and result.stopped is None):
        raise RenditionFailed(KIND, result.stopped or signal_word(result.signal), clean_stderr(result, media))
    return judge_decoding(found, watch, result)


def run_decoders(
    media: Path, streams: Sequence[Stream], found: Findings, runner: MediaRunner, limits: Limits
) -> tuple[Confined, ToolWatch]:
    watch = ToolWatch()
    arguments = decoding_arguments(found, streams)
    return runner.ffmpeg(arguments, media, None, limits, watch=watch, niceness=NICENESS), watch


def opened_nothing(result: Confined, watch: ToolWatch) -> bool:
    return not result.succeeded and result.stopped is None and not any(watch.decoded.values())


def decoding_arguments(found: Findings, streams: Sequence[Stream]) -> tuple[str, ...]:
    """Whatever moves or sounds, to nowhere: what counts may stand beside what somebody put before it."""
    source = open_input(found, **WATCHED, **every_sample_of(found))
    parts = [source[str(stream.index)] for stream in streams]
    options: dict[str, Any] = {"f": "null", "fps_mode": "passthrough", **ALL_ERRORS}
    return arguments_of(ffmpeg.output(*parts, "-", **options))


def every_sample_of(found: Findings) -> dict[str, int | str]:
    """An edit list says what is to be shown; what is there to be decoded is more."""
    return {**all_of_it(found), "ignore_editlist": 1} if "mov" in (found.container or "").split(",") else {}


def declared_frames(found: Findings) -> int | None:
    """Of a picture; and of a stream of MPEG sound, whose frames are counted as they are decoded."""
    main = found.main
    return None if main is None or not (main.kind == "video" or found.container == SOUND) else main.frames_declared


def judge_decoding(found: Findings, watch: ToolWatch, result: Confined) -> Decoded:
    """What a run that decoded all streams of a file says of it."""
    main = found.main
    declared = declared_frames(found)
    decoded = None if main is None else watch.decoded.get(main.index)
    first = watch.first_complaint_seconds
    seen = Decoded(
        state="intact",
        reason=None,
        declared_frames=declared,
        decoded_frames=decoded,
        refused_packets=sum(watch.refused.values()),
        complaints=watch.complaints,
        first_complaint_ms=None if first is None else int(first * 1000),
    )
    if result.stopped is not None:
        return replace(seen, state="not_decoded", reason=LIMIT_BROKEN)
    if any(reason.code == code.NO_DECODER for reason in found.reasons):
        return replace(seen, state="not_decoded", reason=code.NO_DECODER)
    if not decoded:
        return replace(seen, state="damaged", reason=code.NO_DECODABLE_FRAME)
    if seen.refused_packets or seen.complaints:
        is_short = declared is not None and decoded < declared
        return replace(seen, state="damaged", reason=code.FRAMES_MISSING if is_short else code.DECODER_COMPLAINED)
    if found.container == SOUND and declared is not None and decoded < declared - MOST_NOT_COUNTED:
        return replace(seen, state="damaged", reason=code.FRAMES_MISSING)
    # The index of an AVI names each picture, and nothing in it leaves one out: what was not read is not there.
    if found.is_avi and main is not None and declared is not None and watch.read.get(main.index, declared) < declared:
        return replace(seen, state="damaged", reason=code.FRAMES_MISSING)
    # Fewer than are declared, and nothing was refused: what an edit list leaves out. Both numbers are kept.
    return seen if found.is_sound else replace(seen, state="damaged", reason=found.reasons[0].code)
