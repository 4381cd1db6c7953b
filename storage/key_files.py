"""Files that only their owner may read: the key store's way to its disk. Raises the errors under KeyStoreError."""

from __future__ import annotations

import fcntl
import os
import secrets
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from integrity.durable_files import PRIVATE, create_durably, replace_durably, sync_folder
from storage.key_errors import KeyExposed, KeyStoreUnusable

PRIVATE_FOLDER = 0o700
_PASSING_PREFIX = ".new-"
_CONDEMNED_PREFIX = ".destroyed-"


@contextmanager
def disk_errors(path: Path) -> Iterator[None]:
    """Raise KeyStoreUnusable for any OSError inside."""
    try:
        yield
    except OSError as error:
        raise KeyStoreUnusable(str(error.filename or path), error.strerror or str(error)) from error


def require_private(path: Path, mode: int) -> None:
    """Raise KeyExposed when anybody but the owner of `path` may do anything with it."""
    if stat.S_IMODE(mode) & 0o077:
        raise KeyExposed(str(path), f"{stat.S_IMODE(mode):04o}")


def read_private(path: Path) -> bytes | None:
    """The content of a small file that is its owner's alone; None where there is none. Raises KeyExposed."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except (FileNotFoundError, NotADirectoryError):
        return None
    with os.fdopen(descriptor, "rb") as file:
        require_private(path, os.fstat(descriptor).st_mode)
        return file.read()


def write_private(path: Path, content: bytes) -> None:
    """Create `path`, whole and durable or not at all. Raises FileExistsError rather than write over anything."""
    create_durably(path, content, PRIVATE, _passing(path))


def replace_private(path: Path, content: bytes) -> None:
    """Put a whole new file in the place of `path`, or where nothing is; durable on return. Who reads sees one of both.

    The caller holds the lock under which the folder is swept.
    """
    replace_durably(path, content, PRIVATE, _passing(path))


def _passing(path: Path) -> Path:
    """A name that `sweep_passing` knows."""
    return path.with_name(_PASSING_PREFIX + secrets.token_hex(8))


def sweep_passing(folder: Path) -> None:
    """Remove what a crash left of writing or destroying, with its bytes: it may be all that is left of a key that is
    destroyed by now. The caller holds the lock under which the folder is written to."""
    for leftover in (*folder.glob(f"{_PASSING_PREFIX}*"), *folder.glob(f"{_CONDEMNED_PREFIX}*")):
        with suppress(FileNotFoundError):
            if leftover.stat().st_nlink == 1:  # else it is also the name of a whole file
                _overwrite(leftover)
            leftover.unlink()


def make_private_folder(folder: Path, stop: Path) -> None:
    """Make `folder` and those above it below `stop`; their names are durable on return."""
    if folder != stop:
        make_private_folder(folder.parent, stop)
        folder.mkdir(mode=PRIVATE_FOLDER, exist_ok=True)
        sync_folder(folder.parent)


def destroy_private(path: Path) -> None:
    """Remove a file so that its bytes go too, as far as the medium overwrites in place. Again is no error.

    First out of sight in one step: a crash in the middle must not leave half a key under the name of a whole one.
    """
    condemned = path.with_name(f"{_CONDEMNED_PREFIX}{path.name}")
    with suppress(FileNotFoundError):
        path.rename(condemned)
        sync_folder(path.parent)
    with suppress(FileNotFoundError):
        _overwrite(condemned)
        condemned.unlink()
        sync_folder(path.parent)


def supersede_private(path: Path, by: Path) -> None:
    """Put the file `by` in the place of `path`, durable on return; the bytes of what stood there go.

    Whatever line the power fails on, one of the two is under the name whole; what is left of the other beside it,
    `sweep_passing` removes. The caller holds the lock under which the folder is swept.
    """
    condemned = path.with_name(f"{_CONDEMNED_PREFIX}{path.name}")
    os.link(path, condemned)
    by.replace(path)
    sync_folder(path.parent)
    _overwrite(condemned)
    condemned.unlink()
    sync_folder(path.parent)


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold the lock file at `path`, alone among all processes and threads."""
    with disk_errors(path):
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, PRIVATE)
    try:
        with disk_errors(path):
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _overwrite(path: Path) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        os.pwrite(descriptor, secrets.token_bytes(os.fstat(descriptor).st_size), 0)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
