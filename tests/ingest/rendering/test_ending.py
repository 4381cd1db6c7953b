"""A rendition that broke a limit has failed for good; one that failed otherwise is tried again."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, update

from api.tasks.media import open_rendering, render_next
from ingest.media.errors import RenditionFailed
from ingest.media.findings import PROBE_STOPPED, Findings, Reason
from ingest.rendering import make
from ingest.rendering.blame import MOST_DEADLINES
from ingest.rendering.ending import NotInTime
from storage.catalog.recordings import MediaJob, WholeDecoding


def change(sealing: Any, **values: Any) -> None:
    with sealing.archive.database.transaction() as session:
        session.execute(update(MediaJob).values(**values))


def jobs_of(sealing: Any) -> dict[str, tuple[str, str | None]]:
    with sealing.archive.database.reading() as session:
        return {job.kind: (job.state, job.outcome) for job in session.scalars(select(MediaJob))}


@pytest.mark.parametrize(
    ("reason", "state", "attempts"),
    [
        *(("processor", "failed", 1), ("stalled", "failed", 1), ("output", "failed", 1)),
        *(("exit code 1", "due", 1), ("signal 9", "due", 1), ("deadline", "due", 0)),
    ],
)
def test_a_bomb_costs_one_limit_and_a_mishap_a_repeat(
    sealing: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, reason: str, state: str, attempts: int
) -> None:
    def fail(*_: object) -> None:
        raise RenditionFailed("proxy", reason, "said the tool")

    monkeypatch.setattr(make, "copy_proxy", fail)
    sealing.seal(sealing.clip(tmp_path))
    assert render_next(open_rendering(sealing.archive), "test")
    with sealing.archive.database.reading() as session:
        job = session.scalars(select(MediaJob).where(MediaJob.kind == "proxy")).one()
        assert (job.state, job.attempts, job.outcome) == (state, attempts, f"{reason}: said the tool")
        others = {job.kind: (job.state, job.outcome) for job in session.scalars(select(MediaJob))}
    assert others["poster"] == ("done", None)
    rest = ("failed", f"limit_broken: proxy: {reason}") if state == "failed" else ("due", None)
    assert others["sprite"] == rest


def test_no_lane_tries_what_broke_a_limit_in_another_and_it_is_entered_that_nobody_decoded_it(
    sealing: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    looked: list[Path] = []

    def fail(*_: object) -> None:
        raise RenditionFailed("proxy", "processor", "said the tool")

    sealing.seal(sealing.clip(tmp_path))
    rendering = open_rendering(sealing.archive)
    monkeypatch.setattr(make, "copy_proxy", fail)
    assert render_next(rendering, "test")
    monkeypatch.setattr(make, "look_at", lambda media, *_: looked.append(media))
    assert not render_next(rendering, "test", "slow")
    assert render_next(rendering, "test", "decode")
    assert not render_next(rendering, "test", "decode")
    assert looked == []
    with sealing.archive.database.reading() as session:
        assert not session.scalars(select(MediaJob.id).where(MediaJob.state == "due")).all()
        decoding = session.scalars(select(WholeDecoding)).one()
    assert (decoding.state, decoding.reason, decoding.way) == ("not_decoded", "decoding_limit", "decode")
    assert sealing.entries("recording.decoded") == 1


def test_what_broke_a_limit_when_it_was_first_looked_at_is_looked_at_no_more(
    sealing: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    found = Findings(
        "unreadable", (Reason(PROBE_STOPPED, {"by": "processor"}),), None, None, (), None, 1, {}, "ffprobe", "8", "none"
    )
    sealing.custody = replace(sealing.custody, probe=lambda path: found)
    sealing.seal(sealing.clip(tmp_path))
    monkeypatch.setattr(make, "decrypt_original", lambda *_: pytest.fail("it was unpacked"))
    sealing.render()
    assert render_next(open_rendering(sealing.archive), "test", "decode")
    with sealing.archive.database.reading() as session:
        jobs = {job.kind: (job.state, job.outcome) for job in session.scalars(select(MediaJob))}
    over = ("failed", "limit_broken: probe: processor")
    assert jobs == {"poster": over, "sprite": over, "proxy": over, "decode": ("nothing", "nothing_to_decode")}


@pytest.mark.parametrize(("missed", "state"), [(0, "due"), (MOST_DEADLINES - 1, "due"), (MOST_DEADLINES, "failed")])
def test_a_full_disk_and_a_database_that_restarts_are_no_missed_deadlines(
    sealing: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, missed: int, state: str
) -> None:
    """However often it was put off for something else, five deadlines are five deadlines."""

    def fail(*_: object) -> None:
        raise RenditionFailed("proxy", "deadline", "said the tool")

    monkeypatch.setattr(make, "copy_proxy", fail)
    sealing.seal(sealing.clip(tmp_path))
    change(sealing, deferrals=3 * MOST_DEADLINES, deadlines=missed)
    assert render_next(open_rendering(sealing.archive), "test")
    with sealing.archive.database.reading() as session:
        job = session.scalars(select(MediaJob).where(MediaJob.kind == "proxy")).one()
    assert (job.state, job.outcome) == (state, "deadline: said the tool")
    assert (job.deadlines, job.deferrals) == ((missed + 1, 16) if state == "due" else (missed, 15))


@pytest.mark.parametrize("lane", ["quick", "decode"])
def test_of_a_file_that_nobody_ever_had_the_time_to_look_at_nothing_is_concluded(
    sealing: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, lane: str
) -> None:
    def too_late(*_: object) -> None:
        raise NotInTime("it was not looked at in time")

    monkeypatch.setattr(make, "look_at", too_late)
    sealing.seal(sealing.clip(tmp_path))
    kinds = {"decode"} if lane == "decode" else {"poster", "sprite", "proxy"}
    if lane == "decode":  # no copy is due any more
        change(sealing, state="done", lane="quick")
        with sealing.archive.database.transaction() as session:
            session.execute(update(MediaJob).where(MediaJob.kind == "decode").values(state="due", lane="decode"))
    rendering = open_rendering(sealing.archive)
    for missed in range(MOST_DEADLINES + 1):
        found = jobs_of(sealing)
        assert {found[kind][0] for kind in kinds} == {"due"}, missed
        assert render_next(rendering, "test", lane)
        change(sealing, leased_until=None)
    found = jobs_of(sealing)
    assert {found[kind] for kind in kinds} == {("failed", "deadline: it was not looked at in time")}
    assert sealing.entries("recording.decoded") == 0


def test_what_failed_of_deadlines_alone_is_no_word_on_the_whole_of_a_recording(
    sealing: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    sealing.seal(sealing.clip(tmp_path))
    change(sealing, state="failed", outcome="deadline: said the tool")
    with sealing.archive.database.transaction() as session:
        session.execute(update(MediaJob).where(MediaJob.kind == "decode").values(state="due", outcome=None))
    assert render_next(open_rendering(sealing.archive), "test", "decode")
    assert jobs_of(sealing)["decode"] == ("failed", "limit_broken: poster: deadline")
    assert sealing.entries("recording.decoded") == 0
