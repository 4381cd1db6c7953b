"""An agent that stays: cards come and go, files grow, the archive is away, and everything is received once."""

from __future__ import annotations

import os
import threading
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

import ingest.dock.sources as sources_module
import ingest.dock.watching as watching_module
from ingest.dock.agent import DockPlan, dock_continuously
from ingest.dock.errors import StateUnusable
from ingest.dock.events import (
    FileEmpty,
    FileGrowing,
    FileStays,
    FileUploaded,
    FileWiped,
    FolderListed,
    Paused,
    ReceiptHeld,
    SourceFound,
    SourceGone,
    SourceMissing,
)
from ingest.dock.folder import Listing
from ingest.dock.marks import MarkRules
from ingest.dock.ordering import WaitingFile
from ingest.dock.settling import FileOutcome
from ingest.dock.source import Source
from ingest.dock.sources import Places
from ingest.dock.state import DockState, opened_state
from ingest.dock.watching import Watcher, WatchTiming
from ingest.dock.words import Words
from tests.ingest.dock.watching import QUICK, Watching, count_looks


def test_cards_that_are_plugged_in_are_received_wiped_and_plugged_out(watching: Watching, archive: Any) -> None:
    with watching.running():
        card = watching.plug("recorder 1")
        (card / "a.mp4").write_bytes(b"first")
        watching.wait(lambda: watching.told(FileWiped))
        (card / "b.mp4").write_bytes(b"second")
        watching.wait(lambda: len(watching.told(FileWiped)) == 2)
        watching.plug()
        watching.wait(lambda: watching.told(SourceGone))
        other = watching.plug("recorder 2")
        (other / "a.mp4").write_bytes(b"third")
        watching.wait(lambda: len(watching.told(FileWiped)) == 3)
    assert watching.result is not None
    assert watching.result.ended_on_request
    assert (watching.result.more_received, watching.result.more_wiped, watching.result.outcomes) == (3, 3, ())
    assert [event.label for event in watching.told(SourceFound)] == ["recorder 1", "recorder 2"]
    assert {event.file for event in watching.told(ReceiptHeld)} == {
        "recorder 1/a.mp4",
        "recorder 1/b.mp4",
        "recorder 2/a.mp4",
    }
    assert len(archive.uploads) == 3


