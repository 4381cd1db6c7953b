"""One file of footage on a card, read without ever trusting it to stay.

A card is pulled out, a camera still writes, a name becomes a link to somewhere else: every read says so by name instead
of ending the agent.
"""

from __future__ import annotations

import errno
import fcntl
import os
import signal
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from ingest.dock.errors import SourceChanged, SourceUnreadable, SourceUnsteady, SourceVanished
from ingest.dock.touches import Touches
from ingest.dock.words import Words, reason_of
from integrity.digest import CHUNK_BYTES, ContentDigests, digest_stream

_MOST_READINGS = 3
_NO_PLAIN_FILE = Words("it is no longer a plain file of this source", "它已不是该来源中的普通文件")


@dataclass(frozen=True, slots=True)
class Source:
    """A folder, or a mounted recorder.

    `id` tells two cards at one mount point apart where the system can (ingest/dock/mounts.py). `label` stands before
    the names of its files wherever they are told; it is empty where there is only one source. `device` is the file
    system (st_dev) it was found on, 0 when that is not watched. `found_as` is the folder itself (st_dev, st_ino), None
    where any of its name will do. Whatever is asked of it is one of its `touches` for as long as it takes.
    """

    root: Path
    id: str = ""
    label: str = ""
    device: int = 0
    found_as: tuple[int, int] | None = None
    touches: Touches = field(default_factory=Touches, compare=False, repr=False)

    @classmethod
    def alone(cls, root: Path) -> Source:
        """A folder that is taken over once. It need not be there."""
        try:
            status = root.stat()
        except OSError:
            return cls(root, str(root))
        return cls(root, str(root), found_as=(status.st_dev, status.st_ino))

    @property
    def is_there(self) -> bool:
        """Whether its folder is, on the file system it was found on: an unmounted card leaves an empty folder."""
        try:
            with self.touches.one():
                status = self.root.stat()
                os.scandir(self.root).close()
        except OSError as error:
            # Of a card that was pulled out without a word the system remembers the folder, and reads nothing.
            return error.errno in (errno.EACCES, errno.EPERM, errno.EMFILE, errno.ENFILE)
        return self.holds(status) and self.found_as in (None, (status.st_dev, status.st_ino))

    def holds(self, status: os.stat_result) -> bool:
        """Whether an answer of stat is of something on the source's file system; of a watched folder, any will do."""
        return not self.device or status.st_dev == self.device


@dataclass(frozen=True, slots=True)
class FileIdentity:
    """Cheap to read; while it stays the same, so do the bytes. When it differs, only a digest can say.

    Each number fits the signed 64 bits that the agent's notes can hold. Times are compared and never read as dates.
    """

    size_bytes: int
    mtime_ns: int
    ctime_ns: int
    inode: int

    @classmethod
    def of(cls, status: os.stat_result) -> FileIdentity:
        """The identity in an answer of stat."""
        # Some file systems number their inodes beyond the signed integers that the agent's notes can hold.
        inode = status.st_ino & 0x7FFF_FFFF_FFFF_FFFF
        # A recorder with a wrong clock dates a file beyond the year 2262 or before 1677, where nanoseconds do not fit.
        return cls(status.st_size, _wrapped(status.st_mtime_ns), _wrapped(status.st_ctime_ns), inode)


def _wrapped(number: int) -> int:
    """As 64 bits of it are read with a sign: what fits stays as it is."""
    return (number + (1 << 63)) % (1 << 64) - (1 << 63)


@dataclass(frozen=True, slots=True)
class SourceFile:
    """One file of footage as it was listed. `name` is its path below the source, with slashes.

    `marked` as evidence by the recorder (ingest/dock/marks.py) and `group` (ingest/dock/grouping.py) are found out from
    all files of the source together.
    """

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

    @property
    def path(self) -> Path:
        """Where it was listed, for folders that nobody else writes to; `open_source` is how the rest is read."""
        return self.source.root / self.name

    @property
    def folder(self) -> str:
        """The folder it lies in, as `opened_folder` takes it."""
        return self.name.rpartition("/")[0]

    @property
    def base_name(self) -> str:
        """Its name there."""
        return self.name.rpartition("/")[2]


