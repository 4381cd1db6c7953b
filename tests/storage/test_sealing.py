"""Sealing and reading back: right bytes, one ciphertext a plan, and nothing stored when anything goes wrong."""

from __future__ import annotations

import errno
import hashlib
import os
import threading
from pathlib import Path

import pytest

from integrity.digest import ContentDigests, Digest, digest_stream
from storage.encryption.segments import SEGMENT_BYTES, ciphertext_size, encrypt
from storage.errors import (
    CiphertextDiffers,
    ObjectExists,
    ObjectMissing,
    ReadBackMismatch,
    SourceChanged,
    SourceSizeDiffers,
    SourceUnreadable,
    StoreFull,
)
from storage.objects.folder import INCOMING, FolderStore
from storage.objects.folder_writer import FolderWriter
from storage.sealing import SealedObject, SealingPlan, read_back, write_sealed
from tests.sampling import stride
from tests.storage.encryption.spans import decrypt_span
from tests.storage.killing import run_killed_at

MIB = 1 << 20
SIZES = [0, 1, 4096, MIB - 57, MIB - 56, MIB - 55, MIB, MIB + 1, 26 * MIB + 12_345]
PLAN = SealingPlan(
    object_name="recordings/original",
    data_key=bytes(range(32)),
    salt=bytes(range(32, 64)),
    nonce_prefix=bytes(range(7)),
    aad=b"6f1c1f6e-0000-4000-8000-000000000001",
)


@pytest.fixture
def store(tmp_path: Path) -> FolderStore:
    return FolderStore(tmp_path / "store")


@pytest.fixture
def source(tmp_path: Path) -> Path:
    return _written(tmp_path / "staged.bin", os.urandom(3 * MIB + 777))


