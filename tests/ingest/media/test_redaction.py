"""Redacted copies of real films: hidden where and while it has to be, silent likewise, marked everywhere."""

from __future__ import annotations

import hashlib
import io
import json
import re
import struct
import subprocess
import wave
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image, ImageChops, ImageStat

from ingest.media.encoding import WIDEST
from ingest.media.marking import as_pam, draw_mark
from ingest.media.probe import probe_media
from ingest.media.redaction import Hidden, beat, film_arguments, make_redacted, redaction_limits
from ingest.media.renditions import NothingToShow, RenditionMade
from ingest.media.runner import MediaRunner
from storage.catalog.redaction import Box, Mute

MakeClip = Callable[..., Path]
# A bright picture: whatever is black in a copy was painted.
BRIGHT = ("-f", "lavfi", "-i", "color=c=0xE0E0D0:size=320x180:rate=25:duration=4")
TONE = ("-f", "lavfi", "-i", "sine=frequency=440:duration=4")
PLAYS = ("-pix_fmt", "yuv420p")
NO_MARK = as_pam(draw_mark(()))
GRANT = "1a2b3c4d-0000-4000-8000-000000000000"
MARK_PICTURE = draw_mark(("钱立 000412  2026-03-10 16:00", GRANT))
MARK = as_pam(MARK_PICTURE)
SAMPLES = 8000


def redacted(clip: Path, hidden: Hidden, out: Path, runner: MediaRunner, mark: bytes = NO_MARK) -> RenditionMade:
    made = make_redacted(clip, probe_media(clip, runner), hidden, mark, out, runner)
    assert isinstance(made, RenditionMade), made
    return made


def frame_at(path: Path, seconds: float, runner: MediaRunner) -> Image.Image:
    ffmpeg = str(runner.tools.ffmpeg.program.path)
    command = [ffmpeg, "-v", "error", "-ss", str(seconds), "-i", str(path), "-frames:v", "1", "-f", "image2pipe"]
    done = subprocess.run([*command, "-c:v", "ppm", "-"], check=True, capture_output=True)
    return Image.open(io.BytesIO(done.stdout)).convert("L")


def loudness(path: Path, first: float, last: float, runner: MediaRunner) -> int:
    """The loudest sample between two times."""
    ffmpeg = str(runner.tools.ffmpeg.program.path)
    command = [ffmpeg, "-v", "error", "-i", str(path), "-ac", "1", "-ar", str(SAMPLES), "-f", "wav", "-"]
    done = subprocess.run(command, check=True, capture_output=True)
    with wave.open(io.BytesIO(done.stdout)) as sound:
        heard = sound.readframes(1 << 30)[int(first * SAMPLES) * 2 : int(last * SAMPLES) * 2]
    return max((abs(sample) for (sample,) in struct.iter_unpack("<h", heard)), default=0)


def part_of(picture: Image.Image, left: float, top: float, right: float, bottom: float) -> Image.Image:
    """By parts of its width and height."""
    width, height = picture.size
    return picture.crop((round(left * width), round(top * height), round(right * width), round(bottom * height)))


def brightness(picture: Image.Image, *part: float) -> tuple[int, int]:
    """Of its darkest and its brightest pixel."""
    darkest, brightest = part_of(picture, *part).getextrema()
    return int(darkest), int(brightest)  # type: ignore[arg-type]


def is_hidden(picture: Image.Image, *part: float) -> bool:
    darkest, brightest = brightness(picture, *part)
    assert brightest < 40 or darkest > 150, (part, darkest, brightest)  # painted whole, or not at all
    return brightest < 40


