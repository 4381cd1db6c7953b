"""A rendition that broke a limit has failed for good; one that failed otherwise is tried again."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from api.tasks.media import open_rendering, render_next
from ingest.errors import RenditionFailed
from ingest.rendering import make
from storage.catalog.recordings import MediaJob


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
        others = session.scalars(select(MediaJob.state).where(MediaJob.kind.in_(("poster", "sprite")))).all()
    assert set(others) == {"done"}
