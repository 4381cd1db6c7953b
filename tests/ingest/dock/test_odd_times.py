"""Recorders with wrong clocks date files where no calendar goes: such a file is received and removed like any other."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from ingest.dock.events import FileStays
from ingest.dock.source import FileIdentity
from tests.ingest.dock.watching import Watching, mountinfo_line

# After 2262 nanoseconds need more than 63 bits; ext4 ends in 2446, Python's calendar in 9999.
SECONDS = {"2262": 9_223_372_037, "2446": 15_032_385_535, "10001": 253_433_926_800, "1960": -315_619_200}


def _dated(path: Path, seconds: int) -> bool:
    """Whether the file system took it: one that ends earlier moves a time to its end."""
    os.utime(path, ns=(seconds * 10**9 + 7, seconds * 10**9 + 7))
    return path.stat().st_mtime_ns // 10**9 == seconds


@pytest.fixture
def on_long_calendar(docking: Any, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """tmpfs has 64 bits of seconds."""
    folder = Path("/dev/shm") / f"liuhen-{os.getpid()}-{tmp_path_factory.getbasetemp().name}"
    folder.mkdir()
    docking.folder = folder
    yield docking
    for path in folder.iterdir():
        path.unlink()
    folder.rmdir()


def test_files_of_impossible_years_are_received_and_removed_like_others(on_long_calendar: Any, archive: Any) -> None:
    docking = on_long_calendar
    for number in range(3):
        docking.write(f"good{number}.mp4", b"g%d" % number)
    for year, seconds in SECONDS.items():
        assert _dated(docking.write(f"{year}.mp4", year.encode()), seconds)
    result = docking.run(wipe=True)
    assert result.complete
    assert len(archive.sealed_names()) == 3 + len(SECONDS)
    assert list(docking.folder.iterdir()) == []


def test_what_was_noted_of_such_a_file_is_found_again_and_nothing_is_sent_twice(
    on_long_calendar: Any, archive: Any
) -> None:
    docking = on_long_calendar
    for year, seconds in SECONDS.items():
        assert _dated(docking.write(f"{year}.mp4", year.encode()), seconds)
    assert docking.run().complete
    sent = [request for request in archive.requests if request[0] == "PATCH"]
    assert docking.run().complete
    assert [request for request in archive.requests if request[0] == "PATCH"] == sent
    assert len(archive.uploads) == len(SECONDS)


def test_times_that_fit_the_notes_are_noted_as_they_are_and_others_stay_apart() -> None:
    def identity(nanoseconds: int) -> FileIdentity:
        class Status:
            st_size, st_mtime_ns, st_ctime_ns, st_ino = 1, nanoseconds, nanoseconds, 2**64 - 1

        return FileIdentity.of(Status())  # type: ignore[arg-type]

    for fits in (-(2**63), -1, 0, 2**63 - 1):
        assert identity(fits).mtime_ns == identity(fits).ctime_ns == fits
    for does_not in (2**63, -(2**63) - 1, 2**70 + 5):
        held = identity(does_not)
        assert all(-(2**63) <= number < 2**63 for number in (held.mtime_ns, held.ctime_ns, held.inode))
        assert held != identity(does_not + 1)


@pytest.mark.parametrize("step", ["identify_file", "receive_file", "let_go"])
def test_what_this_program_fails_at_is_that_files_outcome_and_all_others_go_on(
    docking: Any, archive: Any, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    from ingest.dock import run

    real = getattr(run, step)

    def fail(desk: Any, file: Any, *rest: Any) -> Any:
        if file.name == "b.mp4":
            raise OverflowError("int too big")
        return real(desk, file, *rest)

    monkeypatch.setattr(run, step, fail)
    for name in ("a.mp4", "b.mp4", "c.mp4"):
        docking.write(name, name.encode())
    result = docking.run(wipe=True)
    assert not result.complete
    assert result.stopped is None
    outcomes = {outcome.name: outcome for outcome in result.outcomes}
    assert outcomes["a.mp4"].wiped
    assert outcomes["c.mp4"].wiped
    (left,) = docking.told(FileStays)
    assert (left.file, left.kind) == ("b.mp4", "HandlingFailed")
    assert "OverflowError test_odd_times.py:" in left.reason.zh
    assert [path.name for path in docking.folder.iterdir()] == ["b.mp4"]


def test_a_watching_agent_goes_on_after_a_file_of_an_impossible_year(watching: Watching, archive: Any) -> None:
    card = watching.media / "CARD"
    card.mkdir(parents=True)
    for name in ("a.mp4", "old.mp4"):
        (card / name).write_bytes(name.encode())
    os.utime(card / "old.mp4", (SECONDS["2446"], SECONDS["2446"]))
    with watching.running():
        watching.mounts.write_bytes(os.fsencode(mountinfo_line(card)))
        watching.wait(lambda: not list(card.iterdir()))
    assert archive.sealed_names() == ["a.mp4", "old.mp4"]
