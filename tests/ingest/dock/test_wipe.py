"""Removal under power cuts: whatever line the run ends on, the next one comes to the same end, and nothing is lost."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import ingest.dock.state as state_module
import ingest.dock.wipe as wipe_module
from ingest.dock import errors
from ingest.dock.progress import FileWiped
from ingest.dock.state import DockState, Phase, opened_state


class PowerCut(BaseException):
    """Nothing after it happens; no error handling of the agent's may catch it."""


def _cut_around(
    monkeypatch: pytest.MonkeyPatch, owner: Any, name: str, when: str, applies: Callable[..., bool]
) -> None:
    real = getattr(owner, name)

    def cutting(*arguments: Any, **named: Any) -> Any:
        if not applies(*arguments):
            return real(*arguments, **named)
        if when == "after":
            real(*arguments, **named)
        raise PowerCut

    monkeypatch.setattr(owner, name, cutting)


def _always(*_: Any) -> bool:
    return True


def _saving(phase: Phase) -> Callable[..., bool]:
    return lambda _, record: record.phase is phase


STEPS = {
    "receipt written": (state_module, "write_durably", _always),
    "receipt named": (state_module, "sync_folder", _always),
    "received noted": (DockState, "save", _saving(Phase.RECEIVED)),
    "wiping noted": (DockState, "save", _saving(Phase.WIPING)),
    "unlinked": (Path, "unlink", lambda path, *_: path.name == "a.mp4"),
    "folder synced": (wipe_module, "sync_folder", _always),
    "wiped noted": (DockState, "save", _saving(Phase.WIPED)),
}


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("step", STEPS)
def test_power_cut_at_any_step_ends_as_if_there_had_been_none(
    docking: Any, archive: Any, monkeypatch: pytest.MonkeyPatch, step: str, when: str
) -> None:
    path = docking.write("a.mp4", b"x" * 1000)
    owner, name, applies = STEPS[step]
    with monkeypatch.context() as patch:
        _cut_around(patch, owner, name, when, applies)
        with pytest.raises(PowerCut):
            docking.run(wipe=True)
    if not path.exists():
        assert len(list((docking.state / "receipts").glob("*.dsse.json"))) == 1, "gone only with its receipt kept"
    docking.stop.clear()
    assert docking.run(wipe=True).complete
    assert not path.exists()
    with opened_state(docking.state) as state:
        assert [record.name for record in state.find_all(Phase.WIPED)] == ["a.mp4"]
    assert len(archive.uploads) == 1
    assert len(list((docking.state / "receipts").glob("*.dsse.json"))) == 1


def test_removal_that_the_power_cut_undid_is_done_again(
    docking: Any, archive: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = docking.write("a.mp4", b"x" * 1000)
    with monkeypatch.context() as patch:
        _cut_around(patch, wipe_module, "sync_folder", "before", _always)
        with pytest.raises(PowerCut):
            docking.run(wipe=True)
    path.write_bytes(b"x" * 1000)  # The unlink never reached the card.
    docking.stop.clear()
    assert docking.run(wipe=True).complete
    assert not path.exists()
    assert len(archive.uploads) == 1


def test_completed_removal_is_told_by_the_next_run(docking: Any, archive: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    docking.write("a.mp4", b"x" * 1000)
    with monkeypatch.context() as patch:
        _cut_around(patch, DockState, "save", "before", _saving(Phase.WIPED))
        with pytest.raises(PowerCut):
            docking.run(wipe=True)
    docking.stop.clear()
    result = docking.run(wipe=True)
    assert [(outcome.name, outcome.wiped) for outcome in result.outcomes] == [("a.mp4", True)]
    assert [event.file for event in docking.told(FileWiped)] == ["a.mp4"]
    assert docking.run(wipe=True).outcomes == ()


def test_new_file_put_in_its_place_at_the_last_moment_is_not_removed(
    docking: Any, archive: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = docking.write("a.mp4", b"sealed")
    real = wipe_module.digest_source

    def swap_after_digest(*arguments: Any) -> Any:
        found = real(*arguments)
        path.unlink()
        path.write_bytes(b"never sent")
        return found

    with monkeypatch.context() as patch:
        patch.setattr(wipe_module, "digest_source", swap_after_digest)
        (outcome,) = docking.run(wipe=True).outcomes
    assert isinstance(outcome.error, errors.SourceChanged)
    assert path.read_bytes() == b"never sent"


def test_device_that_refuses_removal_keeps_the_file_and_the_receipt(
    docking: Any, archive: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = docking.write("a.mp4", b"x")

    def refuse(self: Path, missing_ok: bool = False) -> None:
        raise OSError(30, os.strerror(30))

    with monkeypatch.context() as patch:
        patch.setattr(Path, "unlink", refuse)
        (outcome,) = docking.run(wipe=True).outcomes
    assert isinstance(outcome.error, errors.RemovalFailed)
    assert "read-only file system" in str(outcome.error)
    assert path.exists()
    assert docking.run(wipe=True).complete
    assert len(archive.uploads) == 1


def test_full_disk_for_receipts_removes_nothing(docking: Any, archive: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    path = docking.write("a.mp4", b"x")

    def full(*_: Any) -> None:
        raise OSError(28, os.strerror(28))

    with monkeypatch.context() as patch:
        patch.setattr(state_module, "write_durably", full)
        result = docking.run(wipe=True)
    assert isinstance(result.stopped, errors.StateUnusable)
    assert "no space left" in str(result.stopped)
    assert path.exists()
    docking.stop.clear()
    assert docking.run(wipe=True).complete
