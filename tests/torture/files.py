"""The files that stations dock: each a function of seed and number, so that what was sealed can be held against it."""

from __future__ import annotations

import hashlib
import random
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

SIZES = (
    (10, 1, 200),
    (35, 200, 40_000),
    (35, 40_000, 400_000),
    (15, 400_000, 2 << 20),
    (4, 2 << 20, 6 << 20),
    (1, 12 << 20, 20 << 20),
)
"""Weight in percent, least and most bytes. The largest come in pieces that are staged past the page cache."""
DUPLICATE, CLIP = 0.2, 0.03
NEAR = 24
"""A duplicate follows its first within so many files: often while that one is still being sealed."""


@dataclass(frozen=True)
class PlannedFile:
    """`same_as` is the number of the file whose bytes it repeats."""

    number: int
    name: str
    size_bytes: int
    is_clip: bool = False
    same_as: int | None = None


class Footage:
    """All files of a run, in order; `content` gives the bytes of any of them again.

    `clips`: real films to be among them, in the place of the one that is made here.
    """

    def __init__(self, seed: int, clips: Sequence[Path] = ()) -> None:
        self._seed, self._clips = seed, clips
        self._source = random.Random(f"files {seed}")
        self.planned: list[PlannedFile] = []

    def plan_next(self) -> PlannedFile:
        number, source = len(self.planned), self._source
        second = 90_000 + number
        name = f"AB{number % 7:05}_{number % 11:06}_202601{1 + number % 28:02}{second // 3600 % 24:02}"
        name += f"{second // 60 % 60:02}{second % 60:02}_{number}"
        size_bytes, is_clip, chance = _size(source), source.random() < CLIP, source.random()
        earlier = source.randrange(max(0, number - NEAR), number) if number else 0
        if number and chance < DUPLICATE:
            first = self.planned[earlier]
            first = first if first.same_as is None else self.planned[first.same_as]
            file = PlannedFile(number, f"{name}_DUP.MP4", first.size_bytes, first.is_clip, first.number)
        else:
            file = PlannedFile(number, f"{name}.MP4", size_bytes, is_clip)
        self.planned.append(file)
        return file

    def content(self, file: PlannedFile) -> bytes:
        if file.same_as is not None:
            return self.content(self.planned[file.same_as])
        source = random.Random(f"content {self._seed} {file.number}")
        if not file.is_clip:
            return source.randbytes(file.size_bytes)
        # A box of type `free` holds anything: each clip is a file of its own that plays like the first.
        film = self._clips[file.number % len(self._clips)].read_bytes() if self._clips else one_clip()
        return film + (8 + 64).to_bytes(4, "big") + b"free" + source.randbytes(64)

    def digest(self, file: PlannedFile) -> str:
        return hashlib.sha256(self.content(file)).hexdigest()

    def __iter__(self) -> Iterator[PlannedFile]:
        return iter(self.planned)


def _size(source: random.Random) -> int:
    weights = [weight for weight, _, _ in SIZES]
    _, least, most = source.choices(SIZES, weights)[0]
    return source.randint(least, most)


@lru_cache(maxsize=1)
def one_clip() -> bytes:
    """A second of moving picture, by the ffmpeg the archive itself would use."""
    import os
    import tempfile

    from api.demo.footage import find_ffmpeg

    with tempfile.TemporaryDirectory(prefix="liuhen-torture-clip-") as folder:
        path = Path(folder) / "clip.mp4"
        made = (
            "-f",
            "lavfi",
            "-i",
            "testsrc2=size=160x120:rate=8:duration=1",
            "-c:v",
            "libx264",
            "-pix_fmt",
            "yuv420p",
        )
        ffmpeg = str(find_ffmpeg(os.environ.get("PATH", "")))
        subprocess.run([ffmpeg, "-v", "error", *made, "-threads", "1", "-fflags", "+bitexact", str(path)], check=True)
        return path.read_bytes()
