"""What is left after the end: files, locks, processes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tests.torture.judge import (
    Judgement,
    judge_rest,
)
from tests.torture.system import descendants


@pytest.fixture
def ended(tmp_path: Path) -> Any:
    """The folders of an archive that has ended."""
    for folder in ("run", "staging", "work", "objects/.incoming"):
        (tmp_path / folder).mkdir(parents=True)
    return SimpleNamespace(data=tmp_path)


def left_behind(ended: Any) -> list[str]:
    """But for what the tests themselves run: torture has a machine of its own, as far as it can see."""
    found = Judgement(files=1)
    own = {f"child left: {pid}" for pid in descendants(os.getpid())}
    judge_rest(ended, [], found)
    return [line for line in found.wrong if not line.startswith("process left") and line not in own]


def test_nothing_is_left_of_an_archive_that_has_ended(ended: Any) -> None:
    assert left_behind(ended) == []


@pytest.mark.parametrize(
    "name", ["liuhen.lock", "run/tsa.sock", "run/processes.json", "staging/a", "work/a", "staging/folder/a"]
)
def test_a_file_that_is_left_is_wrong(ended: Any, name: str) -> None:
    path = ended.data / name
    path.parent.mkdir(exist_ok=True)
    path.touch()
    assert left_behind(ended) == [f"left behind: {path}"]


def test_a_passing_object_that_somebody_still_holds_is_wrong(ended: Any) -> None:
    import fcntl

    path = ended.data / "objects/.incoming/held"
    with path.open("wb") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        assert left_behind(ended) == [f"left behind: {path}"]
    assert left_behind(ended) == []  # Whose writer is gone is swept, as the next writer would.


def test_a_process_that_is_left_is_wrong(ended: Any) -> None:
    """A child of the one that judges, and one whose parent has ended."""
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    script = "from subprocess import *; print(Popen(['sleep', '60'], stdout=DEVNULL, stderr=DEVNULL).pid)"
    printed = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    orphan = int(printed.stdout)
    found = Judgement(files=1)
    try:
        judge_rest(ended, [], found)
    finally:
        os.kill(orphan, signal.SIGKILL)
        child.communicate()
    assert f"child left: {child.pid}" in found.wrong
    # Whose parent ends is taken on by init, or by whoever has asked for that: the process of these tests may have.
    assert [line for line in found.wrong if line.startswith((f"process left: {orphan} sleep", f"child left: {orphan}"))]
