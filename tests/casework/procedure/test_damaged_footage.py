"""Of a damaged recording counts what is there, and no minute that it only declares."""

from __future__ import annotations

import subprocess
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from casework.procedure.judged import JudgedAct
from casework.procedure.judgement import judge_case
from casework.procedure.present import COUNTED, LOST_AT_ITS_END, LOST_ELSEWHERE
from ingest.media import findings as code
from ingest.media.probe import probe_media
from ingest.media.runner import MediaRunner, open_runner

NOW = datetime(2026, 3, 10, 8, 0, tzinfo=UTC)
START = datetime(2026, 3, 9, 1, 0, tzinfo=UTC)
LENGTH = 40
"""Seconds: of the films made here, and of the act."""
H264 = ("-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-g", "25", "-c:a", "aac")
CONTAINERS = {
    "mp4": (*H264, "-movflags", "+faststart"),
    "mkv": H264,
    "ts": H264,
    "avi": ("-c:v", "mpeg4", "-c:a", "pcm_s16le"),
}


@pytest.fixture(scope="module")
def runner() -> MediaRunner:
    return open_runner("")


@pytest.fixture(scope="module")
def films(runner: MediaRunner, tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """By container, one of forty seconds with picture and sound."""
    folder, made = tmp_path_factory.mktemp("films"), {}
    for kind, options in CONTAINERS.items():
        film = folder / f"film.{kind}"
        inputs = ("-f", "lavfi", "-i", "testsrc2=size=160x90:rate=25", "-f", "lavfi", "-i", "sine=frequency=440")
        command = [
            str(runner.tools.ffmpeg.program.path),
            "-v",
            "error",
            *inputs,
            "-t",
            str(LENGTH),
            *options,
            str(film),
        ]
        subprocess.run(command, check=True)
        made[kind] = film.read_bytes()
    return made


@pytest.fixture
def judge(session: Any, team: Any, runner: MediaRunner, tmp_path: Path) -> Any:
    """The act over a file as it was found on a card."""

    def judge_file(name: str, content: bytes, decoded: dict[str, Any] | None = None) -> JudgedAct:
        path = tmp_path / name
        path.write_bytes(content)
        found = probe_media(path, runner)
        team.act(minutes=LENGTH / 60)
        row = team.archive.recording(
            team.unit,
            started_at=START,
            duration_seconds=found.duration_seconds,
            media_state=found.state,
            findings=found.as_facts(),
        )
        if decoded is not None:
            team.archive.decoded(row, **decoded)
        team.archive.link(row, team.case, team.officer)
        (only,) = judge_case(session, team.case.id, NOW)
        return only

    return judge_file


def seconds(found: JudgedAct) -> dict[str, float]:
    counted: dict[str, float] = {}
    for each in found.stretches:
        length = (each.ends_at - each.starts_at).total_seconds()
        counted[each.state] = counted.get(each.state, 0.0) + length
    return counted


def test_every_reason_that_makes_a_file_damaged_is_known_here() -> None:
    """One that is not would count for a mere word."""
    codes = {value for name, value in vars(code).items() if name.isupper() and isinstance(value, str)}
    unreadable = {"empty_file", "not_media", "format_refused", "no_streams", "not_probed_in_time", "probe_stopped"}
    assert codes - code.MERE_WORDS - unreadable - {code.BARE_MJPEG} == LOST_AT_ITS_END | COUNTED | LOST_ELSEWHERE


@pytest.mark.parametrize("kind", CONTAINERS)
def test_of_a_whole_film_all_counts(kind: str, films: dict[str, bytes], judge: Any) -> None:
    assert seconds(judge(f"film.{kind}", films[kind])) == {"covered": pytest.approx(LENGTH, abs=0.2)}


@pytest.mark.parametrize("kind", CONTAINERS)
def test_of_a_cut_film_counts_what_is_there_and_the_rest_is_missing(
    kind: str, films: dict[str, bytes], judge: Any
) -> None:
    content = films[kind]
    found = judge(f"cut.{kind}", content[: len(content) * 6 // 10])
    counted = seconds(found)
    assert counted["covered"] == pytest.approx(LENGTH * 0.6, abs=4)
    assert counted["covered"] + counted["missing"] == LENGTH
    assert (found.verdict, found.forbids_closing) == ("incomplete", "missing")


@pytest.mark.parametrize("kind", ["mp4", "mkv"])
def test_a_film_of_which_nothing_decodes_records_nothing(kind: str, films: dict[str, bytes], judge: Any) -> None:
    """A hundredth of a film that is laid out for the network still says that it is forty seconds long."""
    content = films[kind]
    head = content.index(b"mdat") + 4 if kind == "mp4" else content.index(b"\x1f\x43\xb6\x75") + 60
    found = judge(f"head.{kind}", content[:head])
    assert found.recordings, "it is there, and its page says why it shows nothing"
    assert seconds(found) == {"missing": LENGTH}


@pytest.mark.parametrize("kind", ["mp4", "mkv", "ts"])
def test_a_film_with_a_hole_leaves_the_act_in_doubt(kind: str, films: dict[str, bytes], judge: Any) -> None:
    content = bytearray(films[kind])
    third = len(content) // 3
    content[third : 2 * third] = bytes(third)
    found = judge(f"hole.{kind}", bytes(content))
    counted = seconds(found)
    assert set(counted) <= {"doubtful", "missing"}
    if kind == "mp4":  # Its tables count the pictures: that so many are gone is in no doubt.
        assert counted["doubtful"] > LENGTH * 0.9
        assert found.short_by.total_seconds() > LENGTH / 5
        assert found.forbids_closing == "short"
    else:  # The times of those that are left say where the hole is.
        assert counted["doubtful"] == pytest.approx(LENGTH * 2 / 3, abs=2)
        assert counted["missing"] == pytest.approx(LENGTH / 3, abs=2)


@pytest.mark.parametrize(
    ("decoded", "covered"),
    [
        ({"refused_packets": 9, "first_complaint_ms": 22_000}, 20.0),
        ({"refused_packets": 9}, 0.0),
        ({"reason": "no_decodable_frame", "decoded_frames": 0}, 0.0),
        ({"state": "intact"}, LENGTH),
        ({"state": "not_decoded"}, LENGTH),
    ],
)
def test_what_turns_out_damaged_later_counts_until_the_first_damage(
    decoded: dict[str, Any], covered: float, films: dict[str, bytes], judge: Any
) -> None:
    counted = seconds(judge("film.mp4", films["mp4"], decoded))
    assert counted.get("covered", 0.0) == pytest.approx(covered, abs=0.2)
    if decoded.get("decoded_frames") == 0:
        assert counted == {"missing": LENGTH}


def test_that_a_cut_film_does_not_decode_to_its_end_is_no_news(films: dict[str, bytes], judge: Any) -> None:
    cut = films["mp4"][: len(films["mp4"]) * 6 // 10]
    counted = seconds(judge("cut.mp4", cut, {"refused_packets": 1, "complaints": 6, "first_complaint_ms": 21_000}))
    assert counted["covered"] == pytest.approx(LENGTH * 0.6, abs=4)


def test_a_cut_film_that_is_damaged_before_its_end_counts_until_there(films: dict[str, bytes], judge: Any) -> None:
    cut = films["mp4"][: len(films["mp4"]) * 6 // 10]
    counted = seconds(judge("cut.mp4", cut, {"refused_packets": 12, "first_complaint_ms": 7_000}))
    assert counted["covered"] == pytest.approx(5, abs=0.2)
    assert counted["doubtful"] == pytest.approx(LENGTH * 0.6 - 5, abs=4)
