"""Plaintext that a killed worker left is removed, a living one's is not, whatever numbers their processes have."""

from __future__ import annotations

import gc
import os
import signal
import subprocess
import sys
from pathlib import Path

from ingest.lease import name_worker
from ingest.rendering.work_folder import WorkFolder, remove_abandoned

OWNER = """
import sys
from pathlib import Path
from ingest.rendering.work_folder import WorkFolder

own = WorkFolder(Path(sys.argv[1]))
(own.path / "plaintext").write_bytes(b"footage")
print("there", flush=True)
sys.stdin.read()
"""


def test_a_folder_goes_with_its_process_and_not_before(tmp_path: Path) -> None:
    command = [sys.executable, "-c", OWNER, str(tmp_path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as owner:
        assert owner.stdout is not None
        assert owner.stdout.readline() == b"there\n"
        remove_abandoned(tmp_path)
        (plaintext,) = tmp_path.glob("media-*/plaintext")
        owner.send_signal(signal.SIGKILL)
    assert plaintext.exists()
    remove_abandoned(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_bears_a_living_process_number_is_nobodys(tmp_path: Path) -> None:
    """As an earlier version named it, or as a number that came again would say."""
    old = tmp_path / f"media-{os.getpid()}"
    old.mkdir()
    (old / "plaintext").write_bytes(b"footage")
    own = WorkFolder(tmp_path)
    remove_abandoned(tmp_path)
    assert list(tmp_path.iterdir()) == [own.path]
    own.close()
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_forgotten_goes_as_well(tmp_path: Path) -> None:
    WorkFolder(tmp_path)
    gc.collect()
    assert list(tmp_path.iterdir()) == []


def test_no_two_workers_have_one_name_even_in_one_process() -> None:
    names = {name_worker() for _ in range(100)}
    assert len(names) == 100
    assert all(f":{os.getpid()}:" in name for name in names)
