"""`liuhen replicate`: what it prints, and how it ends."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from api.verification import verify_archive
from storage.objects.folder import FolderStore

CONTENT = b"no picture, but evidence\n" * 1000


@pytest.fixture
def second(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("LIUHEN_REPLICA_FOLDER", str(tmp_path / "second"))
    return tmp_path / "second"


def said(capsys: Any) -> list[dict[str, Any]]:
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_a_full_archive_is_copied_and_heals_what_it_loses(
    sealing: Any, commands: Any, capsys: Any, second: Path
) -> None:
    recordings = [sealing.seal(CONTENT + bytes([number])) for number in range(3)]
    sealing.end_sequencing()  # the command has its own
    assert commands("replicate", "--rate", "unthrottled") == 0
    begun, ended = said(capsys)
    assert (begun["event"], begun["objects"], begun["place"]) == ("begun", 3, str(second))
    assert (ended["event"], ended["finished"], ended["copied"], ended["waiting"]) == ("ended", True, 3, 0)
    objects = Path(sealing.settings.data / "objects")
    for each in recordings:
        assert (second / each.object_name).read_bytes() == (objects / each.object_name).read_bytes()
        until = FolderStore(objects).keeping(each.object_name).until
        assert until is not None
        assert FolderStore(second).keeping(each.object_name).until == until
    assert commands("replicate") == 0
    assert said(capsys)[-1]["copied"] == 0, "nothing is due"
    lost = objects / recordings[0].object_name
    lost.unlink()
    assert commands("scrub", "--all", "--rate", "unthrottled") == 0
    healed, ended = said(capsys)[-2:]
    assert (healed["event"], healed["id"]) == ("healed", str(recordings[0].id))
    assert (ended["lost"], ended["healed"], ended["whole_again"]) == (0, 1, 1)
    assert lost.read_bytes() == (second / recordings[0].object_name).read_bytes()
    assert verify_archive(sealing.archive).findings == ()


def test_what_is_not_whole_is_not_copied_and_named(sealing: Any, commands: Any, capsys: Any, second: Path) -> None:
    recording = sealing.seal(CONTENT)
    sealing.end_sequencing()
    Path(sealing.settings.data / "objects" / recording.object_name).unlink()
    assert commands("replicate") == 1
    lines = said(capsys)
    assert (lines[1]["event"], lines[1]["id"], lines[1]["found"]) == ("not_whole", str(recording.id), "missing")
    assert lines[-1]["waiting"] == 1
    assert not (second / recording.object_name).exists()


def test_a_lost_replica_is_begun_anew_when_it_is_said_so(
    sealing: Any, commands: Any, capsys: Any, second: Path
) -> None:
    recording = sealing.seal(CONTENT)
    sealing.end_sequencing()
    assert commands("replicate") == 0
    shutil.rmtree(second)
    assert commands("replicate") == 1
    assert "--anew" in capsys.readouterr().err
    assert not second.exists()
    assert commands("replicate", "--anew") == 0
    assert (second / recording.object_name).exists()


def test_without_a_replica_it_says_what_to_set(sealing: Any, commands: Any, capsys: Any) -> None:
    sealing.end_sequencing()
    assert commands("replicate") == 2
    assert "LIUHEN_REPLICA_FOLDER" in capsys.readouterr().err
