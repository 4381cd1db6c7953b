from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

import exifread
import pytest
from PIL import Image

from ingest.media import findings as code
from ingest.media.encoding import plan_proxy
from ingest.media.errors import RenditionFailed
from ingest.media.findings import Findings
from ingest.media.probe import probe_media
from ingest.media.renditions import (
    NO_PICTURE,
    NOT_MOVING,
    NothingToShow,
    RenditionMade,
    make_poster,
    make_proxy,
    make_sprite,
)
from ingest.media.runner import MediaRunner
from ingest.media.sandbox import Limits
from ingest.media.stops import Stop
from tests.ingest.media.hindered import hindered

MakeClip = Callable[..., Path]
VIDEO = ("-f", "lavfi", "-i", "testsrc2=size=320x180:rate=25:duration=2")
TONE = ("-f", "lavfi", "-i", "sine=frequency=440:duration=2")
PLAYS = ("-pix_fmt", "yuv420p")


def proxy_of(clip: Path, out: Path, runner: MediaRunner) -> tuple[RenditionMade, Findings]:
    made = make_proxy(clip, probe_media(clip, runner), out, runner)
    assert isinstance(made, RenditionMade)
    return made, probe_media(made.path, runner)


def assert_plays(found: Findings) -> None:
    """What Chromium plays, tried there: H.264 4:2:0 8 bits with even sides, AAC, the index first."""
    assert found.state == "opens"
    assert found.container is not None
    assert found.container.startswith("mov,")
    if found.video is not None:
        assert (found.video.codec, found.video.pix_fmt) == ("h264", "yuv420p")
        assert (found.video.width or 1) % 2 == (found.video.height or 1) % 2 == 0
    assert all(stream.codec in ("h264", "aac") for stream in found.streams)


def index_is_first(path: Path) -> bool:
    content = path.read_bytes()
    return content.index(b"moov") < content.index(b"mdat")


def test_what_plays_already_is_copied_and_the_original_is_left_alone(
    any_runner: MediaRunner, make_clip: MakeClip, out: Path
) -> None:
    clip = make_clip(*VIDEO, *TONE, *PLAYS, "clip.mp4")
    before = hashlib.sha256(clip.read_bytes()).hexdigest()
    made, found = proxy_of(clip, out, any_runner)
    assert (made.facts["video"], made.facts["audio"], made.media_type) == ("copy", "copy", "video/mp4")
    assert_plays(found)
    assert index_is_first(made.path)
    assert not index_is_first(clip)
    assert hashlib.sha256(clip.read_bytes()).hexdigest() == before


def test_a_copy_names_tool_version_settings_and_sandbox(runner: MediaRunner, make_clip: MakeClip, out: Path) -> None:
    made, _ = proxy_of(make_clip(*VIDEO, *PLAYS, "clip.mp4"), out, runner)
    assert (made.tool, made.tool_version) == ("ffmpeg", runner.tools.ffmpeg.version)
    assert made.sandbox == runner.sandbox.name
    assert made.size_bytes == made.path.stat().st_size
    settings = list(made.settings)
    assert settings[settings.index("-format_whitelist") + 1].startswith("mov,avi")
    assert settings[settings.index("-i") + 1] == "file:/in/media"
    assert settings.index("-format_whitelist") < settings.index("-i")
    assert str(out) not in " ".join(settings)


@pytest.mark.parametrize(
    ("arguments", "video", "audio"),
    [
        ((*VIDEO, *TONE, *PLAYS, "-c:a", "mp3", "clip.mp4"), "copy", "encode"),
        ((*VIDEO, *TONE, *PLAYS, "-c:a", "pcm_s16le", "clip.mov"), "copy", "encode"),
        ((*VIDEO, *TONE, "-c:v", "mjpeg", "-c:a", "pcm_s16le", "clip.avi"), "encode", "encode"),
        ((*VIDEO, *TONE, *PLAYS, "-c:v", "libx265", "-x265-params", "log-level=none", "clip.mp4"), "encode", "copy"),
        ((*VIDEO, *TONE, "-pix_fmt", "yuv422p10le", "-profile:v", "high422", "clip.mp4"), "encode", "copy"),
        ((*VIDEO, *TONE, *PLAYS, "-c:v", "libx264", "-c:a", "mp2", "clip.ts"), "copy", "encode"),
        ((*VIDEO, *PLAYS, "clip.mkv"), "copy", "drop"),
    ],
    ids=["mp3", "pcm", "avi", "hevc", "4:2:2", "ts", "mute mkv"],
)
def test_only_what_a_browser_does_not_play_is_encoded(
    runner: MediaRunner, make_clip: MakeClip, out: Path, arguments: tuple[str, ...], video: str, audio: str
) -> None:
    made, found = proxy_of(make_clip(*arguments), out, runner)
    assert made.facts["video"] == video
    assert made.facts["audio"] == audio
    assert_plays(found)
    assert made.facts["frames"] == 50
    assert found.duration_seconds == pytest.approx(2.0, abs=0.1)


