"""Small bodies that are all here: durable together, finished together, and each with an outcome of its own."""

from __future__ import annotations

import errno
import fcntl
import hashlib
import os
import threading
import uuid
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from ingest.uploads.contract import UploadRecord
from ingest.uploads.errors import ChecksumDiffers, RegisterUnavailable, UploadGone
from ingest.uploads.metadata import UploadClaims
from ingest.uploads.request import ClaimedChecksum
from ingest.uploads.staging import Staging
from ingest.uploads.unknown import unknown_bytes
from ingest.uploads.whole_bodies import WholeBodies, WholeBody

LATER = datetime.now(UTC) + timedelta(days=3)
STATION, UNIT = uuid.UUID(int=1), uuid.UUID(int=2)


class Finishing:
    """Plays the register: what was handed on, and which uploads are not open any more."""

    def __init__(self, staging: Staging) -> None:
        self.staging = staging
        self.together: list[list[str]] = []
        self.ended: set[str] = set()
        self.is_down = False
        self.is_lost = False
        """While it was at it."""

    def __call__(self, records: Sequence[UploadRecord], meanwhile: Callable[[], None]) -> Sequence[bool]:
        if self.is_down:
            raise RegisterUnavailable("down")
        meanwhile()
        if self.is_lost:
            raise RegisterUnavailable("lost")
        self.together.append([record.upload_id for record in records])
        return [record.upload_id not in self.ended for record in records]


@pytest.fixture
def staging(tmp_path: Path) -> Staging:
    return Staging(tmp_path / "staging")


@pytest.fixture
def finishing(staging: Staging) -> Finishing:
    return Finishing(staging)


@pytest.fixture
def whole_bodies(staging: Staging, finishing: Finishing) -> WholeBodies:
    return WholeBodies(staging, finishing)


