"""What a killed run leaves in memory is removed by the next one, and what a living one has is not."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests import memory_folders
from tests.memory_folders import memory_folder

ROOT = Path(__file__).parents[2]
HOLDER = """
import pathlib, sys, time
from tests import memory_folders
memory_folders.MEMORY = pathlib.Path(sys.argv[2])
with memory_folders.memory_folder(sys.argv[1], 1) as folder:
    print(folder, flush=True)
    time.sleep(60)
"""

PREFIX = "liuhen-held-"


@pytest.fixture
def memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """In the place of what the system has in memory, where it has that."""
    monkeypatch.setattr(memory_folders, "MEMORY", tmp_path)
    return tmp_path


def test_the_folder_of_a_killed_run_goes_and_that_of_a_living_one_stays(memory: Path) -> None:
    command = [sys.executable, "-c", HOLDER, PREFIX, str(memory)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        held = Path(process.stdout.readline().strip())
        try:
            with memory_folder(PREFIX, 1) as mine:
                assert mine is not None
                assert mine != held
                assert held.is_dir()
            assert not mine.exists()
        finally:
            process.send_signal(signal.SIGKILL)
    assert held.is_dir(), "killed, it removed nothing"
    with memory_folder(PREFIX, 1):
        assert not held.exists()
    assert list(memory.iterdir()) == []


def test_without_room_or_without_memory_there_is_no_folder(memory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with memory_folder(PREFIX, 1 << 60) as folder:
        assert folder is None
    monkeypatch.setattr(memory_folders, "MEMORY", memory / "none")
    with memory_folder(PREFIX, 1) as folder:
        assert folder is None
