"""The store that is a folder: one file an object, at the object's own name below the root.

An object is written under a passing name in `.incoming`, made durable, and only then linked to its own name. link(2)
never replaces anything, so of two writers one wins and the other compares. Only to mend a lost object, rename(2) puts
the right bytes in its place. No object name begins with a dot, so nothing in `.incoming` can ever be listed. SIGKILL
leaves at most a file there; its lock died with its writer, and that is how the next writer knows that it may sweep it.
"""

from __future__ import annotations

import fcntl
import os
import stat as modes
import tempfile
import time
from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime
from pathlib import Path

from integrity.durable_files import sync_folder
from storage.direct_io import PAGE_BYTES, DirectFile, drop_page_cache
from storage.errors import NameRefused, ObjectMissing, StoreUnavailable
from storage.objects.folder_keeping import FolderKeeping
from storage.objects.folder_writer import ONLY_VERSION, DurableFolders, FolderWriter
from storage.objects.handles import SpanReader
from storage.objects.names import require_name
from storage.objects.os_errors import reading, writing
from storage.objects.protocol import Keeping, Listed, StoredObject
from storage.objects.sorting import in_order

INCOMING = ".incoming"

_ABANDONED_SECONDS = 60


class FolderReader(SpanReader):
    """An object of a folder store; see ObjectReader."""

    is_remote = False

    def __init__(self, name: str, path: Path, file: DirectFile, size_bytes: int) -> None:
        super().__init__(name, size_bytes)
        self._path = path
        self._file = file

    def expect(self, offset: int, length: int) -> None:
        """The kernel reads ahead by itself."""
        self.require_inside(offset, length)

    def read_into(self, offset: int, buffer: memoryview) -> int:
        self.require_inside(offset, 0)
        wanted_bytes = min(len(buffer), self.size_bytes - offset)
        with reading(self.name, self._path):
            got_bytes = self._file.read_at(buffer, offset, wanted_bytes)
        if got_bytes < wanted_bytes:
            raise StoreUnavailable(self.name, f"the file ends at {offset + got_bytes} of {self.size_bytes} bytes")
        return wanted_bytes

    def read_at_hand(self, offset: int, buffer: memoryview) -> bool:
        self.require_inside(offset, len(buffer))
        with reading(self.name, self._path):
            return self._file.read_cached(buffer, offset)

    def close(self) -> None:
        self._file.close()


