"""An agent that stays, and cards that are plugged in and out: what it told of each."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from ingest.dock.agent import DockPlan, DockResult, dock_continuously
from ingest.dock.events import Event
from ingest.dock.sources import Places
from ingest.dock.watching import Watcher, WatchTiming

QUICK = WatchTiming(poll_seconds=0.05, settle_seconds=0.2, retry_seconds=0.2)


def mountinfo_line(path: Path, kind: str = "vfat") -> str:
    device = path.stat().st_dev if path.exists() else 0
    escaped = str(path).replace(" ", "\\040")
    return f"40 28 {os.major(device)}:{os.minor(device)} / {escaped} rw,nosuid shared:1 - {kind} /dev/sdb1 rw\n"


@dataclass
class Watching:
    archive: Any
    folder: Path
    timing: WatchTiming = QUICK
    events: list[Event] = field(default_factory=list)
    result: DockResult | None = None
    broken: BaseException | None = None
    hear: Callable[[Event], None] | None = None

    def __post_init__(self) -> None:
        self.media = self.folder / "media"
        self.media.mkdir()
        self.mounts = self.folder / "mountinfo"
        self.mounts.write_text("")
        self.places = Places(mounts=(self.media,), mountinfo=self.mounts)
        self.stop = threading.Event()

    @contextmanager
    def running(self, wipe: bool = True) -> Iterator[None]:
        plan = DockPlan(self.archive.url, self.archive.token, self.folder / "notes", wipe=wipe)

        def work() -> None:
            try:
                self.result = dock_continuously(
                    plan, self.places, self.timing, self.hear or self.events.append, self.stop
                )
            except BaseException as error:
                self.broken = error

        thread = threading.Thread(target=work)
        thread.start()
        try:
            yield
        finally:
            self.stop.set()
            thread.join(60)
        assert self.broken is None
        assert not thread.is_alive()

    def plug(self, *names: str) -> Path:
        """Mount cards of these names, and no others."""
        for name in names:
            (self.media / name).mkdir(exist_ok=True)
        self.mounts.write_text("".join(mountinfo_line(self.media / name) for name in names))
        return self.media / names[0] if names else self.media

    def told(self, kind: type) -> list[Any]:
        return [event for event in self.events if isinstance(event, kind)]

    def wait(self, reached: Callable[[], object]) -> None:
        deadline = time.monotonic() + 60
        while not reached():
            assert self.broken is None, self.broken
            assert time.monotonic() < deadline, self.events
            time.sleep(0.01)


def count_looks(monkeypatch: pytest.MonkeyPatch) -> list[None]:
    """One entry for each look that has come to its end."""
    looks: list[None] = []
    look = Watcher.look

    def counted(self: Watcher, put: Any) -> None:
        look(self, put)
        looks.append(None)

    monkeypatch.setattr(Watcher, "look", counted)
    return looks
