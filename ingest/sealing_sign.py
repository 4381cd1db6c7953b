"""The sign that a large file is being sealed on this node: whoever takes uploads here gives way to it.

It is a lock on a file in the staging folder, which both have. A lock ends with its process: none is ever left standing.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

SIGN: Final = "sealing.lock"

_FLAGS = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW


@contextmanager
def sealing_shown(folder: Path) -> Iterator[None]:
    """For as long as the block runs, by as many at once as there are. A disk on which no file can be made shows none:
    then uploads are taken as fast as ever, and sealing is only later."""
    descriptor = None
    with suppress(OSError):
        descriptor = os.open(folder / SIGN, _FLAGS, 0o600)
    try:
        if descriptor is not None:
            fcntl.flock(descriptor, fcntl.LOCK_SH)
        yield
    finally:
        if descriptor is not None:
            os.close(descriptor)


def is_sealing_shown(folder: Path) -> bool:
    """Looks for a moment: of several who do so at once, one may take another for the sign."""
    try:
        descriptor = os.open(folder / SIGN, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
    except OSError:  # Nothing large was ever sealed here.
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False
