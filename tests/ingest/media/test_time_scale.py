"""One time scale for the player, the sprite, the poster and what is recorded, whatever clock or edit list says."""

from __future__ import annotations

import struct
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from ingest.media import seeking
from ingest.media.probe import probe_media
from ingest.media.redaction import Hidden, film_arguments
from ingest.media.renditions import Outcome, RenditionMade, make_poster, make_proxy, make_sprite
from ingest.media.runner import MediaRunner
from ingest.media.sandbox import MEDIA_INSIDE as MEDIA
from ingest.media.sandbox import Job, Limits

MakeClip = Callable[..., Path]
X264 = ("-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p")
PICTURE = ("-f", "lavfi", "-i", "testsrc2=size=160x120:rate=25:duration=6")
TONE = ("-f", "lavfi", "-i", "sine=frequency=440:duration=6:sample_rate=48000")
SHOW = ("-show_entries", "stream=start_time", "-of", "csv=p=0")
LATE_SOUND = (*PICTURE, "-itsoffset", "3", *TONE, *X264, "-g", "25", "-c:a", "aac", "-movie_timescale", "1000")


def made_of(outcome: Outcome) -> RenditionMade:
    assert isinstance(outcome, RenditionMade)
    return outcome


def with_hidden_beginning(film: bytes, milliseconds: int) -> bytes:
    """As a cut without encoding leaves it: the picture begins within its track, and the sound waits for less long."""
    content = bytearray(film)
    picture, sound = (at for at in range(len(film)) if film.startswith(b"elst", at))
    scale = struct.unpack_from(">I", film, film.index(b"mdhd") + 16)[0]
    span, begin = struct.unpack_from(">Ii", film, picture + 12)
    struct.pack_into(">Ii", content, picture + 12, span - milliseconds, begin + scale * milliseconds // 1000)
    (wait,) = struct.unpack_from(">I", film, sound + 12)
    struct.pack_into(">I", content, sound + 12, wait - milliseconds)
    return bytes(content)


def sound_begins(proxy: Path, runner: MediaRunner) -> float:
    words = ("-v", "error", "-select_streams", "a", *SHOW, MEDIA)
    result = runner.sandbox.run(Job(runner.tools.ffprobe.program, words, media=proxy, limits=Limits()))
    return float(result.stdout)


def test_late_sound_stays_late_where_the_beginning_of_the_picture_is_hidden(
    runner: MediaRunner, make_clip: MakeClip, tmp_path: Path, out: Path
) -> None:
    whole, film = make_clip(*LATE_SOUND, "late.mp4"), tmp_path / "hidden.mp4"
    assert probe_media(whole, runner).hidden_seconds is None
    film.write_bytes(with_hidden_beginning(whole.read_bytes(), 500))
    found = probe_media(film, runner)
    assert found.hidden_seconds == pytest.approx(0.5, abs=0.1)
    assert found.duration_seconds == pytest.approx(9, abs=0.1)
    made = made_of(make_proxy(film, found, out, runner))
    assert (made.facts["frames"], made.facts["video"], made.facts["audio"]) == (150, "copy", "copy")
    assert made.facts["duration_seconds"] == pytest.approx(9, abs=0.1)
    assert sound_begins(made.path, runner) == pytest.approx(3, abs=0.05)
    # What is hidden in a copy is hidden where the player showed it: both are of one time scale.
    assert "-advanced_editlist" in film_arguments(found, Hidden(), "copy.mp4")


def coloured(make_clip: MakeClip, colour: str, begins: int) -> bytes:
    picture = ("-f", "lavfi", "-i", f"color={colour}:size=64x36:rate=1/4:duration=1200")
    words = (*picture, *X264, "-g", "2", "-output_ts_offset", str(begins), "-f", "mpegts")
    return make_clip(*words, f"{colour}{begins}.ts").read_bytes()


def colours_of(sprite: Path) -> str:
    with Image.open(sprite) as picture:
        rgb = picture.convert("RGB")
        middles = [rgb.getpixel((n % 10 * 160 + 80, n // 10 * 90 + 45)) for n in range(100)]
    return "".join("r" if isinstance(each, tuple) and each[0] > each[2] else "b" for each in middles)


@pytest.mark.parametrize(("begins", "seconds"), [(0, 2400), (4800, 6000)])
def test_a_sprite_shows_what_the_player_does_whether_a_clock_began_anew_or_paused(
    runner: MediaRunner, make_clip: MakeClip, tmp_path: Path, out: Path, begins: int, seconds: int
) -> None:
    film = tmp_path / "two.ts"
    film.write_bytes(coloured(make_clip, "red", 0) + coloured(make_clip, "blue", begins))
    found = probe_media(film, runner)
    assert found.duration_seconds == pytest.approx(seconds, abs=1)
    assert not seeking.may_seek(found)
    sprite = made_of(make_sprite(film, found, out, runner))
    assert colours_of(sprite.path) == "r" * 50 + "b" * 50
    assert sprite.facts["interval_seconds"] == pytest.approx(24, abs=0.1)
    made = made_of(make_proxy(film, found, out, runner))
    assert (made.facts["video"], made.facts["frames"]) == ("copy", 600)
    assert made.facts["duration_seconds"] == pytest.approx(2400, abs=5)


def talking(make_clip: MakeClip, size: str, begins: int) -> bytes:
    picture = ("-f", "lavfi", "-i", f"testsrc2=size={size}:rate=25:duration=3")
    sound = ("-f", "lavfi", "-i", "sine=frequency=440:duration=3", "-c:a", "aac")
    words = (*picture, *sound, *X264, "-g", "25", "-output_ts_offset", str(begins), "-f", "mpegts")
    return make_clip(*words, f"{size}{begins}.ts").read_bytes()


def test_a_short_pause_is_played(runner: MediaRunner, make_clip: MakeClip, tmp_path: Path, out: Path) -> None:
    film = tmp_path / "paused.ts"
    film.write_bytes(talking(make_clip, "160x120", 0) + talking(make_clip, "160x120", 8))
    found = probe_media(film, runner)
    assert len(found.runs) == 2
    assert found.played_seconds == found.duration_seconds == pytest.approx(11, abs=0.1)
    assert made_of(make_proxy(film, found, out, runner)).facts["duration_seconds"] == pytest.approx(11, abs=0.1)


def test_a_poster_is_of_the_moment_that_it_says(
    runner: MediaRunner, make_clip: MakeClip, tmp_path: Path, out: Path
) -> None:
    """The second piece is larger, and begins anew."""
    film = tmp_path / "two.ts"
    film.write_bytes(talking(make_clip, "160x120", 0) + talking(make_clip, "320x240", 0))
    found = probe_media(film, runner)
    assert len(found.runs) == 2
    made = made_of(make_poster(film, found, out, runner))
    assert made.facts == {"at_seconds": 1.0}
    with Image.open(made.path) as picture:
        assert picture.size == (160, 120)


@pytest.mark.parametrize(("turned", "size"), [(45, (160, 120)), (90, (120, 160))])
def test_a_picture_has_its_sides_changed_by_a_quarter_turn_alone(
    runner: MediaRunner, make_clip: MakeClip, tmp_path: Path, out: Path, turned: int, size: tuple[int, int]
) -> None:
    plain = make_clip(*PICTURE, *X264, "plain.mp4")
    words = ("-nostdin", "-v", "error", "-display_rotation", str(turned), "-i", MEDIA, "-c", "copy", "/out/t.mp4")
    folder = tmp_path / "turned"
    folder.mkdir()
    ended = runner.sandbox.run(Job(runner.tools.ffmpeg.program, words, media=plain, out=folder, limits=Limits()))
    assert ended.succeeded
    made = made_of(make_proxy(folder / "t.mp4", probe_media(folder / "t.mp4", runner), out, runner))
    assert (made.facts["width"], made.facts["height"]) == size