def test_odd_sides_and_oblong_pixels_become_even_and_square(
    runner: MediaRunner, make_clip: MakeClip, out: Path
) -> None:
    source = ("-f", "lavfi", "-i", "testsrc2=size=321x241:rate=5:duration=1", "-vf", "setsar=4/3", "-c:v", "ffv1")
    made, found = proxy_of(make_clip(*source, "clip.mkv"), out, runner)
    assert_plays(found)
    assert made.facts["height"] == 240
    assert float(made.facts["width"]) / 240 == pytest.approx(321 * 4 / 3 / 241, abs=0.02)


def test_a_4k_picture_is_made_smaller(runner: MediaRunner, make_clip: MakeClip, out: Path) -> None:
    source = ("-f", "lavfi", "-i", "testsrc2=size=3840x2160:rate=2:duration=1", "-c:v", "mjpeg")
    made, found = proxy_of(make_clip(*source, "clip.avi"), out, runner)
    assert_plays(found)
    assert (made.facts["width"], made.facts["height"]) == (1920, 1080)


@pytest.mark.parametrize("codec", ["libx264", "mpeg4"])
def test_a_camera_held_upright_stays_upright(runner: MediaRunner, make_clip: MakeClip, out: Path, codec: str) -> None:
    flat = make_clip(*VIDEO, *PLAYS, "-c:v", codec, "flat.mp4")
    turned = turn(flat)
    made, _ = proxy_of(turned, out, runner)
    assert (made.facts["width"], made.facts["height"]) == (180, 320)
    poster = make_poster(turned, probe_media(turned, runner), out, runner)
    assert isinstance(poster, RenditionMade)
    with Image.open(poster.path) as picture:
        assert picture.size == (180, 320)


def turn(clip: Path) -> Path:
    """Write a quarter turn into the track's matrix (ISO/IEC 14496-12, 8.3.2), as phones and cameras do."""
    content = clip.read_bytes()
    upright = bytes.fromhex("00010000 00000000 00000000 00000000 00010000 00000000 00000000 00000000 40000000")
    quarter = bytes.fromhex("00000000 00010000 00000000 ffff0000 00000000 00000000 00b40000 00000000 40000000")
    track = content.index(upright, content.index(b"tkhd"))
    turned = clip.with_name("turned.mp4")
    turned.write_bytes(content[:track] + quarter + content[track + len(upright) :])
    return turned


def test_uneven_frame_times_are_kept(runner: MediaRunner, make_clip: MakeClip, out: Path) -> None:
    uneven = ("-vf", "select='not(between(n,10,30))'", "-fps_mode", "vfr", "-c:v", "mpeg4")
    made, found = proxy_of(make_clip(*VIDEO, *uneven, "clip.mp4"), out, runner)
    assert made.facts["frames"] == 29
    assert found.duration_seconds == pytest.approx(2.0, abs=0.1)


def test_sound_alone_becomes_aac(runner: MediaRunner, make_clip: MakeClip, out: Path) -> None:
    clip = make_clip(*TONE, "-c:a", "pcm_s16le", "memo.wav")
    made, found = proxy_of(clip, out, runner)
    assert (made.media_type, made.facts["video"]) == ("audio/mp4", "drop")
    assert_plays(found)
    found = probe_media(clip, runner)
    assert make_poster(clip, found, out, runner) == NothingToShow("poster", NO_PICTURE)
    assert make_sprite(clip, found, out, runner) == NothingToShow("sprite", NO_PICTURE)


def test_a_proxy_carries_no_position_and_no_names(runner: MediaRunner, make_clip: MakeClip, out: Path) -> None:
    tags = ("-metadata", "location=+31.2304+121.4737/", "-metadata", "comment=officer 000123")
    made, found = proxy_of(make_clip(*VIDEO, *PLAYS, *tags, "clip.mp4"), out, runner)
    assert b"31.2304" not in made.path.read_bytes()
    assert "comment" not in found.tags


