"""Plaintext that a killed worker left is removed, a living one's is not, whatever numbers their processes have."""

from __future__ import annotations

import errno
import gc
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from ingest.lease import name_worker
from ingest.media.plaintext import remove_plaintext
from ingest.media.recovery import fresh
from ingest.rendering.work_folder import WorkFolder, remove_abandoned
from ingest.rendering.workshop import private_folder

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


def failing_unlink(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: str, *_: object, **__: object) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO), path)

    monkeypatch.setattr(os, "unlink", refuse)


@pytest.mark.parametrize("place", ["private folder", "own folder", "abandoned folder", "output"])
def test_plaintext_that_cannot_be_removed_is_said_without_a_files_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    folder = tmp_path / "media-1" / "picked"
    folder.mkdir(parents=True)
    own = WorkFolder(tmp_path / "other")
    with capture_logs() as said, monkeypatch.context() as patch:
        for at in (folder, own.path):
            (at / "ZhangSan.mp4").write_bytes(b"footage")
        if place == "private folder":
            with private_folder(folder) as folder:
                (folder / "ZhangSan.mp4").write_bytes(b"footage")
                failing_unlink(patch)
        elif place == "own folder":
            folder = own.path
            failing_unlink(patch)
            own.close()
        elif place == "abandoned folder":
            folder = folder.parent
            failing_unlink(patch)
            remove_abandoned(tmp_path)
        else:
            failing_unlink(patch)
            with pytest.raises(FileExistsError):
                fresh(folder)
    (line,) = said
    assert (line["event"], line["log_level"], line["folder"]) == ("media.plaintext_stays", "error", str(folder))
    assert "Zhang" not in str(line)
    assert line["error"] == os.strerror(errno.EIO)


def test_what_is_gone_already_is_not_said_to_stay(tmp_path: Path) -> None:
    with capture_logs() as said:
        fresh(tmp_path / "new")
        with private_folder(tmp_path) as folder:
            folder.rmdir()
        remove_plaintext(tmp_path / "none")
    assert said == []
