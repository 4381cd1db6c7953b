"""A run that is ended leaves nothing running: neither its archive nor its agents, however it is ended."""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

ROOT = Path(__file__).parents[2]
PATIENCE_SECONDS = 60.0


@pytest.fixture
def starter(tmp_path: Path) -> Iterator[subprocess.Popen[bytes]]:
    # Tests in the background may be made to ignore the interrupt, and a program keeps that from its starter.
    heard = ["env", "--default-signal=INT"]
    command = [*heard, sys.executable, "-m", "tests.torture", "--kills", "1000", "--seed", "1"]
    environment = {"PATH": "/usr/bin:/bin:/usr/sbin:/sbin", "TMPDIR": str(tmp_path)}
    started = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    yield started
    started.kill()
    started.wait()
    shutil.rmtree(tmp_path, ignore_errors=True)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL, signal.SIGINT])
def test_whatever_ends_the_starter_ends_all_that_it_started(
    starter: subprocess.Popen[bytes], number: signal.Signals
) -> None:
    below: list[psutil.Process] = []
    until = time.monotonic() + PATIENCE_SECONDS
    # unshare, the shell, the run inside, its `liuhen up` and the first of what that starts.
    while len(below) < 5:
        assert starter.poll() is None
        assert time.monotonic() < until
        time.sleep(0.1)
        below = psutil.Process(starter.pid).children(recursive=True)
    starter.send_signal(number)
    starter.wait(PATIENCE_SECONDS)
    _, alive = psutil.wait_procs(below, timeout=PATIENCE_SECONDS)
    assert alive == []
