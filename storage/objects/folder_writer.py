"""One object on its way into a folder store: passing file, then link, then nothing of the passing file."""

from __future__ import annotations

import fcntl
import os
import secrets
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from integrity.durable_files import sync_folder
from storage.direct_io import DirectFile, aligned_buffer
from storage.errors import ObjectExists, ObjectSizeDiffers
from storage.objects.handles import AbortingWriter
from storage.objects.os_errors import writing
from storage.objects.protocol import StoredObject

if TYPE_CHECKING:
    from typing_extensions import Buffer

ONLY_VERSION = "1"
"""A folder keeps the first bytes of a name and no others, so each object has this one version."""

_FILE_MODE = 0o440
_FOLDER_MODE = 0o750
_DIRECT_FROM_BYTES = 1 << 20
_COMPARED_BYTES = 1 << 20


class FolderWriter(AbortingWriter):
    """An object on its way in; see ObjectWriter. Holds a lock on its passing file for as long as it lives."""

    def __init__(
        self,
        root: Path,
        incoming: Path,
        name: str,
        size_bytes: int | None,
        durable: DurableFolders,
        mends: bool = False,
    ) -> None:
        self._name = name
        self._mends = mends
        self._path = root / name
        self._declared_bytes = size_bytes
        self._written_bytes = 0
        self._durable = durable
        self._passing = incoming / secrets.token_hex(16)
        with writing(name, self._passing):
            self._file = self._open_passing()

    def write(self, piece: Buffer) -> None:
        with memoryview(piece) as view:
            end = self._written_bytes + view.nbytes
            if self._declared_bytes is not None and end > self._declared_bytes:
                raise ObjectSizeDiffers(self._name, self._declared_bytes, end)
            with writing(self._name, self._passing):
                self._file.write_at(view, self._written_bytes)
        self._written_bytes = end

    def commit(self) -> StoredObject:
        if self._declared_bytes not in (None, self._written_bytes):
            raise ObjectSizeDiffers(self._name, self._declared_bytes or 0, self._written_bytes)
        with writing(self._name, self._path):
            os.fdatasync(self._file.descriptor)
            self._durable.make(self._path.parent)
            if self._mends:
                self._passing.replace(self._path)
            else:
                self._link_or_compare()
            # Also when it was there already: who linked it may have died before this line.
            sync_folder(self._path.parent)
        if self._mends:
            self._file.close()  # Its passing name became the object's.
        else:
            self.abort()
        return StoredObject(self._name, self._written_bytes, ONLY_VERSION)

    def abort(self) -> None:
        if self._file.descriptor >= 0:
            with suppress(OSError):
                self._passing.unlink()
            self._file.close()

    def _open_passing(self) -> DirectFile:
        # The mode is for those who come later; the descriptor made with the file may write all the same.
        flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
        descriptor = os.open(self._passing, flags, _FILE_MODE)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            file = DirectFile(descriptor, direct=(self._declared_bytes or 0) >= _DIRECT_FROM_BYTES)
            file.reserve(self._declared_bytes or 0)
            return file
        except BaseException:
            self._passing.unlink(missing_ok=True)
            os.close(descriptor)
            raise

    def _link_or_compare(self) -> None:
        try:
            os.link(self._passing, self._path)
        except FileExistsError:
            if self._path.is_dir():
                raise
            if not self._holds_the_same():
                raise ObjectExists(self._name) from None

    def _holds_the_same(self) -> bool:
        found = DirectFile(os.open(self._path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC))
        try:
            return os.fstat(found.descriptor).st_size == self._written_bytes and self._equals(found)
        finally:
            found.close()

    def _equals(self, found: DirectFile) -> bool:
        ours, theirs = aligned_buffer(_COMPARED_BYTES), aligned_buffer(_COMPARED_BYTES)
        for offset in range(0, self._written_bytes, _COMPARED_BYTES):
            wanted_bytes = min(_COMPARED_BYTES, self._written_bytes - offset)
            self._file.read_at(ours, offset, wanted_bytes)
            found.read_at(theirs, offset, wanted_bytes)
            if ours[:wanted_bytes] != theirs[:wanted_bytes]:
                return False
        return True


class DurableFolders:
    """Makes folders below `root` and remembers which names are on the disk, so that each is synced once.

    Threads may share it: the worst that can happen is a folder synced twice.
    """

    _REMEMBERED = 4096

    def __init__(self, root: Path) -> None:
        self._root = root
        self._known: set[Path] = set()

    def make(self, folder: Path) -> None:
        """Make `folder` and those above it up to the root; on return all their names are durable."""
        if folder in self._known:
            return
        if folder == self._root:
            folder.mkdir(mode=_FOLDER_MODE, parents=True, exist_ok=True)
        else:
            self.make(folder.parent)
            folder.mkdir(mode=_FOLDER_MODE, exist_ok=True)
        sync_folder(folder.parent)
        if len(self._known) >= self._REMEMBERED:
            self._known.clear()
        self._known.add(folder)
