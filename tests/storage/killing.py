"""A process of ours is killed at one line of what touches the disk, as SIGKILL from outside would."""

from __future__ import annotations

import os
import signal
import sys
import threading
import traceback
from collections.abc import Callable
from types import FrameType

KEY_FILES = ("/storage/keystore.py", "/storage/key_files.py")
ROOT_FILES = (*KEY_FILES, "/storage/roots/")


class _KilledAtLine:
    """SIGKILL before the nth line of these files runs."""

    def __init__(self, line: int, within: tuple[str, ...]) -> None:
        self._left, self._within = line, within

    def __call__(self, frame: FrameType, event: str, argument: object) -> _KilledAtLine | None:
        if not any(part in frame.f_code.co_filename for part in self._within):
            return None
        if event == "line":
            self._left -= 1
            if self._left == 0:
                os.kill(os.getpid(), signal.SIGKILL)
        return self


def run_killed_at(line: int, work: Callable[[], object], *within: str, threads: bool = False) -> bool:
    """Whether `work` came to its end before that line. `within`: parts of the paths whose lines count; with `threads`
    each thread counts its own. Whatever it raises is no end."""
    child = os.fork()
    if child == 0:
        try:
            if threads:
                threading.settrace(_KilledAtLine(line, within))
            sys.settrace(_KilledAtLine(line, within))
            work()
        except BaseException:
            traceback.print_exc()
            os._exit(1)
        os._exit(0)
    status = os.waitpid(child, 0)[1]
    assert status in (0, signal.SIGKILL), os.waitstatus_to_exitcode(status)
    return status == 0
