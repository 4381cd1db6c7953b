"""An archive that is away is said once for all files, seldom while it lasts, and then that it is back."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import ingest.dock.patience as patience_module
from ingest.dock.agent import DockPlan, dock_folder
from ingest.dock.events import ArchiveAway, ArchiveBack, Event, Paused, ReceiptHeld
from ingest.dock.outage import Outage
from ingest.dock.words import Words

REFUSED = Words("connection refused", "对方拒绝连接")


class Watched:
    """An outage whose clock is ours; `said` in order: ("away", lasts) or ("back", lasted)."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.said: list[tuple[str, float]] = []
        self.outage = Outage(self._hear, lambda: self.now)

    def _hear(self, event: ArchiveAway | ArchiveBack) -> None:
        if isinstance(event, ArchiveAway):
            self.said.append(("away", event.lasts_seconds))
        else:
            self.said.append(("back", event.lasted_seconds))

    def met(self, *parties: str, wait_seconds: float = 15.0) -> None:
        for party in parties:
            self.outage.met(party, REFUSED, wait_seconds)


def test_many_files_in_the_same_trouble_are_one_line_and_one_when_it_is_over() -> None:
    watched = Watched()
    watched.met(*"abcdef")
    watched.now += 15
    watched.met(*"abcdef")
    assert watched.said == [("away", 0.0)]
    watched.outage.answered("c")
    watched.outage.answered("d")
    assert watched.said == [("away", 0.0), ("back", 15.0)]


def test_what_lasts_is_said_again_after_one_minute_three_and_seven() -> None:
    watched = Watched()
    for _ in range(10 * 60):
        watched.met("a", wait_seconds=1.0)
        watched.now += 1
    assert watched.said == [("away", 1.0), ("away", 61.0), ("away", 181.0), ("away", 421.0)]


def test_a_cut_that_the_next_attempt_mends_is_nobodys_news() -> None:
    watched = Watched()
    for _ in range(5):
        watched.met("a", wait_seconds=0.2)
        watched.now += 0.3
        watched.outage.answered("a")
    assert watched.said == []


def test_where_one_node_is_away_the_answers_of_others_do_not_end_it() -> None:
    watched = Watched()
    watched.met("a")
    watched.now += 10
    watched.outage.answered("b")
    watched.met("a")
    assert watched.said == [("away", 0.0)]
    # Whoever was in trouble is there no more: its file was left. Then anybody's answer ends it.
    watched.now += 31
    watched.outage.answered("b")
    assert watched.said == [("away", 0.0), ("back", 41.0)]


def test_a_run_over_many_files_tells_of_an_archive_that_goes_and_comes_back_once(
    archive: Any, tmp_path: Path, monkeypatch: Any
) -> None:
    monkeypatch.setattr("ingest.dock.outage._WORTH_SAYING_SECONDS", 0.0)
    monkeypatch.setattr(patience_module, "_LONGEST_PAUSE_SECONDS", 0.3)
    card = tmp_path / "card"
    card.mkdir()
    for number in range(6):
        (card / f"{number}.mp4").write_bytes(b"x" * 1000)
    events: list[Event] = []
    refusals = [20]

    def away(method: str, path: str) -> Any:
        if method == "GET" or refusals[0] == 0:
            return None
        refusals[0] -= 1
        return 503, {}, b""

    archive.before = away
    plan = DockPlan(archive.url, archive.token, tmp_path / "notes", report_seconds=3600)
    assert dock_folder(plan, card, events.append, threading.Event()).complete
    told = [event for event in events if isinstance(event, ArchiveAway | ArchiveBack)]
    assert [type(event) for event in told[:2]] == [ArchiveAway, ArchiveBack]
    assert len(told) < 2 * len([event for event in events if isinstance(event, Paused)])
    assert all(event.archive_away for event in events if isinstance(event, Paused))
    assert isinstance(told[-1], ArchiveBack)
    assert len([event for event in events if isinstance(event, ReceiptHeld)]) == 6
