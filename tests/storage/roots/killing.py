"""A process of ours is killed at one line of what touches the key store's files."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from types import FrameType


class _KilledAtLine:
    """SIGKILL before the nth line runs."""

    def __init__(self, line: int) -> None:
        self._left = line

    def __call__(self, frame: FrameType, event: str, argument: object) -> _KilledAtLine | None:
        name = frame.f_code.co_filename
        if not ("/storage/roots/" in name or name.endswith(("/storage/keystore.py", "/storage/key_files.py"))):
            return None
        if event == "line":
            self._left -= 1
            if self._left == 0:
                os.kill(os.getpid(), signal.SIGKILL)
        return self


def run_killed_at(line: int, work: Callable[[], object]) -> bool:
    """Whether it came to its end."""
    child = os.fork()
    if child == 0:
        sys.settrace(_KilledAtLine(line))
        work()
        os._exit(0)
    return os.WIFEXITED(os.waitpid(child, 0)[1])