def test_boxes_are_black_while_they_last_and_nothing_else_is(
    any_runner: MediaRunner, make_clip: MakeClip, out: Path
) -> None:
    clip = make_clip(*BRIGHT, *TONE, *PLAYS, "clip.mp4")
    before = hashlib.sha256(clip.read_bytes()).hexdigest()
    made = redacted(clip, Hidden((Box(0.25, 0.25, 0.25, 0.5, 1.0, 2.0),)), out, any_runner)
    assert made.media_type == "video/mp4"
    for seconds, hidden in (
        (0.0, False),
        (0.8, False),
        (1.0, True),
        (1.5, True),
        (2.0, True),
        (2.2, False),
        (3.9, False),
    ):
        frame = frame_at(made.path, seconds, any_runner)
        assert is_hidden(frame, 0.25, 0.25, 0.5, 0.75) is hidden, seconds
        for beside in ((0.52, 0, 1, 1), (0, 0, 0.23, 1), (0, 0, 1, 0.23), (0, 0.78, 1, 1)):
            assert brightness(frame, *beside)[0] > 200, (seconds, beside)
    assert hashlib.sha256(clip.read_bytes()).hexdigest() == before
    assert made.tool_version == any_runner.tools.ffmpeg.version
    assert any("drawbox" in each for each in made.settings)
    assert str(out) not in " ".join(made.settings)


def test_a_box_without_end_lasts_to_the_end(runner: MediaRunner, make_clip: MakeClip, out: Path) -> None:
    made = redacted(make_clip(*BRIGHT, *PLAYS, "clip.mp4"), Hidden((Box(0, 0, 1, 1, 3.0),)), out, runner)
    assert [is_hidden(frame_at(made.path, at, runner), 0, 0, 1, 1) for at in (2.8, 3.0, 3.95)] == [False, True, True]


@pytest.mark.parametrize(("style", "most_apart"), [("black", 40), ("blur", 16)])
def test_a_box_hides_no_less_than_it_says_at_any_size(
    runner: MediaRunner, make_clip: MakeClip, out: Path, style: str, most_apart: int
) -> None:
    """Each of its pixels is what it would be if all were hidden. How even a part looks says nothing: what is blurred
    next to a bright edge is a slope."""
    odd = ("-f", "lavfi", "-i", "testsrc2=size=323x181:rate=25:duration=1")
    clip = make_clip(*odd, "-pix_fmt", "yuv444p", "-c:v", "libx264", "odd.mp4")
    boxes = tuple(Box(at, at, 0.1037, 0.0931, style=style) for at in (0.0, 0.1333, 0.4007, 0.8963))
    frames = []
    for number, hidden in enumerate((boxes, (), (Box(0, 0, 1, 1, style=style),))):
        folder = out.parent / f"copy{number}"
        folder.mkdir()
        frames.append(frame_at(redacted(clip, Hidden(hidden), folder, runner).path, 0.5, runner))
    frame, shown, all_hidden = frames
    assert frame.size == (322, 180)
    for box in boxes:
        part = box.left, box.top, box.left + box.width, min(1.0, box.top + box.height)
        inside, before, wanted = (part_of(picture, *part) for picture in (frame, shown, all_hidden))
        assert brightness(ImageChops.difference(inside, wanted), 0, 0, 1, 1)[1] < most_apart, box
        assert ImageStat.Stat(ImageChops.difference(before, wanted)).mean[0] > 5, box
    between = ImageChops.difference(part_of(frame, 0.55, 0.1, 0.85, 0.8), part_of(shown, 0.55, 0.1, 0.85, 0.8))
    assert ImageStat.Stat(between).mean[0] < 4


