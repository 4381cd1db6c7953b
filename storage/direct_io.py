"""Reading and writing past the page cache (open(2), O_DIRECT), with the page cache as the fallback.

Filling a fresh page cache costs about two seconds of system time a GiB; sealing would spend more time there than in
all of its digests. Where the file system refuses (some network ones), or a piece is not aligned, the same call goes
through the page cache instead: slower, never wrong.
"""

from __future__ import annotations

import errno
import fcntl
import mmap
import os
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing_extensions import Buffer

PAGE_BYTES = mmap.PAGESIZE


def aligned_buffer(size_bytes: int) -> memoryview:
    """Zeroed memory that begins on a page and costs nothing until it is touched. `size_bytes` > 0.

    Nobody else has it, but it is mapped as shared: what a disk puts into it arrives though a process forks meanwhile.
    """
    return memoryview(mmap.mmap(-1, size_bytes))


def drop_page_cache(descriptor: int) -> None:
    """Ask the kernel to forget what it caches of a file. Only clean pages go: sync before."""
    with suppress(OSError):
        os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)


class DirectFile:
    """An open file that moves aligned pieces past the page cache for as long as its file system lets it.

    Owns the descriptor. Reads may come from several threads; raises plain OSError.
    """

    def __init__(self, descriptor: int, direct: bool = True) -> None:
        self.descriptor = descriptor
        self.direct = direct and self._set_direct(True)

    def reserve(self, size_bytes: int) -> None:
        """Take the room for `size_bytes` now, so that a full disk shows before the work. Raises OSError (ENOSPC)."""
        if not self.direct or size_bytes == 0:
            return  # glibc would emulate it by touching every block, and a direct file makes that fail at once
        try:
            os.posix_fallocate(self.descriptor, 0, size_bytes)
        except OSError as error:
            if error.errno not in (errno.EOPNOTSUPP, errno.EINVAL, errno.EBADF, errno.ENODEV):
                raise

    def write_at(self, piece: Buffer, offset: int) -> None:
        """Write all of `piece` at `offset`."""
        with memoryview(piece) as whole, whole.cast("B") as view:
            done = 0
            while done < len(view):
                with view[done:] as rest:
                    done += self._move(partial(os.pwrite, self.descriptor, rest, offset + done))

    def read_at(self, buffer: memoryview, offset: int, wanted_bytes: int) -> int:
        """Fill `buffer` from `offset` until at least `wanted_bytes` are there or the file ends; how many are."""
        done = 0
        while done < wanted_bytes:
            with buffer[done:] as rest:
                got = self._move(partial(os.preadv, self.descriptor, [rest], offset + done))
            if got == 0:
                break
            done += got
        return done

    def read_cached(self, buffer: memoryview, offset: int) -> bool:
        """Fill `buffer` from the page cache alone; False where some of it is not there, or the file ends before.

        Where the file system cannot say (an old NFS), it is read all the same.
        """
        try:
            return os.preadv(self.descriptor, [buffer], offset, os.RWF_NOWAIT) == len(buffer)
        except BlockingIOError:
            return False
        except OSError as error:
            if error.errno not in (errno.EOPNOTSUPP, errno.EINVAL, errno.ENOSYS):
                raise
        return self.read_at(buffer, offset, len(buffer)) == len(buffer)

    def close(self) -> None:
        """Close the descriptor; again is no error."""
        if self.descriptor >= 0:
            os.close(self.descriptor)
            self.descriptor = -1

    def _move(self, once: Callable[[], int]) -> int:
        # EINVAL is how a direct file says "not aligned": an odd tail, a short write near a full disk, foreign memory.
        try:
            return once()
        except OSError as error:
            if error.errno != errno.EINVAL or not self.direct:
                raise
        self.direct = False
        self._set_direct(False)
        drop_page_cache(self.descriptor)
        return once()

    def _set_direct(self, wanted: bool) -> bool:
        flags = fcntl.fcntl(self.descriptor, fcntl.F_GETFL)
        flags = flags | os.O_DIRECT if wanted else flags & ~os.O_DIRECT
        try:
            fcntl.fcntl(self.descriptor, fcntl.F_SETFL, flags)
        except OSError:
            return False
        return True
