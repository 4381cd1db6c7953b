"""Whole files to begin from: those of the corpus that are small, and some made here so that there are always some."""

from __future__ import annotations

import io
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from PIL import Image

from ingest.media.runner import MediaRunner
from ingest.media.sandbox import Job, Limits
from tests.ingest.metadata import telemetry_written as written

LARGEST: Final = 700_000
"""Of a seed: what is changed in a large file is mostly picture, and reading it takes the time of ten others."""
FORMS: Final = {
    "jpeg": (".jpg", ".jpeg"),
    "mp4": (".mp4", ".mov", ".3gp", ".m4a", ".heic"),
    "ts": (".ts", ".mts"),
}
HERE: Final = (31.2304, 121.4737)
ENDS_OF_THE_CALENDAR: Final = ("0001", "9999")


@dataclass(frozen=True)
class Seed:
    name: str
    form: str
    content: bytes


def gather_seeds(runner: MediaRunner, corpus: Path | None) -> list[Seed]:
    """In an order that is always the same."""
    return [*made_seeds(runner), *(seeds_of(corpus) if corpus is not None else ())]


def seeds_of(corpus: Path) -> list[Seed]:
    found = []
    for path in sorted(corpus.rglob("*")):
        form = next((form for form, endings in FORMS.items() if path.suffix.lower() in endings), None)
        if form is not None and 64 <= path.stat().st_size <= LARGEST:
            found.append(Seed(path.name, form, path.read_bytes()))
    return found


def made_seeds(runner: MediaRunner) -> list[Seed]:
    clip = ("-f", "lavfi", "-i", "testsrc=s=64x48:r=10:d=1", "-f", "lavfi", "-i", "sine=d=1", "-pix_fmt", "yuv420p")
    mpeg = (*clip, "-c:v", "mpeg4", "-c:a", "aac")
    return [
        Seed("made.mp4", "mp4", ffmpeg(runner, *mpeg, "-f", "mp4")),
        Seed("made-fragmented.mp4", "mp4", ffmpeg(runner, *mpeg, "-movflags", "frag_keyframe+empty_moov", "-f", "mp4")),
        Seed("made.ts", "ts", ffmpeg(runner, *mpeg, "-f", "mpegts")),
        Seed("made.jpg", "jpeg", photograph()),
        *(Seed(f"made-{year}.jpg", "jpeg", photograph(year)) for year in ENDS_OF_THE_CALENDAR),
        Seed("made-gpmf.mp4", "mp4", telemetry()),
        Seed("made-novatek.mp4", "mp4", written.mp4_with_blocks([written.free_gps_block(*HERE, n) for n in range(20)])),
        Seed("made-private.ts", "ts", private_stream()),
    ]


def ffmpeg(runner: MediaRunner, *arguments: str) -> bytes:
    with tempfile.TemporaryDirectory(prefix="liuhen-fuzz-") as folder:
        words = (
            "-nostdin",
            "-v",
            "error",
            "-y",
            "-bitexact",
            *arguments[:-2],
            "-bitexact",
            *arguments[-2:],
            "/out/made",
        )
        job = Job(runner.tools.ffmpeg.program, words, out=Path(folder), limits=Limits(deadline_seconds=60))
        result = runner.sandbox.run(job)
        assert result.succeeded, result
        return (Path(folder) / "made").read_bytes()


def photograph(year: str = "2026") -> bytes:
    tags = Image.Exif()
    tags.update({0x010F: "Liuhen", 0x0110: "DSJ-1", 0x0112: 6})
    tags.get_ifd(0x8825).update({1: "N", 2: (31.0, 13.0, 49.44), 3: "E", 4: (121.0, 28.0, 25.32), 29: f"{year}:01:01"})
    tags.get_ifd(0x8769).update({0x9003: f"{year}:01:01 09:30:00", 0xA431: "000042"})
    buffer = io.BytesIO()
    Image.linear_gradient("L").resize((48, 32)).save(buffer, "JPEG", exif=tags)
    return buffer.getvalue()


def telemetry() -> bytes:
    payloads = [written.gps5_payload([(*HERE, 12.5, 1.5, 1.6)] * 18, clock=f"2601010130{n:02}.000") for n in range(8)]
    return written.mp4_with_track(b"gpmd", b"meta", payloads)


def private_stream() -> bytes:
    """A picture's packets with Novatek's blocks and NMEA between."""
    parts = []
    for n in range(12):
        parts.append(written.packets(0x100, written.elementary(0xE0, n, b"\0\0\1\x09\xf0" + bytes(600))))
        block = written.free_gps_block(*HERE, n)[4:]
        parts.append(written.packets(0x200, written.elementary(0xBD, n, block)))
        parts.append(written.packets(0x201, written.elementary(0xBD, n, written.rmc(*HERE, n).encode())))
    return b"".join(parts)
