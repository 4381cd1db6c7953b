"""Whoever waits for a receipt that never comes holds up nobody who waits for another."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest

from ingest.dock.errors import NoProgress, NotSealedYet, TryAgain
from ingest.dock.events import ReceiptHeld
from ingest.dock.patience import Patience, Retries
from ingest.dock.waiting_room import WaitingRoom
from ingest.dock.words import Words

WAIT = Words("wait", "等")


def eventually(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 120
    while not holds():
        assert time.monotonic() < deadline, "it never came about"
        time.sleep(0.01)


@pytest.mark.parametrize("wipe", [False, True])
def test_many_uploads_that_are_never_sealed_hold_up_no_other_receipt(docking: Any, archive: Any, wipe: bool) -> None:
    names = [f"stuck-{number:02}.mp4" for number in range(40)]
    for name in names:
        docking.write(name, name.encode())

    def never_sealed(method: str, path: str) -> tuple[int, dict[str, str], bytes] | None:
        upload = archive.uploads.get(path.split("/")[4]) if path.endswith("/receipt") and method == "GET" else None
        return (202, {"Retry-After": "0"}, b"") if upload and upload.metadata["filename"] in names else None

    archive.before = never_sealed
    path = docking.write("good.mp4", b"good")
    os.utime(path, (1, 1))  # The newest are sent first: this one comes after all the others.
    running = threading.Thread(target=docking.run, kwargs={"give_up_seconds": 600.0, "wipe": wipe})
    running.start()
    try:
        eventually(lambda: [each.file for each in docking.told(ReceiptHeld)] == ["good.mp4"])
        eventually(lambda: path.exists() is not wipe)
        eventually(lambda: len(archive.sealed_names()) == 41)
    finally:
        docking.stop.set()
        running.join()


def test_each_is_asked_in_its_time_and_at_the_end_all_are() -> None:
    stop, told = threading.Event(), list[str]()
    room = WaitingRoom(stop, 2)
    left = {"soon": 2, "late": 1}

    def ask(name: str, seconds: float) -> Callable[[], float | None]:
        def once() -> float | None:
            told.append(name)
            left[name] -= 1
            return seconds if left[name] > 0 and not stop.is_set() else None

        return once

    room.put(ask("late", 0.0), 3600.0)
    room.put(ask("soon", 0.01))
    room.open()
    eventually(lambda: told == ["soon", "soon"])
    stop.set()
    room.close()
    assert told == ["soon", "soon", "late"]


def test_what_is_not_sealed_is_asked_for_ever_more_seldom_but_never_later_than_a_quarter_of_a_minute(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    now = [0.0]
    monkeypatch.setattr("ingest.dock.patience.time.monotonic", lambda: now[0])
    retries = Retries(Patience(10_000.0, threading.Event()), lambda reason, seconds, away: None)
    asked = []
    for at in (0.0, 1.0, 10.0, 100.0, 1000.0):
        now[0] = at
        asked.append(retries.until_next(NotSealedYet(WAIT, 0.0)))
    assert asked == [0.2, 0.2, 1.0, 10.0, 15.0]
    assert retries.until_next(NotSealedYet(WAIT, 60.0)) == 60.0
    now[0] = 20_000.0
    with pytest.raises(NoProgress):
        retries.until_next(TryAgain(WAIT))
