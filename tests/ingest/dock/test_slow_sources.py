"""A card that hangs is said to, and holds up nobody else: not who looks, not who sends, not who removes."""

from __future__ import annotations

import io
import os
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

import ingest.dock.slow_sources as slow_sources_module
import ingest.dock.touches as touches_module
from ingest.dock.bars import Bars
from ingest.dock.events import FileStays, FileWiped, ReceiptHeld, SourceAnswers, SourceGone, SourceSlow
from ingest.dock.slow_sources import SlowSources
from ingest.dock.source import Source
from ingest.dock.sources import Places
from tests.ingest.dock.watching import Watching

SLOW_SECONDS = 1.5  # A busy machine keeps a card that is well waiting for less.


class Hanging:
    """Calls of the system that concern `folder` do not return until `release`."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
        self._patch = monkeypatch
        self._folder = str(folder)
        self._released = threading.Event()
        self.waiting = 0

    def hang(self, name: str, where: Callable[..., Any]) -> None:
        """From now on `os.name` does, of whose arguments `where` names the path, or a descriptor of it."""
        real = getattr(os, name)

        def hanging(*arguments: Any, **named: Any) -> Any:
            place = where(*arguments, **named)
            if isinstance(place, int):
                place = Path(f"/proc/self/fd/{place}").readlink()
            if str(place).startswith(self._folder) and not self._released.is_set():
                self.waiting += 1
                self._released.wait(60)
            return real(*arguments, **named)

        self._patch.setattr(os, name, hanging)

    def release(self) -> None:
        self._released.set()


@pytest.fixture
def hanging(watching: Watching, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hanging]:
    monkeypatch.setattr(touches_module, "SLOW_SECONDS", SLOW_SECONDS)
    monkeypatch.setattr(slow_sources_module, "_LOOK_SECONDS", 0.05)
    hanging = Hanging(monkeypatch, watching.media / "hangs")
    yield hanging
    hanging.release()


def first(place: Any = "", *_: Any, **__: Any) -> Any:
    return place


def plug_two(watching: Watching) -> tuple[Path, Path]:
    watching.plug("hangs", "well")
    hangs, well = watching.media / "hangs", watching.media / "well"
    for number in range(4):
        (hangs / f"{number}.mp4").write_bytes(b"%d on the one that hangs" % number)
        (well / f"{number}.mp4").write_bytes(b"%d on the other" % number)
    return hangs, well


def wiped_of(watching: Watching, label: str) -> int:
    return sum(event.file.startswith(f"{label}/") for event in watching.told(FileWiped))


@pytest.mark.parametrize(
    ("call", "where"),
    [
        ("scandir", first),  # as it is looked at
        ("pread", first),  # as its files are read
        ("unlink", lambda path, dir_fd=None: path if dir_fd is None else dir_fd),  # as they are removed
    ],
)
def test_a_card_that_hangs_is_told_and_all_others_are_taken_over_meanwhile(
    watching: Watching, archive: Any, hanging: Hanging, call: str, where: Any
) -> None:
    hanging.hang(call, where)
    hangs, well = plug_two(watching)
    with watching.running():
        watching.wait(lambda: hanging.waiting)
        watching.wait(lambda: wiped_of(watching, "well") == 4)
        (well / "later.mp4").write_bytes(b"and what comes there later")
        watching.wait(lambda: wiped_of(watching, "well") == 5)
        watching.wait(lambda: watching.told(SourceSlow))
        assert wiped_of(watching, "hangs") == 0
        hanging.release()
        watching.wait(lambda: wiped_of(watching, "hangs") == 4)
        watching.wait(lambda: watching.told(SourceAnswers))
    slow, answers = watching.told(SourceSlow)[0], watching.told(SourceAnswers)[0]
    assert (slow.label, slow.path) == (answers.label, answers.path) == ("hangs", str(hangs))
    assert SLOW_SECONDS <= slow.lasts_seconds <= answers.lasted_seconds
    assert not watching.told(SourceGone)
    assert watching.result is not None
    assert watching.result.complete
    assert len(archive.uploads) == 9


def test_an_agent_that_is_stopped_does_not_wait_for_a_card_that_hangs(
    watching: Watching, archive: Any, hanging: Hanging
) -> None:
    hanging.hang("pread", first)
    hangs, _ = plug_two(watching)
    with watching.running():
        watching.wait(lambda: wiped_of(watching, "well") == 4 and watching.told(SourceSlow))
        began = time.monotonic()
        watching.stop.set()
        watching.wait(lambda: watching.result)
    assert time.monotonic() - began < 20
    assert watching.result is not None
    assert watching.result.ended_on_request
    assert [outcome.name for outcome in watching.result.outcomes] == [f"hangs/{number}.mp4" for number in range(4)]
    left = watching.told(FileStays)
    assert sorted(event.file for event in left) == [f"hangs/{number}.mp4" for number in range(4)]
    hanging.release()
    time.sleep(0.5)
    assert watching.told(FileStays) == left, "what was given up says nothing more"
    assert len(list(hangs.iterdir())) == 4


def test_a_folder_that_hangs_before_anybody_knows_whether_it_is_there(
    watching: Watching, archive: Any, hanging: Hanging
) -> None:
    """A network folder whose server is gone, say."""
    hangs, well = (watching.media / name for name in ("hangs", "well"))
    well.mkdir()
    (well / "a.mp4").write_bytes(b"x")
    watching.places = Places((hangs, well))
    hanging.hang("stat", first)
    with watching.running():
        watching.wait(lambda: watching.told(FileWiped) and watching.told(SourceSlow))
    assert [event.path for event in watching.told(SourceSlow)] == [str(hangs)]
    assert watching.result is not None
    assert watching.result.unwatched == (str(hangs),)
    assert not watching.result.complete


def test_a_single_folder_that_hangs_is_told_as_well(
    docking: Any, archive: Any, hanging: Hanging, monkeypatch: pytest.MonkeyPatch
) -> None:
    hanging = Hanging(monkeypatch, docking.folder)
    hanging.hang("pread", first)
    docking.write("a.mp4", b"x")

    def hear(event: Any) -> None:
        docking.events.append(event)
        if isinstance(event, SourceSlow):
            hanging.release()

    assert docking.run(tell=hear).complete
    assert [event.label for event in docking.told(SourceSlow)] == [str(docking.folder)]
    assert docking.told(ReceiptHeld)


def test_as_many_are_sent_at_once_as_before_and_no_more_once_it_answers_again(
    watching: Watching, archive: Any, hanging: Hanging, monkeypatch: pytest.MonkeyPatch
) -> None:
    hanging.hang("pread", first)
    _, well = plug_two(watching)
    with watching.running():
        watching.wait(lambda: watching.told(SourceSlow) and wiped_of(watching, "well") == 4)
        monkeypatch.setattr(touches_module, "SLOW_SECONDS", 60.0)
        hanging.release()
        watching.wait(lambda: wiped_of(watching, "hangs") == 4)
        for number in range(8):
            (well / f"more {number}.mp4").write_bytes(os.urandom(100_000))
        watching.wait(lambda: wiped_of(watching, "well") == 12)
        senders = [each for each in threading.enumerate() if each.name.startswith("dock-send")]
    assert len(senders) == 3


def test_a_card_that_goes_on_by_fits_and_starts_is_told_of_ever_more_seldom(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(touches_module, "SLOW_SECONDS", 0.0)
    told: list[Any] = []
    source = Source(Path("/media/card"), label="card")
    slow = SlowSources(lambda: (source,), told.append)
    for _ in range(5):
        with source.touches.one():
            slow.look()
        monkeypatch.setattr(touches_module, "SLOW_SECONDS", 60.0)
        slow.look()
        monkeypatch.setattr(touches_module, "SLOW_SECONDS", 0.0)
    assert [type(event) for event in told] == [SourceSlow, SourceAnswers]


def test_a_person_is_told_what_hangs_that_nothing_else_does_and_what_to_do() -> None:
    screen = io.StringIO()
    with Bars(Console(file=screen, width=400), each_file=True) as tell:
        tell(SourceSlow("记录仪 1", "/media/1", 75.2))
        tell(SourceAnswers("记录仪 1", "/media/1", 80.0))
    slow, answers, *_ = screen.getvalue().splitlines()
    assert slow.startswith("没有响应：记录仪 1，已等待 1 分 15 秒；其他来源不受影响，恢复后自动继续。")
    assert "not answering: 记录仪 1, waited for 1 min 15 s" in slow
    assert answers.startswith("已恢复响应，继续：记录仪 1（历时 1 分 20 秒）")