def test_what_is_left_of_a_cut_clip_plays(
    any_runner: MediaRunner, make_clip: MakeClip, cut: Callable[[Path, float], Path], out: Path
) -> None:
    clip = cut(make_clip(*VIDEO, *TONE, *PLAYS, "-movflags", "+faststart", "clip.mp4"), 0.6)
    before = probe_media(clip, any_runner)
    made, found = proxy_of(clip, out, any_runner)
    assert (made.facts["video"], found.state) == ("encode", "opens")
    assert before.extent is not None
    assert made.facts["frames"] == before.extent.present_frames
    assert_plays(found)


def test_declared_frames_that_are_not_there_give_nothing_and_no_retry(
    runner: MediaRunner, make_clip: MakeClip, out: Path
) -> None:
    clip = make_clip(*VIDEO, "-movflags", "+faststart", "clip.mp4")
    content = clip.read_bytes()
    clip.write_bytes(content[: content.index(b"mdat") + 20])
    found = probe_media(clip, runner)
    assert found.state == "damaged"
    for make, name in ((make_proxy, "proxy"), (make_poster, "poster"), (make_sprite, "sprite")):
        assert make(clip, found, out, runner) == NothingToShow(name, code.NO_DECODABLE_FRAME)


@pytest.mark.parametrize("why", [Stop.DEADLINE, Stop.KILLED, Stop.RAN_SHORT])
@pytest.mark.parametrize("codec", ["libx264", "mjpeg"])
def test_a_copy_that_the_machine_did_not_let_us_look_at_is_no_copy_of_nothing(
    runner: MediaRunner, make_clip: MakeClip, out: Path, why: str, codec: str
) -> None:
    clip = make_clip(*VIDEO, *PLAYS, "-c:v", codec, "clip.mov")
    found, ffprobe = probe_media(clip, runner), runner.tools.ffprobe.program
    with pytest.raises(RenditionFailed) as failed:
        make_proxy(clip, found, out, hindered(runner, why, lambda job: job.program == ffprobe))
    assert failed.value.reason == why


def test_noise_in_a_whole_container_gives_nothing(runner: MediaRunner, make_clip: MakeClip, out: Path) -> None:
    """Every box is in order, and nothing decodes: found out by trying, once."""
    clip = make_clip(*VIDEO, "-c:v", "mjpeg", "clip.mov")
    content = bytearray(clip.read_bytes())
    start, end = content.index(b"mdat") + 4, content.index(b"moov") - 4
    content[start:end] = b"\x55" * (end - start)
    clip.write_bytes(content)
    found = probe_media(clip, runner)
    for make, name in ((make_proxy, "proxy"), (make_poster, "poster"), (make_sprite, "sprite")):
        assert make(clip, found, out, runner) == NothingToShow(name, code.NO_DECODABLE_FRAME)


@pytest.mark.parametrize(
    ("limits", "reason"),
    [
        (Limits(deadline_seconds=0.05), "deadline"),
        (Limits(output_bytes=20_000), "output"),
        (Limits(memory_bytes=80 << 20), "ran short"),
    ],
)
def test_a_copy_that_does_not_come_about_says_why_without_our_paths(
    any_runner: MediaRunner, make_clip: MakeClip, out: Path, limits: Limits, reason: str
) -> None:
    noise = ("-f", "lavfi", "-i", "testsrc2=size=640x480:rate=25:duration=1,noise=alls=60:allf=t")
    clip = make_clip(*noise, "-c:v", "mjpeg", "clip.avi")
    with pytest.raises(RenditionFailed) as failed:
        make_proxy(clip, probe_media(clip, any_runner), out, any_runner, limits)
    assert failed.value.name == "proxy"
    assert reason in failed.value.reason
    assert str(out) not in str(failed.value)
    assert str(clip.parent) not in str(failed.value)


def test_a_poster_is_upright_and_says_nothing_of_where_it_was_taken(
    runner: MediaRunner, tmp_path: Path, out: Path
) -> None:
    photo = tmp_path / "photo.jpg"
    exif = Image.Exif()
    exif[274] = 6  # Turn a quarter to the right to see it upright.
    exif.get_ifd(0x8825).update({1: "N", 2: (31.0, 13.0, 49.0), 3: "E", 4: (121.0, 28.0, 25.0)})
    picture = Image.new("RGB", (640, 480), "blue")
    picture.paste("red", (0, 0, 640, 100))  # The stored top is the shown right-hand side.
    picture.save(photo, exif=exif)
    found = probe_media(photo, runner)
    assert make_proxy(photo, found, out, runner) == NothingToShow("proxy", NOT_MOVING)
    made = make_poster(photo, found, out, runner)
    assert isinstance(made, RenditionMade)
    with Image.open(made.path) as poster, made.path.open("rb") as handle:
        assert poster.size == (480, 640)
        red, _, blue = poster.getpixel((470, 320))  # type: ignore[misc]
        assert red > 200 > 60 > blue
        assert dict(poster.getexif()) == {}
        assert exifread.process_file(handle) == {}


