"""Giving way: by niceness, and by the session's share where Linux counts that first."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from api.engines import priority
from api.tasks.queues import QUEUES

PROGRAM = """
import os, subprocess, sys
from pathlib import Path
from api.engines.priority import give_way
from ingest.media.process_group import own_group

def group():
    try:
        return Path("/proc/self/autogroup").read_text().strip()
    except OSError:
        return "none"

give_way(7)
read = "cat /proc/self/autogroup 2>/dev/null || echo none"
child = subprocess.run(["/bin/sh", "-c", read], stdout=subprocess.PIPE, text=True, **own_group()).stdout.strip()
print(os.nice(0), group(), child, sep="\\n")
"""


def test_a_process_and_its_tools_give_way() -> None:
    command = [sys.executable, "-c", PROGRAM]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, start_new_session=True, check=True)
    nice, group, of_child = done.stdout.splitlines()
    assert int(nice) == os.nice(0) + 7
    # A tool that ran in a session of its own would have a share of its own, as large as any other's.
    assert of_child == group
    if Path("/proc/self/autogroup").exists() and os.access("/proc/self/autogroup", os.W_OK):
        assert group.endswith("nice 7")


def test_receipts_come_first_then_pages_then_a_film_s_first_picture_which_never_waits_for_all_of_them() -> None:
    """By the weights of sched(7): a step is 1.25 times the time. Two HTTP processes and sealing never rest."""
    nice = {name: QUEUES[name].niceness for name in ("custody", "media", "encoding")} | {"http": priority.HTTP_NICENESS}
    assert nice["custody"] < nice["http"] < nice["media"] < nice["encoding"]
    weight = {name: 1.25**-each for name, each in nice.items()}
    busy = weight["custody"] + 2 * weight["http"]
    assert 1 / 12 < weight["media"] / (busy + weight["media"]) < 1 / 8
    assert weight["encoding"] / (busy + weight["encoding"]) > 1 / 40


class Session:
    """Stands for the file of a session's share: it refuses so often, then takes what is written."""

    def __init__(self, refusals: list[OSError]) -> None:
        self.refusals, self.written = refusals, ""

    def write_text(self, text: str) -> None:
        if self.refusals:
            raise self.refusals.pop(0)
        self.written = text


@pytest.mark.parametrize(
    ("refusals", "written"),
    [([], "5"), ([BlockingIOError()] * 3, "5"), ([FileNotFoundError()], ""), ([PermissionError()], "")],
)
def test_what_the_kernel_puts_off_is_tried_again(
    monkeypatch: pytest.MonkeyPatch, refusals: list[OSError], written: str
) -> None:
    asked: list[int] = []
    session = Session(list(refusals))
    monkeypatch.setattr(priority, "_SESSION", session)
    monkeypatch.setattr(priority, "_PAUSE_SECONDS", 0.001)
    monkeypatch.setattr(os, "nice", asked.append)
    priority.give_way(5)
    assert (asked, session.written) == ([5], written)
