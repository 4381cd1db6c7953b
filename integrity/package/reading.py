"""Reading a package's folder without trusting it: no link is followed, no device opened, no huge file swallowed.

The folder is judged at rest; somebody who changes it while it is being read can make the verdict wrong, but not the
files they end up with.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from integrity.errors import FileMissing, FileUnexpected, FileUnreadable, MalformedEvidence, PathUnsafe
from integrity.package import layout

PIECE_BYTES = 1 << 20


@dataclass(frozen=True)
class PackageFolder:
    """A folder that claims to be a package. Paths are relative to it, with slashes."""

    root: Path

    def list_files(self) -> tuple[str, ...]:
        """Every file in it, sorted.

        Raises PathUnsafe for a link or special file, FileUnexpected for a name no package has or an empty folder,
        FileMissing without one that every package has, MalformedEvidence for one larger than its kind may be.
        """
        files: list[str] = []
        self._collect_files("", files)
        for path in layout.ALWAYS_THERE:
            if path not in files:
                raise FileMissing(path)
        return tuple(sorted(files))

    def read(self, path: str) -> bytes:
        """The whole of a file that is not footage. Raises FileMissing, FileUnreadable or MalformedEvidence."""
        limit_bytes = layout.size_limit_bytes(path)
        assert limit_bytes is not None, "footage is read in pieces"
        with self._open(path) as file:
            # Python allocates what is asked for before it reads, so no more is asked for than is there.
            present_bytes = os.fstat(file.fileno()).st_size
            content = self._read_some(file, path, min(present_bytes, limit_bytes) + 1)
        _require_size(path, len(content))
        return content

    def read_pieces(self, path: str) -> Iterator[bytes]:
        """The content of any file in pieces of 1 MiB. Raises FileMissing or FileUnreadable."""
        with self._open(path) as file:
            while piece := self._read_some(file, path, PIECE_BYTES):
                yield piece

    def size_bytes(self, path: str) -> int:
        """How long the file is. Raises FileMissing or FileUnreadable."""
        with self._open(path) as file:
            return os.fstat(file.fileno()).st_size

    def _collect_files(self, folder: str, files: list[str]) -> None:
        for entry in self._scan(folder):
            path = f"{folder}/{entry.name}" if folder else entry.name
            if entry.is_symlink():
                raise PathUnsafe(path, "it is a link")
            if entry.is_dir(follow_symlinks=False):
                self._collect_folder(path, files)
            else:
                files.append(_require_plain(path, entry.stat(follow_symlinks=False)))
            if len(files) > layout.MOST_FILES:
                raise MalformedEvidence(str(self.root), f"more than {layout.MOST_FILES} files")

    def _collect_folder(self, folder: str, files: list[str]) -> None:
        before = len(files)
        if layout.is_possible_folder(folder):
            self._collect_files(folder, files)
        # An empty folder is in no list: it would be the one thing that could be added unseen.
        if len(files) == before:
            raise FileUnexpected(f"{folder}/")

    def _scan(self, folder: str) -> list[os.DirEntry[str]]:
        try:
            with os.scandir(self.root / folder) as entries:
                return sorted(entries, key=lambda entry: entry.name)
        except OSError as error:
            raise FileUnreadable(folder or ".", error.strerror or str(error)) from error

    def _open(self, path: str) -> BinaryIO:
        try:
            flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
            return os.fdopen(os.open(self.root / path, flags), "rb")
        except FileNotFoundError as error:
            raise FileMissing(path) from error
        except OSError as error:
            raise FileUnreadable(path, error.strerror or str(error)) from error

    def _read_some(self, file: BinaryIO, path: str, most_bytes: int) -> bytes:
        try:
            return file.read(most_bytes)
        except OSError as error:
            raise FileUnreadable(path, error.strerror or str(error)) from error


def is_unpacked(folder: Path) -> bool:
    """Whether `folder` has at its top what makes it a package, sound or not."""
    return all((folder / name).is_file() for name in (layout.BAG_DECLARATION, layout.STATEMENT))


def _require_plain(path: str, status: os.stat_result) -> str:
    if not stat.S_ISREG(status.st_mode):
        raise PathUnsafe(path, "it is a device, pipe or socket")
    if not layout.is_possible_file(path):
        raise FileUnexpected(path)
    _require_size(path, status.st_size)
    return path


def _require_size(path: str, size_bytes: int) -> None:
    limit_bytes = layout.size_limit_bytes(path)
    if limit_bytes is not None and size_bytes > limit_bytes:
        raise MalformedEvidence(path, f"{size_bytes} bytes, such a file has at most {limit_bytes}")
