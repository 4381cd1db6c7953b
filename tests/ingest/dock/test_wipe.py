"""Removal under power cuts: whatever line the run ends on, the next one comes to the same end, and nothing is lost."""

from __future__ import annotations

import errno
import io
import os
import shutil
import tempfile
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import pytest
from rich.console import Console

import ingest.dock.state as state_module
import ingest.dock.wipe as wipe_module
from api.cli.dock_report import print_table, summarise
from ingest.dock import errors
from ingest.dock.events import FileGone, FileStays, FileWiped, SourceGone
from ingest.dock.folder import _Walk, list_source
from ingest.dock.patience import Patience
from ingest.dock.receipts import ReceiptTrust, check_receipt
from ingest.dock.settling import Desk, identify_file, let_go, receive_file, settle_wipes
from ingest.dock.source import FileIdentity, Source, SourceFile, digest_source, read_identity
from ingest.dock.state import DockState, FileRecord, Phase, opened_state
from ingest.dock.wipe import complete_wipes
from integrity import durable_files
from integrity.keys import SigningKey
from integrity.receipt import sign_receipt
from tests.ingest.dock.conftest import write_receipt
from tests.ingest.dock.killing import in_killed_child, kill_around, kill_at_line
from tests.sampling import ALL, stride

CONTENT = b"x" * 1000


def _saving(phase: Phase) -> Callable[..., bool]:
    return lambda _, record: record.phase is phase


def _of_card(descriptor: int, *_: object) -> bool:
    return Path(f"/proc/self/fd/{descriptor}").readlink().name == "card"


STEPS: dict[str, tuple[Any, str, Callable[..., bool]]] = {
    "receipt written": (durable_files, "write_durably", lambda *_: True),
    "receipt named": (durable_files, "sync_folder", lambda *_: True),
    "receipt's folder named": (state_module, "sync_folder", lambda *_: True),
    "received noted": (DockState, "save", _saving(Phase.RECEIVED)),
    "wiping noted": (DockState, "save", _saving(Phase.WIPING)),
    "read again": (wipe_module, "digest_open", lambda *_: True),
    "looked at again": (wipe_module, "read_identity", lambda *_: True),
    "unlinked": (os, "unlink", lambda name, *_: name == "a.mp4"),
    "folder synced": (os, "fsync", _of_card),
    "wiped noted": (DockState, "save", _saving(Phase.WIPED)),
}


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("step", STEPS)
def test_agent_killed_at_any_step_ends_as_if_it_had_not_been(
    docking: Any, archive: Any, monkeypatch: pytest.MonkeyPatch, step: str, when: str
) -> None:
    path = docking.write("a.mp4", CONTENT)
    owner, name, applies = STEPS[step]
    with monkeypatch.context() as patch:
        kill_around(patch, owner, name, when, applies)
        assert in_killed_child(lambda: docking.run(wipe=True)), "the step was not reached"
    if not path.exists():
        assert len(list((docking.state / "receipts").glob("*.dsse.json"))) == 1, "gone only with its receipt kept"
    assert docking.run(wipe=True).complete
    assert not path.exists()
    with opened_state(docking.state) as state:
        assert [record.name for record in state.find_all(str(docking.folder), Phase.WIPED)] == ["a.mp4"]
    assert len(archive.uploads) == 1
    assert len(list((docking.state / "receipts").glob("*.dsse.json"))) == 1


