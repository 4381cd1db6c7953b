"""How long a film is, where the tool that reads its container says something else, or nothing."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from ingest.containers import MOST_FILE_BYTES, read_at
from ingest.media import findings as code
from ingest.media.damage import measure_boxes
from ingest.media.probe import probe_media
from ingest.media.runner import MediaRunner
from ingest.media.whole import decode_whole
from ingest.sealing.claims import read_claims

MakeClip = Callable[..., Path]
PICTURE = ("-f", "lavfi", "-i", "testsrc2=size=160x120:rate=25:duration=2")
LONG_TONE = ("-f", "lavfi", "-i", "sine=frequency=440:duration=10")
X264 = ("-pix_fmt", "yuv420p", "-preset", "ultrafast", "-g", "25")
MJPEG = ("-c:v", "mjpeg", "-c:a", "pcm_s16le")


DAYS = ("-f", "lavfi", "-i", "testsrc2=size=64x48:rate=1/60:duration=97200", *X264, "-bf", "0", "film.ts")


def test_a_clock_that_turned_over_within_a_film_is_followed(runner: MediaRunner, make_clip: MakeClip) -> None:
    """27 hours of a stream whose clock begins anew every 26.5 hours; ffprobe says 26.5."""
    found = probe_media(make_clip(*DAYS), runner)
    assert (found.state, found.reasons, found.runs) == ("opens", (), ())
    assert found.duration_seconds == pytest.approx(97200, abs=60)


def test_sound_that_a_wav_says_nothing_of_is_told(runner: MediaRunner, make_clip: MakeClip) -> None:
    """The size of its sound was made smaller, and that of the whole left as it was: no player plays the rest."""
    sound = make_clip(*LONG_TONE, "-c:a", "pcm_s16le", "sound.wav")
    content = bytearray(sound.read_bytes())
    at = content.index(b"data") + 4
    for size, told in ((1000, [len(content) - at - 4 - 1000]), (len(content) - at - 4, [])):
        content[at : at + 4] = size.to_bytes(4, "little")
        sound.write_bytes(content)
        found = probe_media(sound, runner)
        assert [reason.facts["bytes"] for reason in found.reasons if reason.code == code.TRAILING_BYTES] == told


@pytest.mark.parametrize(
    ("arguments", "seconds"),
    [
        ((*PICTURE, *LONG_TONE, *MJPEG, "film.avi"), 10.0),  # ffprobe says 2.0
        ((*LONG_TONE, "-c:a", "pcm_s16le", "sound.avi"), 10.0),  # ffprobe says 10.1: by the bytes of the whole file
        ((*PICTURE, *X264, "-output_ts_offset", "100", "film.mkv"), 2.0),  # ffprobe says 102: a piece of a longer one
        ((*PICTURE, *LONG_TONE, *X264, "-output_ts_offset", "1", "film.mkv"), 11.0),  # which is what players wait for
    ],
)
def test_a_film_is_as_long_as_its_longest_track(
    runner: MediaRunner, make_clip: MakeClip, arguments: tuple[str, ...], seconds: float
) -> None:
    found = probe_media(make_clip(*arguments), runner)
    assert (found.state, found.reasons) == ("opens", ())
    assert found.duration_seconds == pytest.approx(seconds, abs=0.03)


def test_a_line_of_text_that_is_shown_for_a_minute_makes_no_film_longer(
    runner: MediaRunner, make_clip: MakeClip, out: Path
) -> None:
    text, both, film = out / "text.srt", out / "both.mkv", make_clip(*PICTURE, *X264, "film.mkv")
    text.write_text("1\n00:00:00,000 --> 00:01:00,000\nhello\n\n")
    join(runner, film, text, both)
    found = probe_media(both, runner)
    assert (found.state, found.reasons) == ("opens", ())
    assert found.duration_seconds == pytest.approx(2, abs=0.05)


def join(runner: MediaRunner, film: Path, text: Path, both: Path) -> None:
    ffmpeg = str(runner.tools.ffmpeg.program.path)
    words = ("-map", "0", "-map", "1", "-c", "copy")
    subprocess.run([ffmpeg, "-nostdin", "-v", "error", "-i", film, "-i", text, *words, both], check=True)


def test_an_index_of_a_few_chunks_is_none_beside_those_of_opendml(runner: MediaRunner, corpus: Path) -> None:
    """A camera's film whose `idx1` names one picture of 78."""
    film = corpus / "metadata-extractor-images" / "avi__MVI_4823.AVI"
    found = probe_media(film, runner)
    assert (found.state, found.reasons) == ("opens", ())
    boxes = measure_boxes(film)
    assert boxes is not None
    assert boxes.indexed is not None
    assert (boxes.indexed.named, boxes.indexed.gone) == (81, 0)
    seen = decode_whole(film, found, runner)
    assert (seen.state, seen.declared_frames, seen.decoded_frames) == ("intact", 78, 78)


def test_a_broadcast_wave_file_says_when_it_began(runner: MediaRunner, make_clip: MakeClip) -> None:
    """The day and the time apart, in the recorder's own zone."""
    words = ("-write_bext", "1", "-metadata", "origination_date=2026-03-01", "-metadata", "origination_time=10:11:12")
    sound = make_clip(*LONG_TONE, "-c:a", "pcm_s16le", *words, "sound.wav")
    (claim,) = read_claims({"filename": "sound.wav"}, probe_media(sound, runner)).of("clock")
    assert claim.value == {"time": "2026-03-01T02:11:12Z", "zone": "Asia/Shanghai"}
    assert claim.confidence == "assumed"


def test_sound_behind_a_tag_is_as_long_as_its_frames(runner: MediaRunner, make_clip: MakeClip) -> None:
    """As broadcasters and phones write it; ffprobe guesses by the first frames."""
    sound = make_clip(*LONG_TONE, "-c:a", "aac", "sound.aac")
    without = probe_media(sound, runner)
    sound.write_bytes(b"ID3\x04\0\0\0\0\0\x0a" + bytes(10) + sound.read_bytes())
    found = probe_media(sound, runner)
    assert (found.state, found.container, found.duration_seconds) == ("opens", "aac", without.duration_seconds)
    with sound.open("r+b") as handle:
        handle.truncate(sound.stat().st_size - 50)
    assert probe_media(sound, runner).state == "damaged"


def test_a_place_beyond_any_file_is_empty_and_no_broken_disk(make_clip: MakeClip) -> None:
    """ext4 refuses to go to where a film says that its segment ends."""
    film = make_clip(*PICTURE, *X264, "film.mkv")
    content = bytearray(film.read_bytes())
    at = content.index(b"\x18\x53\x80\x67") + 4
    content[at : at + 8] = ((1 << 56) | (1 << 55)).to_bytes(8)
    film.write_bytes(content)
    boxes = measure_boxes(film)
    assert boxes is not None
    assert boxes.missing_bytes > MOST_FILE_BYTES
    with film.open("rb") as handle:
        assert [read_at(handle, place, 4) for place in (MOST_FILE_BYTES, 1 << 63, 1 << 80, -1)] == [b""] * 4
        assert read_at(handle, 0, 4) == b"\x1a\x45\xdf\xa3"
