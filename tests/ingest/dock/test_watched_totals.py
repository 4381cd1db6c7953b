"""What a watching agent counts: each file once, however often its card comes and goes."""

from __future__ import annotations

import os
from typing import Any

import pytest

import ingest.dock.sources as sources_module
import ingest.dock.wipe as wipe_module
from api.cli.dock_report import summarise
from ingest.dock.events import (
    Event,
    FileStays,
    FolderListed,
    ReceiptHeld,
    SourceFound,
    SourceGone,
)
from ingest.dock.progress import Tally
from ingest.dock.settling import FileOutcome
from ingest.dock.source import SourceFile
from ingest.dock.watching import Watcher
from tests.ingest.dock.watching import Watching


def test_what_its_card_does_not_let_go_of_is_counted_as_received_and_once(
    watching: Watching, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: Any, **__: Any) -> None:
        raise OSError(30, os.strerror(30))

    card = watching.plug("recorder 1")
    (card / "a.mp4").write_bytes(b"first")
    with watching.running():
        with monkeypatch.context() as patch:
            patch.setattr(wipe_module.os, "unlink", refuse)
            watching.wait(lambda: len(watching.told(FileStays)) >= 2)
            watching.stop.set()
            watching.wait(lambda: watching.result)
    assert watching.result is not None
    said = summarise(watching.result)
    assert (said["received"], said["wiped"], said["left"]) == (1, 0, 1)


def test_a_card_that_comes_and_goes_is_counted_once_and_all_is_sent_in_the_end(
    watching: Watching, archive: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is wiped: what was received already is still there when the card comes back."""
    card = watching.plug("recorder 1")
    for number in range(4):
        (card / f"{number}.mp4").write_bytes(os.urandom(1000 + number))
    (card / "4.mp4").write_bytes(b"x" * 5000)
    tally = Tally()
    bars = watching.events.append

    def hear(event: Event) -> None:
        tally.take(event)
        bars(event)

    watching.hear = hear
    settled: list[str] = []
    settle = Watcher.settled

    def note_settled(self: Watcher, file: SourceFile, outcome: FileOutcome) -> None:
        settle(self, file, outcome)
        settled.extend([file.name] if outcome.is_received else [])

    monkeypatch.setattr(Watcher, "settled", note_settled)
    archive.before = lambda method, _: (
        (503, {}, b"") if method == "PATCH" and len(archive.sealed_names()) >= 3 else None
    )
    with watching.running(wipe=False):
        # A receipt is told of before its file counts as received.
        watching.wait(lambda: len(settled) == len(archive.sealed_names()) >= 3)
        watching.plug()
        (card / "4.mp4").rename(watching.folder / "4.mp4")
        watching.wait(lambda: watching.told(SourceGone))
        assert watching.told(SourceGone)[0].files_left == 5 - len(archive.sealed_names())
        archive.before = lambda *_: None
        (watching.folder / "4.mp4").rename(card / "4.mp4")
        watching.plug("recorder 1")
        watching.wait(lambda: len(set(archive.sealed_names())) == 5)
        watching.wait(lambda: len(set(settled)) == 5)
        watching.plug()
        watching.wait(lambda: len(watching.told(SourceGone)) == 2)
        watching.plug("recorder 1")
        watching.wait(lambda: len(watching.told(SourceFound)) == 3)
        held = len(watching.told(ReceiptHeld))
        watching.wait(lambda: len(watching.told(ReceiptHeld)) == held + 5)
    assert {(event.files, event.size_bytes) for event in watching.told(FolderListed)} == {(5, 9006)}
    assert tally.sent_bytes == tally.size_bytes == 9006
    assert watching.result is not None
    assert summarise(watching.result)["received"] == 5
    assert watching.told(SourceGone)[-1].files_left == 0


def test_what_somebody_took_off_the_card_himself_is_waited_for_no_more(watching: Watching, archive: Any) -> None:
    card = watching.plug("recorder 1")
    (card / "a.mp4").write_bytes(b"x" * 100)
    (card / "b.mp4").write_bytes(b"y" * 10)
    (card / "b.mp4").chmod(0)
    archive.before = lambda method, _: (413, {}, b"") if method == "POST" else None
    with watching.running():
        watching.wait(lambda: len(watching.told(FileStays)) >= 2)
        (card / "a.mp4").unlink()
        watching.wait(lambda: watching.told(FolderListed)[-1].files == 1)
    assert [event.size_bytes for event in watching.told(FolderListed)] == [110, 10]


def test_another_card_of_the_same_name_in_the_same_place_is_told_apart(
    watching: Watching, monkeypatch: pytest.MonkeyPatch
) -> None:
    volumes = iter(["1111-AAAA", "2222-BBBB"])
    volume = [next(volumes)]
    monkeypatch.setattr(sources_module, "volume_of", lambda _: volume[0])
    with watching.running(wipe=False):
        card = watching.plug("CARD")
        (card / "a.mp4").write_bytes(b"first")
        watching.wait(lambda: watching.told(ReceiptHeld))
        watching.plug()
        watching.wait(lambda: watching.told(SourceGone))
        volume[0] = next(volumes)
        (card / "a.mp4").write_bytes(b"other")
        watching.plug("CARD")
        watching.wait(lambda: len(watching.told(ReceiptHeld)) == 2)
    assert [event.file for event in watching.told(ReceiptHeld)] == ["CARD/a.mp4", "CARD (volume 2222-BBBB)/a.mp4"]
    assert [event.files for event in watching.told(FolderListed)] == [1, 2]