class Card:
    """A card with one uploaded file whose receipt has just come, and the notes about it."""

    def __init__(self, folder: Path) -> None:
        self.notes = folder / "notes"
        self.source = Source(folder / "card", "card")
        self.source.root.mkdir()
        self.path = self.source.root / "a.mp4"
        self.path.write_bytes(CONTENT)
        key = SigningKey.generate()
        self.trust = ReceiptTrust((key.public,), str(UUID(int=7)))
        receipt = write_receipt("0" * 32, UUID(int=7), "a.mp4", CONTENT, SigningKey.generate())
        self.envelope = sign_receipt(receipt, key).to_bytes()
        with opened_state(self.notes) as state:
            self.save_uploaded(state)

    def file(self) -> SourceFile:
        (file,) = list_source(self.source, self.notes).files
        return file

    def save_uploaded(self, state: DockState) -> FileRecord:
        identity, digests = digest_source(self.file(), lambda: None)
        record = FileRecord("card", "a.mp4", identity, digests, self.trust.keys[0].key_id)
        return state.save(record.begun("0" * 32, "credential").at(Phase.UPLOADED))

    def take_receipt_and_wipe(self) -> None:
        """What the agent does with it, now or when it starts again; the archive is only asked for the receipt."""
        patience = Patience(1.0, threading.Event())
        asked = SimpleNamespace(read_receipt=lambda _: self.envelope)
        with opened_state(self.notes) as state:
            settle_wipes(state, self.source, lambda _: None)
            sender: Any = SimpleNamespace(state=state, patience=patience, tell=lambda _: None, archive=asked)
            desk = Desk(sender, self.trust, wipe=True)
            for file in list_source(self.source, self.notes).files:
                record = identify_file(desk, file)
                let_go(desk, file, receive_file(desk, file, record))

    def receipt_is_held(self) -> bool:
        with opened_state(self.notes) as state:
            record, envelope = state.find("card", "a.mp4"), state.read_receipt("0" * 32)
            assert record is not None
            assert envelope is not None
            check_receipt(envelope, record, self.trust)
            return record.phase in (Phase.WIPING, Phase.WIPED)


@pytest.fixture
def in_memory(tmp_path: Path) -> Iterator[Path]:
    """Where a sync costs nothing: what SIGKILL leaves is the same there."""
    memory = Path("/dev/shm")
    with tempfile.TemporaryDirectory(dir=memory if memory.is_dir() else tmp_path) as folder:
        yield Path(folder)


def test_killed_on_every_line_from_the_receipt_to_the_last_note(in_memory: Path) -> None:
    lines = ("dock/settling.py", "dock/receipts.py", "dock/state.py", "dock/wipe.py", "integrity/durable_files.py")
    gone_early = 0
    for number in range(1, 1000, stride(4)):
        (in_memory / str(number)).mkdir()
        card = Card(in_memory / str(number))

        def act(card: Card = card, number: int = number) -> None:
            kill_at_line(number, lines)
            card.take_receipt_and_wipe()

        killed = in_killed_child(act)
        if not card.path.exists():
            assert card.receipt_is_held(), f"gone without its receipt, killed at line {number}"
            gone_early += killed
        card.take_receipt_and_wipe()
        assert not card.path.exists()
        assert card.receipt_is_held()
        if not killed:
            break
        shutil.rmtree(card.notes.parent)
    assert number > 120, "the lines were not reached"
    assert gone_early > (3 if ALL else 0), "no kill fell between the unlink and the end"


def test_the_last_reading_before_the_removal_is_from_the_card_and_not_from_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    card, steps = Card(tmp_path), list[str]()
    forget, read, unlink = os.posix_fadvise, wipe_module.digest_open, os.unlink

    def forget_noted(descriptor: int, *how: int) -> None:
        if how == (0, 0, os.POSIX_FADV_DONTNEED) and os.path.samestat(os.fstat(descriptor), card.path.stat()):
            steps.append("forgotten")
        forget(descriptor, *how)

    def read_noted(*arguments: Any) -> Any:
        steps.append("read")
        return read(*arguments)

    def unlink_noted(name: Any, **where: Any) -> None:
        if name == "a.mp4":
            steps.append("removed")
        unlink(name, **where)

    monkeypatch.setattr(os, "posix_fadvise", forget_noted)
    monkeypatch.setattr(wipe_module, "digest_open", read_noted)
    monkeypatch.setattr(os, "unlink", unlink_noted)
    card.take_receipt_and_wipe()
    assert steps == ["forgotten", "read", "removed"]


