"""An upload's bytes on the staging disk: written in place at the recorded offset, past the page cache where it pays.

Long bodies go through O_DIRECT in multiples of 4 KiB: as they lie in memory where that is aligned, else from aligned
buffers, one per writing thread. What does not fill a multiple is the `tail`, kept in memory and written through the
page cache when the offset is to be recorded, then written again with what follows it. Where the file system refuses
O_DIRECT, and for short bodies, all writes are buffered.
"""

from __future__ import annotations

import ctypes
import errno
import mmap
import os
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

from ingest.uploads.errors import StagingDamaged, StagingFull, UploadGone
from integrity.durable_files import write_at
from storage.full_disk import FULL, is_full

Piece = bytes | memoryview
"""Some bytes of a body. A view is of memory that is used again once no view of it is left."""
ALIGNMENT_BYTES = 4096
_BUFFER_BYTES = 64 << 10
_DIRECT_FROM_BYTES = 4 << 20
_ALLOCATE_BYTES = 64 << 20


class _ThreadBuffer(threading.local):
    """A page-aligned buffer for each writing thread: held only during a write, so slow uploads cannot starve others."""

    def __init__(self) -> None:
        self.view = memoryview(mmap.mmap(-1, _BUFFER_BYTES))


_buffer = _ThreadBuffer()


