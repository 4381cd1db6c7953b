"""Torture in short: each process killed once, with all that is judged afterwards. In CI each step of custody too.

`make torture` is the long one; docs/reliability.md says what is promised.
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.torture.plan import VICTIMS
from tests.torture.points import CUSTODY_STEPS, short

pytestmark = pytest.mark.journey
AIMED = 4
"""Steps of custody that the short run aims at."""


@pytest.mark.timeout(900)
def test_each_process_is_killed_once_and_each_file_is_sealed_once() -> None:
    """It may take long: how fast the machine is, is no fault."""
    killed = run_torture(len(VICTIMS) + AIMED, most_minutes=8, least_files=6)
    assert all(killed[victim] > 0 for victim in VICTIMS), killed
    assert sum(killed[short(step)] > 0 for step in CUSTODY_STEPS) >= AIMED, killed


@pytest.mark.thorough
@pytest.mark.timeout(1800)
def test_killed_everywhere_once_and_each_file_is_sealed_once() -> None:
    killed = run_torture(len(VICTIMS) + len(CUSTODY_STEPS), most_minutes=16, least_files=9)
    assert all(killed[victim] > 0 for victim in VICTIMS), killed
    assert all(killed[short(step)] > 0 for step in CUSTODY_STEPS), killed


def run_torture(kills: int, most_minutes: int, least_files: int) -> dict[str, int]:
    """Kills by process and by step. Judged: nothing lost, doubled or wrong, of all the files that the stations had."""
    command = [sys.executable, "-m", "tests.torture", "--kills", str(kills), "--seed", "1"]
    command += ["--most-minutes", str(most_minutes)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=Path(__file__).parents[2], check=False)
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
    said = done.stdout.splitlines()
    last = re.fullmatch(r"lost 0, doubled 0, wrong 0 of (\d+)", said[-1])
    assert last is not None, said[-1]
    assert int(last[1]) >= least_files, "each of three stations had as many as lie there at once"
    return {name: int(count) for name, count in re.findall(r"^  (\S.*?) +(\d+)$", done.stdout, re.MULTILINE)}
