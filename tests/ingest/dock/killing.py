"""SIGKILL at a chosen moment, to a process of our own that does what the test would do.

The child is a fork: it shares what the test has prepared and costs milliseconds. Nothing of the agent's is asked to
help: the moment is chosen from outside, by what it is about to call or by the line it is about to run.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
import warnings
from collections.abc import Callable
from types import FrameType
from typing import Any

import pytest


def in_killed_child(action: Callable[[], object]) -> bool:
    """Run `action` in a child; whether the child was killed. Anything else but a good end fails the test."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # Threads of the test's servers are not the child's.
        child = os.fork()
    if child == 0:
        try:
            action()
            os._exit(0)
        except BaseException as error:
            os.write(2, repr(error).encode())
            os._exit(1)
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status):
        assert os.WTERMSIG(status) == signal.SIGKILL
        return True
    assert os.WEXITSTATUS(status) == 0, "the child failed by itself"
    return False


def kill_around(
    patch: pytest.MonkeyPatch, owner: Any, name: str, when: str, applies: Callable[..., bool] = lambda *_: True
) -> None:
    """From now on whoever calls `owner.name`, with arguments that `applies` to, is killed before or after it."""
    real = getattr(owner, name)

    def killing(*arguments: Any, **named: Any) -> Any:
        if not applies(*arguments):
            return real(*arguments, **named)
        if when == "after":
            real(*arguments, **named)
        os.kill(os.getpid(), signal.SIGKILL)
        raise AssertionError("unreachable")

    patch.setattr(owner, name, killing)


def kill_at_line(number: int, files: tuple[str, ...]) -> None:
    """Kill this process before it runs the `number`th line of `files`, which are ends of paths; this thread only."""
    assert threading.current_thread() is threading.main_thread()
    left = [number]

    def look(frame: FrameType, event: str, _: object) -> Any:
        if not frame.f_code.co_filename.endswith(files):
            return None
        if event == "line":
            left[0] -= 1
            if not left[0]:
                os.kill(os.getpid(), signal.SIGKILL)
        return look

    sys.settrace(look)