@pytest.mark.parametrize("orientation", range(1, 9))
def test_every_orientation_is_undone(runner: MediaRunner, tmp_path: Path, out: Path, orientation: int) -> None:
    upright = Image.new("RGB", (320, 160), "white")
    upright.paste("red", (0, 0, 100, 60))
    upright.paste("blue", (0, 100, 100, 160))
    undo = {
        1: None,
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }[orientation]
    exif = Image.Exif()
    exif[274] = orientation
    stored = upright if undo is None else upright.transpose(undo)
    stored.save(tmp_path / "photo.jpg", exif=exif, quality=95)
    made = make_poster(tmp_path / "photo.jpg", probe_media(tmp_path / "photo.jpg", runner), out, runner)
    assert isinstance(made, RenditionMade)
    with Image.open(made.path) as poster:
        assert poster.size == (320, 160)
        near = [poster.getpixel(at) for at in ((40, 30), (40, 130), (250, 30))]
    expected = [(254, 0, 0), (0, 0, 254), (255, 255, 255)]
    assert all(
        abs(a - b) < 40
        for found, wanted in zip(near, expected, strict=True)
        for a, b in zip(found, wanted, strict=True)
    )  # type: ignore[arg-type]


def test_a_sprite_has_a_tile_for_every_second(runner: MediaRunner, make_clip: MakeClip, out: Path) -> None:
    colours = "color=red:size=320x180:rate=10:duration=6,drawbox=color=blue:t=fill:enable='gte(t,2.6)'"
    clip = make_clip("-f", "lavfi", "-i", colours, *PLAYS, "clip.mp4")
    made = make_sprite(clip, probe_media(clip, runner), out, runner)
    assert isinstance(made, RenditionMade)
    assert (made.facts["tiles"], made.facts["columns"], made.facts["interval_seconds"]) == (6, 6, 1.0)
    with Image.open(made.path) as sprite:
        assert sprite.size == (6 * 160, 90)
        shown = ["red" if sprite.getpixel((n * 160 + 80, 45))[0] > 128 else "blue" for n in range(6)]  # type: ignore[index]
    assert shown == ["red", "red", "red", "blue", "blue", "blue"]


def test_a_long_clip_s_sprite_reads_keyframes_alone(runner: MediaRunner, make_clip: MakeClip, out: Path) -> None:
    clip = make_clip("-f", "lavfi", "-i", "testsrc2=size=320x180:rate=2:duration=300", *PLAYS, "-g", "20", "clip.mp4")
    made = make_sprite(clip, probe_media(clip, runner), out, runner)
    assert isinstance(made, RenditionMade)
    assert ("-skip_frame", "nokey") in zip(made.settings, made.settings[1:], strict=False)
    assert (made.facts["tiles"], made.facts["interval_seconds"]) == (100, 3.0)
    with Image.open(made.path) as sprite:
        assert sprite.size == (1600, 900)
        assert sprite.crop((9 * 160, 810, 1600, 900)).getextrema() != ((0, 0), (0, 0), (0, 0))


def test_a_clip_of_one_frame_still_gets_poster_and_sprite(runner: MediaRunner, make_clip: MakeClip, out: Path) -> None:
    clip = make_clip("-f", "lavfi", "-i", "testsrc2=size=320x180:rate=25:duration=0.04", *PLAYS, "clip.mp4")
    found = probe_media(clip, runner)
    assert isinstance(make_poster(clip, found, out, runner), RenditionMade)
    made = make_sprite(clip, found, out, runner)
    assert isinstance(made, RenditionMade)
    assert made.facts["tiles"] == 1


def test_a_damaged_file_is_never_copied(
    runner: MediaRunner, make_clip: MakeClip, cut: Callable[[Path, float], Path]
) -> None:
    clip = cut(make_clip(*VIDEO, *TONE, *PLAYS, "-movflags", "+faststart", "clip.mp4"), 0.7)
    plan = plan_proxy(probe_media(clip, runner))
    assert (plan.video, plan.audio) == ("encode", "encode")
