"""What the driver does to many processes at once."""

from __future__ import annotations

import os
import subprocess
import time

import psutil

from tests.torture.system import children, kill, stopped_with_all_below

MANY = 400
PATIENCE_SECONDS = 10.0
"""Well under the children's own time: they are killed, and do not end."""


def test_whoever_is_born_amid_the_killing_of_all_is_killed_with_them() -> None:
    """Each child of a busy parent is in its session, whoever it belongs to in the end."""
    forks = f"for i in $(seq {MANY}); do sleep 30 & done; wait"
    parent = subprocess.Popen(["sh", "-c", forks], start_new_session=True)
    while len(children(parent.pid)) < 20:
        time.sleep(0.001)
    below = stopped_with_all_below(parent.pid)
    assert 20 <= len(below) < MANY
    parent.kill()
    for pid in below:
        kill(pid)
    parent.wait()
    until = time.monotonic() + PATIENCE_SECONDS
    while left := [each for each in psutil.pids() if is_of_session(each, parent.pid)]:
        assert time.monotonic() < until, left
        time.sleep(0.01)


def is_of_session(pid: int, session: int) -> bool:
    try:
        return os.getsid(pid) == session and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except (ProcessLookupError, psutil.NoSuchProcess):
        return False
