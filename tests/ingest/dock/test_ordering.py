"""What is marked, what belongs together, and what is sent first."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pytest

from ingest.dock.events import UploadBegun
from ingest.dock.grouping import group_files
from ingest.dock.marks import MarkRules, marked_files
from ingest.dock.ordering import SendQueue, arrange
from ingest.dock.source import Source, SourceFile

CARD = Source(Path("/media/card"), "volume 1234-ABCD")


def file(name: str, mtime_ns: int = 0, mode: int = 0o644, source: Source = CARD) -> SourceFile:
    return SourceFile(name, 1, mtime_ns, mode, source)


@pytest.mark.parametrize(
    "name",
    [
        "CARDV/MOVIE/RO/2026_0101_093000_001.MP4",
        "DCIM/EVENT/EVNT0001.MP4",
        "EMR/a.ts",
        "重要/执法.mp4",
        "IMP_20260101_093000.MP4",
        "AB00001_000123_20260101093000_IMP.MP4",
        "20260101_093000_EF.mp4",
        "EMER_0001.MOV",
        "sos-0001.mp4",
    ],
)
def test_names_and_folders_that_recorders_use_mark_a_file(name: str) -> None:
    assert marked_files([file(name)], MarkRules()) == {name}


@pytest.mark.parametrize(
    "name", ["DCIM/100MEDIA/a.mp4", "ROAD/a.mp4", "important meeting.mp4", "simple.mp4", "eventual.mp4"]
)
def test_ordinary_names_mark_nothing(name: str) -> None:
    assert marked_files([file(name)], MarkRules()) == frozenset()


def test_read_only_attribute_marks_unless_the_whole_card_has_it() -> None:
    locked, plain = file("a.mp4", mode=0o555), file("b.mp4", mode=0o755)
    assert marked_files([locked, plain], MarkRules()) == {"a.mp4"}
    assert marked_files([locked], MarkRules()) == frozenset()
    assert marked_files([locked], MarkRules(read_only="always")) == {"a.mp4"}
    assert marked_files([locked, plain], MarkRules(read_only="never")) == frozenset()


def test_a_bureau_sets_its_own_marks() -> None:
    rules = MarkRules(folders=("证据",), names=("zj-*",))
    files = [file("证据/a.mp4"), file("ZJ-b.mp4"), file("RO/c.mp4")]
    assert marked_files(files, rules) == {"证据/a.mp4", "ZJ-b.mp4"}


def test_marked_come_first_then_the_newest_and_a_take_stays_together() -> None:
    files = [
        file("old.mp4", 1),
        file("new.mp4", 9),
        file("RO/locked old.mp4", 2),
        file("RO/locked new.mp4", 3),
        file("RO/locked new.gpx", 1),
        file("new.thm", 5),
    ]
    names = [waiting.file.name for waiting in arrange(files, MarkRules(), "")]
    assert names == [
        "RO/locked new.gpx",
        "RO/locked new.mp4",
        "RO/locked old.mp4",
        "new.mp4",
        "new.thm",
        "old.mp4",
    ]


def test_a_mark_is_its_whole_takes() -> None:
    files = [file("a.mp4", mode=0o444), file("a.gpx"), file("b.mp4")]
    assert {w.file.name: w.file.marked for w in arrange(files, MarkRules(), "")} == {
        "a.mp4": True,
        "a.gpx": True,
        "b.mp4": False,
    }


def test_a_card_is_one_group_and_an_export_one_for_each_device() -> None:
    card = group_files([file("DCIM/IMG_1.jpg"), file("AB00001_000123_20260101093000.MP4")], "1234")
    assert len(set(card.values())) == 1
    export = group_files(
        [file("AB00001_000123_20260101093000.MP4"), file("AB00002_000123_20260101093000.MP4"), file("notes.txt")],
        "1234",
    )
    assert len(set(export.values())) == 3
    other = group_files([file("DCIM/IMG_1.jpg")], "5678")
    assert set(card.values()).isdisjoint(other.values()), "what comes by another docking is another recorder's"
    assert all(len(group) <= 64 and "1234" not in group for group in card.values())


def test_queue_hands_out_what_is_most_urgent_now_and_ends_when_all_is_settled() -> None:
    queue = SendQueue(threading.Event())
    later, sooner = arrange([file("a.mp4", 1), file("RO/b.mp4", 1)], MarkRules(), "")[::-1]
    queue.put(later)
    queue.put(sooner)
    queue.close()
    taken = queue.take()
    assert taken == sooner
    queue.put_back(taken.again())
    again = queue.take()
    assert again is not None
    assert (again.file, again.attempts) == (sooner.file, 1)
    queue.settle()
    assert queue.take() == later
    queue.settle()
    assert queue.take() is None
    assert queue.pending == 0


def test_agent_sends_marked_and_newest_first_and_says_so(docking: Any, archive: Any) -> None:
    import os

    for name, age in (("a.mp4", 5), ("b.mp4", 1), ("RO/c.mp4", 9), ("RO/d.mp4", 8)):
        path = docking.write(name, name.encode())
        os.utime(path, (1_700_000_000 - age, 1_700_000_000 - age))
    assert docking.run(parallel=1).complete
    begun = docking.told(UploadBegun)
    assert [event.file for event in begun] == ["RO/d.mp4", "RO/c.mp4", "b.mp4", "a.mp4"]
    assert [event.marked for event in begun] == [True, True, False, False]
    metadata = {upload.metadata["filename"]: upload.metadata for upload in archive.uploads.values()}
    assert metadata["d.mp4"]["marked"] == "1"
    assert "marked" not in metadata["a.mp4"]
    assert len({each["group"] for each in metadata.values()}) == 1
