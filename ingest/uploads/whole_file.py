"""A small file's bytes, written in one go by the request that brings all of them.

Of these no offset is ever recorded: they count when the row says that they are all there, and not before. So there is
no offset file either. It comes with the first request that goes the long way, and as long as there is none, nothing
was acknowledged. That no two requests write at once is settled by the lock of the bytes' own file, flock(2): whoever
writes here makes that file, holds its lock to the end and has found no offset file under it; the offset file is made
under the same lock.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from ingest.uploads.staged_bytes import translated
from integrity.durable_files import sync_folder, write_at

_FLAGS = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW


class WholeFile:
    """Bytes that nobody else writes before `release`. They are given up unless `note_kept` was called."""

    offset = 0
    """What was acknowledged of them so far."""

    def __init__(self, path: Path, descriptor: int) -> None:
        self._path = path
        self._descriptor = descriptor
        self._is_kept = False
        self._written_bytes = 0

    @classmethod
    def begin(cls, path: Path, offset_path: Path) -> WholeFile | None:
        """None when anybody has begun to write this upload before, here or the long way. Raises StagingFull."""
        try:
            descriptor = os.open(path, _FLAGS | os.O_EXCL, 0o600)
        except FileExistsError:
            return None
        except OSError as error:
            raise translated(error) from error
        is_ours = False
        try:
            is_ours = _try_lock(descriptor) and not offset_path.exists()
        finally:
            if not is_ours:
                os.close(descriptor)
        return cls(path, descriptor) if is_ours else None

    def append(self, pieces: Sequence[bytes]) -> None:
        """All there are. Raises StagingFull."""
        try:
            for piece in pieces:
                self._written_bytes = write_at(self._descriptor, piece, self._written_bytes)
        except OSError as error:
            raise translated(error) from error

    def send(self) -> None:
        with suppress(OSError):
            os.posix_fadvise(self._descriptor, 0, 0, os.POSIX_FADV_DONTNEED)

    def sync_bytes(self) -> int:
        try:
            os.fdatasync(self._descriptor)
        except OSError as error:
            raise translated(error) from error
        return self._written_bytes

    def sync_names(self) -> None:
        sync_folder(self._path.parent)

    def note_kept(self, offset: int) -> None:
        """They and their name are durable: now the row may say so."""
        self._is_kept = offset == self._written_bytes

    def give_up(self) -> None:
        """No row is theirs, and whoever sent them has them yet: kept, they would be taken for somebody's last copy."""
        self._is_kept = False

    def release(self) -> None:
        """Give up the lock, and what was not kept. Releasing twice is harmless."""
        descriptor, self._descriptor = self._descriptor, -1
        if descriptor < 0:
            return
        try:
            if not self._is_kept:
                os.ftruncate(descriptor, 0)
        finally:
            os.close(descriptor)


@contextmanager
def nobody_writing(path: Path) -> Iterator[bool]:
    """Whether no whole file is being written at `path`; if so, none is begun before the block ends. Makes the file.

    Raises StagingFull.
    """
    try:
        descriptor = os.open(path, _FLAGS, 0o600)
    except OSError as error:
        raise translated(error) from error
    try:
        # One that was removed meanwhile is another file than whoever begins now would lock.
        yield _try_lock(descriptor) and os.fstat(descriptor).st_nlink > 0
    finally:
        os.close(descriptor)


def is_being_written(path: Path) -> bool:
    """Whether a whole file is on its way there at the moment, for whoever only looks."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False


def _try_lock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
