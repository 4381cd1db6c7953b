"""The beat's ear: what other processes of this host want to be woken is sent on by Celery."""

from __future__ import annotations

import socket
import threading
from pathlib import Path

from api.tasks.app import EVERY, wake
from api.tasks.nodes import is_of_node, read_word
from api.tasks.waking import MOST_BYTES
from storage.node_names import is_node_name


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
        word = ear.recv(MOST_BYTES).decode("ascii", "replace")
        if _is_ours(word):
            wake(word)


def _is_ours(word: str) -> bool:
    """Of a task that there is, and of a node only where nodes have it: whatever came would be a queue's name."""
    task, node = read_word(word)
    return task in EVERY and (word == task or (is_of_node(task) and is_node_name(node)))
