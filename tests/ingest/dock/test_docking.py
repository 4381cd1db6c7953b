"""One card put in once is one group, whatever its place and serial number are, and however often the agent starts."""

from __future__ import annotations

import os
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

import ingest.dock.docking as docking_module
import ingest.dock.sources as sources_module
from ingest.dock.docking import Docking
from ingest.dock.events import FileWiped, ReceiptHeld, SourceFound, SourceGone
from ingest.dock.marks import MarkRules
from ingest.dock.ordering import WaitingFile
from ingest.dock.settling import FileOutcome
from ingest.dock.source import Source, SourceFile
from ingest.dock.state import DockState, opened_state
from ingest.dock.watching import Watcher, WatchTiming
from tests.ingest.dock.watching import QUICK, Watching

CARD = Source(Path("/media/card"), "volume 1234-ABCD")


def file(name: str, size_bytes: int = 1, mtime_ns: int = 0) -> SourceFile:
    return SourceFile(name, size_bytes, mtime_ns, source=CARD)


def groups_of(archive: Any) -> Mapping[str, set[str]]:
    """By the name of a file, the groups that its uploads were said to be of."""
    said: dict[str, set[str]] = {}
    for upload in archive.uploads.values():
        said.setdefault(upload.metadata["filename"], set()).add(upload.metadata["group"])
    return said


def refuse_bytes_of(archive: Any, name: str) -> None:
    def refuse(method: str, path: str) -> Any:
        upload = archive.uploads.get(path.rpartition("/")[2])
        return (413, {}, b"") if method == "PATCH" and upload and upload.metadata["filename"] == name else None

    archive.before = refuse


def test_two_recorders_docked_one_after_the_other_in_one_place_are_two_groups(docking: Any, archive: Any) -> None:
    docking.write("DCIM/GX010001.MP4", b"first")
    assert docking.run(wipe=True).complete
    docking.write("DCIM/GX020001.MP4", b"other")
    assert docking.run(wipe=True).complete
    ((one,), (other,)) = groups_of(archive).values()
    assert one != other


def test_a_run_that_goes_on_where_another_stopped_says_the_same_group(docking: Any, archive: Any) -> None:
    docking.write("DCIM/GX010001.MP4", b"first")
    docking.write("DCIM/GX020001.MP4", b"other")
    refuse_bytes_of(archive, "GX020001.MP4")
    assert not docking.run(wipe=True).complete
    archive.before = lambda *_: None
    docking.write("DCIM/GX030001.MP4", b"third")
    assert docking.run(wipe=True).complete
    assert sorted(groups_of(archive)) == ["GX010001.MP4", "GX020001.MP4", "GX030001.MP4"]
    assert len(set.union(*groups_of(archive).values())) == 1


def test_another_card_where_one_was_not_done_with_is_another_group(docking: Any, archive: Any) -> None:
    """Its file has the name that one on the other card has."""
    path = docking.write("DCIM/GX010001.MP4", b"first")
    refuse_bytes_of(archive, "GX010001.MP4")
    assert not docking.run().complete
    archive.before = lambda *_: None
    before = groups_of(archive)["GX010001.MP4"]
    path.write_bytes(b"of another recorder")
    assert docking.run().complete
    assert groups_of(archive)["GX010001.MP4"].isdisjoint(before)


def test_a_card_is_known_again_by_its_files() -> None:
    docking = Docking.of([file("a.mp4", 9, 1), file("b.mp4", 7, 2)])
    assert docking.is_of([file("a.mp4", 9, 1), file("new.mp4")])
    assert not docking.is_of([file("a.mp4", 9, 1), file("b.mp4", 7, 3)]), "a name that is used again"
    assert not docking.is_of([file("c.mp4", 9, 1)])
    assert not docking.is_of([])


def test_what_the_firmware_puts_on_every_card_bears_no_witness() -> None:
    made = [file("MISC/version.txt", 12, 1), *(file(f"{n}.mp4", 1000 + n, n) for n in range(100))]
    assert not Docking.of(made).is_of([file("MISC/version.txt", 12, 1)])


def test_no_number_is_like_another_and_says_nothing() -> None:
    files = [file("a.mp4")]
    assert Docking.of(files).number != Docking.of(files).number


