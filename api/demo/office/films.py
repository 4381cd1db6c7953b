"""What the cameras of the demo's office have recorded: a real clip, on and on, for as long as each act took.

A recorder's clock is believed to a few minutes and no better, so whoever wants an act to be surely covered records some
minutes before it and after it, as officers do.
"""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from api.demo.footage import FootageNotMade, copy_real_clips

AROUND = timedelta(minutes=6)
CLIP = "carphone_distorted.mp4"
_LONGEST_CALL_SECONDS = 120


@dataclass(frozen=True)
class Film:
    """One recording of `device`, worn by `badge`, around an act from `began_at` to `ended_at`."""

    device: str
    badge: str
    began_at: datetime
    ended_at: datetime

    @property
    def name(self) -> str:
        """As collecting workstations write it, in the local time of `began_at`'s zone."""
        return f"{self.device}_{self.badge}_{self.began_at - AROUND:%Y%m%d%H%M%S}.MP4"

    @property
    def seconds(self) -> float:
        return (self.ended_at - self.began_at + 2 * AROUND).total_seconds()


def make_films(films: Iterable[Film], folder: Path, ffmpeg: Path) -> None:
    """A file each. Raises FootageMissing, FootageNotMade."""
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="liuhen-clip-") as name:
        clip = next(each for each in copy_real_clips(Path(name)) if each.name == CLIP)
        for film in films:
            _go_on(ffmpeg, clip, film, folder / film.name)


def _go_on(ffmpeg: Path, clip: Path, film: Film, target: Path) -> None:
    begins = (film.began_at - AROUND).astimezone(UTC)
    # The time makes each file another one: the same bytes again would be the same recording.
    tags = ("-metadata", f"creation_time={begins:%Y-%m-%dT%H:%M:%S}Z", "-metadata", f"comment={film.name}")
    words = ("-hide_banner", "-loglevel", "error", "-nostdin", "-y", "-stream_loop", "-1", "-i", str(clip))
    command = [str(ffmpeg), *words, "-t", str(film.seconds), "-c", "copy", *tags, str(target)]
    done = subprocess.run(command, capture_output=True, timeout=_LONGEST_CALL_SECONDS, text=True, errors="replace")
    if done.returncode != 0:
        raise FootageNotMade(
            f"ffmpeg 制作演示录像失败（退出码 {done.returncode}）",
            f"ffmpeg failed to make the demo's footage (exit code {done.returncode})",
            detail=done.stderr.splitlines()[-10:],
        )
