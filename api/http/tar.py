"""A folder as one tar on its way out: never on disk as one, and its size known before the first byte."""

from __future__ import annotations

import tarfile
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import anyio.to_thread

from api.http.errors import PackageNotThere

PIECE_BYTES = 1 << 20
BLOCK_BYTES = tarfile.BLOCKSIZE
END = bytes(2 * BLOCK_BYTES)


@dataclass(frozen=True)
class TarMember:
    """One file of a package, with the header that goes before it."""

    path: Path
    header: bytes
    size_bytes: int

    @property
    def padding(self) -> bytes:
        return bytes(-self.size_bytes % BLOCK_BYTES)

    @property
    def total_bytes(self) -> int:
        return len(self.header) + self.size_bytes + len(self.padding)


def tar_members(package: Path, name: str) -> tuple[TarMember, ...]:
    """The files of a package as members of a tar, in the order of their paths, below one folder called `name`."""
    files = sorted(path for path in package.rglob("*") if path.is_file() and not path.is_symlink())
    return tuple(_member(path, f"{name}/{path.relative_to(package).as_posix()}") for path in files)


def tar_size(members: tuple[TarMember, ...]) -> int:
    return sum(member.total_bytes for member in members) + len(END)


async def tar_pieces(members: tuple[TarMember, ...]) -> AsyncIterator[bytes]:
    """The tar, without ever being on disk as one. Files are read in threads: their disk may be slow."""
    for member in members:
        yield member.header
        left = member.size_bytes
        with await anyio.to_thread.run_sync(_open, member.path) as file:
            while left:
                piece = await anyio.to_thread.run_sync(file.read, min(PIECE_BYTES, left))
                if not piece:
                    raise PackageNotThere
                left -= len(piece)
                yield piece
        yield member.padding
    yield END


def _member(path: Path, name: str) -> TarMember:
    found = path.stat()
    info = tarfile.TarInfo(name)
    info.size, info.mtime, info.mode = found.st_size, int(found.st_mtime), 0o644
    return TarMember(path, info.tobuf(tarfile.PAX_FORMAT), found.st_size)


def _open(path: Path) -> BinaryIO:
    return path.open("rb")