def test_a_card_that_is_done_with_and_comes_again_is_another_docking(
    watching: Watching, archive: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settled: list[str] = []
    settle = Watcher.settled

    def note_settled(self: Watcher, file: SourceFile, outcome: FileOutcome) -> None:
        settle(self, file, outcome)
        settled.append(file.name)

    monkeypatch.setattr(Watcher, "settled", note_settled)
    with watching.running(wipe=False):
        card = watching.plug("card")
        (card / "a.mp4").write_bytes(b"first")
        watching.wait(lambda: settled)  # A receipt is told of before it counts.
        watching.plug()
        watching.wait(lambda: watching.told(SourceGone))
        (card / "b.mp4").write_bytes(b"second")
        watching.plug("card")
        watching.wait(lambda: "b.mp4" in groups_of(archive))
    assert groups_of(archive)["a.mp4"].isdisjoint(groups_of(archive)["b.mp4"])


def test_a_card_that_was_pulled_too_early_goes_on_as_the_same_docking(watching: Watching, archive: Any) -> None:
    with watching.running():
        card = watching.plug("card")
        (card / "a.mp4").write_bytes(b"first")
        (card / "b.mp4").write_bytes(b"second")
        refuse_bytes_of(archive, "b.mp4")
        watching.wait(lambda: watching.told(FileWiped) and "b.mp4" in groups_of(archive))
        watching.plug()
        watching.wait(lambda: watching.told(SourceGone))
        archive.before = lambda *_: None
        (card / "c.mp4").write_bytes(b"third")
        watching.plug("card")
        watching.wait(lambda: len(watching.told(FileWiped)) == 3)
    assert len(watching.told(SourceFound)) == 2
    assert len(set.union(*groups_of(archive).values())) == 1


def test_an_agent_that_starts_again_goes_on_with_the_docking_of_the_card_that_stayed(
    watching: Watching, archive: Any
) -> None:
    card = watching.plug("card")
    (card / "a.mp4").write_bytes(b"first")
    with watching.running(wipe=False):
        watching.wait(lambda: watching.told(ReceiptHeld))
    watching.stop = threading.Event()
    with watching.running(wipe=False):
        (card / "b.mp4").write_bytes(b"second")
        watching.wait(lambda: "b.mp4" in groups_of(archive))
    assert len(set.union(*groups_of(archive).values())) == 1


def test_a_card_that_was_changed_while_the_agent_was_down_is_another_docking(watching: Watching, archive: Any) -> None:
    """In the same place, on a card reader of the same device, with the serial number of all cheap recorders."""
    card = watching.plug("card")
    (card / "a.mp4").write_bytes(b"first")
    with watching.running(wipe=False):
        watching.wait(lambda: watching.told(ReceiptHeld))
    watching.stop = threading.Event()
    (card / "a.mp4").unlink()
    (card / "b.mp4").write_bytes(b"of another recorder")
    with watching.running(wipe=False):
        watching.wait(lambda: "b.mp4" in groups_of(archive))
    assert groups_of(archive)["a.mp4"].isdisjoint(groups_of(archive)["b.mp4"])


def test_a_card_that_is_changed_between_two_looks_is_another_docking(watching: Watching) -> None:
    """In a card reader, whose device stays: all that tells of it is what is on the card."""
    put: list[WaitingFile] = []
    with opened_state(watching.folder / "notes") as state:
        watcher = Watcher(watching.places, WatchTiming(settle_seconds=0), state, MarkRules(), watching.events.append)
        card = watching.plug("card")
        (card / "REC0001.MP4").write_bytes(b"first")
        watcher.look(put.append)
        (card / "REC0001.MP4").write_bytes(b"of another recorder")
        watcher.look(put.append)
        (card / "REC0002.MP4").write_bytes(b"later")
        watcher.look(put.append)
    (first, other) = put
    assert first.file.group != other.file.group


def test_a_card_on_another_device_at_the_same_place_is_told_as_another(
    watching: Watching, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sources_module, "volume_of", lambda _: "1234-ABCD")
    monkeypatch.setattr(Source, "holds", lambda *_: True)
    with opened_state(watching.folder / "notes") as state:
        watcher = Watcher(watching.places, QUICK, state, MarkRules(), watching.events.append)
        device = f" {os.major(watching.plug('card').stat().st_dev)}:"
        watcher.look(lambda _: None)
        watching.mounts.write_text(watching.mounts.read_text().replace(device, " 4000:"))
        watcher.look(lambda _: None)
    assert [type(event) for event in watching.events if isinstance(event, SourceFound | SourceGone)] == [
        SourceFound,
        SourceGone,
        SourceFound,
    ]


def test_what_was_removed_when_it_was_received_makes_no_other_card(watching: Watching) -> None:
    put: list[WaitingFile] = []
    with opened_state(watching.folder / "notes") as state:
        watcher = Watcher(watching.places, WatchTiming(settle_seconds=0), state, MarkRules(), watching.events.append)
        card = watching.plug("card")
        (card / "REC0001.MP4").write_bytes(b"first")
        watcher.look(put.append)
        watcher.settled(put[0].file, FileOutcome("card/REC0001.MP4", 5, wiped=True))
        (card / "REC0001.MP4").unlink()
        (card / "REC0002.MP4").write_bytes(b"second")
        watcher.look(put.append)
    assert [each.file.name for each in put] == ["REC0001.MP4", "REC0002.MP4"]
    assert put[0].file.group == put[1].file.group, "we removed what is not there any more"


def test_a_card_whose_first_files_are_all_gone_is_known_by_those_that_are_left(
    watching: Watching, archive: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An outage, and then a start: what waits belongs to what went before it."""
    monkeypatch.setattr(docking_module, "_MOST_WITNESSES", 1)
    noted: list[str] = []
    note = DockState.note_docking

    def hear(state: DockState, source: str, number: str, witnesses: Mapping[str, tuple[int, int]]) -> None:
        note(state, source, number, witnesses)
        noted.extend(witnesses)

    monkeypatch.setattr(DockState, "note_docking", hear)
    card = watching.plug("card")
    (card / "a.mp4").write_bytes(b"the largest")
    (card / "b.mp4").write_bytes(b"second")
    refuse_bytes_of(archive, "b.mp4")
    with watching.running():
        watching.wait(lambda: noted == ["a.mp4", "b.mp4"])
    watching.stop = threading.Event()
    archive.before = lambda *_: None
    (card / "c.mp4").write_bytes(b"third")
    with watching.running():
        watching.wait(lambda: len(watching.told(FileWiped)) == 3)
    assert len(set.union(*groups_of(archive).values())) == 1