def _written(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path


def _require_nothing_stored(store: FolderStore) -> None:
    assert list(store.list()) == []
    incoming = store.root / INCOMING
    assert not incoming.exists() or list(incoming.iterdir()) == []
    assert [thread.name for thread in threading.enumerate() if thread.name.startswith("ring-")] == []


@pytest.mark.parametrize("size_bytes", SIZES)
def test_a_recording_is_digested_encrypted_stored_and_read_back(
    store: FolderStore, tmp_path: Path, size_bytes: int
) -> None:
    content = os.urandom(size_bytes)
    sealed = write_sealed(_written(tmp_path / "staged", content), store, PLAN, declared_bytes=size_bytes)
    assert sealed.digests == digest_stream([content])
    at_rest = (store.root / PLAN.object_name).read_bytes()
    assert sealed.ciphertext_sha256 == Digest.of("sha256", at_rest)
    assert sealed.stored == store.stat(PLAN.object_name)
    assert sealed.stored.size_bytes == ciphertext_size(size_bytes)
    assert at_rest == encrypt(PLAN.data_key, PLAN.salt, PLAN.nonce_prefix, PLAN.aad, content)
    read_back(store, PLAN, sealed)
    with store.open(PLAN.object_name) as reader:
        opened = b"".join(decrypt_span(reader, PLAN.data_key, PLAN.aad, 0, size_bytes))
    assert hashlib.sha256(opened).digest() == sealed.digests.sha256.value


def test_a_store_without_direct_io_gives_the_same_object(store: FolderStore, source: Path) -> None:
    in_memory = Path("/dev/shm") / f"sealing-{os.getpid()}"
    try:
        sealed = write_sealed(source, FolderStore(in_memory), PLAN)
        read_back(FolderStore(in_memory), PLAN, sealed)
        assert write_sealed(source, store, PLAN) == sealed
    finally:
        for path in sorted(in_memory.rglob("*"), reverse=True):
            path.rmdir() if path.is_dir() else path.unlink()
        in_memory.rmdir()


def test_the_same_plan_and_plaintext_again_are_the_same_object(store: FolderStore, source: Path) -> None:
    first = write_sealed(source, store, PLAN)
    assert write_sealed(source, store, PLAN, known_sha256=first.digests.sha256) == first
    assert list(store.list()) == [PLAN.object_name]


def test_what_is_mended_is_the_lost_object_and_nothing_else(store: FolderStore, source: Path) -> None:
    first = write_sealed(source, store, PLAN)
    path = store.root / PLAN.object_name
    at_rest = path.read_bytes()
    path.unlink()
    path.write_bytes(at_rest[:-1])
    assert write_sealed(source, store, PLAN, mends_sha256=first.ciphertext_sha256) == first
    assert path.read_bytes() == at_rest
    read_back(store, PLAN, first)


def test_another_ciphertext_never_takes_a_lost_objects_place(store: FolderStore, source: Path) -> None:
    first = write_sealed(source, store, PLAN)
    path = store.root / PLAN.object_name
    at_rest = path.read_bytes()
    other = SealingPlan(PLAN.object_name, PLAN.data_key, os.urandom(32), PLAN.nonce_prefix, PLAN.aad)
    with pytest.raises(CiphertextDiffers):
        write_sealed(source, store, other, mends_sha256=first.ciphertext_sha256)
    assert path.read_bytes() == at_rest
    assert list((store.root / INCOMING).iterdir()) == []


def test_two_fresh_plans_share_nothing(store: FolderStore, source: Path) -> None:
    one, two = SealingPlan.fresh("a", b"id"), SealingPlan.fresh("b", b"id")
    assert len({one.data_key, two.data_key}) == len({one.salt, two.salt}) == 2
    assert write_sealed(source, store, one).ciphertext_sha256 != write_sealed(source, store, two).ciphertext_sha256
    assert one.data_key.hex() not in repr(one)
    assert repr(one.data_key) not in repr(one)


def test_a_plan_with_a_part_of_the_wrong_length_is_refused() -> None:
    with pytest.raises(ValueError, match="bytes long"):
        SealingPlan("a", bytes(16), bytes(32), bytes(7), b"id")


def test_another_plaintext_under_a_name_that_is_taken_is_refused(store: FolderStore, source: Path) -> None:
    write_sealed(source, store, PLAN)
    before = (store.root / PLAN.object_name).read_bytes()
    with pytest.raises(ObjectExists):
        write_sealed(source, store, SealingPlan.fresh(PLAN.object_name, PLAN.aad))
    assert (store.root / PLAN.object_name).read_bytes() == before


@pytest.mark.parametrize("declared_bytes", [0, 3 * MIB, 3 * MIB + 776, 3 * MIB + 778, 9 * MIB])
def test_a_source_shorter_or_longer_than_declared_stores_nothing(
    store: FolderStore, source: Path, declared_bytes: int
) -> None:
    with pytest.raises(SourceSizeDiffers) as differs:
        write_sealed(source, store, PLAN, declared_bytes=declared_bytes)
    assert (differs.value.declared_bytes, differs.value.found_bytes) == (declared_bytes, 3 * MIB + 777)
    _require_nothing_stored(store)


@pytest.mark.parametrize("change_bytes", [-MIB, -1, 1, MIB])
def test_a_source_that_changes_its_size_meanwhile_stores_nothing(
    store: FolderStore, source: Path, monkeypatch: pytest.MonkeyPatch, change_bytes: int
) -> None:
    real_write, size_bytes = FolderWriter.write, source.stat().st_size

    def write(writer: FolderWriter, piece: memoryview) -> None:
        os.truncate(source, size_bytes + change_bytes)
        real_write(writer, piece)

    monkeypatch.setattr(FolderWriter, "write", write)
    with pytest.raises(SourceSizeDiffers):
        write_sealed(source, store, PLAN)
    _require_nothing_stored(store)


def test_a_repeat_that_reads_anything_else_stops_before_the_first_ciphertext_byte(
    store: FolderStore, source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = Digest.of("sha256", source.read_bytes())
    with source.open("r+b") as file:
        file.seek(MIB)
        file.write(b"altered")
    monkeypatch.setattr(FolderStore, "create", lambda *_: pytest.fail("it began to write"))
    with pytest.raises(SourceChanged) as changed:
        write_sealed(source, store, PLAN, known_sha256=known)
    assert changed.value.expected == known.hex
    assert changed.value.found == hashlib.sha256(source.read_bytes()).hexdigest()


def test_what_was_read_is_told_before_the_object_is_seen_and_may_still_stop_it(
    store: FolderStore, source: Path
) -> None:
    told: list[ContentDigests] = []

    def refuse(digests: ContentDigests) -> None:
        told.append(digests)
        assert store.stat(PLAN.object_name) is None
        raise PermissionError("the row holds another digest")

    with pytest.raises(PermissionError):
        write_sealed(source, store, PLAN, on_digested=refuse)
    assert told == [digest_stream([source.read_bytes()])]
    _require_nothing_stored(store)


def test_a_source_that_cannot_be_read_is_named(store: FolderStore, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(_written(tmp_path / "target", b"bytes"))
    for path in (tmp_path / "absent", tmp_path / "link"):
        with pytest.raises(SourceUnreadable, match=path.name):
            write_sealed(path, store, PLAN)
    with pytest.raises(SourceUnreadable, match="directory"):
        write_sealed(tmp_path, store, PLAN)
    _require_nothing_stored(store)


@pytest.mark.parametrize("after_pieces", [0, 1, 3])
def test_a_disk_that_fills_up_meanwhile_stores_nothing_and_the_repeat_succeeds(
    store: FolderStore, source: Path, monkeypatch: pytest.MonkeyPatch, after_pieces: int
) -> None:
    real_pwrite, written = os.pwrite, []

    def pwrite(descriptor: int, data: memoryview, offset: int) -> int:
        if len(written) == after_pieces:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        written.append(offset)
        return real_pwrite(descriptor, data, offset)

    with monkeypatch.context() as full:
        full.setattr(os, "pwrite", pwrite)
        with pytest.raises(StoreFull):
            write_sealed(source, store, PLAN)
    _require_nothing_stored(store)
    read_back(store, PLAN, write_sealed(source, store, PLAN))


@pytest.mark.parametrize("position", [0, 1, 39, 40, 41, MIB - 1, MIB, 2 * MIB + 5, -1])
def test_a_byte_that_the_medium_changed_is_found_by_reading_back(
    store: FolderStore, source: Path, position: int
) -> None:
    sealed = write_sealed(source, store, PLAN)
    path = store.root / PLAN.object_name
    content = bytearray(path.read_bytes())
    content[position] ^= 1
    path.chmod(0o600)
    path.write_bytes(content)
    with pytest.raises(ReadBackMismatch) as mismatch:
        read_back(store, PLAN, sealed)
    assert mismatch.value.object_name == PLAN.object_name


def test_reading_back_finds_a_cut_and_a_missing_object(store: FolderStore, source: Path) -> None:
    sealed = write_sealed(source, store, PLAN)
    path = store.root / PLAN.object_name
    path.chmod(0o600)
    os.truncate(path, 2 * SEGMENT_BYTES)
    with pytest.raises(ReadBackMismatch, match="size"):
        read_back(store, PLAN, sealed)
    path.unlink()
    with pytest.raises(ObjectMissing):
        read_back(store, PLAN, sealed)


def test_reading_back_compares_with_what_was_sealed_not_with_what_opens(store: FolderStore, tmp_path: Path) -> None:
    sealed = write_sealed(_written(tmp_path / "one", b"first plaintext"), store, PLAN)
    other = write_sealed(_written(tmp_path / "two", b"other plaintext"), FolderStore(tmp_path / "other"), PLAN)
    for swapped in (
        SealedObject(other.digests, sealed.stored, sealed.ciphertext_sha256),
        SealedObject(sealed.digests, sealed.stored, other.ciphertext_sha256),
    ):
        with pytest.raises(ReadBackMismatch, match="SHA-256"):
            read_back(store, PLAN, swapped)


def test_reading_back_asks_the_disk_and_not_the_page_cache(store: FolderStore, source: Path) -> None:
    sealed = write_sealed(source, store, PLAN)
    (store.root / PLAN.object_name).read_bytes()
    before = _bytes_read_from_disk()
    read_back(store, PLAN, sealed)
    if before is None:
        pytest.skip("this kernel does not count what a process reads from disk")
    after = _bytes_read_from_disk()
    assert after is not None
    assert after - before >= sealed.stored.size_bytes


def _bytes_read_from_disk() -> int | None:
    try:
        lines = Path("/proc/self/io").read_text("ascii").splitlines()
    except OSError:
        return None
    return next(int(line.split()[1]) for line in lines if line.startswith("read_bytes:"))


def test_a_kill_at_any_line_leaves_the_whole_object_or_none_and_the_repeat_makes_the_same_one(tmp_path: Path) -> None:
    source = _written(tmp_path / "staged", os.urandom(5000))
    expected = write_sealed(source, FolderStore(tmp_path / "expected"), PLAN)
    line, ended = 0, False
    while not ended:
        line += stride(4)
        store = FolderStore(tmp_path / str(line))
        ended = run_killed_at(
            line,
            lambda store=store: read_back(store, PLAN, write_sealed(source, store, PLAN)),
            "/storage/sealing.py",
            "/storage/objects/",
            threads=True,
        )
        found = store.stat(PLAN.object_name)
        assert found in (None, expected.stored)
        assert write_sealed(source, store, PLAN) == expected
        read_back(store, PLAN, expected)
    assert line > 100


def test_a_kill_at_any_line_of_mending_leaves_the_damaged_object_or_the_right_one(tmp_path: Path) -> None:
    source = _written(tmp_path / "staged", os.urandom(5000))
    expected = write_sealed(source, FolderStore(tmp_path / "expected"), PLAN)
    damaged = b"rotten"
    line, ended = 0, False
    while not ended:
        line += 1
        store = FolderStore(tmp_path / str(line))
        store.put(PLAN.object_name, damaged)

        def mend(store: FolderStore = store) -> None:
            write_sealed(source, store, PLAN, mends_sha256=expected.ciphertext_sha256)

        ended = run_killed_at(line, mend, "/storage/sealing.py", "/storage/objects/", threads=True)
        found = (store.root / PLAN.object_name).read_bytes()
        assert found == damaged or Digest.of("sha256", found) == expected.ciphertext_sha256
        mend()
        read_back(store, PLAN, expected)
    assert line > 50
