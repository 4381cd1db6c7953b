"""Folders in memory for the servers of a test run, and an end to those that a killed run has left there.

What lies in /dev/shm is memory that nobody gets back until it is removed: a few killed runs leave gigabytes, and a
machine that is short of them is slow for all that runs on it.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

MEMORY = Path("/dev/shm")
_LOCK = ".owner"
"""Held by whoever uses the folder, for as long as he lives."""


@contextmanager
def memory_folder(prefix: str, room_bytes: int) -> Iterator[Path | None]:
    """A folder of this name in memory, until the block ends. None: there is no room for that many bytes."""
    if not MEMORY.is_dir():
        yield None
        return
    remove_left_behind(prefix)
    if shutil.disk_usage(MEMORY).free < room_bytes:
        yield None
        return
    with tempfile.TemporaryDirectory(prefix=prefix, dir=MEMORY) as name:
        descriptor = _locked(Path(name))
        try:
            yield Path(name)
        finally:
            os.close(descriptor)


def remove_left_behind(prefix: str) -> None:
    """Folders of this name whose user has ended. One that is just being made has no lock yet, and is left alone."""
    for folder in MEMORY.glob(f"{prefix}*"):
        with suppress(FileNotFoundError):
            descriptor = os.open(folder / _LOCK, os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(folder, ignore_errors=True)
            except BlockingIOError:
                pass
            finally:
                os.close(descriptor)


def _locked(folder: Path) -> int:
    """Its lock is there as soon as it has its name, and taken already."""
    unnamed = folder / f"{_LOCK}.new"
    descriptor = os.open(unnamed, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    unnamed.rename(folder / _LOCK)
    return descriptor
