"""The demo's folder: made afresh, one demo at a time, secrets gone afterwards, nothing but its own removed."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from api.demo.folders import fresh_folders
from api.engines.lock import DataFolderLock
from api.engines.process import ProcessIdentity
from api.engines.run_record import ProcessRecord
from api.errors import DataFolderBusy


def test_what_an_earlier_run_left_is_gone_and_neighbours_stay(tmp_path: Path) -> None:
    (tmp_path / "demo/package").mkdir(parents=True)
    (tmp_path / "demo/result.json").write_text("{}")
    (tmp_path / "demo/elsewhere").symlink_to(tmp_path / "objects")
    (tmp_path / "objects").mkdir()
    (tmp_path / "objects/kept").touch()
    with fresh_folders(tmp_path) as folders:
        assert {path.name for path in folders.root.iterdir()} == {"liuhen.lock", "log", "private", "scratch"}
        (folders.private / "token").write_text("secret")
        folders.result.write_text("{}")
    assert (tmp_path / "objects/kept").exists()
    assert {path.name for path in folders.root.iterdir()} == {"log", "result.json"}


def test_a_second_one_at_a_time_is_refused_and_disturbs_nothing(tmp_path: Path) -> None:
    with fresh_folders(tmp_path) as folders:
        (folders.log / "up.log").write_text("running")
        with pytest.raises(DataFolderBusy, match="liuhen demo"), fresh_folders(tmp_path):
            pytest.fail("two demos in one folder")
        assert (folders.log / "up.log").read_text() == "running"


def test_processes_that_outlived_a_killed_demo_are_ended(tmp_path: Path) -> None:
    archive = tmp_path / "demo/archive"
    with DataFolderLock.acquire(archive, "up") as lock:
        record = ProcessRecord(archive / "run", lock.holder.instance)
        sleeper = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
        identity = ProcessIdentity.of(sleeper.pid)
        assert identity is not None
        record.add("http-1", identity, signal.SIGTERM)
    with fresh_folders(tmp_path):
        assert not identity.is_alive()
    assert sleeper.wait() < 0
