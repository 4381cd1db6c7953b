"""One file of footage on a card, read without ever trusting it to stay.

A card is pulled out, a camera still writes, a name becomes a link to somewhere else: every read says so by name instead
of ending the agent.
"""

from __future__ import annotations

import fcntl
import os
import signal
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from ingest.dock.errors import SourceChanged, SourceUnreadable
from integrity.digest import CHUNK_BYTES, ContentDigests, digest_stream


@dataclass(frozen=True, slots=True)
class Source:
    """A folder, or a mounted recorder.

    `id` tells two cards at one mount point apart where the system can (ingest/dock/mounts.py). `label` stands before
    the names of its files wherever they are told; it is empty where there is only one source. `device` is the file
    system (st_dev) it was found on, 0 when that is not watched.
    """

    root: Path
    id: str = ""
    label: str = ""
    device: int = 0

    @property
    def is_there(self) -> bool:
        """Whether its folder is, on the file system it was found on: an unmounted card leaves an empty folder."""
        try:
            return self.root.stat().st_dev == self.device or not self.device
        except OSError:
            return False


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
    """One file of footage as it was listed. `name` is its path below the source, with slashes.

    `marked` as evidence by the recorder (ingest/dock/marks.py) and `group` (ingest/dock/grouping.py) are found out from
    all files of the source together.
    """

    path: Path
    name: str
    size_bytes: int
    mtime_ns: int = 0
    mode: int = 0o644
    source: Source = field(default_factory=lambda: Source(Path()))
    marked: bool = False
    group: str = ""

    @property
    def title(self) -> str:
        """What it is told as: unique over all sources of a run."""
        return f"{self.source.label}/{self.name}" if self.source.label else self.name


@contextmanager
def open_source(file: SourceFile) -> Iterator[int]:
    """A descriptor to read from. Raises SourceUnreadable for whatever stands in the way."""
    try:
        # O_NOFOLLOW and O_NONBLOCK: since the listing, the name may have become a link or a pipe.
        descriptor = os.open(file.path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        raise SourceUnreadable(file.title, reason_of(error)) from error
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise SourceUnreadable(file.title, "it is no longer a plain file")
        yield descriptor
    finally:
        os.close(descriptor)


def read_identity(file: SourceFile, descriptor: int | None = None) -> FileIdentity:
    """What the open file, or else the name, shows now. Raises SourceUnreadable."""
    try:
        return FileIdentity.of(os.fstat(descriptor) if descriptor is not None else os.lstat(file.path))
    except OSError as error:
        raise SourceUnreadable(file.title, reason_of(error)) from error


def read_block(file: SourceFile, descriptor: int, length: int, offset: int) -> bytes:
    """Up to `length` bytes at `offset`; empty at the end. Raises SourceUnreadable, as when the card is pulled out."""
    try:
        return os.pread(descriptor, length, offset)
    except OSError as error:
        raise SourceUnreadable(file.title, reason_of(error)) from error


def digest_source(file: SourceFile, pause: Callable[[], None]) -> tuple[FileIdentity, ContentDigests]:
    """Read the whole file once. `pause` is called between pieces and may raise to end it. Raises as `digest_open`."""
    with open_source(file) as descriptor:
        return digest_open(file, descriptor, pause)


def digest_open(file: SourceFile, descriptor: int, pause: Callable[[], None]) -> tuple[FileIdentity, ContentDigests]:
    """As `digest_source`, of a file that is open.

    Raises SourceChanged when it was written to meanwhile, or when a program on this machine holds it open for writing:
    the digest would be of no state it is going to keep. Raises SourceUnreadable.
    """
    before = read_identity(file, descriptor)
    if is_being_written(descriptor):
        raise SourceChanged(file.title)
    digests = digest_stream(_read_all(file, descriptor, pause))
    if read_identity(file, descriptor) != before or digests.size_bytes != before.size_bytes:
        raise SourceChanged(file.title)
    return before, digests


def is_being_written(descriptor: int) -> bool:
    """Whether somebody on this machine has the file open for writing, where the file system can tell.

    A read lease (fcntl(2)) is refused then. It is given back at once; should a writer come in between, the kernel tells
    us by a signal, and SIGURG is one that harms nobody.
    """
    try:
        fcntl.fcntl(descriptor, fcntl.F_SETSIG, signal.SIGURG)
        fcntl.fcntl(descriptor, fcntl.F_SETLEASE, fcntl.F_RDLCK)
    except BlockingIOError:
        return True
    except OSError:  # Another's file, or a file system without leases.
        return False
    with suppress(OSError):
        fcntl.fcntl(descriptor, fcntl.F_SETLEASE, fcntl.F_UNLCK)
    return False


def _read_all(file: SourceFile, descriptor: int, pause: Callable[[], None]) -> Iterator[bytes]:
    offset = 0
    while block := read_block(file, descriptor, CHUNK_BYTES, offset):
        pause()
        yield block
        offset += len(block)


def reason_of(error: OSError) -> str:
    """The system's words, in lower case as they stand inside a sentence."""
    return (error.strerror or str(error)).lower()
