"""Waking tasks from a process that runs none: by a word to the beat beside it, which has Celery in memory already.

Celery and its way to a broker take thirteen MiB of each process, and an HTTP process would have them for this alone.
Where no beat is beside it (`wake_socket` is not set) it takes them all the same. A word that gets lost is made good by
the beat's next round, as a lost message is.
"""

from __future__ import annotations

import socket
import threading
import time
from contextlib import suppress
from functools import lru_cache
from pathlib import Path

from api.settings import load_settings
from api.tasks.nodes import word_for

MOST_BYTES = 96


def wake(task: str) -> None:
    """Soon, on this process's own node, and without waiting for an answer.

    Nothing is raised: the beat's next round does the same work.
    """
    beat, node = _beat()
    word = word_for(task, node)
    if beat is None:
        from api.tasks.app import wake as send

        send(word)
        return
    with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK) as mouth:
        mouth.sendto(word.encode("ascii"), str(beat))


@lru_cache(maxsize=1)
def _beat() -> tuple[Path | None, str]:
    """Where this process's beat listens, and the node that this process is of."""
    settings = load_settings()
    return settings.wake_socket, settings.node


class Waker:
    """Wakes a task for many reasons at once: a message costs more than what it tells, and one tells as much as ten."""

    def __init__(self, task: str, pause_seconds: float = 0.25) -> None:
        """Nothing is sent more than once in `pause_seconds`; what is asked for meanwhile is sent after them."""
        self._task = task
        self._pause_seconds = pause_seconds
        self._asked = threading.Event()
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None

    def wake(self) -> None:
        """Soon, by a thread of its own: whoever calls never waits for a broker."""
        self._asked.set()
        with self._lock:
            if self._thread is None:
                self._thread = threading.Thread(target=self._send, name=f"wake {self._task}", daemon=True)
                self._thread.start()

    def _send(self) -> None:
        while self._asked.wait():
            self._asked.clear()
            wake(self._task)
            time.sleep(self._pause_seconds)
