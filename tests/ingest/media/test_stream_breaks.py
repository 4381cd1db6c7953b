"""Real streams whose clock jumps: how long they are, and what is said of the jump."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from ingest.media import findings as code
from ingest.media.findings import Findings, Run
from ingest.media.probe import probe_media
from ingest.media.runner import MediaRunner
from ingest.media.whole import decode_whole

MakeClip = Callable[..., Path]
PICTURE = ("-f", "lavfi", "-i", "testsrc2=size=320x180:rate=25:duration=4")
TONE = ("-f", "lavfi", "-i", "sine=frequency=440:duration=4")
H264 = (*PICTURE, *TONE, "-pix_fmt", "yuv420p", "-preset", "veryfast", "-g", "25", "-bf", "2")
MPEG2 = (*PICTURE, *TONE, "-c:v", "mpeg2video", "-c:a", "mp2")
STREAMS = {
    "ts": (*H264, "-f", "mpegts"),
    "m2ts": (*H264, "-f", "mpegts", "-mpegts_m2ts_mode", "1"),
    "vob": (*MPEG2, "-f", "vob"),
    "mpg": (*MPEG2, "-f", "mpeg"),
}


def piece(make_clip: MakeClip, kind: str, begins: float, name: str) -> bytes:
    return make_clip(*STREAMS[kind], "-output_ts_offset", str(begins), f"{name}.{kind}").read_bytes()


def holds(found: Findings, *expected: tuple[float, float, bool]) -> bool:
    """Program streams give some pictures no time, and MPEG-1 a second's start delay."""
    assert len(found.runs) == len(expected)
    return all(
        run.offset_seconds == pytest.approx(offset, abs=0.7)
        and run.seconds == pytest.approx(seconds, abs=0.2)
        and run.by_clock == by_clock
        for run, (offset, seconds, by_clock) in zip(found.runs, expected, strict=True)
    )


@pytest.mark.parametrize("kind", list(STREAMS))
def test_a_pause_within_a_stream_is_a_hole(runner: MediaRunner, make_clip: MakeClip, tmp_path: Path, kind: str) -> None:
    film = tmp_path / f"paused.{kind}"
    film.write_bytes(piece(make_clip, kind, 0, "a") + piece(make_clip, kind, 1200, "b"))
    found = probe_media(film, runner)
    assert holds(found, (0, 4, True), (1200, 4, True))
    assert found.duration_seconds == pytest.approx(1204, abs=0.9)
    assert [reason.code for reason in found.reasons] == [code.CLOCK_JUMPS]
    assert found.state == "opens"
    assert decode_whole(film, found, runner).decoded_frames == 200


@pytest.mark.parametrize("kind", list(STREAMS))
def test_a_clock_that_begins_anew_makes_no_footage_vanish(
    runner: MediaRunner, make_clip: MakeClip, tmp_path: Path, kind: str
) -> None:
    film = tmp_path / f"restarted.{kind}"
    film.write_bytes(3 * piece(make_clip, kind, 0, "a"))
    found = probe_media(film, runner)
    assert holds(found, (0, 4, True), (4, 4, False), (8, 4, False))
    assert found.duration_seconds == pytest.approx(12, abs=0.3)


@pytest.mark.parametrize("kind", list(STREAMS))
def test_a_stream_without_a_break_is_as_long_as_its_container_says(
    runner: MediaRunner, make_clip: MakeClip, kind: str
) -> None:
    found = probe_media(make_clip(*STREAMS[kind], f"whole.{kind}"), runner)
    assert (found.runs, found.reasons) == ((), ())
    assert found.duration_seconds == pytest.approx(4, abs=0.2)


def test_where_a_film_is_missing_its_middle_the_clock_says_so(
    runner: MediaRunner, make_clip: MakeClip, tmp_path: Path
) -> None:
    """A stream has no length of its own to hold against what is there: a hole in its clock is the only sign."""
    whole = make_clip(*H264[:-4], "-g", "5", "-t", "4", "-f", "mpegts", "whole.ts").read_bytes()
    packets = len(whole) // 188
    film = tmp_path / "holed.ts"
    film.write_bytes(whole[: packets // 8 * 188] + whole[packets * 7 // 8 * 188 :])
    found = probe_media(film, runner)
    assert len(found.runs) == 2
    assert found.runs[1].offset_seconds - found.runs[0].seconds > 2


def test_nothing_is_believed_of_runs_that_cannot_be(runner: MediaRunner, make_clip: MakeClip) -> None:
    from ingest.media.description import read_runs

    fine = {"offset_seconds": 0.0, "seconds": 4.0, "by_clock": True}
    assert read_runs([fine]) == (Run(0.0, 4.0, True),)
    for wrong in ({"seconds": -1}, {"offset_seconds": "x"}, {"seconds": 1e300}, {"offset_seconds": float("nan")}):
        assert read_runs([fine, {**fine, **wrong}]) == ()
    assert read_runs("no list") == read_runs(None) == ()