def test_growing_file_waits_until_it_is_whole(
    watching: Watching, archive: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    card, looks, seconds = watching.plug("card"), count_looks(monkeypatch), [0.0]
    # Time passes by the file's own steps: a camera that a busy machine keeps from writing has not come to its end.
    monkeypatch.setattr(watching_module, "time", SimpleNamespace(monotonic=lambda: seconds[0]))
    with watching.running():
        path = card / "a.mp4"
        for number in range(8):
            with path.open("ab") as camera:
                camera.write(b"%d" % number)
            seen = len(looks) + 2
            watching.wait(lambda seen=seen: len(looks) >= seen)
            seconds[0] += 0.9 * QUICK.settle_seconds
        assert archive.uploads == {}
        seconds[0] += QUICK.settle_seconds
        watching.wait(lambda: watching.told(FileWiped))
    assert len(watching.told(FileGrowing)) == 1
    (upload,) = archive.uploads.values()
    assert bytes(upload.content) == b"01234567"


def test_what_was_received_is_left_in_peace_and_what_changes_is_sent_again(watching: Watching, archive: Any) -> None:
    card = watching.plug("card")
    path = card / "a.mp4"
    path.write_bytes(b"one")
    with watching.running(wipe=False):
        watching.wait(lambda: watching.told(ReceiptHeld))
        time.sleep(0.5)
        assert len(watching.told(ReceiptHeld)) == 1
        path.write_bytes(b"another")
        watching.wait(lambda: len(archive.uploads) == 2 and len(watching.told(ReceiptHeld)) == 2)


def test_file_that_could_not_be_read_is_tried_again_after_a_while(
    watching: Watching, archive: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    import ingest.dock.source as source_module

    card = watching.plug("card")
    (card / "a.mp4").write_bytes(b"x")
    real, failures = source_module.os.pread, [OSError(5, "Input/output error")] * 2

    def fail_twice(*arguments: Any) -> bytes:
        if failures:
            raise failures.pop()
        return real(*arguments)

    monkeypatch.setattr(source_module.os, "pread", fail_twice)
    with watching.running():
        watching.wait(lambda: watching.told(FileWiped))
    assert [event.kind for event in watching.told(FileStays)] == ["SourceUnreadable"] * 2
    assert watching.result is not None
    assert watching.result.outcomes == ()


def test_what_lies_too_deep_is_told_once_and_left_until_its_card_is_out(watching: Watching, archive: Any) -> None:
    card, deep = watching.plug("card"), "/".join(["d"] * 32)
    (card / deep).mkdir(parents=True)
    (card / deep / "a.mp4").write_bytes(b"x")
    (card / "b.mp4").write_bytes(b"y")
    with watching.running():
        watching.wait(lambda: watching.told(FileWiped) and watching.told(FileStays))
        time.sleep(5 * QUICK.poll_seconds)
    assert [(event.file, event.kind) for event in watching.told(FileStays)] == [(f"card/{deep}", "FolderTooDeep")]
    assert watching.result is not None
    assert [(each.name, each.is_received) for each in watching.result.outcomes] == [(f"card/{deep}", False)]
    assert not watching.result.complete
    watching.stop = threading.Event()
    with watching.running():
        watching.wait(lambda: len(watching.told(FileStays)) == 2)
        watching.plug()
        watching.wait(lambda: watching.told(SourceGone))
    assert watching.result.outcomes == ()


def test_empty_file_is_told_once_stays_and_is_sent_once_it_holds_something(watching: Watching, archive: Any) -> None:
    """As a battery leaves it that dies while a recording begins."""
    card = watching.plug("card")
    (card / "a.mp4").write_bytes(b"")
    with watching.running():
        watching.wait(lambda: watching.told(FileEmpty))
        time.sleep(5 * QUICK.poll_seconds)
        assert [event.file for event in watching.told(FileEmpty)] == ["card/a.mp4"]
        assert archive.uploads == {}
        (card / "a.mp4").write_bytes(b"now it does")
        watching.wait(lambda: watching.told(FileWiped))
    assert watching.result is not None
    assert watching.result.complete


def test_archive_that_is_away_at_the_start_is_waited_for(watching: Watching, archive: Any) -> None:
    card = watching.plug("card")
    (card / "a.mp4").write_bytes(b"x")
    archive.stop()
    with watching.running():
        watching.wait(lambda: watching.told(Paused))
        archive.start()
        watching.wait(lambda: watching.told(FileWiped))


def test_stop_in_mid_work_ends_in_order_and_the_next_run_goes_on(watching: Watching, archive: Any) -> None:
    card = watching.plug("card")
    content = os.urandom(2 << 20)
    (card / "a.mp4").write_bytes(content)
    archive.seconds_a_block = 0.5
    with watching.running():
        watching.wait(lambda: any(upload.content for upload in archive.uploads.values()))
        watching.stop.set()
        archive.seconds_a_block = 0
    assert watching.result is not None
    assert watching.result.ended_on_request
    assert [outcome.name for outcome in watching.result.outcomes] == ["card/a.mp4"]
    watching.stop = threading.Event()
    with watching.running():
        watching.wait(lambda: watching.told(FileWiped))
    (upload,) = archive.uploads.values()
    assert bytes(upload.content) == content


def test_marked_file_that_comes_later_goes_before_what_still_waits(watching: Watching, archive: Any) -> None:
    card = watching.plug("card")
    for number in range(6):
        (card / f"{number}.mp4").write_bytes(os.urandom(256 << 10))
    archive.seconds_a_block = 0.1
    with watching.running():
        watching.wait(lambda: any(upload.content for upload in archive.uploads.values()))
        (card / "RO").mkdir()
        (card / "RO" / "evidence.mp4").write_bytes(b"x")
        watching.wait(lambda: len(watching.told(FileWiped)) == 7)
    order = [upload.metadata["filename"] for upload in archive.uploads.values()]
    assert order.index("evidence.mp4") < 6, "it overtook some"


def test_of_a_volume_that_is_mounted_twice_the_second_place_is_named_and_received_after_the_first(
    watching: Watching, archive: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Their files look alike."""
    monkeypatch.setattr(sources_module, "volume_of", lambda _: "1234-ABCD")
    with watching.running():
        card = watching.plug("one", "two")
        (card / "a.mp4").write_bytes(b"first")
        (watching.media / "two" / "a.mp4").write_bytes(b"other")
        watching.wait(lambda: watching.told(FileWiped))
        (left,) = watching.told(FileStays)
        assert left.file == "two"
        assert str(card) in left.reason.en
        assert f"已在 {card} 处监视" in left.reason.zh
        watching.plug("two")
        watching.wait(lambda: len(watching.told(FileWiped)) == 2)
    assert [event.label for event in watching.told(SourceFound)] == ["one", "two"]
    assert [bytes(upload.content) for upload in archive.uploads.values()] == [b"first", b"other"]
    assert list(watching.media.rglob("*.mp4")) == []


def test_names_that_were_told_are_forgotten_with_their_card(watching: Watching) -> None:
    with opened_state(watching.folder / "notes") as state:
        watcher = Watcher(watching.places, QUICK, state, MarkRules(), watching.events.append)
        (watching.plug("card") / ".hidden").write_bytes(b"x")
        watcher.look(lambda _: None)
        watching.plug()
        watcher.look(lambda _: None)
        assert not watcher._named
        watching.plug("card")
        watcher.look(lambda _: None)
    assert [event.skipped for event in watching.told(FolderListed)] == [("card/.hidden",)] * 2


def test_names_that_were_told_are_forgotten_with_their_files(watching: Watching) -> None:
    with opened_state(watching.folder / "notes") as state:
        watcher = Watcher(watching.places, QUICK, state, MarkRules(), watching.events.append)
        card = watching.plug("card")
        (card / ".stays").write_bytes(b"x")
        for number in range(3):
            coming = card / f"{number}.mp4.part"
            coming.write_bytes(b"x")
            watcher.look(lambda _: None)
            coming.unlink()
        watcher.look(lambda _: None)
        assert len(watcher._named) == 1
    told = [event.skipped for event in watching.told(FolderListed)]
    assert told == [("card/.stays", "card/0.mp4.part"), ("card/1.mp4.part",), ("card/2.mp4.part",)]


def threads_of_dock() -> set[threading.Thread]:
    """Of this process. Whoever asks a source that does not answer waits on, also after the test that made it hang."""
    return {each for each in threading.enumerate() if each.name.startswith("dock-")}


def test_notes_that_fail_while_a_place_is_looked_at_end_the_run_and_are_told(
    watching: Watching, archive: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = threads_of_dock()
    real = DockState.find_all

    def fail(state: DockState, source: str, phase: Any) -> Any:
        if source.endswith("second"):
            raise StateUnusable(state.folder, Words("database or disk is full", "磁盘已满"))
        return real(state, source, phase)

    monkeypatch.setattr(DockState, "find_all", fail)
    archive.polls_before_receipt = 10_000
    with watching.running():
        (watching.plug("first") / "a.mp4").write_bytes(b"x")
        watching.wait(lambda: watching.told(FileUploaded))
        watching.plug("first", "second")
        watching.wait(lambda: watching.result)
    assert isinstance(watching.result.stopped, StateUnusable)
    assert [type(outcome.error) for outcome in watching.result.outcomes] == [StateUnusable]
    assert threads_of_dock() - before == set()


def test_a_fault_of_ours_leaves_no_thread_that_works_with_notes_that_are_closed(
    watching: Watching, archive: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = threads_of_dock()
    look = Watcher.look

    def fail(watcher: Watcher, put: Any) -> None:
        if watching.told(FileUploaded):
            raise ZeroDivisionError
        look(watcher, put)

    monkeypatch.setattr(Watcher, "look", fail)
    archive.polls_before_receipt = 10_000
    (watching.plug("first") / "a.mp4").write_bytes(b"x")
    plan = DockPlan(archive.url, archive.token, watching.folder / "notes")
    with pytest.raises(ZeroDivisionError):
        dock_continuously(plan, watching.places, QUICK, watching.events.append, watching.stop)
    assert threads_of_dock() - before == set()


def test_a_folder_that_is_not_there_is_told_once_and_keeps_the_run_from_being_complete(
    watching: Watching, monkeypatch: pytest.MonkeyPatch
) -> None:
    there, missing = watching.folder / "there", watching.folder / "没有这个"
    there.mkdir()
    watching.places = Places((there, missing), (watching.folder / "no mounts",), watching.mounts)
    looks = count_looks(monkeypatch)
    with watching.running():
        watching.wait(lambda: len(looks) > 3)
    told = watching.told(SourceMissing)
    assert [event.path for event in told] == [str(missing), str(watching.folder / "no mounts")]
    assert told[0].reason.zh == "没有这个文件或目录"
    assert watching.result is not None
    assert watching.result.unwatched == (str(missing),)
    assert not watching.result.complete


def test_a_folder_that_comes_later_is_watched_from_then_on(watching: Watching) -> None:
    late = watching.folder / "late"
    watching.places = Places((late,))
    with watching.running():
        watching.wait(lambda: watching.told(SourceMissing))
        late.mkdir()
        (late / "a.mp4").write_bytes(b"x")
        watching.wait(lambda: watching.told(FileWiped))
    assert len(watching.told(SourceMissing)) == 1
    assert watching.result is not None
    assert watching.result.complete


def test_a_folder_that_goes_is_told_as_gone_and_not_as_missing_too(
    watching: Watching, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = watching.folder / "folder"
    folder.mkdir()
    watching.places = Places((folder,))
    looks = count_looks(monkeypatch)
    with watching.running():
        watching.wait(lambda: watching.told(SourceFound))
        folder.rmdir()
        watching.wait(lambda: watching.told(SourceGone))
        seen = len(looks)
        watching.wait(lambda: len(looks) > seen + 3)
    assert not watching.told(SourceMissing)
    assert watching.result is not None
    assert watching.result.unwatched == (str(folder),)


def test_what_takes_long_to_look_through_rests_while_nothing_goes_on_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A folder of 50,000 files that is never emptied: on a small station one look takes two seconds."""
    seconds, looked_at, listed = [0.0], [], watching_module.list_source
    (tmp_path / "card").mkdir()
    (tmp_path / "card" / "a.mp4").write_bytes(b"first")

    def list_slowly(source: Source, notes: Path | None) -> Listing:
        looked_at.append(seconds[0])
        seconds[0] += 2.0
        return listed(source, notes)

    monkeypatch.setattr(watching_module, "time", SimpleNamespace(monotonic=lambda: seconds[0]))
    monkeypatch.setattr(watching_module, "list_source", list_slowly)
    put: list[WaitingFile] = []

    def look_for(a_while: float) -> int:
        before, until = len(looked_at), seconds[0] + a_while
        while seconds[0] < until:
            watcher.look(put.append)
            seconds[0] += 5.0
        return len(looked_at) - before

    with opened_state(tmp_path / "notes") as state:
        watcher = Watcher(Places((tmp_path / "card",)), WatchTiming(), state, MarkRules(), lambda event: None)
        look_for(30.0)
        assert looked_at[:3] == [0.0, 7.0, 14.0], "at each look, until it has stayed the same for long enough"
        assert [each.file.name for each in put] == ["a.mp4"]
        assert 8 <= look_for(200.0) <= 10, "sent, and its receipt waited for: there is nothing to look for"
        watcher.settled(put[0].file, FileOutcome("a.mp4", 5))
        (tmp_path / "card" / "b.mp4").write_bytes(b"second")
        look_for(60.0)
        assert [each.file.name for each in put] == ["a.mp4", "b.mp4"]
        (tmp_path / "card").rename(tmp_path / "away")
        watcher.look(put.append)
        assert watcher.unwatched() == (str(tmp_path / "card"),), "that it is gone is seen at once"
        (tmp_path / "away").rename(tmp_path / "card")
        before = len(looked_at)
        watcher.look(put.append)
        assert len(looked_at) == before + 1
