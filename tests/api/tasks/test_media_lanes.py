"""What takes long is made apart from what is quick, and every unit gets its turn."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from api.media_tools import media_runner
from api.tasks.media import open_rendering, render_next
from ingest.media.errors import RenditionFailed
from ingest.media.sandbox import Limits
from ingest.rendering import make, shown
from ingest.rendering.blame import MOST_DEADLINES
from ingest.rendering.due import lease_due_renditions, settle
from storage.catalog.recordings import MediaJob


def encoded_only(sealing: Any, folder: Path) -> bytes:
    """A film that no browser plays."""
    path = folder / "encoded.avi"
    ffmpeg = str(media_runner(sealing.settings).tools.ffmpeg.program.path)
    source = ("-f", "lavfi", "-i", "testsrc2=size=320x180:rate=10:duration=1")
    subprocess.run([ffmpeg, "-v", "error", *source, "-c:v", "mjpeg", str(path)], check=True)
    return path.read_bytes()


def jobs_of(sealing: Any, recording: Any) -> dict[str, tuple[str, str, int]]:
    with sealing.archive.database.reading() as session:
        jobs = session.scalars(select(MediaJob).where(MediaJob.recording_id == recording.id))
        return {job.kind: (job.state, job.lane, job.attempts) for job in jobs if job.kind != "decode"}


def test_nobody_waits_for_what_has_to_be_encoded(sealing: Any, tmp_path: Path) -> None:
    slow, quick = sealing.seal(encoded_only(sealing, tmp_path)), sealing.seal(sealing.clip(tmp_path))
    rendering = open_rendering(sealing.archive)
    while render_next(rendering, "test"):
        pass
    made = ("done", "quick", 1)
    assert jobs_of(sealing, quick) == {"poster": made, "sprite": made, "proxy": made}
    assert jobs_of(sealing, slow) == {"poster": made, "sprite": made, "proxy": ("due", "slow", 0)}
    assert render_next(rendering, "test", "slow")
    assert jobs_of(sealing, slow)["proxy"] == ("done", "slow", 1)
    assert not render_next(rendering, "test", "slow")


def test_a_file_that_breaks_a_limit_costs_all_lanes_that_one(
    sealing: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried = []

    def fail(*_: object) -> None:
        tried.append(1)
        raise RenditionFailed("poster", "processor", "")

    monkeypatch.setitem(make.MAKERS, "poster", fail)
    recording = sealing.seal(sealing.clip(tmp_path))
    rendering = open_rendering(sealing.archive)
    while render_next(rendering, "test"):
        pass
    assert jobs_of(sealing, recording) == dict.fromkeys(("poster", "sprite", "proxy"), ("failed", "quick", 1))
    sealing.render()
    assert len(tried) == 1


def test_a_deadline_that_a_busy_machine_missed_is_no_end_and_gets_longer(
    sealing: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    patience = []

    def too_late(media: Path, found: object, out: Path, runner: Any, *_: object) -> None:
        patience.append(runner.patience)
        raise RenditionFailed("poster", "deadline", "")

    monkeypatch.setitem(make.MAKERS, "poster", too_late)
    recording = sealing.seal(sealing.clip(tmp_path))
    rendering = open_rendering(sealing.archive)
    for _ in range(MOST_DEADLINES + 1):
        assert jobs_of(sealing, recording)["poster"][0] == "due"
        with sealing.archive.database.transaction() as session:
            session.execute(MediaJob.__table__.update().values(leased_until=None))
        assert render_next(rendering, "test")
    assert jobs_of(sealing, recording)["poster"] == ("failed", "quick", 1)
    assert patience == [4, 8, 16, 16, 16, 16]


def test_a_film_that_a_busy_machine_did_not_look_at_in_time_has_its_copies_later(
    sealing: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recording = sealing.seal(sealing.clip(tmp_path))
    rendering = open_rendering(sealing.archive)
    monkeypatch.setattr(shown, "PROBE_LIMITS", Limits(deadline_seconds=0.0))
    assert render_next(rendering, "test")
    waits = ("due", "quick", 0)
    assert jobs_of(sealing, recording) == {"poster": waits, "sprite": waits, "proxy": waits}
    monkeypatch.undo()
    with sealing.archive.database.transaction() as session:
        session.execute(MediaJob.__table__.update().values(leased_until=None))
    sealing.render()
    assert {state for state, _, _ in jobs_of(sealing, recording).values()} == {"done"}


def test_units_take_turns_however_much_one_of_them_has_brought(sealing: Any) -> None:
    first = [sealing.seal(f"evidence {number}".encode()) for number in range(3)]
    busy = sealing.unit
    sealing.go_to_new_unit("二大队", "JB2")
    last = sealing.seal(b"evidence of another unit")
    order = []
    while due := lease_due_renditions(sealing.archive.database, "test"):
        order.append((due.recording_id, due.unit_id))
        for kind in due.kinds:
            settle(sealing.archive.database, due, kind, "seen")
    assert [recording for recording, _ in order if recording != last.id] == [recording.id for recording in first]
    assert {unit for _, unit in order[:2]} == {busy.id, sealing.unit.id}
