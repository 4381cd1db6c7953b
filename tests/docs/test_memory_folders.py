"""What a killed run leaves in memory is removed by the next one, and what a living one has is not."""

from __future__ import annotations

import signal
import subprocess
import sys
import uuid
from pathlib import Path

import pytest

from tests.memory_folders import MEMORY, memory_folder

ROOT = Path(__file__).parents[2]
HOLDER = """
import sys, time
from tests.memory_folders import memory_folder
with memory_folder(sys.argv[1], 1) as folder:
    print(folder, flush=True)
    time.sleep(60)
"""

pytestmark = pytest.mark.skipif(not MEMORY.is_dir(), reason="no memory to be found at /dev/shm on this system")


def test_the_folder_of_a_killed_run_goes_and_that_of_a_living_one_stays() -> None:
    prefix = f"liuhen-held-{uuid.uuid4().hex}-"
    command = [sys.executable, "-c", HOLDER, prefix]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        held = Path(process.stdout.readline().strip())
        try:
            with memory_folder(prefix, 1) as mine:
                assert mine is not None
                assert mine != held
                assert held.is_dir()
            assert not mine.exists()
        finally:
            process.send_signal(signal.SIGKILL)
    assert held.is_dir(), "killed, it removed nothing"
    with memory_folder(prefix, 1):
        assert not held.exists()
    assert list(MEMORY.glob(f"{prefix}*")) == []


def test_where_there_is_no_room_there_is_no_folder() -> None:
    with memory_folder("liuhen-held-", 1 << 60) as folder:
        assert folder is None