class StagedBytes:
    """One upload's bytes, open for writing by whoever holds its lock. One thread at a time."""

    def __init__(self, path: Path, upload_id: str, offset: int, declared_length: int, expected_bytes: int) -> None:
        """Bytes past the recorded `offset` were never acknowledged and are cut off, whoever wrote them.

        Raises StagingDamaged when acknowledged bytes are missing. `expected_bytes` of this body decide the way
        they are written, nothing else.
        """
        self._path = path
        self._declared_length = declared_length
        afresh = os.O_CREAT | os.O_TRUNC if offset == 0 else 0
        try:
            self._buffered = os.open(path, os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW | afresh, 0o600)
        except FileNotFoundError:
            raise UploadGone(upload_id, "its staging files were removed") from None
        self._direct = -1
        self._allocated = offset
        self._kept = self._written = offset
        self._tail = b""
        self._stopped = False
        self._sync_failure: OSError | None = None
        try:
            if not afresh:
                self._cut_to_offset(upload_id, offset)
            if expected_bytes >= _DIRECT_FROM_BYTES:
                self._open_direct()
        except BaseException:
            self.close()
            raise

    def append(self, pieces: Sequence[Piece]) -> None:
        """Take the next bytes. Raises StagingFull; what fitted by then can be kept, and nothing may follow it."""
        if self._stopped:
            raise StagingFull
        try:
            if self._direct >= 0:
                self._append_direct(pieces)
            else:
                self._append_buffered(pieces)
        except OSError as error:
            self._drop_tail()
            raise translated(error) from error
        except BaseException:  # Where no memory is to be had half a block may have been taken.
            self._drop_tail()
            raise

    def send(self) -> None:
        """Set what was taken on its way to the disk and wait for nothing, so that `keep` waits for less."""
        with suppress(OSError):
            # Of dirty pages this advice only begins the writing.
            os.posix_fadvise(self._buffered, 0, 0, os.POSIX_FADV_DONTNEED)

    def keep(self) -> int:
        """Make everything taken so far durable and return the offset it ends at.

        When the tail finds no room it is dropped and StagingFull raised; calling again keeps the rest.
        """
        try:
            end = self._write_tail()
        except OSError as error:
            self._drop_tail()
            raise translated(error) from error
        self._sync()
        self._kept = max(self._kept, end)
        return self._kept

    def discard(self) -> None:
        """Forget everything taken since the last `keep`."""
        self._drop_tail()
        os.ftruncate(self._buffered, self._kept)
        self._written = self._kept

    def close(self) -> None:
        """Give back what was never kept, and the room allocated ahead. Closing twice is harmless."""
        if self._buffered < 0:
            return
        try:
            may_be_longer = self._stopped or max(self._written, self._allocated) > self._kept
            if may_be_longer and os.fstat(self._buffered).st_size > self._kept:
                os.ftruncate(self._buffered, self._kept)
        finally:
            os.close(self._buffered)
            if self._direct >= 0:
                os.close(self._direct)
            self._buffered = self._direct = -1

    def _sync(self) -> None:
        """A failed sync marks pages clean that never reached the disk: a second try would lie, so it is not made."""
        if self._sync_failure is not None:
            raise translated(self._sync_failure)
        try:
            os.fdatasync(self._buffered)
        except OSError as error:
            self._sync_failure = error
            raise translated(error) from error

    def _drop_tail(self) -> None:
        """The tail may begin before bytes that are kept already; those stay. More bytes now would follow a gap."""
        self._stopped = True
        self._tail = b""
        self._written = max(self._written, self._kept)
        if self._direct >= 0:
            os.close(self._direct)
            self._direct = -1

    def _cut_to_offset(self, upload_id: str, offset: int) -> None:
        found_bytes = os.fstat(self._buffered).st_size
        if found_bytes < offset:
            reason = f"{offset} bytes were acknowledged, {found_bytes} are on the staging disk"
            raise StagingDamaged(upload_id, f"{reason}; it must be sent again from the start")
        if found_bytes > offset:
            os.ftruncate(self._buffered, offset)

    def _open_direct(self) -> None:
        try:
            self._direct = os.open(self._path, os.O_WRONLY | os.O_DIRECT | os.O_CLOEXEC | os.O_NOFOLLOW)
        except OSError as error:
            if error.errno not in (errno.EINVAL, errno.EOPNOTSUPP):
                raise
            return
        aligned = self._written - self._written % ALIGNMENT_BYTES
        self._tail = os.pread(self._buffered, self._written - aligned, aligned)
        self._written = aligned

    def _append_buffered(self, pieces: Sequence[Piece]) -> None:
        for piece in pieces:
            self._write(self._through_the_cache, memoryview(piece))

    def _append_direct(self, pieces: Sequence[Piece]) -> None:
        if len(pieces) == 1 and not self._tail and _begins_on_a_page(pieces[0]):
            self._append_as_it_lies(memoryview(pieces[0]))
        else:
            self._append_copied(pieces)

    def _append_as_it_lies(self, piece: memoryview) -> None:
        whole = len(piece) - len(piece) % ALIGNMENT_BYTES
        self._write_direct(piece[:whole])
        self._tail = bytes(piece[whole:])

    def _append_copied(self, pieces: Sequence[Piece]) -> None:
        view = _buffer.view
        tail, self._tail = self._tail, b""
        view[: len(tail)] = tail
        filled = len(tail)
        for piece in pieces:
            rest = memoryview(piece)
            while rest:
                taken = min(len(rest), _BUFFER_BYTES - filled)
                view[filled : filled + taken] = rest[:taken]
                filled += taken
                rest = rest[taken:]
                if filled == _BUFFER_BYTES:
                    self._write_direct(view)
                    filled = 0
        whole = filled - filled % ALIGNMENT_BYTES
        self._write_direct(view[:whole])
        self._tail = bytes(view[whole:filled])

    def _write_direct(self, view: memoryview) -> None:
        self._allocate_ahead(self._written + len(view))
        self._write(self._past_the_cache, view)

    def _write(self, some: Callable[[memoryview], int], view: memoryview) -> None:
        """What the disk takes counts, also where in the middle of it there is no more room."""
        while view:
            count = some(view)
            self._written += count
            view = view[count:]

    def _through_the_cache(self, view: memoryview) -> int:
        return os.pwrite(self._buffered, view, self._written)

    def _past_the_cache(self, view: memoryview) -> int:
        try:
            return os.pwrite(self._direct, view, self._written)
        except OSError as error:
            if error.errno != errno.EINVAL:
                raise
            return self._through_the_cache(view)

    def _allocate_ahead(self, end: int) -> None:
        """One extent instead of hundreds, never past the declared length. No room here: the write will say it."""
        if end <= self._allocated or end > self._declared_length:
            return
        upto = min(self._declared_length, end + _ALLOCATE_BYTES)
        start, self._allocated = max(self._allocated, self._written), upto
        try:
            os.posix_fallocate(self._buffered, start, upto - start)
        except OSError as error:
            if error.errno not in FULL | {errno.EOPNOTSUPP, errno.EINVAL}:
                raise

    def _write_tail(self) -> int:
        """Through the page cache, and without moving on: the next direct write begins where the tail does."""
        return write_at(self._buffered, self._tail, self._written)


def _begins_on_a_page(piece: Piece) -> bool:
    if isinstance(piece, bytes) or piece.readonly or not piece:
        return False
    return ctypes.addressof(ctypes.c_ubyte.from_buffer(piece)) % ALIGNMENT_BYTES == 0


def translated(error: OSError) -> StagingFull | OSError:
    return StagingFull() if is_full(error) else error
