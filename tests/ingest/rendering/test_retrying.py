"""What was given up is made when a person says so: entered, behind what waits by then, and nothing twice."""

from __future__ import annotations

import uuid
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select, update

from api.cli.admin_copies import chosen_recording, list_copies, retry
from api.errors import UsageRefused
from api.tasks.media import open_rendering, render_next
from api.verification import verify_archive
from ingest.media.errors import RenditionFailed
from ingest.media.findings import PROBE_STOPPED, Findings, Reason
from ingest.rendering import make
from storage.catalog.recordings import MediaJob, Recording, Rendition, WholeDecoding


def unseen(code: str, **facts: str) -> Findings:
    return Findings("unreadable", (Reason(code, facts),), None, None, (), None, 1, {}, "ffprobe", "8", "none")


def jobs_of(sealing: Any, recording: Recording) -> dict[str, tuple[str, str | None]]:
    with sealing.archive.database.reading() as session:
        rows = session.scalars(select(MediaJob).where(MediaJob.recording_id == recording.id))
        return {job.kind: (job.state, job.outcome) for job in rows}


def decodings(sealing: Any) -> list[tuple[str, str | None]]:
    with sealing.archive.database.reading() as session:
        rows = session.scalars(select(WholeDecoding).order_by(WholeDecoding.decoded_at))
        return [(row.state, row.reason) for row in rows]


def state_now(sealing: Any, recording: Recording) -> str:
    with sealing.archive.database.reading() as session:
        return str(session.get_one(Recording, recording.id).state_now)


def make_all(sealing: Any) -> None:
    sealing.render()
    rendering = open_rendering(sealing.archive)
    while render_next(rendering, "test", "decode"):
        pass


def test_what_broke_a_limit_is_made_once_somebody_says_so_and_the_whole_of_it_is_decoded(
    sealing: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def fail(*_: object) -> None:
        raise RenditionFailed("proxy", "processor", "said the tool")

    recording = sealing.seal(sealing.clip(tmp_path))
    with monkeypatch.context() as broken:
        broken.setattr(make, "copy_proxy", fail)
        make_all(sealing)
    assert decodings(sealing) == [("not_decoded", "decoding_limit")]
    with sealing.archive.database.reading() as session:
        listed = {str(each["kind"]): each["outcome"] for each in list_copies(session)}
        made = session.scalars(select(Rendition.id)).all()
    over = "limit_broken: proxy: processor"
    assert listed == {"proxy": "processor: said the tool", "sprite": over, "decode": "decoding_limit"}
    facts = retry(sealing.archive, None)
    assert facts == {
        "recordings": 1,
        "copies": 3,
        "items": [{"recording_id": str(recording.id), "kinds": ["decode", "proxy", "sprite"]}],
    }
    assert sealing.entries("copies.retried") == 1
    make_all(sealing)
    assert set(jobs_of(sealing, recording).values()) == {("done", None)}
    assert decodings(sealing) == [("not_decoded", "decoding_limit"), ("intact", None)]
    assert state_now(sealing, recording) == "intact"
    with sealing.archive.database.reading() as session:
        assert set(made) < set(session.scalars(select(Rendition.id)))
        assert list_copies(session) == []
    assert retry(sealing.archive, None)["copies"] == 0
    sealing.settle()
    assert verify_archive(sealing.archive, 0).findings == ()


def test_what_a_first_look_broke_keeps_nobody_from_trying_when_he_says_so(sealing: Any, tmp_path: Path) -> None:
    custody = sealing.custody
    sealing.custody = replace(custody, probe=lambda _: unseen(PROBE_STOPPED, by="processor"))
    recording = sealing.seal(sealing.clip(tmp_path))
    make_all(sealing)
    assert {state for state, _ in jobs_of(sealing, recording).values()} == {"failed", "nothing"}
    assert retry(sealing.archive, recording.id)["copies"] == 4
    make_all(sealing)
    found = jobs_of(sealing, recording)
    assert {found[kind] for kind in ("poster", "sprite", "proxy")} == {("done", None)}


def test_of_one_that_is_named_whatever_is_not_made_is_due_and_queues_behind_what_waits(
    sealing: Any, tmp_path: Path
) -> None:
    recording = sealing.seal(b"no film at all")
    make_all(sealing)
    assert {state for state, _ in jobs_of(sealing, recording).values()} == {"nothing"}
    assert retry(sealing.archive, None)["copies"] == 0
    waiting = sealing.seal(sealing.clip(tmp_path))
    assert retry(sealing.archive, recording.id)["copies"] == 4
    with sealing.archive.database.reading() as session:
        oldest = select(MediaJob.recording_id, func.min(MediaJob.created_at)).group_by(MediaJob.recording_id)
        since = {row[0]: row[1] for row in session.execute(oldest)}
        lanes = {job.kind: job.lane for job in session.scalars(select(MediaJob))}
    assert since[waiting.id] < since[recording.id]
    assert lanes == {"poster": "quick", "sprite": "quick", "proxy": "quick", "decode": "decode"}
    with pytest.raises(UsageRefused):
        retry(sealing.archive, recording.id)


def test_all_that_failed_is_tried_again_however_much_that_is(
    sealing: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("ingest.rendering.retrying.find_given_up.__defaults__", (2,))
    recordings = [sealing.seal(f"no film {number}".encode()) for number in range(5)]
    with sealing.archive.database.transaction() as session:
        session.execute(update(MediaJob).values(state="failed", outcome="output: ", finished_at=func.now()))
    facts = retry(sealing.archive, None)
    assert (facts["recordings"], facts["copies"]) == (5, 20)
    assert sealing.entries("copies.retried") == 5
    assert all({state for state, _ in jobs_of(sealing, each).values()} == {"due"} for each in recordings)


@pytest.mark.parametrize(("failed", "recording"), [(False, None), (True, str(uuid.UUID(int=7))), (False, "a film")])
def test_it_is_said_which_are_meant(failed: bool, recording: str | None) -> None:
    with pytest.raises(UsageRefused):
        chosen_recording(failed, recording)
