"""Changing one byte of a package's copy, somewhere in the footage."""

from __future__ import annotations

import random
import shutil
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class FlippedByte:
    """`path` is the file's place in the package."""

    path: str
    offset: int
    before: int
    after: int


def copy_and_flip(package: Path, copy: Path, path: str, chance: random.Random | None = None) -> FlippedByte:
    """Copy the package to the new folder `copy`, and there change one bit of the file at `path`."""
    chance = chance or random.Random()
    shutil.copytree(package, copy)
    with (copy / path).open("r+b") as file:
        size_bytes = file.seek(0, 2)
        offset = chance.randrange(size_bytes)
        file.seek(offset)
        before = file.read(1)[0]
        after = before ^ (1 << chance.randrange(8))
        file.seek(offset)
        file.write(bytes([after]))
    return FlippedByte(path, offset, before, after)
