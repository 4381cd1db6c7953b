"""Boxes, EXIF and tracks are read inside: what the reader sees there, and what becomes of it when a file breaks it."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from importlib.util import cache_from_source
from pathlib import Path

import pytest
from PIL import Image

from ingest.media import boxes, reader
from ingest.media import findings as code
from ingest.media.budget import READ_BYTES_A_SECOND
from ingest.media.probe import probe_media
from ingest.media.reader import (
    PACKAGES,
    READING_LIMITS,
    FileFacts,
    facts_from,
    limits_for,
    read_facts,
    reader_program,
    said_in,
)
from ingest.media.runner import MediaRunner
from ingest.media.sandbox import Job, Limits
from ingest.metadata import mp4, stream_clock
from ingest.metadata.reading import exif_claims

INSIDE_VIEW = Path(__file__).with_name("inside_view.py")
VIDEO = ("-f", "lavfi", "-i", "testsrc2=size=320x180:rate=25:duration=1")


def photo(folder: Path) -> Path:
    exif = Image.Exif()
    exif[274] = 6
    exif.get_ifd(0x8825).update({1: "N", 2: (31.0, 13.0, 49.44), 3: "E", 4: (121.0, 28.0, 25.32)})
    path = folder / "photo.jpg"
    Image.new("RGB", (64, 48), "blue").save(path, exif=exif)
    return path


def test_boxes_and_photographs_are_read_in_either_sandbox(
    any_runner: MediaRunner, make_clip: Callable[..., Path], tmp_path: Path
) -> None:
    clip = make_clip(*VIDEO, "clip.mp4")
    boxes = any_runner.read(clip).boxes
    assert boxes is not None
    assert (boxes.declared_bytes, boxes.missing_bytes, "moov" in boxes.kinds) == (clip.stat().st_size, 0, True)
    found = probe_media(photo(tmp_path), any_runner)
    assert found.orientation == 6
    (place,) = exif_claims(found.contents).of("location")
    assert place.value == {"latitude": 31.2304, "longitude": 121.4737}


@pytest.mark.parametrize(
    ("carries_exif", "dear"),
    [
        (False, {"re", "typing", "enum", "json", "dataclasses", "inspect", "pathlib", "exifread"}),
        (True, {"dataclasses", "inspect", "pathlib"}),
    ],
)
def test_a_picture_s_reader_starts_with_little(tmp_path: Path, carries_exif: bool, dear: set[str]) -> None:
    """Ten thousand small pictures wait for it: what takes milliseconds to import is not, but where it is needed."""
    path = photo(tmp_path)
    if not carries_exif:
        Image.new("RGB", (64, 48), "blue").save(path)
    program = reader_program()
    packages = [str(source) for source, target in program.brings if target in PACKAGES]
    script = Path(packages[0]) / "media" / "inside.py"
    command = [program.path, "-X", "importtime", "-I", "-S", "-B", script, path, *packages]
    ran = subprocess.run(command, check=True, capture_output=True, text=True)
    imported = {line.rpartition("|")[2].strip() for line in ran.stderr.splitlines()}
    assert "ingest.media.zeros" in imported
    assert imported & dear == set()
    assert bool(ran.stdout) is carries_exif


@pytest.mark.parametrize("writes", [True, False])
def test_what_is_read_inside_is_compiled_before_where_that_may_be_written(
    monkeypatch: pytest.MonkeyPatch, writes: bool
) -> None:
    """No import out here leaves bytecode of it, and inside none can be written."""
    compiled = Path(cache_from_source(str(Path(reader.__file__).with_name("zeros.py"))))
    compiled.unlink(missing_ok=True)
    monkeypatch.setattr(sys, "dont_write_bytecode", not writes)
    reader_program()
    assert compiled.exists() is writes


def test_the_reader_sees_the_file_its_language_and_its_own_code(any_runner: MediaRunner, tmp_path: Path) -> None:
    media = tmp_path / "media"
    media.write_bytes(b"footage")
    program = reader_program()
    script = INSIDE_VIEW.read_text() + "\nprint(json.dumps([listed('/reader'), listed('/reader/storage')]))"
    result = any_runner.sandbox.run(Job(program, ("-I", "-S", "-c", script), media=media))
    assert result.succeeded, result
    view, packages = map(json.loads, result.stdout.splitlines())
    assert packages == [["exifread", "ingest", "storage"], ["measures.py"]]
    assert view["etc"] == view["descriptors"] == []
    assert view["beside"] == [".."]
    deeds = {deed for deed, outcome in view.items() if outcome == "DONE"}
    assert deeds == {"read /in/media"}


@pytest.mark.parametrize("limits", [Limits(deadline_seconds=0.0), Limits(memory_bytes=24 << 20)])
def test_a_reader_that_is_stopped_says_so_and_nothing_is_raised(
    any_runner: MediaRunner, tmp_path: Path, limits: Limits
) -> None:
    facts = read_facts(photo(tmp_path), any_runner.reader, any_runner.sandbox, limits)
    assert facts.boxes is None
    assert facts.failed[0] in ("reader: deadline", "contents: MemoryError", "reader: exit code 1")


def test_what_a_reader_had_found_before_it_died_is_kept(any_runner: MediaRunner, tmp_path: Path) -> None:
    """Packets full of what looks like the beginnings of pictures, the last one torn: the tear is known at once."""
    packet = b"\x47\x01\x00\x10" + b"\x00\x00\x01\xe0" * 46
    film = tmp_path / "film.ts"
    film.write_bytes(packet * 100_000 + packet[:100])
    facts = read_facts(
        film,
        any_runner.reader,
        any_runner.sandbox,
        Limits(deadline_seconds=120, processor_seconds=2, memory_bytes=1024 << 20),
    )
    assert facts.failed in (("reader: processor",), ("reader: signal 9",), ("reader: signal 24",))
    assert facts.boxes is not None
    assert facts.boxes.missing_bytes == 88


def test_half_an_answer_is_none() -> None:
    facts = said_in([b'{"failed": ["extent: OSError"]}', b'{"failed": ["contents: OSError"]}'])
    assert facts.failed == ("extent: OSError", "contents: OSError")
    assert said_in([b'{"extent": {"zeros": {"bytes": 1']).failed == ("answer: JSONDecodeError",)
    assert facts_from({"contents": {"unfinished": ["runs"]}}).failed == ("contents: runs cost too much",)


def test_what_breaks_one_reader_is_a_note_and_no_damage(
    runner: MediaRunner, make_clip: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(MediaRunner, "read", lambda *_: FileFacts(failed=("contents: RecursionError",)))
    found = probe_media(make_clip(*VIDEO, "clip.mp4"), runner)
    assert (found.state, [reason.code for reason in found.reasons]) == ("opens", [code.READING_STOPPED])


@pytest.mark.parametrize(
    "said", [{}, {"extent": 7}, {"extent": {}, "contents": [1]}, {"failed": "x"}, {"contents": {"orientation": []}}]
)
def test_an_answer_of_another_shape_is_no_facts(said: dict[str, object]) -> None:
    facts = facts_from(said)
    assert (facts.boxes, facts.zeros, facts.failed) == (None, None, ())


def test_text_and_noise_are_not_worth_a_reader(any_runner: MediaRunner, tmp_path: Path) -> None:
    noise = tmp_path / "noise"
    noise.write_bytes(bytes(range(128, 256)) * 32)
    assert any_runner.read(noise) == FileFacts()


def test_each_part_of_the_reader_ends_before_the_reader_does() -> None:
    """What one did not get through with costs nothing of what the others found."""
    parts = 2 * boxes.LONGEST_SECONDS + mp4.LONGEST_SECONDS + stream_clock.LONGEST_PROCESSOR_SECONDS
    assert READING_LIMITS.processor_seconds is not None
    assert parts < READING_LIMITS.processor_seconds


def test_the_wall_leaves_a_large_file_the_time_that_a_busy_disk_takes_to_give_it() -> None:
    small, large = limits_for(1 << 20), limits_for(8 << 30)
    assert small.processor_seconds == large.processor_seconds == READING_LIMITS.processor_seconds
    assert READING_LIMITS.deadline_seconds <= small.deadline_seconds < READING_LIMITS.deadline_seconds + 1
    assert large.deadline_seconds >= READING_LIMITS.deadline_seconds + 3 * (8 << 30) / READ_BYTES_A_SECOND
    assert limits_for(1 << 50).deadline_seconds == large.deadline_seconds
