"""Housekeeping reads on in the stored objects, a little at a time, behind sealing, and says what it finds."""

from __future__ import annotations

import os
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select, update
from structlog.testing import capture_logs

from api.pace import BESIDE_SEALING, BURST_SECONDS
from api.scrubbing import SteadyScrub
from ingest.objects.look import PIECE_BYTES
from ingest.scrub.conclusion import Seen
from storage.catalog.object_looks import ObjectLook

CONTENT = b"no picture, but evidence\n" * 1000


class Clock:
    """Seconds that pass when a test says so."""

    now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def age(sealing: Any, days: int = 31) -> None:
    with sealing.archive.database.transaction() as session:
        session.execute(update(ObjectLook).values(looked_at=func.now() - timedelta(days=days)))


def wake(scrub: SteadyScrub, clock: Clock, times: int, seconds: float = 1.0) -> list[Seen]:
    seen: list[Seen] = []
    for _ in range(times):
        clock.now += seconds
        seen += scrub.go_on()
    return seen


def steady(sealing: Any, rate: int, clock: Clock) -> SteadyScrub:
    settings = sealing.archive.settings.model_copy(update={"scrub_rate": rate})
    object.__setattr__(sealing.archive, "settings", settings)
    return SteadyScrub(sealing.archive, clock)


def test_a_large_object_is_read_over_many_wake_ups_at_the_rate_that_is_set(sealing: Any, clock: Clock) -> None:
    recording = sealing.seal(os.urandom(9 << 20))
    age(sealing)
    scrub = steady(sealing, PIECE_BYTES, clock)
    assert wake(scrub, clock, 9) == []
    assert [each.due.id for each in wake(scrub, clock, 1)] == [recording.id]
    assert wake(scrub, clock, 100) == [], "its next turn is in a month"


def test_what_was_asleep_for_an_hour_makes_nothing_up(sealing: Any, clock: Clock) -> None:
    sealing.seal(os.urandom(9 << 20))
    age(sealing)
    scrub = steady(sealing, PIECE_BYTES, clock)
    assert wake(scrub, clock, 1, 3600.0) == []
    with sealing.archive.database.reading() as session:
        assert session.scalar(select(func.count()).where(ObjectLook.leased_by.is_not(None))) == 1
    assert wake(scrub, clock, 1, 0.0) == []
    assert BURST_SECONDS * PIECE_BYTES < 9 << 20


def test_sealing_comes_first(sealing: Any, clock: Clock) -> None:
    sealing.seal(os.urandom(3 << 20))
    age(sealing)
    sealing.stage(CONTENT, "b.mp4")
    scrub = steady(sealing, PIECE_BYTES, clock)
    pieces = 4  # three MiB, and what encryption adds
    assert wake(scrub, clock, (pieces - 1) * int(1 / BESIDE_SEALING)) == []
    assert len(wake(scrub, clock, 2 * int(1 / BESIDE_SEALING))) == 1


def test_what_is_found_is_entered_and_said_in_the_log(sealing: Any, clock: Clock) -> None:
    recording = sealing.seal(CONTENT)
    age(sealing)
    path = Path(sealing.settings.data / "objects" / recording.object_name)
    content = path.read_bytes()
    path.unlink()
    scrub = steady(sealing, 32 << 20, clock)
    with capture_logs() as said:
        assert [each.found for each in wake(scrub, clock, 1)] == ["missing"]
    assert [(each["event"], each["log_level"]) for each in said] == [("scrub.lost", "error")]
    assert sealing.entries("recording.object_lost") == 1
    path.write_bytes(content)
    age(sealing, days=1)
    with capture_logs() as said:
        assert [each.found for each in wake(scrub, clock, 40)] == ["whole"], "what is lost does not wait for its round"
    assert [each["event"] for each in said] == ["scrub.whole_again"]


def test_a_store_that_is_away_is_waited_for(sealing: Any, clock: Clock) -> None:
    recording = sealing.seal(CONTENT)
    age(sealing)
    sealing.settle()
    sealing.stop_sequencing()
    objects = Path(sealing.settings.data / "objects")
    mounted = objects.rename(objects.with_name("on the disk"))
    objects.mkdir()
    scrub = steady(sealing, 32 << 20, clock)
    with capture_logs() as said:
        assert wake(scrub, clock, 100) == []
    waits = [each["error"] for each in said if each["event"] == "scrub.waits"]
    assert 1 < len(waits) < 10
    assert set(waits) == {"StoreLacksLedger"}
    objects.rmdir()
    mounted.rename(objects)
    assert [(each.due.id, each.found) for each in wake(scrub, clock, 40)] == [(recording.id, "whole")]
    assert sealing.entries("recording.object_lost") == 0
