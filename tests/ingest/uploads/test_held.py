"""An upload that a request has: what of its bytes counts when, and who has it."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.uploads.errors import TakenOver, UploadGone
from ingest.uploads.staging import Staging
from tests.ingest.uploads.staged import UPLOAD, append, recorded


@pytest.fixture
def staging(tmp_path: Path) -> Staging:
    return Staging(tmp_path / "staging")


def test_syncs_come_in_the_order_in_which_a_crash_can_only_lose(staging, monkeypatch):
    calls: list[tuple[str, str]] = []

    def watched(name: str):
        real = getattr(os, name)

        def call(descriptor, *rest):
            calls.append((name, Path(f"/proc/self/fd/{descriptor}").readlink().suffix))
            return real(descriptor, *rest)

        monkeypatch.setattr(os, name, call)

    for name in ("pwrite", "fdatasync", "fsync"):
        watched(name)
    staging.create(UPLOAD, 20)
    assert calls == [("pwrite", ".new")]

    def of_append(data: bytes) -> list[tuple[str, str]]:
        calls.clear()
        append(staging, data)
        # The ticket and the lock's mark go into the same file as the record, before it; last the mark is taken back.
        assert calls[-1] == ("pwrite", ".offset")
        return calls[calls.index(("pwrite", ".bin")) : -1]

    bytes_first = [("pwrite", ".bin"), ("fdatasync", ".bin")]
    record = [("pwrite", ".offset"), ("fdatasync", ".offset")]
    # The names with the first bytes; and the last number need not be durable: the row says that all is there.
    assert of_append(b"0123456789") == [*bytes_first, ("fsync", ""), *record]
    assert of_append(b"01234") == [*bytes_first, *record]
    assert of_append(b"56789") == [*bytes_first, ("pwrite", ".offset")]


def test_nobody_begins_an_upload_without_having_asked_its_row(staging):
    """It may have come whole, which its row alone says: what is there would be cut off, and its station told so."""
    staging.create(UPLOAD, 10)
    staging.bytes_path(UPLOAD).write_bytes(b"came whole")
    with staging.take_ticket(UPLOAD) as held:
        assert held.try_lock()
        for begin in (lambda: held.open_bytes(10), held.cut_to_offset):
            with pytest.raises(RuntimeError, match="row"):
                begin()
    assert staging.bytes_path(UPLOAD).read_bytes() == b"came whole"


def test_a_failed_sync_is_never_tried_again_and_acknowledges_nothing(staging, monkeypatch):
    """After a failed fdatasync the kernel calls the lost pages clean, so a second one would succeed and lie."""
    staging.create(UPLOAD, 10)
    real = os.fdatasync
    with staging.take_ticket(UPLOAD) as held:
        assert held.try_lock()
        held.note_row_open()
        held.open_bytes(5)
        held.append([b"01234"])

        def fail(descriptor):
            raise OSError(5, "Input/output error")

        monkeypatch.setattr(os, "fdatasync", fail)
        with pytest.raises(OSError, match="Input/output"):
            held.keep()
        monkeypatch.setattr(os, "fdatasync", real)
        with pytest.raises(OSError, match="Input/output"):
            held.keep()
    assert recorded(staging) == 0
    assert staging.bytes_path(UPLOAD).read_bytes() == b""
    assert append(staging, b"01234") == 5


@pytest.mark.parametrize("place", ["/tmp", "/dev/shm"])
@settings(max_examples=25, deadline=None)
@given(
    sizes=st.lists(
        st.lists(st.sampled_from([1, 100, 4095, 4096, 4097, 65536, 262144, 3 << 20]), max_size=4), max_size=4
    ),
    direct=st.booleans(),
    keeps=st.lists(st.booleans(), min_size=4, max_size=4),
)
def test_whatever_the_pieces_the_kept_bytes_are_the_ones_taken(place, sizes, direct, keeps):
    """Ended requests, kept or not, in any pieces, aligned or not, on a disk and in memory."""
    with tempfile.TemporaryDirectory(dir=place) as folder:
        staging = Staging(Path(folder))
        staging.create(UPLOAD, 64 << 20)
        kept = b""
        for pieces, keep in zip(sizes, keeps, strict=False):
            with staging.take_ticket(UPLOAD) as held:
                assert held.try_lock()
                assert held.offset == len(kept)
                held.note_row_open()
                held.open_bytes(64 << 20 if direct else 0)
                taken = [os.urandom(size) for size in pieces]
                for piece in taken:
                    held.append([piece])
                    if keep:
                        held.keep()
                if keep:
                    kept += b"".join(taken)
            assert staging.bytes_path(UPLOAD).read_bytes() == kept
            assert recorded(staging) == len(kept)


def test_a_newer_ticket_is_seen_by_the_holder_and_by_whoever_else_waits(staging):
    staging.create(UPLOAD, 10)
    holder = staging.take_ticket(UPLOAD)
    assert holder.try_lock()
    holder.check_newest()
    waiting = staging.take_ticket(UPLOAD)
    assert not waiting.try_lock()
    with pytest.raises(TakenOver):
        holder.check_newest()
    newest = staging.take_ticket(UPLOAD)
    with pytest.raises(TakenOver):
        waiting.try_lock()
    holder.release()
    assert newest.try_lock()
    assert staging.hold_if_idle(UPLOAD) is None
    newest.check_newest()
    newest.release()
    waiting.release()


def test_whoever_waited_for_a_removed_upload_is_told_that_it_is_gone(staging):
    staging.create(UPLOAD, 10)
    holder, waiting = staging.take_ticket(UPLOAD), None
    assert holder.try_lock()
    waiting = staging.take_ticket(UPLOAD)
    staging.remove(UPLOAD)
    holder.release()
    with pytest.raises(UploadGone):
        waiting.try_lock()
    waiting.release()
    with pytest.raises(UploadGone):
        staging.take_ticket(UPLOAD)