def test_removal_that_the_power_cut_undid_is_done_again(
    docking: Any, archive: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = docking.write("a.mp4", CONTENT)
    with monkeypatch.context() as patch:
        kill_around(patch, os, "fsync", "before", _of_card)
        assert in_killed_child(lambda: docking.run(wipe=True))
    assert not path.exists()
    path.write_bytes(CONTENT)  # The unlink never reached the card.
    assert docking.run(wipe=True).complete
    assert not path.exists()
    assert len(archive.uploads) == 1


def test_completed_removal_is_told_by_the_next_run(docking: Any, archive: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    docking.write("a.mp4", CONTENT)
    with monkeypatch.context() as patch:
        kill_around(patch, DockState, "save", "before", _saving(Phase.WIPED))
        assert in_killed_child(lambda: docking.run(wipe=True))
    result = docking.run(wipe=True)
    (outcome,) = result.outcomes
    assert (outcome.name, outcome.gone, outcome.wiped, result.complete) == ("a.mp4", True, False, True)
    assert [event.file for event in docking.told(FileGone)] == ["a.mp4"]
    assert docking.told(FileWiped) == []
    assert docking.run(wipe=True).outcomes == ()


def test_file_whose_card_is_not_mounted_yet_is_not_said_to_be_wiped(
    docking: Any, archive: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = docking.write("a.mp4", CONTENT)
    with monkeypatch.context() as patch:
        kill_around(patch, os, "unlink", "before", lambda name, *_: name == "a.mp4")
        assert in_killed_child(lambda: docking.run(wipe=True))
    card = docking.folder.rename(docking.folder.with_name("not mounted yet"))
    docking.folder.mkdir()
    summary = summarise(docking.run(wipe=True))
    assert (summary["wiped"], [each["state"] for each in summary["files"]]) == (0, ["gone"])
    assert docking.told(FileWiped) == []
    docking.folder.rmdir()
    card.rename(docking.folder)
    assert summarise(docking.run(wipe=True))["wiped"] == 1
    assert not path.exists()
    assert len(archive.uploads) == 1


def test_card_that_is_out_is_not_said_to_be_wiped(docking: Any, archive: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    path = docking.write("DCIM/a.mp4", CONTENT)
    with monkeypatch.context() as patch:
        kill_around(patch, os, "unlink", "before", lambda name, *_: name == "a.mp4")
        assert in_killed_child(lambda: docking.run(wipe=True))
    card = path.parent.rename(docking.folder.parent / "in a pocket")
    assert docking.run(wipe=True).outcomes == ()
    with opened_state(docking.state) as state:
        assert len(state.find_all(str(docking.folder), Phase.WIPING)) == 1
    card.rename(path.parent)
    assert docking.run(wipe=True).complete
    assert not path.exists()


def _swap_after_digest(monkeypatch: pytest.MonkeyPatch, swap: Callable[[], object]) -> None:
    real = wipe_module.digest_open

    def digest_then_swap(*arguments: Any) -> Any:
        found = real(*arguments)
        swap()
        return found

    monkeypatch.setattr(wipe_module, "digest_open", digest_then_swap)


def test_new_file_put_in_its_place_at_the_last_moment_is_sent_before_it_is_removed(
    docking: Any, archive: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = docking.write("a.mp4", b"sealed")
    swapped = []

    def swap() -> None:
        if not swapped:
            swapped.append(path.rename(path.with_name("b.mp4")))
            path.write_bytes(b"never sent")

    _swap_after_digest(monkeypatch, swap)
    assert docking.run(wipe=True).complete
    assert sorted(bytes(upload.content) for upload in archive.uploads.values()) == [b"never sent", b"sealed"]
    assert swapped[0].read_bytes() == b"sealed"


def test_folder_that_becomes_a_link_leads_to_no_removal(
    docking: Any, archive: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = docking.write("DCIM/a.mp4", b"sealed")
    elsewhere = docking.folder.parent / "elsewhere"

    def swap() -> None:
        if not elsewhere.exists():
            path.parent.rename(elsewhere)
            path.parent.symlink_to(elsewhere)

    _swap_after_digest(monkeypatch, swap)
    (outcome,) = docking.run(wipe=True).outcomes
    assert isinstance(outcome.error, errors.RemovalFailed)
    assert (elsewhere / "a.mp4").exists()


def _become_a_link(folder: Path, elsewhere: Path) -> Path:
    """What an intruder at the station does between the listing and the rest: `folder` leads to another's files."""
    victim = elsewhere / "b" / "x.mp4"
    victim.parent.mkdir(parents=True)
    victim.write_bytes(b"another's")
    folder.rename(folder.with_name(".old"))
    folder.symlink_to(elsewhere)
    return victim


def test_folder_further_up_that_becomes_a_link_is_neither_read_nor_emptied(tmp_path: Path) -> None:
    (tmp_path / "card/a/b").mkdir(parents=True)
    (tmp_path / "card/a/b/x.mp4").write_bytes(b"sealed")
    (file,) = list_source(Source(tmp_path / "card", "card"), tmp_path / "notes").files
    victim = _become_a_link(tmp_path / "card/a", tmp_path / "other")
    with pytest.raises(errors.SourceUnreadable):
        digest_source(file, lambda: None)
    with pytest.raises(errors.SourceUnreadable):
        read_identity(file)
    with victim.open("rb") as opened, pytest.raises(errors.RemovalFailed):
        wipe_module._remove(file, opened.fileno(), FileIdentity.of(victim.stat()))
    assert victim.read_bytes() == b"another's"


def test_listing_does_not_go_through_a_folder_that_becomes_a_link_meanwhile(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "card/a/b").mkdir(parents=True)
    (tmp_path / "card/a/b/x.mp4").write_bytes(b"sealed")
    swapped: list[Path] = []
    real = _Walk._sort_entry

    def sort_then_swap(walk: Any, entry: Any, *arguments: Any) -> Any:
        yield from real(walk, entry, *arguments)
        if entry.name == "b":
            swapped.append(_become_a_link(tmp_path / "card/a", tmp_path / "other"))

    monkeypatch.setattr(_Walk, "_sort_entry", sort_then_swap)
    listing = list_source(Source(tmp_path / "card", "card"), tmp_path / "notes")
    assert swapped
    assert listing.files == ()
    assert [error.name for error in listing.out_of_reach] == ["a/b"]


def test_interrupted_removal_is_not_settled_through_a_link(tmp_path: Path) -> None:
    (tmp_path / "card/a/b").mkdir(parents=True)
    (tmp_path / "card/a/b/y.mp4").write_bytes(b"sealed")
    source = Source(tmp_path / "card", "card")
    (file,) = list_source(source, tmp_path / "notes").files
    with opened_state(tmp_path / "notes") as state:
        state.save(FileRecord("card", "a/b/y.mp4", *digest_source(file, lambda: None), "archive").at(Phase.WIPING))
        _become_a_link(tmp_path / "card/a", tmp_path / "other")
        assert complete_wipes(state, source) == []
        assert len(state.find_all("card", Phase.WIPING)) == 1


def test_file_that_somebody_holds_open_for_writing_is_not_removed(docking: Any, archive: Any) -> None:
    path = docking.write("a.mp4", CONTENT)
    docking.run()
    with path.open("ab"):
        (outcome,) = docking.run(wipe=True).outcomes
        assert isinstance(outcome.error, errors.SourceChanged)
    assert docking.run(wipe=True).complete
    assert not path.exists()
    assert len(archive.uploads) == 1


def test_device_that_refuses_removal_keeps_the_file_and_the_receipt(
    docking: Any, archive: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = docking.write("a.mp4", b"x")

    def refuse(name: Any, **_: Any) -> None:
        raise OSError(30, os.strerror(30))

    with monkeypatch.context() as patch:
        patch.setattr(os, "unlink", refuse)
        result = docking.run(wipe=True)
    (outcome,) = result.outcomes
    assert not result.complete
    said = summarise(result)
    assert (said["received"], said["wiped"], said["left"]) == (1, 0, 1)
    (file,) = said["files"]  # type: ignore[misc]
    assert (file["state"], file["kind"]) == ("received", "RemovalFailed")
    assert all(file[name] is not None for name in ("sha256", "sm3", "upload_id", "recording_id", "ledger_index"))
    assert [event.kind for event in docking.told(FileStays)] == ["RemovalFailed"]
    assert isinstance(outcome.error, errors.RemovalFailed)
    assert "read-only file system" in str(outcome.error)
    assert outcome.error.words.zh.count("a.mp4") == 1
    assert "存储卡或磁盘是只读的" in outcome.error.words.zh
    assert "请解除写保护" in outcome.error.words.zh
    assert path.exists()
    assert docking.run(wipe=True).complete
    assert len(archive.uploads) == 1


@pytest.mark.parametrize("comes_back", [False, True], ids=["gone", "still there"])
def test_card_pulled_between_unlink_and_sync_is_looked_at_when_it_is_back(
    docking: Any, archive: Any, monkeypatch: pytest.MonkeyPatch, comes_back: bool
) -> None:
    path = docking.write("a.mp4", CONTENT)
    real = os.fsync

    def pulled_out(descriptor: int) -> None:
        if _of_card(descriptor):
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        real(descriptor)

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", pulled_out)
        result = docking.run(wipe=True)
    assert not path.exists()
    said = summarise(result)
    assert (said["complete"], said["received"], said["wiped"], said["left"]) == (False, 1, 0, 1)
    assert [event.kind for event in docking.told(FileStays)] == ["RemovalUnconfirmed"]
    with opened_state(docking.state) as state:
        assert [record.name for record in state.find_all(str(docking.folder), Phase.WIPING)] == ["a.mp4"]
    if comes_back:
        path.write_bytes(CONTENT)  # The unlink never reached the card.
    assert docking.run(wipe=True).complete
    assert not path.exists()
    assert [len(docking.told(kind)) for kind in (FileGone, FileWiped)] == ([0, 1] if comes_back else [1, 0])
    assert len(archive.uploads) == 1


@pytest.mark.parametrize("step", ["read again", "looked at again"])
def test_card_pulled_before_the_unlink_is_told_as_gone(
    docking: Any, archive: Any, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    docking.write("a.mp4", CONTENT)
    away = docking.folder.with_name("pulled out")
    name = STEPS[step][1]
    real = getattr(wipe_module, name)

    def then_pull_out(*arguments: Any) -> Any:
        found = real(*arguments)
        if docking.folder.exists():
            docking.folder.rename(away)
            if step == "looked at again":  # What the kernel says of a card that is no longer there.
                raise OSError(errno.EIO, os.strerror(errno.EIO))
        return found

    with monkeypatch.context() as patch:
        patch.setattr(wipe_module, name, then_pull_out)
        result = docking.run(wipe=True)
    (outcome,) = result.outcomes
    assert isinstance(outcome.error, errors.SourceVanished)
    assert outcome.is_received
    assert [event.kind for event in docking.told(FileStays)] == ["SourceVanished"]
    assert [event.files_left for event in docking.told(SourceGone)] == [0]
    screen = io.StringIO()
    print_table(Console(file=screen, width=400), result)
    (said,) = [line for line in screen.getvalue().splitlines() if "已不在" in line]
    assert f"文件夹 {docking.folder} 已不在：其中的文件均已收讫，1 个尚未删除" in said
    away.rename(docking.folder)
    assert docking.run(wipe=True).complete
    assert not (docking.folder / "a.mp4").exists()
    assert len(archive.uploads) == 1


def test_card_pulled_in_the_unlink_itself_is_looked_at_when_it_is_back(
    docking: Any, archive: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    docking.write("a.mp4", CONTENT)
    away = docking.folder.with_name("pulled out")
    real = os.unlink

    def pull_out(name: Any, **options: Any) -> None:
        if name != "a.mp4":
            return real(name, **options)
        docking.folder.rename(away)
        raise OSError(errno.ENODEV, os.strerror(errno.ENODEV))

    with monkeypatch.context() as patch:
        patch.setattr(os, "unlink", pull_out)
        (outcome,) = docking.run(wipe=True).outcomes
    assert isinstance(outcome.error, errors.RemovalUnconfirmed)
    away.rename(docking.folder)
    assert docking.run(wipe=True).complete
    assert not (docking.folder / "a.mp4").exists()
    assert len(archive.uploads) == 1


def test_full_disk_for_receipts_removes_nothing(docking: Any, archive: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    path = docking.write("a.mp4", b"x")

    def full(*_: Any) -> None:
        raise OSError(28, os.strerror(28))

    with monkeypatch.context() as patch:
        patch.setattr(durable_files, "write_durably", full)
        result = docking.run(wipe=True)
    assert isinstance(result.stopped, errors.StateUnusable)
    assert "no space left" in str(result.stopped)
    assert "不可用：磁盘已满" in result.stopped.words.zh
    assert path.exists()
    docking.stop.clear()
    assert docking.run(wipe=True).complete


def test_disk_of_the_notes_that_becomes_read_only_is_told_as_that(
    docking: Any, archive: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = docking.write("a.mp4", b"x")

    def read_only(*_: Any, **__: Any) -> None:
        raise OSError(errno.EROFS, os.strerror(errno.EROFS))

    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", read_only)
        patch.setattr(Path, "unlink", read_only)
        result = docking.run(wipe=True)
    assert isinstance(result.stopped, errors.StateUnusable)
    assert "read-only" in str(result.stopped)
    assert path.exists()