class FolderStore:
    """Objects in the folder `root`, which is made on the first write; see ObjectStore.

    Files are 0440, folders 0750, less what the umask takes away. The file system must have hard links.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self._durable = DurableFolders(root)
        self._keeping = FolderKeeping(root, self._durable)
        self._swept = False

    def create(self, name: str, size_bytes: int | None = None, *, read_back: bool = False) -> FolderWriter:
        return self._begin(name, size_bytes, mends=False)

    def mend(self, name: str, size_bytes: int | None = None, *, read_back: bool = False) -> FolderWriter:
        return self._begin(name, size_bytes, mends=True)

    def _begin(self, name: str, size_bytes: int | None, mends: bool) -> FolderWriter:
        require_name(name)
        incoming = self.root / INCOMING
        with writing(name, incoming):
            self._durable.make(incoming)
            if not self._swept:
                self.sweep_abandoned()
                self._swept = True
        return FolderWriter(self.root, incoming, name, size_bytes, self._durable, mends)

    def put(self, name: str, data: bytes) -> StoredObject:
        with self.create(name, len(data)) as writer:
            writer.write(data)
            return writer.commit()

    def open(self, name: str, cold: bool = False) -> FolderReader:
        path = self._path(name)
        with reading(name, path):
            descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
        found = os.fstat(descriptor)
        if not modes.S_ISREG(found.st_mode):
            os.close(descriptor)
            raise ObjectMissing(name)
        if cold:
            drop_page_cache(descriptor)
        return FolderReader(name, path, DirectFile(descriptor, direct=cold), found.st_size)

    def stat(self, name: str) -> StoredObject | None:
        path = self._path(name)
        try:
            with reading(name, path):
                found = os.lstat(path)
        except ObjectMissing:
            return None
        return StoredObject(name, found.st_size, ONLY_VERSION) if modes.S_ISREG(found.st_mode) else None

    def list(self, prefix: str = "") -> Iterator[str]:
        with reading(prefix, self.root):
            yield from _names_below(self.root, "", prefix)

    def survey(self, prefix: str = "") -> Iterator[Listed]:
        for name in self.list(prefix):
            listed = self._listed(name, self.root / name)
            if listed is not None:
                yield listed

    def inspect(self, name: str) -> Listed | None:
        try:
            return self._listed(name, self._path(name))
        except NameRefused:
            return None

    def _listed(self, name: str, path: Path) -> Listed | None:
        try:
            with reading(name, path):
                found = os.lstat(path)
        except ObjectMissing:
            return None  # it was deleted just now
        return Listed(name, found.st_size, ONLY_VERSION) if modes.S_ISREG(found.st_mode) else None

    def delete(self, name: str) -> None:
        path = self._path(name)
        if self.stat(name) is not None:
            with self._keeping.unkept(name):
                self._unlink(name, path)
        else:
            self._unlink(name, path)

    def _unlink(self, name: str, path: Path) -> None:
        with writing(name, path), suppress(FileNotFoundError, NotADirectoryError, IsADirectoryError):
            path.unlink(missing_ok=True)
            # Also when there was nothing to remove: a crash may have come between these two lines the last time.
            sync_folder(path.parent)

    def keep_until(self, name: str, until: datetime) -> Keeping:
        return self._keeping.lengthen(name, until)

    def hold(self, name: str) -> Keeping:
        return self._keeping.set_hold(name, True)

    def release(self, name: str) -> Keeping:
        return self._keeping.set_hold(name, False)

    def keeping(self, name: str) -> Keeping:
        return self._keeping.keeping(name)

    def sweep_abandoned(self) -> int:
        """Remove what writers left that are no more; how many files that were. Live writers hold a lock."""
        oldest_kept = time.time() - _ABANDONED_SECONDS
        incoming = self.root / INCOMING
        with writing("", incoming):
            paths = list(incoming.iterdir()) if incoming.is_dir() else []
        return sum(_remove_if_abandoned(path, oldest_kept) for path in paths)

    def require_working(self) -> None:
        incoming = self.root / INCOMING
        with writing("", incoming):
            if not self.root.is_dir():
                return  # the first write makes it
            with os.scandir(self.root) as entries:
                next(entries, None)
            if incoming.exists():  # never made here: it may be a disk's folder without the disk
                with tempfile.TemporaryFile(dir=incoming, buffering=0) as file:
                    file.write(bytes(PAGE_BYTES))

    def _path(self, name: str) -> Path:
        return self.root.joinpath(*require_name(name))


def _remove_if_abandoned(path: Path, oldest_kept: float) -> bool:
    # The age covers a writer between its open and its lock, a moment in which its file looks abandoned.
    with suppress(OSError):
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
        try:
            if os.fstat(descriptor).st_mtime < oldest_kept:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                path.unlink()
                return True
        finally:
            os.close(descriptor)
    return False


def _names_below(folder: Path, above: str, prefix: str) -> Iterator[str]:
    for name in _sorted_entries(folder, above):
        if name.endswith("/"):
            if name.startswith(prefix) or prefix.startswith(name):
                yield from _names_below(folder / name[len(above) : -1], name, prefix)
        elif name.startswith(prefix):
            yield name


def _sorted_entries(folder: Path, above: str) -> Iterator[str]:
    """Full names in `folder`, those of folders with their "/", which is what puts "a-b" before "a/b"."""
    try:
        with os.scandir(folder) as entries:
            yield from in_order(
                above + entry.name + "/" * entry.is_dir(follow_symlinks=False)
                for entry in entries
                if not entry.name.startswith(".") and not entry.is_symlink()
            )
    except FileNotFoundError:
        return
