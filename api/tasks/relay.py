"""The beat's ear: what other processes of this host want to be woken is sent on by Celery."""

from __future__ import annotations

import socket
import threading
from pathlib import Path

from api.tasks.app import EVERY, wake
from api.tasks.waking import MOST_BYTES


def pass_words_on(path: Path) -> threading.Thread:
    """Listen at `path`, in a folder that only our own processes reach, in a thread that ends with this one."""
    ear = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    path.unlink(missing_ok=True)
    ear.bind(str(path))
    thread = threading.Thread(target=_listen, args=(ear,), name="relay", daemon=True)
    thread.start()
    return thread


def _listen(ear: socket.socket) -> None:
    while True:
        task = ear.recv(MOST_BYTES).decode("ascii", "replace")
        if task in EVERY:
            wake(task)
