"""A plaintext is unpacked only where there is room for it, and whoever waits for room is in nobody's way."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select, update

import ingest.media.supervise
import ingest.rendering.work_room
from api.tasks.media import open_rendering, render_next
from ingest.rendering.ending import LONGEST_PAUSE, NO_ROOM, PAUSE
from storage.catalog.recordings import MediaJob, Rendition

RESERVE = 64 << 20


class Disk:
    """Says how much is free, and sees each time what lies in the work folder."""

    def __init__(self) -> None:
        self.free_bytes = 1 << 40
        self.most_plaintext_bytes = 0

    def __call__(self, folder: Path) -> int:
        held = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
        self.most_plaintext_bytes = max(self.most_plaintext_bytes, held)
        return self.free_bytes


@pytest.fixture
def disk(monkeypatch: pytest.MonkeyPatch) -> Iterator[Disk]:
    faked = Disk()
    monkeypatch.setattr(ingest.rendering.work_room, "free_bytes", faked)
    monkeypatch.setattr(ingest.media.supervise, "free_bytes", faked)
    return faked


def jobs_of(sealing: Any, recording: Any) -> list[Any]:
    with sealing.archive.database.reading() as session:
        left = (MediaJob.leased_until - func.now()).label("left")
        counted = MediaJob.attempts, MediaJob.deferrals, MediaJob.deadlines
        jobs = select(MediaJob.state, MediaJob.outcome, *counted, left)
        return list(session.execute(jobs.where(MediaJob.recording_id == recording.id, MediaJob.lane != "decode")))


def made_of(sealing: Any, recording: Any) -> set[str]:
    with sealing.archive.database.reading() as session:
        return set(session.scalars(select(Rendition.name).where(Rendition.recording_id == recording.id)))


def end_pauses(sealing: Any) -> None:
    with sealing.archive.database.transaction() as session:
        session.execute(update(MediaJob).values(leased_until=None))


def test_what_does_not_fit_is_not_unpacked_waits_ever_longer_and_starves_nobody(
    sealing: Any, tmp_path: Path, disk: Disk
) -> None:
    clip = sealing.clip(tmp_path)
    large, small = sealing.seal(clip + bytes(1 << 20)), sealing.seal(clip)
    rendering = open_rendering(sealing.archive)
    disk.free_bytes = RESERVE + (1 << 20)
    pauses = []
    for again in range(5):
        while render_next(rendering, "test"):
            pass
        jobs = jobs_of(sealing, large)
        assert {(job.state, job.attempts) for job in jobs} == {("due", 0)}
        assert all(job.outcome.startswith(f"{NO_ROOM}: ") for job in jobs)
        if again:  # the first time the small one is made beside it, and much of the first pause is over by then
            pauses.append(min(job.left for job in jobs))
        end_pauses(sealing)
    assert made_of(sealing, small) == {"poster", "sprite", "proxy"}
    assert disk.most_plaintext_bytes < 1 << 20
    assert all(later > 1.5 * sooner for sooner, later in itertools.pairwise(pauses))
    assert PAUSE * 0.5 < pauses[0] < pauses[-1] < LONGEST_PAUSE
    disk.free_bytes = 1 << 40
    sealing.render()
    assert made_of(sealing, large) == {"poster", "sprite", "proxy"}


def test_a_tool_that_would_take_the_reserve_is_stopped_and_its_copy_waits(
    sealing: Any, tmp_path: Path, disk: Disk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Others may fill the disk while a copy is being written."""
    recording = sealing.seal(sealing.clip(tmp_path))
    rendering = open_rendering(sealing.archive)
    monkeypatch.setattr(ingest.media.supervise, "free_bytes", lambda _: RESERVE - 1)
    assert render_next(rendering, "test")
    jobs = jobs_of(sealing, recording)
    assert {(job.state, job.attempts) for job in jobs} == {("due", 0)}
    assert made_of(sealing, recording) == set()


def test_a_disk_that_is_full_all_the_same_counts_as_no_attempt(
    sealing: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recording = sealing.seal(sealing.clip(tmp_path))
    rendering = open_rendering(sealing.archive)

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(ingest.rendering.make, "decrypt", full)
    assert render_next(rendering, "test")
    jobs = jobs_of(sealing, recording)
    assert {(job.state, job.attempts, job.deferrals, job.deadlines) for job in jobs} == {("due", 0, 1, 0)}
    assert all(job.outcome.startswith(NO_ROOM) for job in jobs)
