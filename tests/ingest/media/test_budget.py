"""What a copy may cost follows from what a file has, not from how long it says that it is."""

from __future__ import annotations

from pathlib import Path

import pytest

from ingest.media.budget import copying_limits, encoding_limits
from ingest.media.findings import Extent, Findings, Stream
from ingest.media.probe import probe_media
from ingest.media.runner import MediaRunner
from tests.hostile.files import endless_mp4, prepare

HOUR = 3600


def film(seconds: float, size_bytes: int, codec: str = "hevc", fps: int = 25, height: int = 1080) -> Findings:
    width = height * 16 // 9
    picture = Stream(0, "video", codec, width=width, height=height, fps=fps, frames_declared=int(seconds * fps))
    extent = Extent(size_bytes, size_bytes, sample_bytes=size_bytes - 1000)
    return Findings("opens", (), "mov,mp4", seconds, (picture,), extent, 1, {}, "ffprobe", "8.1.2", "namespaces")


@pytest.mark.parametrize("codec", ["mpeg4", "libx264"])
def test_two_million_frames_in_one_are_budgeted_as_what_they_are(
    runner: MediaRunner, tmp_path: Path, codec: str
) -> None:
    aims = prepare(tmp_path, 9, str(runner.tools.ffmpeg.program.path))
    path = tmp_path / "endless.mp4"
    path.write_bytes(endless_mp4(aims, "-c:v", codec))
    found = probe_media(path, runner)
    assert (found.duration_seconds or 0) > 20 * HOUR
    assert found.video is not None
    assert (found.video.frames_declared, found.state) == (2_000_000, "opens")
    limits = encoding_limits(path.stat().st_size, found)
    assert limits.processor_seconds is not None
    assert limits.processor_seconds < 70
    assert limits.deadline_seconds < 300


def test_a_length_that_its_bytes_cannot_fill_buys_no_time() -> None:
    """A day that is said to lie in a megabyte: at the lowest rate there are minutes of it."""
    limits = encoding_limits(1 << 20, film(24 * HOUR, 1 << 20))
    assert limits.processor_seconds is not None
    assert limits.processor_seconds < 200


@pytest.mark.parametrize(
    ("seconds", "bytes_a_second", "height", "needs_a_second"),
    [
        (12 * HOUR, 720_000, 1080, 1.0),
        (12 * HOUR, 25_000, 1080, 1.0),
        (600, 6_000_000, 2160, 4.0),
        (300, 4_000, 240, 0.1),
    ],
)
def test_real_films_have_all_the_time_they_need(
    seconds: float, bytes_a_second: int, height: int, needs_a_second: float
) -> None:
    """`needs_a_second`: of the processor, for a second of film, as it was measured here at the most."""
    size = int(seconds * bytes_a_second)
    limits = encoding_limits(size, film(seconds, size, height=height))
    assert limits.processor_seconds is not None
    assert limits.processor_seconds > 1.5 * needs_a_second * seconds
    assert limits.deadline_seconds > limits.processor_seconds


def test_a_file_of_twelve_hours_may_be_read_through_twice_at_the_pace_of_a_busy_disk() -> None:
    size = 31 << 30
    limits = copying_limits(size)
    assert limits.deadline_seconds > 2 * size / (20 << 20)
    assert limits.output_bytes > size
