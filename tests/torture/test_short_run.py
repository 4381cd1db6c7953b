"""Minutes of torture: each step of custody and each process killed at least once, in a run of its own.

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

pytestmark = [pytest.mark.journey, pytest.mark.thorough, pytest.mark.timeout(1800)]
KILLS = len(CUSTODY_STEPS) + len(VICTIMS)


def test_killed_everywhere_once_and_each_file_is_sealed_once() -> None:
    command = [sys.executable, "-m", "tests.torture", "--kills", str(KILLS), "--seed", "1", "--most-minutes", "16"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=Path(__file__).parents[2], check=False)
    said = done.stdout.splitlines()
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
    last = re.fullmatch(r"lost 0, doubled 0, wrong 0 of (\d+)", said[-1])
    assert last is not None, said[-1]
    assert int(last[1]) >= 9
    table = dict(re.findall(r"^  (\S+) +(\d+)$", done.stdout, re.MULTILINE))
    assert all(int(table[short(step)]) > 0 for step in CUSTODY_STEPS), table
