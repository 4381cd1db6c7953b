"""Every film is decoded whole once, behind everybody's copies; what came of it is entered, and verified."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import ProgrammingError

from api.tasks.media import open_rendering, render_next
from api.verification import verify_archive
from ingest.media.findings import NOT_PROBED_IN_TIME, Findings, Reason
from ingest.rendering.due import lease_due_renditions
from storage.catalog.recordings import MediaJob, Recording, WholeDecoding
from tests.api.tasks.test_media_lanes import encoded_only


def with_hole(film: bytes) -> bytes:
    """Always the same noise in it: how much of the rest a decoder refuses hangs on what stands there."""
    at = film.index(b"mdat")
    size = int.from_bytes(film[at - 4 : at], "big")
    start, end = at + size // 3, at + 2 * size // 3
    return film[:start] + random.Random(1).randbytes(end - start) + film[end:]


def decodings(sealing: Any) -> dict[Any, Any]:
    with sealing.archive.database.reading() as session:
        return {row.recording_id: row for row in session.scalars(select(WholeDecoding))}


def states(sealing: Any, recordings: Sequence[Recording]) -> list[tuple[str, str]]:
    """As signed, and as known by now."""
    with sealing.archive.database.reading() as session:
        rows = [session.get_one(Recording, recording.id) for recording in recordings]
        return [(row.media_state, row.state_now) for row in rows]


def test_what_was_signed_is_true_and_what_is_found_later_is_entered(sealing: Any, tmp_path: Path) -> None:
    clip = sealing.clip(tmp_path)
    whole, torn, other = sealing.seal(clip), sealing.seal(with_hole(clip)), sealing.seal(b"no film at all")
    assert states(sealing, [whole, torn]) == [("opens", "opens")] * 2
    sealing.render()
    assert decodings(sealing) == {}
    rendering = open_rendering(sealing.archive)
    while render_next(rendering, "test", "decode"):
        pass
    assert states(sealing, [whole, torn]) == [("opens", "intact"), ("opens", "damaged")]
    seen = decodings(sealing)
    assert set(seen) == {whole.id, torn.id}
    assert (seen[whole.id].decoded_frames, seen[whole.id].way) == (10, "decode")
    assert (seen[torn.id].decoded_frames, seen[torn.id].declared_frames) < (10, 10)
    assert sealing.entries("recording.decoded") == 2
    with sealing.archive.database.reading() as session:
        job = session.scalars(select(MediaJob).where(MediaJob.recording_id == other.id, MediaJob.kind == "decode"))
        assert job.one().outcome == "nothing_to_decode"
    sealing.settle()
    assert verify_archive(sealing.archive, 0).findings == ()


def test_what_nobody_had_the_time_to_look_at_is_decoded_and_that_word_counts(sealing: Any, tmp_path: Path) -> None:
    late = Reason(NOT_PROBED_IN_TIME, {"deadline_seconds": 120.0})
    found = Findings("unreadable", (late,), None, None, (), None, 1, {}, "ffprobe", "8", "none")
    sealing.custody = replace(sealing.custody, probe=lambda _: found)
    recording = sealing.seal(sealing.clip(tmp_path))
    assert states(sealing, [recording]) == [("unreadable", "unreadable")]
    sealing.render()
    rendering = open_rendering(sealing.archive)
    while render_next(rendering, "test", "decode"):
        pass
    assert decodings(sealing)[recording.id].state == "intact"
    assert states(sealing, [recording]) == [("unreadable", "intact")]
    with sealing.archive.database.reading() as session:
        jobs = session.scalars(select(MediaJob).where(MediaJob.recording_id == recording.id))
        assert {job.state for job in jobs} == {"done"}


def test_a_film_that_is_encoded_is_decoded_once(sealing: Any, tmp_path: Path) -> None:
    recording = sealing.seal(encoded_only(sealing, tmp_path))
    rendering = open_rendering(sealing.archive)
    assert lease_due_renditions(sealing.archive.database, "test", "decode") is None
    assert render_next(rendering, "test")
    assert lease_due_renditions(sealing.archive.database, "test", "decode") is None
    assert render_next(rendering, "test", "slow")
    row = decodings(sealing)[recording.id]
    assert (row.state, row.way, row.decoded_frames) == ("intact", "proxy", 10)
    assert lease_due_renditions(sealing.archive.database, "test", "decode") is None


def test_no_other_word_comes_out_afterwards(sealing: Any, tmp_path: Path) -> None:
    sealing.seal(encoded_only(sealing, tmp_path))
    sealing.render()
    for change in ("UPDATE whole_decoding SET state = 'damaged'", "DELETE FROM whole_decoding"):
        with (
            pytest.raises(ProgrammingError, match="permission denied"),
            sealing.archive.database.transaction() as session,
        ):
            session.execute(text(change))