@contextmanager
def opened_folder(source: Source, name: str) -> Iterator[int]:
    """A descriptor of a folder below the source, or with an empty name of the source itself. Raises OSError.

    Each step is taken from the folder before it and follows no link: O_NOFOLLOW alone minds only the last one. Of a
    mounted recorder, no step leads to another file system. It is held for one deed: held longer, no card could be
    unmounted.
    """
    with source.touches.one():
        descriptor = _walk_to(source, name)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _walk_to(source: Source, name: str) -> int:
    descriptor = _enter(source, source.root)
    for part in PurePosixPath(name).parts:
        above = descriptor
        try:
            descriptor = _enter(source, part, above)
        finally:
            os.close(above)
    return descriptor


def _enter(source: Source, name: str | Path, above: int | None = None) -> int:
    flags = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
    descriptor = os.open(name, flags, dir_fd=above)
    try:
        if not source.holds(os.fstat(descriptor)):
            raise OSError(errno.EXDEV, os.strerror(errno.EXDEV))
    except OSError:
        os.close(descriptor)
        raise
    return descriptor


@contextmanager
def open_source(file: SourceFile) -> Iterator[int]:
    """A descriptor to read from. Raises SourceUnreadable for whatever stands in the way."""
    try:
        with opened_folder(file.source, file.folder) as folder, file.source.touches.one():
            # O_NOFOLLOW and O_NONBLOCK: since the listing, the name may have become a link or a pipe.
            flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
            descriptor = os.open(file.base_name, flags, dir_fd=folder)
    except OSError as error:
        raise _not_read(file, error) from error
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode) or not file.source.holds(status):
            raise SourceUnreadable(file.title, _NO_PLAIN_FILE)
        yield descriptor
    finally:
        os.close(descriptor)


def read_identity(file: SourceFile, descriptor: int | None = None) -> FileIdentity:
    """What the open file, or else the name, shows now. Raises SourceUnreadable."""
    try:
        if descriptor is not None:
            with file.source.touches.one():
                return FileIdentity.of(os.fstat(descriptor))
        with opened_folder(file.source, file.folder) as folder, file.source.touches.one():
            return FileIdentity.of(os.stat(file.base_name, dir_fd=folder, follow_symlinks=False))
    except OSError as error:
        raise _not_read(file, error) from error


def _not_read(file: SourceFile, error: OSError) -> SourceUnreadable:
    if file.source.is_there:
        return SourceUnreadable(file.title, reason_of(error))
    return SourceVanished(file.title, file.source.root)


def read_block(file: SourceFile, descriptor: int, length: int, offset: int) -> bytes:
    """Up to `length` bytes at `offset`; empty at the end. Raises SourceUnreadable, as when the card is pulled out."""
    try:
        with file.source.touches.one():
            return os.pread(descriptor, length, offset)
    except OSError as error:
        raise _not_read(file, error) from error


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


def digest_steadily(file: SourceFile, pause: Callable[[], None]) -> tuple[FileIdentity, ContentDigests]:
    """As `digest_source`, of a card whose word is doubted: what two readings in succession agree in, of three.

    Raises SourceUnsteady when none do.
    """
    with open_source(file) as descriptor:
        before = None
        for _ in range(_MOST_READINGS):
            forget_what_was_read(descriptor)
            found = digest_open(file, descriptor, pause)
            if found == before:
                return found
            before = found
    raise SourceUnsteady(file.title)


def forget_what_was_read(descriptor: int) -> None:
    """Have the next reading come from the card, not from what memory kept of an earlier one."""
    with suppress(OSError):
        os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)


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
