"""A film that lost its index: sealed as it is, recovered with a sibling's help, and every copy accounted for."""

from __future__ import annotations

import subprocess
import threading
import time
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, text

from api.media_tools import media_runner
from api.tasks.media import open_rendering
from api.verification import verify_archive
from ingest.lease import given_back
from ingest.rendering.asking import ask_for_recovery, make_due
from ingest.rendering.due import lease_due_renditions
from ingest.rendering.errors import RecoveryNotPossible, RecoveryUnderWay
from ingest.rendering.make import make_due_renditions
from retention.errors import DeedNotAllowed
from storage.catalog.recordings import MediaJob, Recording, Rendition


def film(sealing: Any, folder: Path, seed: int, *options: str) -> bytes:
    program = media_runner(sealing.settings).tools.ffmpeg.program.path
    path = folder / f"film-{seed}.mp4"
    source = f"testsrc2=size=320x180:rate=25:duration=2,noise=alls=20:all_seed={seed}"
    encode = ("-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", *options)
    subprocess.run([program, "-v", "error", "-f", "lavfi", "-i", source, *encode, path], check=True)
    return path.read_bytes()


def without_index(content: bytes) -> bytes:
    return content[: int(content.index(b"moov") * 0.9)]


def states(sealing: Any, recording: Recording) -> dict[str, tuple[str, str | None]]:
    with sealing.archive.database.reading() as session:
        copies = MediaJob.recording_id == recording.id, MediaJob.kind != "decode"
        return {job.kind: (job.state, job.outcome) for job in session.scalars(select(MediaJob).where(*copies))}


def renditions(sealing: Any, recording: Recording) -> dict[str, Rendition]:
    with sealing.archive.database.reading() as session:
        rows = session.scalars(select(Rendition).where(Rendition.recording_id == recording.id))
        return {row.name: row for row in rows}


def test_a_sibling_of_the_same_recorder_helps_by_itself(sealing: Any, tmp_path: Path) -> None:
    whole = sealing.seal(film(sealing, tmp_path, 1), "AB00001_000123_20260101093000.MP4")
    torn = sealing.seal(without_index(film(sealing, tmp_path, 2)), "AB00001_000123_20260101100000.MP4")
    assert torn.media_state == "damaged"
    sealing.render()
    assert set(states(sealing, torn)) == {"recovery", "poster", "sprite", "proxy"}
    assert "recovery" not in states(sealing, whole)
    made = renditions(sealing, torn)
    assert set(made) == {"recovery", "poster", "sprite", "proxy"}
    assert made["recovery"].settings[:2] == ["liuhen-salvage/1", f"parameter-sets=recording:{whole.id}"]
    assert made["proxy"].settings[0] == "of=recovery"
    assert {row.parent_sha256 for row in made.values()} == {torn.sha256}
    sealing.settle()
    assert verify_archive(sealing.archive, 0).findings == ()


def test_a_person_names_the_reference_and_it_is_entered(sealing: Any, tmp_path: Path) -> None:
    torn = sealing.seal(without_index(film(sealing, tmp_path, 3)), "AB00002_000123_20260101100000.MP4")
    whole = sealing.seal(film(sealing, tmp_path, 4), "AB00001_000123_20260101093000.MP4")
    sealing.render()
    assert states(sealing, torn)["recovery"] == ("nothing", "reference_needed")
    assert states(sealing, torn)["proxy"][0] == "nothing"

    def ask(name: str, recording: Recording, reference: Recording) -> None:
        with sealing.archive.database.transaction() as session:
            ask_for_recovery(session, sealing.people[name], recording.id, reference.id)

    with pytest.raises(RecoveryNotPossible, match="its index is there"):
        ask("officer", whole, torn)
    with pytest.raises(RecoveryNotPossible, match="no whole"):
        ask("officer", torn, torn)
    sealing.people["other"].role = "publisher"
    with pytest.raises(DeedNotAllowed):
        ask("other", torn, whole)
    ask("officer", torn, whole)
    assert sealing.entries("recovery.asked") == 1
    assert {state for state, _ in states(sealing, torn).values()} == {"due"}
    with pytest.raises(RecoveryUnderWay):
        ask("officer", torn, whole)
    due = lease_due_renditions(sealing.archive.database, "test")
    assert due is not None
    for _ in range(3):
        with pytest.raises(RecoveryUnderWay):
            ask("officer", torn, whole)
    with sealing.archive.database.transaction() as session:
        assert due.lease.write(session, **given_back())
    sealing.render()
    assert states(sealing, torn)["recovery"] == ("done", None)
    assert states(sealing, torn)["proxy"] == ("done", None)
    with pytest.raises(RecoveryNotPossible, match="has been recovered"):
        ask("officer", torn, whole)
    sealing.settle()
    assert verify_archive(sealing.archive, 0).findings == ()


def test_whoever_asks_and_whoever_records_a_copy_never_wait_for_each_other(sealing: Any, tmp_path: Path) -> None:
    recording = sealing.seal(sealing.clip(tmp_path))
    due = lease_due_renditions(sealing.archive.database, "test")
    assert due is not None
    worker = threading.Thread(target=make_due_renditions, args=(due, open_rendering(sealing.archive)))
    with sealing.archive.database.transaction() as session:
        locked = select(Recording).where(Recording.id == recording.id).with_for_update(key_share=True)
        row = session.scalars(locked).one()
        worker.start()
        await_waiting(sealing)
        with pytest.raises(RecoveryUnderWay):
            make_due(session, row, recording.id)
    worker.join()
    assert {state for state, _ in states(sealing, recording).values()} == {"done"}


def await_waiting(sealing: Any) -> None:
    """Until a session waits for a lock."""
    waiting = text(
        "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
    )
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        with sealing.archive.database.reading() as session:
            if session.scalar(waiting):
                return
        time.sleep(0.05)
    raise AssertionError("nobody waited for the recording")
