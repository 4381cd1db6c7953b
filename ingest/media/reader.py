"""Reading a file's boxes, EXIF and tracks, in a sandbox, by a Python process that lives for one file (inside.py)."""

from __future__ import annotations

import compileall
import json
import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

import storage.measures
from ingest.media.avi_chunks import PictureChunks
from ingest.media.budget import READ_BYTES_A_SECOND
from ingest.media.damage import MOST_BROKEN, MOST_TRACKS, Boxes
from ingest.media.description import decimal
from ingest.media.indexes import Indexed
from ingest.media.layout import SYSTEM_LIBRARIES
from ingest.media.sample_tables import TrackExtent
from ingest.media.sandbox import MEDIA_INSIDE, MIB, Confined, Job, Limits, Program, Sandbox
from ingest.media.unclaimed import Span
from ingest.metadata.reading import NOT_UNDERSTOOD, UNFINISHED

PACKAGES: Final = ("/reader/ingest", "/reader/exifread")
MEASURES: Final = "/reader/storage/measures.py"
"""All that the reader takes of storage; it imports nothing."""
SCRIPT: Final = f"{PACKAGES[0]}/media/inside.py"
# -I and -S: nothing of the environment or of site-packages is looked at; -B: it could not write a cache anyway.
ARGUMENTS: Final = ("-I", "-S", "-B", SCRIPT, MEDIA_INSIDE, *PACKAGES)
# More than its parts give themselves together (boxes.py twice, for what is declared and for the room that is kept;
# mp4.py; stream_clock.py): each says by itself where it ended, and what the others found is not lost with it.
READING_LIMITS: Final = Limits.of_processor(64, memory_bytes=1024 * MIB, stdout_bytes=16 * MIB, threads=8)
# Tracks are looked for in all of a transport stream, and its clock in pictures, and then in sound where it has none;
# of a longer file as much at most, or the heads of its fragments alone.
MOST_TIMES_READ: Final = 3
MOST_BYTES_READ: Final = 8 << 30


@dataclass(frozen=True)
class ZeroFilled:
    """`bytes` is an estimate from samples, `first_at` the offset of the first sample that was nothing but zeros."""

    bytes: int
    first_at: int


@dataclass(frozen=True)
class FileFacts:
    """What the reader said. `contents` is what ingest/metadata/reading.py gave; `failed` says what broke, if anything.

    All of it was worked out over hostile bytes: sizes and counts may be absurd, texts anything that JSON can carry."""

    boxes: Boxes | None = None
    zeros: ZeroFilled | None = None
    contents: Mapping[str, Any] = field(default_factory=dict)
    failed: tuple[str, ...] = ()


def reader_program() -> Program:
    """This interpreter and its standard library, exifread, our package and the measures it shares: nothing else."""
    compile_what_is_read_inside()
    base, python = Path(sys.base_prefix), Path(sys.executable).resolve()
    needs = [Path(name) for name in SYSTEM_LIBRARIES if os.path.lexists(name)]
    if not base.is_relative_to("/usr"):
        needs.append(base)
    exifread = find_spec("exifread")
    if exifread is None or exifread.origin is None:
        raise ModuleNotFoundError("exifread is not installed", name="exifread")
    brings = zip((Path(__file__).parents[1], Path(exifread.origin).parent), PACKAGES, strict=True)
    return Program(python, tuple(needs), (*brings, (Path(storage.measures.__file__), MEASURES)), in_place=True)


def compile_what_is_read_inside() -> None:
    """Inside nothing can be written, and of most of it no import out here has left any bytecode: each file's reader
    would compile it anew. Where an installer did it, or nothing may be written, nothing is."""
    for folder in (Path(__file__).parent, Path(__file__).parents[1] / "metadata"):
        if not sys.dont_write_bytecode and os.access(folder, os.W_OK):
            compileall.compile_dir(folder, maxlevels=0, quiet=2)


def limits_for(size_bytes: int) -> Limits:
    """The wall stands behind the processor's time, and a large file is read from a disk that has other work: what
    is found there is signed, and is not to depend on how long that takes."""
    reading_seconds = MOST_TIMES_READ * min(size_bytes, MOST_BYTES_READ) / READ_BYTES_A_SECOND
    return replace(READING_LIMITS, deadline_seconds=READING_LIMITS.deadline_seconds + reading_seconds)


def read_facts(path: Path, program: Program, sandbox: Sandbox, limits: Limits | None = None) -> FileFacts:
    """Never raises for what the file holds; SandboxFailed for failures of our own.

    Where the reader was stopped, what it had said by then is there."""
    limits = limits or limits_for(path.stat().st_size)
    result = sandbox.run(Job(program, ARGUMENTS, media=path, limits=limits))
    *lines, rest = result.stdout.split(b"\n")
    facts = said_in([*lines, rest] if result.succeeded and rest else lines)
    return facts if result.succeeded else replace(facts, failed=(*facts.failed, why_ended(result)))


