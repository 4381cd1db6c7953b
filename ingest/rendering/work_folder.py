"""A media worker's own folder for plaintext. Whose process is gone is told by the folder's lock, not by a number.

Process ids come again: by one, a folder of the dead would be kept for whoever has its number now, and another's taken
for dead.
"""

from __future__ import annotations

import fcntl
import os
import secrets
import weakref
from pathlib import Path

from ingest.media.plaintext import remove_plaintext

PREFIX = "media-"


class WorkFolder:
    """An empty folder under `parent` that nobody else removes while this object, or the process, lives."""

    def __init__(self, parent: Path) -> None:
        parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = None
        while descriptor is None:
            self.path = parent / f"{PREFIX}{secrets.token_hex(8)}"
            self.path.mkdir(mode=0o700)
            descriptor = _lock(self.path)
        self._release = weakref.finalize(self, _remove, self.path, descriptor)
        self._release.atexit = False  # a child that was forked would remove its parent's

    def close(self) -> None:
        """Remove it, with everything in it."""
        self._release()


def remove_abandoned(parent: Path) -> None:
    """Remove the folders whose processes are gone, with the plaintext that a crash left in them."""
    for folder in parent.glob(f"{PREFIX}*"):
        descriptor = _lock(folder)
        if descriptor is not None:
            _remove(folder, descriptor)


def _lock(folder: Path) -> int | None:
    """The folder's lock as a descriptor; None when another has it, or the folder was removed meanwhile."""
    try:
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        # Between opening and locking, whoever clears up may have removed it: then nobody would see this lock.
        if os.path.samestat(os.fstat(descriptor), folder.lstat()):
            return descriptor
    except OSError:
        pass
    os.close(descriptor)
    return None


def _remove(folder: Path, descriptor: int) -> None:
    remove_plaintext(folder)
    os.close(descriptor)