def test_a_blurred_box_keeps_its_colour_and_nothing_that_could_be_read(
    any_runner: MediaRunner, make_clip: MakeClip, out: Path
) -> None:
    # Letters as they stand on a plate: stripes of black and white, ten pixels wide.
    stripes = "nullsrc=size=320x180:rate=25:duration=2,geq=lum='if(mod(floor(X/10),2),235,16)':cb=128:cr=128"
    clip = make_clip("-f", "lavfi", "-i", stripes, *PLAYS, "stripes.mp4")
    made = redacted(clip, Hidden((Box(0.25, 0.25, 0.5, 0.5, 0.5, 1.0, "blur"),)), out, any_runner)
    hidden, seen = (frame_at(made.path, at, any_runner) for at in (0.75, 1.5))
    inside = ImageStat.Stat(part_of(hidden, 0.27, 0.27, 0.73, 0.73))
    assert inside.stddev[0] < 10
    assert 60 < inside.mean[0] < 190
    for picture, part in ((seen, (0.27, 0.27, 0.73, 0.73)), (hidden, (0.78, 0, 1, 1)), (hidden, (0, 0, 1, 0.22))):
        assert ImageStat.Stat(part_of(picture, *part)).stddev[0] > 80


@pytest.mark.parametrize(
    ("name", "codec"),
    [("clip.mp4", ("-c:a", "aac")), ("clip.avi", ("-c:a", "pcm_s16le", "-ar", "8000")), ("clip.ts", ())],
)
def test_sound_is_silent_within_the_mutes_and_only_there(
    runner: MediaRunner, make_clip: MakeClip, out: Path, name: str, codec: tuple[str, ...]
) -> None:
    """Decoders give out pieces of a quarter of a second: less than a word is not hidden by halves."""
    clip = make_clip(*BRIGHT, *TONE, *PLAYS, *codec, name)
    made = redacted(clip, Hidden(mutes=(Mute(1.0, 2.0), Mute(2.5, 2.7), Mute(3.5))), out, runner)
    for first, last in ((1.0, 2.0), (2.5, 2.7), (3.5, 3.9)):
        assert loudness(made.path, first, last, runner) < 200, (first, last)
    for first, last in ((0.1, 0.9), (2.1, 2.4), (2.8, 3.4)):
        for at in range(int(first * 20), int(last * 20)):
            assert loudness(made.path, at / 20, at / 20 + 0.05, runner) > 1000, at / 20


def test_the_mark_is_in_every_part_of_every_frame(any_runner: MediaRunner, make_clip: MakeClip, out: Path) -> None:
    big = ("-f", "lavfi", "-i", "color=c=0x808080:size=1280x720:rate=5:duration=2")
    made = redacted(make_clip(*big, *PLAYS, "big.mp4"), Hidden(), out, any_runner, MARK)
    for seconds in (0.0, 1.5):
        frame = frame_at(made.path, seconds, any_runner)
        for column in range(3):
            for row in range(3):
                darkest, brightest = brightness(frame, column / 3, row / 3, (column + 1) / 3, (row + 1) / 3)
                assert brightest - darkest > 40, (column, row, darkest, brightest)


def test_what_is_drawn_in_is_the_text_of_the_mark(runner: MediaRunner, make_clip: MakeClip, out: Path) -> None:
    """Where the mark has letters the picture has changed, where it has none it has not: of this name and no other."""
    big = ("-f", "lavfi", "-i", "color=c=0x808080:size=1280x720:rate=5:duration=1")
    made = redacted(make_clip(*big, *PLAYS, "big.mp4"), Hidden(), out, runner, MARK)
    frame = frame_at(made.path, 0.5, runner)
    changed = ImageChops.difference(frame, Image.new("L", frame.size, 0x80))
    other = draw_mark(("王敏 000999  2026-03-11 09:30", GRANT))
    letters, nothing = above(MARK_PICTURE, 95, frame.size), ImageChops.invert(above(MARK_PICTURE, 0, frame.size))
    only_the_other = ImageChops.subtract(above(other, 95, frame.size), above(MARK_PICTURE, 0, frame.size))
    assert ImageStat.Stat(changed, letters).mean[0] > 12
    assert ImageStat.Stat(changed, nothing).mean[0] < 4
    assert ImageStat.Stat(changed, only_the_other).mean[0] < 4


def above(mark: Image.Image, least: int, size: tuple[int, int]) -> Image.Image:
    """Where the mark, laid over a picture from its corner, is less transparent than that."""
    return mark.getchannel("A").crop((0, 0, *size)).point(lambda alpha: 255 if alpha > least else 0)


