"""Whoever waits for a receipt that never comes holds up nobody who waits for another."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest

from ingest.dock import waiting_room
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
    left = {"soon": 2, "late": 2}

    def ask(name: str, seconds: float) -> Callable[[], float | None]:
        def once() -> float | None:
            told.append(name)
            left[name] -= 1
            return seconds if left[name] > 0 and not stop.is_set() else None

        return once

    room.put(ask("late", 3600.0))
    room.put(ask("soon", 0.01))
    room.open()
    eventually(lambda: sorted(told) == ["late", "soon", "soon"])
    stop.set()
    room.close()
    assert sorted(told) == ["late", "late", "soon", "soon"]


def sealing_one_by_one(files: int, told: list[int]) -> Callable[[int], Callable[[], float | None]]:
    """Each file is sealed once it was asked for, and all before it are: as an archive does that has much to do."""
    sealed, turn = [False] * files, threading.Lock()

    def ask(number: int) -> Callable[[], float | None]:
        def once() -> float | None:
            with turn:
                told.append(number)
                sealed[number] = all(sealed[max(0, number - 3) : number])
                return None if sealed[number] else 0.01

        return once

    return ask


def test_of_many_that_wait_those_are_asked_for_that_came_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(waiting_room, "_MOST_ASKED_FOR", 4)
    told: list[int] = []
    room, ask = WaitingRoom(threading.Event(), 2), sealing_one_by_one(1000, told)
    for number in range(1000):
        room.put(ask(number))
    room.open()
    room.close()
    assert set(told) == set(range(1000))
    assert all(number <= 4 + len(set(told[:place])) for place, number in enumerate(told)), "no more at once"
    assert len(told) < 5000, "each a few times, however long the last had to wait"


def test_what_is_asked_for_in_vain_lets_in_the_next(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(waiting_room, "_MOST_ASKED_FOR", 4)
    monkeypatch.setattr(waiting_room, "_IN_VAIN_SECONDS", 0.1)
    stop, received = threading.Event(), threading.Event()
    room = WaitingRoom(stop, 2)
    for _ in range(20):
        room.put(lambda: None if stop.is_set() else 0.02)
    room.put(received.set)
    room.open()
    assert received.wait(60)
    stop.set()
    room.close()


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
