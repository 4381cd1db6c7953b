"""`liuhen bench media`: looking at a recording and copying it for a browser, beside the bare ffmpeg commands.

Five minutes of 1080p, made here. Ours and the peer run in turn (A B A B …) over the same file in the page cache, each
into a fresh folder; the median of each counts. The peer is what a person would type: no sandbox, no limits, no look at
boxes and zeros, nothing counted.
"""

from __future__ import annotations

import shutil
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from api.bench.errors import BenchError
from api.bench.rows import Row
from ingest.media.encoding import poster_arguments, sprite_arguments
from ingest.media.findings import Findings
from ingest.media.probe import probe_media
from ingest.media.renditions import RenditionMade, make_poster, make_proxy, make_sprite
from ingest.media.runner import MediaRunner
from ingest.media.sandbox import MEDIA_INSIDE, OUT_INSIDE
from ingest.media.tiles import sprite_layout

BAR = 1.3
LOOP_SECONDS = 10
PICTURE = "testsrc2=size=1920x1080:rate=25:duration={},noise=alls=8:allf=t"
CODED = ("-c:v", "libx264", "-preset", "ultrafast", "-b:v", "6M", "-pix_fmt", "yuv420p", "-g", "50", "-c:a", "aac")
DESCRIBED = ("-v", "error", "-of", "json", "-show_format", "-show_streams")


@dataclass(frozen=True)
class Bare:
    """The tools of a runner, called without it."""

    ffmpeg: str
    ffprobe: str

    @classmethod
    def of(cls, runner: MediaRunner) -> Bare:
        return cls(str(runner.tools.ffmpeg.program.path), str(runner.tools.ffprobe.program.path))

    def run(self, program: str, *words: str) -> None:
        done = subprocess.run([program, *words], stdin=subprocess.DEVNULL, capture_output=True, check=False)
        if done.returncode != 0:
            raise BenchError(f"{Path(program).name} ended with {done.returncode}: {done.stderr[-300:].decode()}")

    def in_place(self, arguments: tuple[str, ...], clip: Path, out: Path) -> None:
        """The very arguments that ours gives, with the paths of this host."""
        words = (word.replace(MEDIA_INSIDE, str(clip)).replace(f"{OUT_INSIDE}/", f"{out}/") for word in arguments)
        self.run(self.ffmpeg, *words)


def measure_media(folder: Path, runner: MediaRunner, *, seconds: int = 300, pairs: int = 3) -> list[Row]:
    """Two rows: probe, poster and sprite of one recording; a proxy by copy. Raises BenchError."""
    bare = Bare.of(runner)
    with tempfile.TemporaryDirectory(prefix="bench-media-", dir=folder) as name:
        workplace = Path(name)
        clip = make_clip(workplace, seconds, bare)
        found = probe_media(clip, runner)
        length = f"{seconds // 60} min 1080p" if seconds >= 60 else f"{seconds} s 1080p"
        looked = take_turns(
            workplace, pairs, lambda out: look(clip, out, runner), lambda out: look_bare(clip, found, out, bare)
        )
        copied = take_turns(
            workplace, pairs, lambda out: copy(clip, found, out, runner), lambda out: copy_bare(clip, out, bare)
        )
    return [
        Row.beside_peer(
            f"检查、封面、预览 / probe, poster, sprite, {length}", "s", ours=looked[0], peer=looked[1], bar=BAR
        ),
        Row.beside_peer(f"播放副本（复制） / proxy by copy, {length}", "s", ours=copied[0], peer=copied[1], bar=BAR),
    ]


def make_clip(workplace: Path, seconds: int, bare: Bare) -> Path:
    """A short film, repeated by copying: what is measured does not depend on what is in its pictures."""
    part, clip = workplace / "part.mp4", workplace / "clip.mp4"
    once = min(LOOP_SECONDS, seconds)
    sound = f"sine=frequency=440:duration={once}"
    sources = ("-f", "lavfi", "-i", PICTURE.format(once), "-f", "lavfi", "-i", sound)
    bare.run(bare.ffmpeg, "-v", "error", *sources, *CODED, str(part))
    loops = str(max(0, seconds // once - 1))
    bare.run(bare.ffmpeg, "-v", "error", "-stream_loop", loops, "-i", str(part), "-c", "copy", str(clip))
    return clip


def look(clip: Path, out: Path, runner: MediaRunner) -> None:
    found = probe_media(clip, runner)
    for make in (make_poster, make_sprite):
        folder = out / make.__name__
        folder.mkdir()
        require(make(clip, found, folder, runner))


def look_bare(clip: Path, found: Findings, out: Path, bare: Bare) -> None:
    bare.run(bare.ffprobe, *DESCRIBED, str(clip))
    bare.in_place(poster_arguments(found, 1.0, "poster.jpg"), clip, out)
    bare.in_place(sprite_arguments(found, sprite_layout(found.duration_seconds), "sprite.jpg"), clip, out)


def copy(clip: Path, found: Findings, out: Path, runner: MediaRunner) -> None:
    made = require(make_proxy(clip, found, out, runner))
    if (made.facts["video"], made.facts["audio"]) != ("copy", "copy"):
        raise BenchError(f"the proxy was to be made by copy, and was not: {made.facts}")


def copy_bare(clip: Path, out: Path, bare: Bare) -> None:
    bare.run(
        *(bare.ffmpeg, "-v", "error", "-nostdin", "-i", str(clip), "-c", "copy", "-movflags", "+faststart"),
        str(out / "proxy.mp4"),
    )


def require(outcome: object) -> RenditionMade:
    if not isinstance(outcome, RenditionMade):
        raise BenchError(f"a copy was due of the film made for this, and there is none: {outcome}")
    return outcome


def take_turns(
    workplace: Path, pairs: int, ours: Callable[[Path], None], peer: Callable[[Path], None]
) -> tuple[float, float]:
    taken: tuple[list[float], list[float]] = ([], [])
    for _ in range(pairs):
        for times, work in zip(taken, (ours, peer), strict=True):
            times.append(seconds_of(work, workplace))
    return statistics.median(taken[0]), statistics.median(taken[1])


def seconds_of(work: Callable[[Path], None], workplace: Path) -> float:
    out = Path(tempfile.mkdtemp(dir=workplace))
    started = time.perf_counter()
    work(out)
    taken = time.perf_counter() - started
    shutil.rmtree(out)
    return taken