def test_chinese_names_are_drawn_as_they_are_written() -> None:
    """A face without them would draw one and the same empty box for each."""
    drawn = [draw_mark((name,)).getchannel("A") for name in ("钱立", "王敏", "□□")]
    for first, second in ((0, 1), (0, 2), (1, 2)):
        assert ImageChops.difference(drawn[first], drawn[second]).getbbox() is not None
    assert drawn[0].size == (WIDEST, WIDEST)


@pytest.mark.parametrize(("turn", "size"), [("90", (180, 320)), ("180", (320, 180)), ("270", (180, 320))])
def test_a_film_held_upright_is_hidden_where_it_is_seen(
    runner: MediaRunner, make_clip: MakeClip, out: Path, turn: str, size: tuple[int, int]
) -> None:
    flat = make_clip(*BRIGHT, *PLAYS, "flat.mp4")
    upright = flat.with_name("upright.mp4")
    turned = [str(runner.tools.ffmpeg.program.path), "-v", "error", "-display_rotation", turn, "-i", str(flat)]
    subprocess.run([*turned, "-c", "copy", str(upright)], check=True)
    made = redacted(upright, Hidden((Box(0, 0, 0.5, 0.25),)), out, runner)
    frame = frame_at(made.path, 1.0, runner)
    assert frame.size == size
    assert is_hidden(frame, 0.0, 0.0, 0.5, 0.25)
    assert not is_hidden(frame, 0.52, 0.0, 1.0, 1.0)
    assert not is_hidden(frame, 0.0, 0.28, 1.0, 1.0)


def test_a_picture_that_stands_long_is_hidden_from_the_moment_that_is_stated(
    runner: MediaRunner, make_clip: MakeClip, out: Path
) -> None:
    """Of uneven frames the one before its time is still on the screen: nothing of it is seen while the box lasts."""
    uneven = ("-vf", "select='lt(t,1)+gte(t,3)'", "-fps_mode", "vfr")
    clip = make_clip(*BRIGHT, *uneven, *PLAYS, "uneven.mp4")
    made = redacted(clip, Hidden((Box(0.25, 0.25, 0.5, 0.5, 1.8, 2.2),)), out, runner)
    frames = {at: frame_at(made.path, at, runner) for at in (0.5, 1.5, 1.8, 2.0, 2.2, 2.5, 3.5)}
    hidden = [at for at, frame in frames.items() if is_hidden(frame, 0.25, 0.25, 0.75, 0.75)]
    assert hidden == [1.8, 2.0, 2.2]
    found = probe_media(made.path, runner)
    assert found.duration_seconds == pytest.approx(4, abs=0.1)


def test_few_frames_a_second_are_given_time_for_the_many_that_a_copy_has(
    runner: MediaRunner, make_clip: MakeClip, out: Path
) -> None:
    slow = make_clip(
        "-f", "lavfi", "-i", "color=c=0xE0E0D0:size=320x180:rate=1:duration=6", *PLAYS, "-r", "1", "slow.mp4"
    )
    found = probe_media(slow, runner)
    usual = probe_media(make_clip(*BRIGHT, *PLAYS, "clip.mp4"), runner)
    assert (beat(found), beat(usual)) == (25, 25)
    size = slow.stat().st_size
    assert (redaction_limits(size, found).processor_seconds or 0) > 20 * 60
    assert redaction_limits(size, found).idle_processor_seconds is None
    made = redacted(slow, Hidden((Box(0, 0, 1, 1, 2.5, 3.5),)), out, runner)
    assert [is_hidden(frame_at(made.path, at, runner), 0, 0, 1, 1) for at in (2.2, 2.5, 3.4, 3.8)] == [
        False,
        True,
        True,
        False,
    ]


