"""One act that a recorder cut into files, through custody and housekeeping, to its page's facts and the audit."""

from __future__ import annotations

import subprocess
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from api.http.reading.segments import segments_of
from api.media_tools import media_runner
from api.tasks import housekeeping
from api.verification import verify_archive
from storage.catalog.recordings import Recording

LOCAL_START = datetime(2026, 1, 1, 9, 30)
PIECES = 4


@pytest.fixture
def pieces(sealing: Any, tmp_path: Path) -> list[bytes]:
    """Eight seconds of picture and sound, cut where its key frames are, as a recorder goes on in the next file."""
    ffmpeg = str(media_runner(sealing.settings).tools.ffmpeg.program.path)
    source = ("-f", "lavfi", "-i", "testsrc2=size=320x180:rate=25:duration=8", "-f", "lavfi", "-i", "sine=duration=8")
    coded = (
        "-c:v",
        "libx264",
        "-g",
        "50",
        "-keyint_min",
        "50",
        "-sc_threshold",
        "0",
        "-pix_fmt",
        "yuv420p",
        "-c:a",
        "aac",
    )
    cut = ("-f", "segment", "-segment_time", "2", "-reset_timestamps", "1", str(tmp_path / "%d.mp4"))
    subprocess.run([ffmpeg, "-v", "error", *source, *coded, *cut], check=True)
    return [(tmp_path / f"{n}.mp4").read_bytes() for n in range(PIECES)]


def name_of(after_seconds: int, device: str = "AB00001") -> str:
    return f"{device}_000123_{LOCAL_START + timedelta(seconds=after_seconds):%Y%m%d%H%M%S}.MP4"


def test_real_footage_cut_into_segments_is_one_act(sealing: Any, pieces: list[bytes]) -> None:
    """The third comes late, and an hour later another act begins; the originals stay as they came."""
    late = 2
    rows = {n: sealing.seal(pieces[n], name_of(2 * n)) for n in range(PIECES) if n != late}
    housekeeping.group_all_segments(sealing.archive)
    with sealing.archive.database.reading() as session:
        assert [segments_of(session, rows[n]) is None for n in (0, 1, 3)] == [False, False, False]
        one = segments_of(session, rows[3])
        assert one is not None
        assert (one.own.ordinal, one.own.segment_count, one.own.gap_seconds) == (3, 3, pytest.approx(2, abs=0.1))
    rows[late] = sealing.seal(pieces[late], name_of(2 * late))
    other = sealing.seal(pieces[0] + b"\0" * 8, name_of(3600))
    housekeeping.group_all_segments(sealing.archive)
    with sealing.archive.database.reading() as session:
        assert segments_of(session, other) is None
        found = [segments_of(session, session.get_one(Recording, rows[n].id)) for n in range(PIECES)]
        for n, one in enumerate(found):
            assert one is not None
            assert (one.own.ordinal, one.own.segment_count, one.own.basis) == (n + 1, PIECES, "name")
            assert one.before == (rows[n - 1].id if n else None)
            assert one.after == (rows[n + 1].id if n + 1 < PIECES else None)
            assert one.own.gap_seconds is None if n == 0 else abs(one.own.gap_seconds) < 0.2
        assert [session.get_one(Recording, rows[n].id).sha256 for n in range(PIECES)] == [
            rows[n].sha256 for n in range(PIECES)
        ]
    sealing.settle()
    assert verify_archive(sealing.archive, 0).findings == ()
