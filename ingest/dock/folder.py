"""The folder a docking station reads: which files are footage, and reading them without ever trusting them to stay.

A card is pulled out, a camera still writes, a name is a link to somewhere else: every read says so by name instead of
ending the agent.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from ingest.dock.errors import FolderUnusable, SourceChanged, SourceUnreadable
from integrity.digest import CHUNK_BYTES, ContentDigests, digest_stream

# What operating systems, file managers and half-finished copies leave on a card: not footage.
_IGNORED_SUFFIXES = (".tmp", ".temp", ".part", ".partial", ".crdownload", ".swp", "~")
_IGNORED_NAMES = frozenset({"thumbs.db", "desktop.ini", "system volume information", "$recycle.bin", "lost+found"})


@dataclass(frozen=True, slots=True)
class FileIdentity:
    """Cheap to read; while it stays the same, so do the bytes. When it differs, only a digest can say."""

    size_bytes: int
    mtime_ns: int
    ctime_ns: int
    inode: int

    @classmethod
    def of(cls, status: os.stat_result) -> FileIdentity:
        """The identity in an answer of stat."""
        # Some file systems number their inodes beyond the signed integers that the agent's notes can hold.
        return cls(status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino & 0x7FFF_FFFF_FFFF_FFFF)


@dataclass(frozen=True, slots=True)
class SourceFile:
    """One file of footage. `name` is its path below the folder, with slashes."""

    path: Path
    name: str
    size_bytes: int


@dataclass(frozen=True, slots=True)
class Listing:
    """What is in the folder. `skipped` are names that are not footage: links, hidden and temporary files."""

    files: tuple[SourceFile, ...]
    unreadable: tuple[SourceUnreadable, ...]
    skipped: tuple[str, ...]


def list_sources(folder: Path, state_folder: Path) -> Listing:
    """Every file below `folder`, by name, but for links, hidden and temporary ones and the agent's own notes.

    Raises FolderUnusable when there is no such folder or it cannot be listed; a folder further down that cannot be
    listed becomes an entry of `unreadable`.
    """
    files: list[SourceFile] = []
    unreadable: list[SourceUnreadable] = []
    skipped: list[str] = []
    pending = [folder]
    while pending:
        current = pending.pop()
        try:
            entries = sorted(os.scandir(current), key=lambda entry: entry.name)
        except OSError as error:
            if current == folder:
                raise FolderUnusable(folder, reason_of(error)) from error
            unreadable.append(SourceUnreadable(_name_below(folder, current), reason_of(error)))
            continue
        for entry in entries:
            path = Path(entry.path)
            if path == state_folder:
                continue
            try:
                _sort_entry(entry, path, _name_below(folder, path), files, pending, skipped)
            except OSError as error:
                unreadable.append(SourceUnreadable(_name_below(folder, path), reason_of(error)))
    return Listing(tuple(sorted(files, key=lambda file: file.name)), tuple(unreadable), tuple(sorted(skipped)))


def _sort_entry(
    entry: os.DirEntry[str], path: Path, name: str, files: list[SourceFile], folders: list[Path], skipped: list[str]
) -> None:
    ignored = entry.name.startswith(".") or entry.name.lower() in _IGNORED_NAMES
    if ignored or entry.is_symlink():
        skipped.append(name)
    elif entry.is_dir(follow_symlinks=False):
        folders.append(path)
    elif not entry.is_file(follow_symlinks=False) or entry.name.lower().endswith(_IGNORED_SUFFIXES):
        skipped.append(name)
    else:
        files.append(SourceFile(path, name, entry.stat(follow_symlinks=False).st_size))


def _name_below(folder: Path, path: Path) -> str:
    return path.relative_to(folder).as_posix()


@contextmanager
def open_source(source: SourceFile) -> Iterator[int]:
    """A descriptor to read from. Raises SourceUnreadable for whatever stands in the way, also while it is read."""
    try:
        # O_NOFOLLOW and O_NONBLOCK: since the listing, the name may have become a link or a pipe.
        descriptor = os.open(source.path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        raise SourceUnreadable(source.name, reason_of(error)) from error
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise SourceUnreadable(source.name, "it is no longer a plain file")
        yield descriptor
    finally:
        os.close(descriptor)


def read_identity(source: SourceFile, descriptor: int | None = None) -> FileIdentity:
    """What the open file, or else the name, shows now. Raises SourceUnreadable."""
    try:
        return FileIdentity.of(os.fstat(descriptor) if descriptor is not None else os.lstat(source.path))
    except OSError as error:
        raise SourceUnreadable(source.name, reason_of(error)) from error


def read_block(source: SourceFile, descriptor: int, length: int, offset: int) -> bytes:
    """Up to `length` bytes at `offset`; empty at the end. Raises SourceUnreadable, as when the card is pulled out."""
    try:
        return os.pread(descriptor, length, offset)
    except OSError as error:
        raise SourceUnreadable(source.name, reason_of(error)) from error


def digest_source(source: SourceFile, pause: Callable[[], None]) -> tuple[FileIdentity, ContentDigests]:
    """Read the whole file once. `pause` is called between pieces and may raise to end it.

    Raises SourceChanged when the file was written to meanwhile: the digest would be of no state it ever had.
    """
    with open_source(source) as descriptor:
        before = read_identity(source, descriptor)
        digests = digest_stream(_read_all(source, descriptor, pause))
        if read_identity(source, descriptor) != before or digests.size_bytes != before.size_bytes:
            raise SourceChanged(source.name)
    return before, digests


def _read_all(source: SourceFile, descriptor: int, pause: Callable[[], None]) -> Iterator[bytes]:
    offset = 0
    while block := read_block(source, descriptor, CHUNK_BYTES, offset):
        pause()
        yield block
        offset += len(block)


def reason_of(error: OSError) -> str:
    """The system's words, in lower case as they stand inside a sentence."""
    return (error.strerror or str(error)).lower()