def test_a_film_without_sound_and_sound_without_film_have_copies(
    runner: MediaRunner, make_clip: MakeClip, out: Path
) -> None:
    sound = out.parent / "sound"
    sound.mkdir()
    silent = redacted(make_clip(*BRIGHT, *PLAYS, "mute.mp4"), Hidden((Box(0, 0, 0.5, 0.5),)), out, runner, MARK)
    assert probe_media(silent.path, runner).audio is None
    heard = redacted(make_clip(*TONE, "tone.mp3"), Hidden(mutes=(Mute(1, 2),)), sound, runner, MARK)
    assert heard.media_type == "audio/mp4"
    assert loudness(heard.path, 1.05, 1.95, runner) < 200
    assert loudness(heard.path, 2.1, 3.0, runner) > 1000


def test_a_photograph_is_hidden_whatever_the_times_and_has_no_metadata(runner: MediaRunner, out: Path) -> None:
    photo = out.parent / "photo.jpg"
    exif = Image.Exif()
    exif[0x010E] = "somebody's name"
    exif[0x0112] = 6  # lies on its side: upright it is 300 wide
    Image.new("RGB", (400, 300), (230, 230, 220)).save(photo, "JPEG", exif=exif)
    made = redacted(photo, Hidden((Box(0.5, 0.5, 0.5, 0.5, 7.0, 8.0),)), out, runner, NO_MARK)
    picture = Image.open(made.path)
    assert made.media_type == "image/jpeg"
    assert picture.size == (300, 400)
    assert is_hidden(picture.convert("L"), 0.52, 0.52, 1.0, 1.0)
    assert not is_hidden(picture.convert("L"), 0.0, 0.0, 1.0, 0.48)
    assert b"somebody" not in made.path.read_bytes()


def test_what_cannot_be_decoded_has_no_copy(any_runner: MediaRunner, out: Path) -> None:
    noise = out.parent / "noise"
    noise.write_bytes(bytes(range(256)) * 40)
    assert isinstance(
        make_redacted(noise, probe_media(noise, any_runner), Hidden(), MARK, out, any_runner), NothingToShow
    )


def test_hundreds_of_boxes_are_one_command(make_clip: MakeClip, out: Path, runner: MediaRunner) -> None:
    clip = make_clip(*BRIGHT, *TONE, *PLAYS, "clip.mp4")
    boxes = tuple(
        Box(0.123456, 0.123456, 0.123456, 0.123456, at / 5, at / 5 + 0.01, ("black", "blur")[at % 2])
        for at in range(200)
    )
    mutes = tuple(Mute(at / 5, at / 5 + 0.01) for at in range(200))
    arguments = film_arguments(probe_media(clip, runner), Hidden(boxes, mutes), "redacted.mp4")
    assert max(len(each.encode()) for each in arguments) < 128 << 10  # Linux: MAX_ARG_STRLEN
    made = redacted(clip, Hidden(boxes, mutes), out, runner, MARK)
    assert made.size_bytes > 1000


@pytest.mark.parametrize(
    "name",
    [
        pytest.param("samples__max-heromode.mp4", marks=pytest.mark.thorough),
        "testdata__src__test__assets__media__mp4__sample.mp4",
        "testdata__src__test__assets__media__ts__sample_h265.ts",
        "testdata__src__test__assets__media__mp4__sample_android_slow_motion.mp4",
        "3gp__sample.3gp",
        "test__public__edts.mp4",
    ],
)
def test_recorders_own_films_are_hidden_in_time(corpus: Path, name: str, out: Path, runner: MediaRunner) -> None:
    """The upper half for the second half of the film, all sound: and nothing that it says of places stays."""
    film = next(corpus.rglob(name))
    found = probe_media(film, runner)
    length = found.duration_seconds or 0.0
    before = hashlib.sha256(film.read_bytes()).hexdigest()
    plain = out.parent / "plain"
    plain.mkdir()
    made = redacted(film, Hidden((Box(0, 0, 1, 0.5, length / 2),), (Mute(),)), out, runner)
    whole = redacted(film, Hidden(), plain, runner)
    assert hashlib.sha256(film.read_bytes()).hexdigest() == before
    early, late = length / 4, length * 0.75
    assert ImageStat.Stat(part_of(frame_at(made.path, late, runner), 0, 0, 1, 0.49)).mean[0] < 25
    for at, part in ((early, (0, 0, 1, 1)), (late, (0, 0.52, 1, 1))):
        apart = (part_of(frame_at(each.path, at, runner), *part) for each in (made, whole))
        assert ImageStat.Stat(ImageChops.difference(*apart)).mean[0] < 6, at
    if found.audio is not None:
        assert loudness(made.path, 0, length, runner) < 200
    copy = probe_media(made.path, runner)
    assert copy.duration_seconds == pytest.approx(length, abs=0.5)
    assert {stream.kind for stream in copy.streams} <= {"video", "audio"}
    assert b"moov" in made.path.read_bytes()[:4096]


