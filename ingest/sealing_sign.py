"""The sign that a large file is being sealed on this node: whoever takes uploads here gives way to it.

It is a lock on the staging folder itself, which both have: nothing is written, so a full disk shows it too and no file
stays behind. A lock ends with its process: none is ever left standing.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

_FLAGS = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC


@contextmanager
def sealing_shown(folder: Path) -> Iterator[None]:
    """For as long as the block runs, by as many at once as there are. A folder that cannot be opened or locked shows
    none: then uploads are taken as fast as ever, and sealing is only later."""
    descriptor = None
    with suppress(OSError):
        descriptor = os.open(folder, _FLAGS)
    try:
        if descriptor is not None:
            with suppress(OSError):
                fcntl.flock(descriptor, fcntl.LOCK_SH)
        yield
    finally:
        if descriptor is not None:
            os.close(descriptor)


def is_sealing_shown(folder: Path) -> bool:
    """Looks for a moment: of several who do so at once, one may take another for the sign."""
    try:
        descriptor = os.open(folder, _FLAGS)
    except OSError:  # Whoever stages anything says what is wrong with the folder.
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:  # A file system that knows no such lock.
        return False
    finally:
        os.close(descriptor)
    return False
