"""How long bare streams of sound are: by their frames, each of which says how long it is."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path

import pytest

from ingest.media import findings as code
from ingest.media.damage import measure_boxes
from ingest.media.probe import probe_media
from ingest.media.runner import MediaRunner
from ingest.media.whole import decode_whole

MakeClip = Callable[..., Path]
SPEECH, SILENCE, NOTHING = b"\x3c" + bytes(31), b"\x44" + bytes(5), b"\x7c"
"""Of AMR narrow band: 12.2 kbit/s, a description of silence, and no data at all; 20 ms each."""
FRAME = b"\xff\xf1\x50\x80\x02\x1f\xfc" + bytes(9)
"""Of ADTS: sixteen bytes, 44.1 kHz."""
WIDE = b"\x04" + bytes(17)
"""Of AMR wide band: 6.6 kbit/s."""
NO_SOUND = random.Random(1).randbytes(40_000).replace(b"\xff", b"\xfe")
"""No coding has a frame in it: of AMR the first byte pads what may not be padded."""


@pytest.mark.parametrize(
    ("content", "seconds"),
    [
        (b"#!AMR\n" + SPEECH * 50, 1.0),
        (b"#!AMR\n" + SPEECH * 10 + (SILENCE + NOTHING * 7) * 100, 16.2),
        (b"#!AMR-WB\n" + (b"\x04" + bytes(17)) * 50 + (b"\x4c" + bytes(5)) * 50, 2.0),
    ],
)
def test_a_stream_of_amr_is_as_long_as_its_frames_are_many(
    runner: MediaRunner, tmp_path: Path, content: bytes, seconds: float
) -> None:
    """Where nobody speaks there are few bytes and as much time: a guess by bytes is short of most of it."""
    path = tmp_path / "sound.amr"
    path.write_bytes(content)
    assert probe_media(path, runner).duration_seconds == seconds


def test_a_stream_of_adts_is_as_long_as_its_frames_are_many(runner: MediaRunner, make_clip: MakeClip) -> None:
    quiet_and_loud = "aevalsrc='if(lt(t,20),0,random(0))':d=40"
    path = make_clip("-f", "lavfi", "-i", quiet_and_loud, "-c:a", "aac", "sound.aac")
    assert probe_media(path, runner).duration_seconds == pytest.approx(40, abs=0.06)


@pytest.mark.parametrize("kind", ["amr", "aac"])
def test_a_torn_last_frame_is_damage(runner: MediaRunner, make_clip: MakeClip, tmp_path: Path, kind: str) -> None:
    path = tmp_path / "sound"
    if kind == "amr":
        path.write_bytes(b"#!AMR\n" + SPEECH * 50)
    else:
        tone = make_clip("-f", "lavfi", "-i", "sine=duration=3", "-c:a", "aac", "sound.aac")
        path.write_bytes(tone.read_bytes())
    assert probe_media(path, runner).state == "opens"
    path.write_bytes(path.read_bytes()[:-5])
    found = probe_media(path, runner)
    assert (found.state, [reason.code for reason in found.reasons]) == ("damaged", [code.ENDS_EARLY])
    assert found.missing is not None
    assert found.missing.missing_bytes == 5


@pytest.mark.parametrize("kind", ["amr", "wide amr", "aac"])
@pytest.mark.parametrize("behind", [b"", bytes(5), bytes(3000), bytes(130_000), NO_SOUND], ids=len)
def test_what_follows_the_last_frame_and_is_none_makes_no_sound_longer(
    tmp_path: Path, kind: str, behind: bytes
) -> None:
    """Recorders set room aside, and zeros in it look like frames of AMR that did not come whole."""
    path, frames = tmp_path / "sound", {"amr": SPEECH * 300, "wide amr": WIDE * 300, "aac": FRAME * 300}[kind]
    mark = {"amr": b"#!AMR\n", "wide amr": b"#!AMR-WB\n", "aac": b""}[kind]
    path.write_bytes(mark + frames + behind)
    boxes = measure_boxes(path)
    assert boxes is not None
    assert boxes.sound_seconds == (6.966 if kind == "aac" else 6.0)
    assert (boxes.missing_bytes, boxes.trailing_bytes, boxes.complete) == (0, len(behind), True)


def test_copies_of_amr_have_its_frames_alone(runner: MediaRunner, tmp_path: Path) -> None:
    """A decoder would take each thirteen zeros for one more."""
    path = tmp_path / "sound.amr"
    path.write_bytes(b"#!AMR\n" + SPEECH * 300 + bytes(130_000))
    found = probe_media(path, runner)
    assert (found.state, [reason.code for reason in found.reasons]) == ("opens", [code.TRAILING_BYTES])
    seen = decode_whole(path, found, runner)
    assert (seen.state, seen.decoded_frames) == ("intact", 300)


def test_a_frame_of_amr_that_was_lost_is_as_long_as_any_other(tmp_path: Path) -> None:
    path = tmp_path / "sound.amr"
    for lost in (bytes(13), b"\0" + SPEECH[1:13], b"\x38" + bytes(31)):
        path.write_bytes(b"#!AMR\n" + SPEECH * 25 + lost + SPEECH * 24)
        boxes = measure_boxes(path)
        assert boxes is not None
        assert (boxes.sound_seconds, boxes.trailing_bytes) == (1.0, 0)


@pytest.mark.parametrize("hole", [30, 4096, 8 << 20])
@pytest.mark.parametrize("kind", ["amr", "aac"])
def test_frames_behind_a_hole_are_counted(tmp_path: Path, kind: str, hole: int) -> None:
    path, frame = tmp_path / "sound", SPEECH if kind == "amr" else FRAME
    path.write_bytes((b"#!AMR\n" if kind == "amr" else b"") + frame * 100 + bytes(hole) + frame * 100)
    boxes = measure_boxes(path)
    assert boxes is not None
    assert boxes.sound_seconds == pytest.approx(4.0 if kind == "amr" else 4.644, abs=0.03)
    assert (boxes.missing_bytes, boxes.trailing_bytes) == (0, 0)


@pytest.mark.parametrize("spoiled", [b"\xff" * 40, bytes(40), b"\xff\xf1\x50\x80\x00\x1f\xfc"])
def test_what_is_no_frame_is_gone_over_and_by_itself_says_nothing(tmp_path: Path, spoiled: bytes) -> None:
    path = tmp_path / "sound"
    for content, seconds in ((FRAME * 100, 2.322), (FRAME * 50 + spoiled + FRAME * 50, 2.322), (spoiled, None)):
        path.write_bytes(content)
        boxes = measure_boxes(path)
        assert (None if boxes is None else boxes.sound_seconds) == seconds


@pytest.mark.parametrize("left", range(1, 16))
def test_a_last_frame_of_which_there_is_no_whole_head_is_torn_too(tmp_path: Path, left: int) -> None:
    path = tmp_path / "sound"
    path.write_bytes(FRAME * 100 + FRAME[:left])
    boxes = measure_boxes(path)
    assert boxes is not None
    assert boxes.sound_seconds == 2.322
    assert boxes.missing_bytes == (16 if left >= 7 else 7) - left


MP3 = b"\xff\xfb\x90\xc4" + bytes(413)
"""Of layer III: 128 kbit/s at 44.1 kHz, 1152 samples in 417 bytes."""
SLOW_MP3 = b"\xff\xe3\x48\xc4" + bytes(284)
"""The same of version 2.5: 32 kbit/s at 8 kHz, 576 samples in 288 bytes."""
APE = b"APETAGEX" + b"\xd0\x07\0\0" + (32 + 64).to_bytes(4, "little") + bytes(4) + b"\0\0\0\x80" + bytes(8)


def test_mpeg_sound_whose_rate_varies_is_as_long_as_its_frames_are_many(
    runner: MediaRunner, make_clip: MakeClip
) -> None:
    """Twenty seconds that take few bytes and then twenty that take many: the first frames say nothing of these."""
    quiet_and_loud = "aevalsrc='if(lt(t,20),0,random(0))':d=40"
    path = make_clip(
        "-f", "lavfi", "-i", quiet_and_loud, *("-c:a", "libmp3lame", "-q:a", "4"), "-write_xing", "0", "a.mp3"
    )
    found = probe_media(path, runner)
    assert (found.state, found.reasons) == ("opens", ())
    assert found.duration_seconds == pytest.approx(40, abs=0.06)
    path.write_bytes(path.read_bytes()[:-5])
    found = probe_media(path, runner)
    assert (found.state, [reason.code for reason in found.reasons]) == ("damaged", [code.ENDS_EARLY])
    assert (found.missing and found.missing.missing_bytes) == 5


@pytest.mark.parametrize(
    ("content", "seconds", "missing"),
    [
        (MP3 * 100, 2.612, 0),
        (SLOW_MP3 * 100, 7.2, 0),
        (MP3 * 5000, 130.612, 0),  # longer than a piece
        (b"ID3\x03\0\0\0\0\0\x0a" + bytes(10) + MP3 * 100, 2.612, 0),
        (MP3 * 100 + bytes(32 + 64) + APE + b"TAG" + bytes(125), 2.612, 0),
        (MP3 * 50 + b"\xff" * 9000 + MP3 * 50, 2.612, 0),
        (MP3 * 50 + MP3[:200] + MP3 * 50 + MP3[:100], 2.612, 0),  # of what was cut before nothing is certain
        (MP3 * 100 + MP3[:100], 2.612, 317),
        (MP3 * 50 + SLOW_MP3 * 50, 1.306 + 3.6, 0),
    ],
)
def test_frames_of_mpeg_sound_are_counted_over_what_is_none(
    tmp_path: Path, content: bytes, seconds: float, missing: int
) -> None:
    path = tmp_path / "sound"
    path.write_bytes(content)
    boxes = measure_boxes(path)
    assert boxes is not None
    assert boxes.sound_seconds == pytest.approx(seconds, abs=0.03)
    assert boxes.missing_bytes == missing


LAME = ("-f", "lavfi", "-i", "sine=duration=6:sample_rate=48000", "-c:a", "libmp3lame")


def length_of(path: Path, runner: MediaRunner) -> tuple[float | None, str, list[str]]:
    found = probe_media(path, runner)
    return found.duration_seconds, found.state, [reason.code for reason in found.reasons]


def at_totals(content: bytes) -> int:
    """Where a first frame says how many frames follow it; four bytes on, how many bytes."""
    return max(content.find(b"Xing"), content.find(b"Info")) + 8


@pytest.mark.parametrize("quality", [("-q:a", "4"), ("-b:a", "64k")])
@pytest.mark.parametrize("behind", [bytes(3000), NO_SOUND])
def test_mpeg_sound_that_says_how_long_it_is_is_no_longer_for_what_follows_it(
    runner: MediaRunner, make_clip: MakeClip, quality: tuple[str, ...], behind: bytes
) -> None:
    path = make_clip(*LAME, *quality, "a.mp3")
    assert length_of(path, runner) == (6.0, "opens", [])
    path.write_bytes(path.read_bytes() + behind)
    seconds, state, codes = length_of(path, runner)
    assert (state, codes) == ("opens", [code.TRAILING_BYTES])
    assert seconds == pytest.approx(6.0, abs=0.03)


def test_what_a_header_says_beyond_what_is_there_adds_no_time(runner: MediaRunner, make_clip: MakeClip) -> None:
    path = make_clip(*LAME, "a.mp3")
    content = path.read_bytes()
    at = at_totals(content)
    for frames in (500, 1_000_000):
        path.write_bytes(content[:at] + frames.to_bytes(4, "big") + content[at + 4 :])
        seconds, state, _ = length_of(path, runner)
        assert state == "opens"
        assert seconds == pytest.approx(6.0, abs=0.03)


def test_two_streams_in_a_file_are_as_long_as_both(runner: MediaRunner, make_clip: MakeClip) -> None:
    """Whoever plays it hears both; the first says how long it is by itself."""
    path = make_clip(*LAME, "a.mp3")
    path.write_bytes(path.read_bytes() * 2)
    seconds, state, codes = length_of(path, runner)
    assert (state, codes) == ("opens", [])
    assert seconds == pytest.approx(12.0, abs=0.1)


def test_a_cut_stream_says_still_how_long_it_was(runner: MediaRunner, make_clip: MakeClip) -> None:
    path = make_clip(*LAME, "a.mp3")
    content = path.read_bytes()
    path.write_bytes(content[: len(content) * 3 // 10])
    found = probe_media(path, runner)
    assert (found.state, found.duration_seconds) == ("damaged", 6.0)
    assert found.missing is not None
    assert found.missing.missing_bytes == len(content) - len(content) * 3 // 10
    assert found.missing.present_seconds == pytest.approx(1.8, abs=0.05)


def test_where_there_is_no_time_to_count_all_what_was_counted_is_said(tmp_path: Path) -> None:
    """A guess by the first frames would be of hours, where there are seconds and then beginnings of frames."""
    path = tmp_path / "sound"
    path.write_bytes(MP3 * 10_000)
    seconds = iter(range(0, 600, 3))
    boxes = measure_boxes(path, lambda: float(next(seconds)))
    assert boxes is not None
    assert boxes.sound_seconds is not None
    assert 0 < boxes.sound_seconds < 261
    assert not boxes.complete