def caption(text: str) -> bytes:
    """One SEI message in an Annex B stream: ITU-T T.35, ATSC, `GA94` (A/53 part 4), pairs of CEA-608 letters."""
    letters = bytes(each | (0x80 if each.bit_count() % 2 == 0 else 0) for each in text.encode("ascii"))
    pairs = b"".join(b"\xfc" + letters[at : at + 2] for at in range(0, len(letters), 2))
    data = b"\xb5\x00\x31GA94\x03" + bytes((0xC0 | len(letters) // 2, 0xFF)) + pairs + b"\xff"
    return b"\x00\x00\x00\x01\x06\x04" + bytes((len(data),)) + data + b"\x80"


@pytest.fixture
def captioned(runner: MediaRunner, make_clip: MakeClip) -> Callable[[str], Path]:
    """A film of which each picture says in letters what is spoken."""

    def make(name: str) -> Path:
        plain = make_clip(*BRIGHT, *PLAYS, "-c:v", "libx264", "-bf", "0", "-f", "h264", "plain.h264")
        # Before each slice, 7.3.1: types 1 and 5.
        words = re.sub(
            rb"\x00?\x00\x00\x01(?=[\x01\x21\x41\x61\x25\x45\x65])", caption("ZHAO") + rb"\g<0>", plain.read_bytes()
        )
        stream, film = plain.with_name("words.h264"), plain.with_name(name)
        stream.write_bytes(words)
        command = [str(runner.tools.ffmpeg.program.path), "-v", "error", "-framerate", "25", "-i", str(stream)]
        how = ("-c", "copy") if name.endswith(".ts") else ("-c:v", "mpeg2video", "-a53cc", "1", "-bf", "0")
        subprocess.run([*command, *how, str(film)], check=True)
        return film

    return make


def has_captions(film: Path, runner: MediaRunner) -> bool:
    """Whether any of its pictures has some, as a player would find them."""
    command = [str(runner.tools.ffprobe.program.path), "-v", "error", "-select_streams", "v", "-show_frames"]
    command += ["-of", "json", str(film)]
    said = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
    beside = {each["side_data_type"] for frame in said["frames"] for each in frame.get("side_data_list", ())}
    return any("Closed Captions" in each for each in beside)


@pytest.mark.parametrize("name", ["captioned.ts", "captioned.mpg"])
def test_captions_within_the_pictures_stay_behind(
    runner: MediaRunner, captioned: Callable[[str], Path], out: Path, name: str
) -> None:
    """CEA-608/708 in SEI or user data is no stream of its own, and would say what is muted."""
    film = captioned(name)
    assert has_captions(film, runner)
    made = redacted(film, Hidden((Box(0, 0, 0.5, 0.5, style="blur"),), (Mute(),)), out, runner, MARK)
    assert not has_captions(made.path, runner)
    assert b"GA94" not in made.path.read_bytes()
    assert "sidedata" in " ".join(made.settings)