def said_in(lines: Sequence[bytes]) -> FileFacts:
    """Of the reader's whole lines, which come one for each of its parts."""
    said: dict[str, Any] = {}
    try:
        for line in lines:
            part = json.loads(line)
            for name, value in part.items() if isinstance(part, dict) else ():
                said[name] = [*said[name], *value] if name in said and name == "failed" else value
        return facts_from(said)
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        return FileFacts(failed=(f"answer: {type(error).__name__}",))


def run_script(
    name: str,
    arguments: tuple[str, ...],
    media: Path,
    out: Path | None,
    program: Program,
    sandbox: Sandbox,
    limits: Limits,
) -> tuple[dict[str, Any], Confined]:
    """Another module of this package, run inside over one file: its first word, the media, the rest, our packages.

    Its one line of JSON, which is worth no more than the file was, and how it ended: where it broke or was stopped
    there is no such line, and that is no word about the file."""
    words = ("-I", "-S", "-B", f"{PACKAGES[0]}/media/{name}.py", arguments[0], MEDIA_INSIDE, *arguments[1:], *PACKAGES)
    result = sandbox.run(Job(program, words, media=media, out=out, limits=limits))
    try:
        said = json.loads(result.stdout) if result.succeeded else {}
    except (ValueError, RecursionError):
        said = {}
    return (said if isinstance(said, dict) else {}), result


def why_ended(result: Confined) -> str:
    if result.stopped is not None:
        return f"reader: {result.stopped}"
    return f"reader: signal {result.signal}" if result.signal else f"reader: exit code {result.exit_code}"


def facts_from(said: Mapping[str, Any]) -> FileFacts:
    extent, contents, failed = said.get("extent"), said.get("contents"), said.get("failed")
    extent = extent if isinstance(extent, dict) else {}
    boxes, zeros = extent.get("boxes"), extent.get("zeros")
    contents = contents if isinstance(contents, dict) else {}
    failed = [*failed] if isinstance(failed, list) else []
    for key, what in ((UNFINISHED, "cost too much"), (NOT_UNDERSTOOD, "not understood")):
        names = contents.get(key)
        failed += [f"contents: {name} {what}" for name in names] if isinstance(names, list) else []
    return FileFacts(
        boxes=None if boxes is None else boxes_from(boxes),
        zeros=None if zeros is None else ZeroFilled(int(zeros["bytes"]), int(zeros["first_at"])),
        contents=contents,
        failed=tuple(str(words)[:200] for words in failed),
    )


def boxes_from(said: Mapping[str, Any]) -> Boxes:
    return Boxes(
        declared_bytes=int(said["declared_bytes"]),
        present_bytes=int(said["present_bytes"]),
        kinds=frozenset(str(kind) for kind in said["kinds"]),
        reaching=None if said["reaching"] is None else str(said["reaching"])[:4],
        trailing_bytes=int(said["trailing_bytes"]),
        complete=bool(said["complete"]),
        sample_bytes=int(said["sample_bytes"]),
        lacking=tuple(track_from(each) for each in said["lacking"][:MOST_TRACKS]),
        nothing_lost=said["nothing_lost"] is True,
        second_at=None if said["second_at"] is None else int(said["second_at"]),
        second_end=None if said["second_end"] is None else int(said["second_end"]),
        unclaimed_bytes=int(said["unclaimed_bytes"]),
        sound_frames=None if said["sound_frames"] is None else int(said["sound_frames"]),
        sound_seconds=decimal(said["sound_seconds"]),
        chunks=None if said["chunks"] is None else chunks_from(said["chunks"]),
        broken=tuple(Span(int(each["at"]), int(each["end"])) for each in said["broken"][:MOST_BROKEN]),
        indexed=None if said["indexed"] is None else Indexed(**{name: int(n) for name, n in said["indexed"].items()}),
    )


def chunks_from(said: Mapping[str, Any]) -> PictureChunks | None:
    """None where a chunk takes no time."""
    declared, scale, rate = (int(said[name]) for name in ("declared", "scale", "rate"))
    counts = {name: None if said[name] is None else int(said[name]) for name in ("present", "pictures", "indexed")}
    return PictureChunks(declared, scale, rate, **counts) if scale > 0 and rate > 0 else None


def track_from(said: Mapping[str, Any]) -> TrackExtent:
    return TrackExtent(
        track=int(said["track"]),
        kind=str(said["kind"])[:16],
        declared_samples=int(said["declared_samples"]),
        present_samples=int(said["present_samples"]),
        declared_seconds=decimal(said["declared_seconds"]),
        present_seconds=decimal(said["present_seconds"]),
    )