def body(staging: Staging, data: bytes, checksum: ClaimedChecksum | None = None) -> WholeBody:
    """Of an upload that was created just now."""
    upload_id = uuid.uuid4().hex
    record = UploadRecord(upload_id, STATION, UNIT, len(data), UploadClaims(), "open", LATER)
    return WholeBody(record, 0, [data[: len(data) // 2], data[len(data) // 2 :]], checksum)


def staged(staging: Staging, one: WholeBody) -> bytes:
    path = staging.bytes_path(one.record.upload_id)
    return path.read_bytes() if path.exists() else b""


def begun(staging: Staging, data: bytes) -> WholeBody:
    """All but the first four bytes, which are kept already."""
    one = body(staging, data)
    staging.create(one.record.upload_id, len(data))
    with staging.take_ticket(one.record.upload_id) as held:
        assert held.try_lock()
        held.note_row_open()
        held.open_bytes(4)
        held.append([data[:4]])
        held.keep()
    return WholeBody(one.record, 4, [data[4:]], None)


def recorded(staging: Staging, one: WholeBody) -> int | None:
    """None when nothing ever was."""
    try:
        record = staging.read_offset(one.record.upload_id)
    except UploadGone:
        return None
    assert record is not None
    return record.offset


def test_all_that_come_together_are_durable_before_they_are_finished_together(
    whole_bodies, staging, finishing, monkeypatch
):
    calls: list[str] = []

    def watched(name: str) -> None:
        real = getattr(os, name)

        def call(descriptor: int, *rest: object) -> object:
            calls.append(f"{name} {Path(f'/proc/self/fd/{descriptor}').readlink().suffix}")
            return real(descriptor, *rest)

        monkeypatch.setattr(os, name, call)

    finish = finishing.__call__
    monkeypatch.setattr(whole_bodies, "_finish", lambda *asked: [calls.append("finish"), finish(*asked)][1])
    contents = [os.urandom(size) for size in (1, 10, 4096, 100_000, 100_001, 1 << 20, 77)]
    bodies = [body(staging, content) for content in contents]
    for name in ("fdatasync", "fsync"):
        watched(name)
    assert whole_bodies.settle(bodies) == [True] * 7
    assert sorted(calls[:-1]) == ["fdatasync .bin"] * 7 + ["fsync "], "side by side"
    assert calls[-1] == "finish"
    assert finishing.together == [[one.record.upload_id for one in bodies]]
    assert [staged(staging, one) for one in bodies] == contents
    # Of what came whole the row alone says that it is all there.
    assert {recorded(staging, one) for one in bodies} == {None}


def test_the_folder_is_synced_when_all_names_are_there_and_bytes_are_written_meanwhile(
    whole_bodies, staging, monkeypatch
):
    calls: list[str] = []
    written = threading.Event()
    real_open, real_sync, real_write = os.open, os.fsync, os.pwrite

    def opened(path: object, flags: int, *rest: int, **more: object) -> int:
        if flags & os.O_EXCL:
            calls.append("name")
        return real_open(path, flags, *rest, **more)

    def synced(descriptor: int) -> None:
        calls.append("sync")
        assert written.wait(20), "nothing is written while the folder is synced"
        real_sync(descriptor)

    def wrote(descriptor: int, *rest: object) -> int:
        written.set()
        return real_write(descriptor, *rest)

    for name, call in (("open", opened), ("fsync", synced), ("pwrite", wrote)):
        monkeypatch.setattr(os, name, call)
    assert whole_bodies.settle([body(staging, os.urandom(100)) for _ in range(4)]) == [True] * 4
    assert calls == ["name"] * 4 + ["sync"]


def test_one_that_cannot_be_given_up_keeps_nobody_else(whole_bodies, staging, monkeypatch):
    bodies = [body(staging, os.urandom(100)) for _ in range(4)]
    bad = staging.bytes_path(bodies[0].record.upload_id)
    before = sum(1 for _ in Path("/proc/self/fd").iterdir())

    def failing(name: str) -> None:
        real = getattr(os, name)

        def call(descriptor: int, *rest: int) -> object:
            if Path(f"/proc/self/fd/{descriptor}").readlink() == bad:
                raise OSError(errno.EIO, "broken")
            return real(descriptor, *rest)

        monkeypatch.setattr(os, name, call)

    failing("fdatasync")
    failing("ftruncate")
    with capture_logs() as said:
        outcomes = whole_bodies.settle(bodies)
    assert isinstance(outcomes[0], OSError)
    assert outcomes[1:] == [True] * 3
    assert [(line["event"], line["trace"], line["error"]) for line in said] == [
        ("upload.not_released", bodies[0].record.upload_id, "OSError")
    ]
    assert sum(1 for _ in Path("/proc/self/fd").iterdir()) == before


def test_one_that_comes_alone_is_durable_while_it_is_finished(whole_bodies, staging, finishing, monkeypatch):
    calls: list[str] = []
    for name in ("fdatasync", "fsync"):
        real = getattr(os, name)
        monkeypatch.setattr(os, name, lambda descriptor, name=name, real=real: [calls.append(name), real(descriptor)])

    def finish(records: Sequence[UploadRecord], meanwhile: Callable[[], None]) -> Sequence[bool]:
        calls.append("begun")
        outcomes = finishing(records, meanwhile)
        calls.append("ended")
        return outcomes

    monkeypatch.setattr(whole_bodies, "_finish", finish)
    one = body(staging, b"0123456789")
    assert whole_bodies.settle([one]) == [True]
    assert sorted(calls[:-1]) == ["begun", "fdatasync", "fsync"], "the name may be synced before"
    assert calls.index("begun") < calls.index("fdatasync"), "the row is at work meanwhile"
    assert calls[-1] == "ended"
    assert (staged(staging, one), recorded(staging, one)) == (b"0123456789", None)


def test_the_last_bytes_follow_those_that_were_kept_before(whole_bodies, staging):
    one = begun(staging, b"0123456789")
    staging.bytes_path(one.record.upload_id).write_bytes(b"0123 and what was never acknowledged")
    assert whole_bodies.settle([one]) == [True]
    assert staged(staging, one) == b"0123456789"
    assert recorded(staging, one) == 10


def test_what_is_not_as_it_should_be_is_left_as_it_was(whole_bodies, staging, finishing):
    good, elsewhere, shorter = (body(staging, b"0123456789") for _ in range(3))
    gone = begun(staging, b"0123456789")
    staging.remove(gone.record.upload_id)
    others = [WholeBody(elsewhere.record, 4, [b"456789"], None), gone]
    others.append(WholeBody(body(staging, b"0" * 20).record, 10, [b"x" * 10], None))
    assert whole_bodies.settle([others[0], good, *others[1:], shorter]) == [False, True, False, False, True]
    assert finishing.together == [[good.record.upload_id, shorter.record.upload_id]]
    assert staged(staging, elsewhere) == b""
    assert recorded(staging, elsewhere) is None


def test_an_older_request_keeps_its_lock_and_learns_nothing_from_us(whole_bodies, staging):
    one = begun(staging, b"0123456789")
    with staging.take_ticket(one.record.upload_id) as older:
        assert older.try_lock()
        assert whole_bodies.settle([one]) == [False]
        older.check_newest()
    assert whole_bodies.settle([one]) == [True]


def test_a_request_that_waits_for_the_lock_sees_that_a_newer_one_had_it(whole_bodies, staging):
    one = begun(staging, b"0123456789")
    with staging.take_ticket(one.record.upload_id) as waiting:
        assert whole_bodies.settle([one]) == [True]
        with pytest.raises(Exception, match="took over"):
            waiting.try_lock()


def test_a_checksum_is_looked_at_before_a_byte_is_written(whole_bodies, staging, finishing):
    right = ClaimedChecksum("sha256", hashlib.sha256(b"0123456789").digest())
    good, bad = body(staging, b"0123456789", right), body(staging, b"0123456780", right)
    outcomes = whole_bodies.settle([bad, good])
    assert isinstance(outcomes[0], ChecksumDiffers)
    assert outcomes[1] is True
    assert staged(staging, bad) == b""
    assert finishing.together == [[good.record.upload_id]]


@pytest.mark.parametrize("call", ["open", "stat", "flock", "pread"])
def test_files_that_cannot_be_opened_or_read_are_left_to_the_long_way_and_fail_no_other(
    whole_bodies, staging, finishing, monkeypatch, call
):
    """It went through to all that came with it, of whichever station."""
    bad = begun(staging, b"0123456789") if call == "pread" else body(staging, b"0123456789")
    bodies = [body(staging, os.urandom(100)), bad, begun(staging, b"abcdefgh"), body(staging, os.urandom(100))]
    descriptors = set(Path("/proc/self/fd").iterdir())
    fail_at_files_of(bad, call, monkeypatch)
    assert whole_bodies.settle(bodies) == [True, False, True, True]
    monkeypatch.undo()
    assert finishing.together == [[one.record.upload_id for one in bodies if one is not bad]]
    assert set(Path("/proc/self/fd").iterdir()) == descriptors
    assert recorded(staging, bad) == (4 if call == "pread" else None)


def fail_at_files_of(one: WholeBody, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    owner = fcntl if name == "flock" else os
    works = getattr(owner, name)

    def call(what: object, *rest: object, **more: object) -> object:
        path = Path(f"/proc/self/fd/{what}").readlink() if isinstance(what, int) else Path(str(what))
        if path.stem == one.record.upload_id:
            raise OSError(errno.EIO, "bad sector")
        return works(what, *rest, **more)

    monkeypatch.setattr(owner, name, call)


def test_one_failed_sync_is_that_uploads_own(whole_bodies, staging, finishing, monkeypatch):
    bodies = [body(staging, os.urandom(100)) for _ in range(6)]
    broken = staging.bytes_path(bodies[2].record.upload_id)
    real = os.fdatasync

    def fdatasync(descriptor: int) -> None:
        if Path(f"/proc/self/fd/{descriptor}").readlink() == broken:
            raise OSError(5, "Input/output error")
        real(descriptor)

    monkeypatch.setattr(os, "fdatasync", fdatasync)
    outcomes = whole_bodies.settle(bodies)
    assert isinstance(outcomes[2], OSError)
    assert [outcome for place, outcome in enumerate(outcomes) if place != 2] == [True] * 5
    assert recorded(staging, bodies[2]) is None
    assert staged(staging, bodies[2]) == b""
    assert bodies[2].record.upload_id not in finishing.together[0]


def test_names_that_are_not_durable_acknowledge_nothing(whole_bodies, staging, finishing, monkeypatch):
    one = body(staging, b"0123456789")

    def fsync(descriptor: int) -> None:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(os, "fsync", fsync)
    assert isinstance(whole_bodies.settle([one])[0], OSError)
    assert finishing.together == []
    monkeypatch.undo()
    assert (recorded(staging, one), staged(staging, one)) == (None, b"")
    # It was begun: whoever begins anew asks its row before, the long way.
    assert whole_bodies.settle([one]) == [False]


@pytest.mark.parametrize("state", ["is_down", "is_lost"])
def test_bytes_are_kept_when_the_catalog_does_not_answer(whole_bodies, staging, finishing, state):
    one = body(staging, b"0123456789")
    setattr(finishing, state, True)
    assert isinstance(whole_bodies.settle([one])[0], RegisterUnavailable)
    assert recorded(staging, one) == 10


def test_of_a_disk_and_a_catalog_that_both_fail_nothing_counts(whole_bodies, staging, finishing, monkeypatch):
    one = body(staging, b"0123456789")
    finishing.is_down = True

    def fdatasync(descriptor: int) -> None:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(os, "fdatasync", fdatasync)
    assert isinstance(whole_bodies.settle([one])[0], OSError)
    assert (recorded(staging, one), staged(staging, one)) == (None, b"")


@pytest.mark.parametrize("others", [0, 2])
def test_an_upload_that_ended_meanwhile_goes_the_long_way(whole_bodies, staging, finishing, others):
    """Its bytes are nobody's then: kept, they would be told of as somebody's last copy (unknown.py)."""
    one, *rest = (body(staging, b"0123456789") for _ in range(1 + others))
    finishing.ended.add(one.record.upload_id)
    assert whole_bodies.settle([one, *rest]) == [False, *[True] * others]
    assert unknown_bytes(staging, one.record.upload_id) is None
    assert all(staged(staging, each) == b"0123456789" for each in rest)


def test_what_was_recorded_before_stays_also_where_no_row_is_open(whole_bodies, staging, finishing):
    """Of a database that was brought back it may be the last copy there is."""
    one = begun(staging, b"0123456789")
    finishing.ended.add(one.record.upload_id)
    assert whole_bodies.settle([one]) == [False]
    assert staged(staging, one) == b"0123456789"


def test_a_full_disk_is_left_to_the_long_way(whole_bodies, staging, monkeypatch):
    one = body(staging, b"0123456789")

    def pwrite(descriptor: int, data: bytes, position: int) -> int:
        if Path(f"/proc/self/fd/{descriptor}").readlink().suffix == ".bin":
            raise OSError(28, "No space left on device")
        return real(descriptor, data, position)

    real = os.pwrite
    monkeypatch.setattr(os, "pwrite", pwrite)
    assert whole_bodies.settle([one]) == [False]
    assert (recorded(staging, one), staged(staging, one)) == (None, b"")
