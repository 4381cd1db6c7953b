"""`liuhen backup` and `liuhen restore` as a person runs them, and killed without a word in the middle."""

from __future__ import annotations

import json
import signal
import subprocess
from pathlib import Path

import pytest

from tests.api.backup.conftest import started
from tests.api.cli.test_up import command, environment

CONTENT = b"no picture, but evidence\n" * 1_000


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An archive at rest, with a recording."""
    folder = tmp_path_factory.mktemp("box")
    with started(folder) as box:
        box.archive.seal(CONTENT)
        box.archive.settle()
    return folder / "data"


def liuhen(data: Path, *words: str, **more: str) -> subprocess.CompletedProcess[str]:
    given = environment(data, **more)
    return subprocess.run(command(*words), env=given, capture_output=True, text=True, cwd="/", timeout=300)


def kill_at(data: Path, line: str, *words: str) -> None:
    """End the command with SIGKILL as soon as it says `line`."""
    with subprocess.Popen(
        command(*words), env=environment(data), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, cwd="/"
    ) as process:
        assert process.stderr is not None
        for said in process.stderr:
            if line in said:
                break
        else:
            pytest.fail(f"it never said {line}")
        process.send_signal(signal.SIGKILL)


def names(data: Path, place: Path) -> list[str]:
    listed = liuhen(data, "backup", str(place), "--list", "--json")
    return [each["name"] for each in json.loads(listed.stdout)["backups"]]


@pytest.mark.thorough
def test_a_backup_is_listed_checked_and_restored_whatever_was_killed_before(data: Path, tmp_path: Path) -> None:
    place, new = tmp_path / "place", tmp_path / "new"
    kill_at(data, "starting the copy", "backup", str(place))
    assert names(data, place) == []
    done = liuhen(data, "backup", str(place))
    assert done.returncode == 0, done.stderr
    assert "whoever has this backup has the footage" in done.stdout
    assert "pg_verifybackup" in done.stdout
    (name,) = names(data, place)
    assert not list(place.glob(".*partial*"))
    assert liuhen(data, "backup", str(place), "--check", name).returncode == 0
    kill_at(data, "table by table", "restore", str(place / name), "--data", str(new))
    assert not new.exists()
    restored = liuhen(data, "restore", str(place / name), "--data", str(new))
    assert restored.returncode == 0, restored.stderr
    assert "0 differences" in restored.stdout
    assert [path.name for path in tmp_path.iterdir() if "partial" in path.name] == []
    assert liuhen(new, "verify").returncode == 0
    again = liuhen(data, "restore", str(place / name), "--data", str(new))
    assert again.returncode == 2
    assert "not an empty folder" in again.stderr


def test_what_makes_no_sense_is_refused(data: Path, tmp_path: Path) -> None:
    none = liuhen(data, "restore", str(tmp_path / "20261130T000000Z"), "--data", str(tmp_path / "new"))
    assert none.returncode == 2
    assert "is no backup" in none.stderr
    words = ("restore", str(tmp_path / "20261130T000000Z"), "--data", str(tmp_path / "new"))
    for instant in ("2026-12-01T10:30:00", "yesterday"):
        refused = liuhen(data, *words, "--wal", str(tmp_path), "--at", instant)
        assert refused.returncode == 2
        assert "is no instant with a time zone" in refused.stderr
    refused = liuhen(data, *words, "--at", "2026-12-01T10:30:00+08:00")
    assert refused.returncode == 2
    assert "--at goes with --wal" in refused.stderr
    unset = liuhen(data, "wal")
    assert unset.returncode == 2
    assert "LIUHEN_WAL_FOLDER is not set" in unset.stderr
    elsewhere = liuhen(data, "backup", str(tmp_path / "place"), LIUHEN_DATABASE_URL="postgresql://liuhen_app@/liuhen")
    assert elsewhere.returncode == 2
    assert "set LIUHEN_DATABASE_SHIPPER_URL" in elsewhere.stderr
    lacking = liuhen(data, "backup", str(tmp_path / "place"), "--authority", str(tmp_path / "nowhere"))
    assert lacking.returncode == 2
    assert "the backup would lack the keys of the authority" in lacking.stderr
    short = liuhen(data, "backup", str(tmp_path / "place"), LIUHEN_BACKUP_PASSPHRASE="short")
    assert short.returncode == 2
    assert "12 characters" in short.stderr
    assert not any((tmp_path / "place").rglob("*.json"))
