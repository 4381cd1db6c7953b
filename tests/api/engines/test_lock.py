"""The lock of a data folder: one holder, known by name, gone with its process."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from api.engines.lock import DataFolderLock, read_holder
from api.errors import DataFolderBusy, DataFolderUnusable

HOLD = """
import sys, time
from pathlib import Path
from api.engines.lock import DataFolderLock
lock = DataFolderLock.acquire(Path(sys.argv[1]), "up")
print("held", flush=True)
time.sleep(60)
"""


def test_a_second_holder_learns_who_the_first_is(tmp_path: Path) -> None:
    with DataFolderLock.acquire(tmp_path, "up") as lock:
        with pytest.raises(DataFolderBusy) as refusal:
            DataFolderLock.acquire(tmp_path, "admin")
        assert refusal.value.pid == os.getpid()
        assert refusal.value.since == lock.holder.since
        assert "liuhen up" in str(refusal.value)
    assert list(tmp_path.iterdir()) == []
    with DataFolderLock.acquire(tmp_path, "admin"):
        pass


def test_a_lock_is_waited_for(tmp_path: Path) -> None:
    lock, released = DataFolderLock.acquire(tmp_path, "admin"), threading.Event()

    def release() -> None:
        released.set()
        lock.release()

    threading.Timer(0.3, release).start()
    with DataFolderLock.acquire(tmp_path, "export", wait_seconds=60):
        assert released.is_set()
    # Waited out, it would outlast the test's own time.
    with DataFolderLock.acquire(tmp_path, "up"), pytest.raises(DataFolderBusy):
        DataFolderLock.acquire(tmp_path, "up", wait_seconds=3600, worth_waiting=lambda holder: False)


def test_a_killed_holder_keeps_nobody_out(tmp_path: Path) -> None:
    process = subprocess.Popen([sys.executable, "-c", HOLD, str(tmp_path)], stdout=subprocess.PIPE)
    assert process.stdout is not None
    assert process.stdout.readline() == b"held\n"
    holder = read_holder(tmp_path)
    assert holder is not None
    assert holder.pid == process.pid
    process.kill()
    process.communicate()
    with DataFolderLock.acquire(tmp_path, "up") as lock:
        assert read_holder(tmp_path) == lock.holder


def test_many_at_once_hold_it_one_after_the_other(tmp_path: Path) -> None:
    inside: list[int] = []
    most = 0

    def hold() -> None:
        nonlocal most
        with DataFolderLock.acquire(tmp_path, "admin", wait_seconds=120):
            inside.append(1)
            most = max(most, len(inside))
            time.sleep(0.01)
            inside.pop()

    threads = [threading.Thread(target=hold) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == 1


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(DataFolderUnusable, match="LIUHEN_DATA"):
        DataFolderLock.acquire(tmp_path / "file" / "data", "up")
