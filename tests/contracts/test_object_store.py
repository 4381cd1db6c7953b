"""The contract of storage/objects/protocol.py. A new store is one more line in conftest.py, and passes all."""

from __future__ import annotations

import hashlib
import multiprocessing
import os
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest

from storage.direct_io import aligned_buffer
from storage.errors import (
    NameRefused,
    ObjectExists,
    ObjectKept,
    ObjectMissing,
    ObjectSizeDiffers,
    SpanOutside,
)
from storage.objects.protocol import Keeping, ObjectStore, StoredObject

MIB = 1 << 20


def test_what_was_put_is_there_for_whoever_opens_the_store_next(make_store: Callable[[], ObjectStore]) -> None:
    stored = make_store().put("ledger/tile/0/x001/067.p/112", b"tile")
    later = make_store()
    assert later.stat("ledger/tile/0/x001/067.p/112") == stored
    assert stored.size_bytes == 4
    with later.open(stored.name) as reader:
        assert (reader.name, reader.size_bytes, reader.read_span(0, 4)) == (stored.name, 4, b"tile")


def test_an_empty_object_is_an_object(store: ObjectStore) -> None:
    assert store.put("empty", b"").size_bytes == 0
    with store.open("empty") as reader:
        assert reader.read_span(0, 0) == b""
    assert list(store.list()) == ["empty"]


def test_the_same_bytes_again_succeed_with_the_same_answer(store: ObjectStore) -> None:
    first = store.put("a/b", b"bytes")
    assert store.put("a/b", b"bytes") == first
    with store.create("a/b") as writer:
        writer.write(b"by")
        writer.write(b"tes")
        assert writer.commit() == first


@pytest.mark.parametrize("other", [b"other", b"byte", b"bytes and more", b""])
def test_other_bytes_under_a_name_are_refused_and_the_first_stay(store: ObjectStore, other: bytes) -> None:
    store.put("a/b", b"bytes")
    with pytest.raises(ObjectExists) as refused:
        store.put("a/b", other)
    assert refused.value.name == "a/b"
    with store.open("a/b") as reader:
        assert reader.read_span(0, 5) == b"bytes"


def test_a_single_different_byte_deep_in_a_large_object_is_refused(store: ObjectStore) -> None:
    content = bytearray(os.urandom(3 * MIB + 17))
    store.put("large", bytes(content))
    store.put("large", bytes(content))
    content[2 * MIB + 5] ^= 1
    with pytest.raises(ObjectExists):
        store.put("large", bytes(content))


def test_nothing_is_seen_of_an_object_before_its_commit(store: ObjectStore) -> None:
    with store.create("a/b", 4) as writer:
        writer.write(b"byte")
        assert store.stat("a/b") is None
        assert list(store.list()) == []
        with pytest.raises(ObjectMissing):
            store.open("a/b")
        writer.commit()
    assert list(store.list()) == ["a/b"]


def test_leaving_the_block_without_commit_stores_nothing(store: ObjectStore) -> None:
    with store.create("a/b") as writer:
        writer.write(b"bytes")
    assert store.stat("a/b") is None
    assert store.put("a/b", b"others").size_bytes == 6


def test_abort_after_commit_changes_nothing(store: ObjectStore) -> None:
    writer = store.create("a")
    writer.write(b"bytes")
    writer.commit()
    writer.abort()
    assert store.stat("a") is not None


@pytest.mark.parametrize(("declared_bytes", "written"), [(4, b"bytes"), (6, b"bytes"), (1, b""), (0, b"b")])
def test_more_or_fewer_bytes_than_declared_store_nothing(
    store: ObjectStore, declared_bytes: int, written: bytes
) -> None:
    with pytest.raises(ObjectSizeDiffers) as differs:
        _store_declared(store, declared_bytes, written)
    assert (differs.value.declared_bytes, differs.value.written_bytes) == (declared_bytes, len(written))
    assert store.stat("a") is None


def _store_declared(store: ObjectStore, declared_bytes: int, written: bytes) -> None:
    with store.create("a", declared_bytes) as writer:
        writer.write(written)
        writer.commit()


@pytest.mark.parametrize("declared", [True, False])
@pytest.mark.parametrize("piece_bytes", [MIB, 4096, 100_003])
def test_pieces_of_any_size_and_alignment_come_back_as_written(
    store: ObjectStore, piece_bytes: int, declared: bool
) -> None:
    content = os.urandom(2 * MIB + 4097)
    buffer = aligned_buffer(piece_bytes)
    with store.create("large", len(content) if declared else None) as writer:
        for start in range(0, len(content), piece_bytes):
            part = content[start : start + piece_bytes]
            buffer[: len(part)] = part
            writer.write(buffer[: len(part)])
        writer.commit()
    with store.open("large") as reader:
        assert hashlib.sha256(reader.read_span(0, len(content))).digest() == hashlib.sha256(content).digest()


@pytest.mark.parametrize("cold", [True, False])
def test_spans_come_back_exactly(store: ObjectStore, cold: bool) -> None:
    content = os.urandom(MIB + 4099)
    store.put("large", content)
    spans = [(0, 0), (0, 1), (1, 4096), (4096, 4096), (MIB - 1, 2), (MIB, 4099), (len(content), 0), (0, len(content))]
    with store.open("large", cold=cold) as reader:
        for offset, length in spans:
            assert reader.read_span(offset, length) == content[offset : offset + length]


@pytest.mark.parametrize("cold", [True, False])
def test_reading_into_a_buffer_stops_at_the_end_of_the_object(store: ObjectStore, cold: bool) -> None:
    content = os.urandom(MIB + 777)
    store.put("large", content)
    buffer = aligned_buffer(MIB)
    with store.open("large", cold=cold) as reader:
        assert reader.read_into(0, buffer) == MIB
        assert buffer == content[:MIB]
        assert reader.read_into(MIB, buffer) == 777
        assert buffer[:777] == content[MIB:]
        assert reader.read_into(len(content), buffer) == 0


def test_what_is_at_hand_is_what_is_stored_and_what_is_not_is_said(store: ObjectStore) -> None:
    content = os.urandom(MIB + 777)
    store.put("large", content)
    buffer = aligned_buffer(MIB)
    with store.open("large") as reader:
        assert reader.read_into(0, buffer) == MIB
        buffer[:] = bytes(MIB)
        # A folder's bytes were read just now, and are in the page cache; a server's never are.
        if reader.read_at_hand(0, buffer):
            assert buffer == content[:MIB]
        assert reader.read_at_hand(0, buffer) is not reader.is_remote
        with pytest.raises(SpanOutside):
            reader.read_at_hand(MIB, buffer)


@pytest.mark.parametrize(("offset", "length"), [(0, 6), (5, 1), (6, 0), (-1, 2), (2, -1)])
def test_a_span_outside_the_object_is_an_error(store: ObjectStore, offset: int, length: int) -> None:
    store.put("a", b"bytes")
    with store.open("a") as reader, pytest.raises(SpanOutside) as outside:
        reader.read_span(offset, length)
    assert outside.value.size_bytes == 5


def test_one_reader_serves_several_threads(store: ObjectStore) -> None:
    content = os.urandom(2 * MIB)
    store.put("large", content)
    with store.open("large") as reader, ThreadPoolExecutor(8) as pool:
        offsets = range(0, 2 * MIB, 65_536)
        assert b"".join(pool.map(lambda offset: reader.read_span(offset, 65_536), offsets)) == content


def test_what_is_missing_is_an_error_to_open_and_none_to_ask_for(store: ObjectStore) -> None:
    store.put("a/b", b"bytes")
    for name in ("c", "a/c", "a", "a/b/c"):
        assert store.stat(name) is None
        with pytest.raises(ObjectMissing) as missing:
            store.open(name)
        assert missing.value.name == name


@pytest.mark.parametrize("name", ["a", "a/b/c"])
def test_a_name_is_never_also_the_folder_of_another(store: ObjectStore, name: str) -> None:
    store.put("a/b", b"bytes")
    with pytest.raises(NameRefused):
        store.put(name, b"bytes")
    assert list(store.list()) == ["a/b"]


@pytest.mark.parametrize(
    "name",
    ["", "/", "/a", "a/", "a//b", ".", "..", "../a", "a/../b", "a/..", ".incoming/a", "a/.b", "-a", "A", "a b", "a\n"]
    + ["a\\b", "a\0b", "é", "录像", "a:b", "a" * 201, "a/" * 500 + "a"],
)
def test_a_name_outside_the_rules_is_refused_by_every_call(store: ObjectStore, name: str) -> None:
    calls: list[Callable[[], object]] = [
        lambda: store.create(name),
        lambda: store.put(name, b""),
        lambda: store.open(name),
        lambda: store.stat(name),
        lambda: store.delete(name),
    ]
    for call in calls:
        with pytest.raises(NameRefused):
            call()


def test_listing_is_sorted_by_character_and_cut_by_prefix(store: ObjectStore) -> None:
    names = ["a", "b-c", "b.c", "b/c", "b/c-d", "b/cc/a", "b0", "bb/a", "recordings/2026/x", "recordings/2027/x", "z_"]
    for name in reversed(names):
        store.put(name, name.encode())
    assert names == sorted(names)
    for prefix in ("", "b", "b/", "b/c", "b/cc/", "recordings/2026", "recordings/202", "zz", "a/", "../"):
        assert list(store.list(prefix)) == [name for name in names if name.startswith(prefix)]


def test_listing_an_empty_store_gives_nothing(store: ObjectStore) -> None:
    assert list(store.list()) == []
    assert list(store.list("ledger/")) == []


def test_a_deleted_object_is_gone_and_again_is_no_error(store: ObjectStore) -> None:
    store.put("a/b", b"bytes")
    store.put("a/c", b"bytes")
    store.delete("a/b")
    store.delete("a/b")
    store.delete("never/there")
    store.delete("a/c/d")
    store.delete("a")
    assert list(store.list()) == ["a/c"]
    assert store.put("a/b", b"new bytes").size_bytes == 9


@pytest.mark.parametrize("there", [None, b"bytes", b"rotten", b""])
def test_mending_puts_the_right_bytes_in_the_place_of_whatever_is_there(
    make_store: Callable[[], ObjectStore], there: bytes | None
) -> None:
    store = make_store()
    if there is not None:
        store.put("a/b", there)
    with store.mend("a/b", 5) as writer:
        writer.write(b"bytes")
        mended = writer.commit()
    later = make_store()
    assert later.stat("a/b") == mended
    with later.open("a/b", cold=True) as reader:
        assert reader.read_span(0, reader.size_bytes) == b"bytes"
    assert list(later.list()) == ["a/b"]


def test_mending_that_is_left_before_its_commit_changes_nothing(store: ObjectStore) -> None:
    store.put("a/b", b"bytes")
    with store.mend("a/b", 5) as writer:
        writer.write(b"wrong")
    with store.mend("a/b", 6) as writer:
        writer.write(b"wrong")
        with pytest.raises(ObjectSizeDiffers):
            writer.commit()
    with store.open("a/b") as reader:
        assert reader.read_span(0, 5) == b"bytes"


def test_many_that_mend_at_once_leave_the_object_whole_at_every_moment(store: ObjectStore) -> None:
    store.put("a/b", b"?" * 50_000)
    right, ended = b"!" * 50_000, threading.Event()

    def mend(_: int) -> StoredObject:
        with store.mend("a/b", 50_000) as writer:
            writer.write(right)
            return writer.commit()

    def read() -> set[bytes]:
        seen = set()
        while not ended.is_set():
            with store.open("a/b") as reader:
                seen.add(reader.read_span(0, 50_000))
        return seen

    with ThreadPoolExecutor(5) as pool:
        reading = pool.submit(read)
        mended = set(pool.map(mend, range(20)))
        ended.set()
    assert reading.result() <= {right, b"?" * 50_000}
    # A store that keeps versions adds one each time.
    assert {(each.name, each.size_bytes) for each in mended} == {("a/b", 50_000)}
    assert store.stat("a/b") in mended
    with store.open("a/b", cold=True) as reader:
        assert reader.read_span(0, 50_000) == right


def test_of_many_threads_with_other_bytes_one_wins_whole(store: ObjectStore) -> None:
    start = threading.Barrier(8)

    def compete(number: int) -> StoredObject | None:
        start.wait()
        try:
            return store.put("contested/name", bytes([number]) * 50_000)
        except ObjectExists:
            return None

    with ThreadPoolExecutor(8) as pool:
        winners = [won for won in pool.map(compete, range(8)) if won is not None]
    assert len(winners) == 1
    with store.open("contested/name") as reader:
        assert len(set(reader.read_span(0, 50_000))) == 1


def _put_in_process(store: ObjectStore, number: int) -> str:
    try:
        store.put("contested/name", b"same bytes in each process")
        store.put(f"own/{number}", b"mine")
        store.put("lost/name", bytes([number]))
    except ObjectExists:
        return "refused"
    return "stored"


def test_processes_at_once_agree_on_what_is_stored(make_store: Callable[[], ObjectStore]) -> None:
    with multiprocessing.get_context("spawn").Pool(3) as pool:
        outcomes = pool.starmap(_put_in_process, [(make_store(), number) for number in range(6)])
    assert sorted(outcomes) == ["refused"] * 5 + ["stored"]
    names = list(make_store().list())
    assert names == ["contested/name", "lost/name", *(f"own/{number}" for number in range(6))]


def _in(seconds: float) -> datetime:
    """A whole second at least `seconds` from now."""
    return datetime.now(UTC).replace(microsecond=0) + timedelta(seconds=seconds + 1)


def test_what_is_kept_is_not_deleted_before_its_instant_and_is_afterwards(
    make_store: Callable[[], ObjectStore],
) -> None:
    store, until = make_store(), _in(2)
    store.put("a/b", b"bytes")
    assert store.keeping("a/b") == Keeping(None, False)
    assert store.keep_until("a/b", until) == Keeping(until, False)
    with pytest.raises(ObjectKept) as kept:
        make_store().delete("a/b")
    assert (kept.value.name, kept.value.until, kept.value.held) == ("a/b", until, False)
    assert make_store().stat("a/b") is not None
    while datetime.now(UTC) <= until + timedelta(seconds=0.5):
        time.sleep(0.1)
    make_store().delete("a/b")
    assert make_store().stat("a/b") is None
    assert store.put("a/b", b"others").size_bytes == 6
    store.delete("a/b")


def test_keeping_is_only_ever_lengthened(make_store: Callable[[], ObjectStore]) -> None:
    store, later = make_store(), _in(2)
    store.put("a/b", b"bytes")
    store.keep_until("a/b", later)
    for earlier in (later - timedelta(seconds=1), datetime.now(UTC) - timedelta(days=1), later):
        assert make_store().keep_until("a/b", earlier) == Keeping(later, False)
    later += timedelta(seconds=1)
    assert store.keep_until("a/b", later) == make_store().keeping("a/b") == Keeping(later, False)


def test_an_instant_between_two_seconds_is_kept_to_the_next(store: ObjectStore) -> None:
    store.put("a", b"bytes")
    second = _in(1)
    assert store.keep_until("a", second - timedelta(microseconds=1)).until == second


def test_of_many_who_lengthen_at_once_the_longest_holds(store: ObjectStore) -> None:
    store.put("a", b"bytes")
    instants = [_in(1) + timedelta(seconds=number) for number in range(6)]
    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(lambda until: store.keep_until("a", until), reversed(instants)))
    assert all(answer.until in instants for answer in answers)
    assert store.keeping("a").until == instants[-1]


def test_what_is_held_is_not_deleted_until_it_is_released(make_store: Callable[[], ObjectStore]) -> None:
    store = make_store()
    store.put("a/b", b"bytes")
    for _ in range(2):
        assert store.hold("a/b") == Keeping(None, True)
    with pytest.raises(ObjectKept) as kept:
        make_store().delete("a/b")
    assert (kept.value.until, kept.value.held) == (None, True)
    for _ in range(2):
        assert make_store().release("a/b") == Keeping(None, False)
    make_store().delete("a/b")
    assert list(store.list()) == []


def test_a_hold_and_an_instant_do_not_touch_each_other(store: ObjectStore) -> None:
    until = _in(1)
    store.put("a", b"bytes")
    store.hold("a")
    assert store.keep_until("a", until) == Keeping(until, True)
    assert store.release("a") == Keeping(until, False)
    assert store.hold("a") == Keeping(until, True)
    store.release("a")


def test_what_is_mended_is_kept_and_held_as_it_was(make_store: Callable[[], ObjectStore]) -> None:
    store, until = make_store(), _in(6)
    store.put("a/b", b"rotten")
    store.keep_until("a/b", until)
    store.hold("a/b")
    with store.mend("a/b", 5) as writer:
        writer.write(b"bytes")
        writer.commit()
    assert make_store().keeping("a/b") == Keeping(until, True)
    make_store().release("a/b")
    with pytest.raises(ObjectKept):
        make_store().delete("a/b")
    with make_store().open("a/b") as reader:
        assert reader.read_span(0, 5) == b"bytes"


def test_nothing_keeps_what_is_missing(store: ObjectStore) -> None:
    store.put("a/b", b"bytes")
    calls: list[Callable[[str], object]] = [
        lambda name: store.keep_until(name, _in(1)),
        store.hold,
        store.release,
        store.keeping,
    ]
    for call in calls:
        for name in ("c", "a", "a/b/c"):
            with pytest.raises(ObjectMissing):
                call(name)


def test_what_is_expected_comes_and_what_is_not_comes_as_well(store: ObjectStore) -> None:
    content = os.urandom(3 * MIB + 11)
    store.put("large", content)
    with store.open("large") as reader:
        reader.expect(10, 2 * MIB)
        assert reader.read_span(10, 1000) == content[10:1010]
        assert reader.read_span(2 * MIB, 500) == content[2 * MIB : 2 * MIB + 500]
        assert reader.read_span(1010, MIB) == content[1010 : 1010 + MIB]
        reader.expect(MIB, MIB)
        buffer = aligned_buffer(MIB)
        assert reader.read_into(MIB, buffer) == MIB
        assert buffer == content[MIB : 2 * MIB]
        assert reader.read_span(0, len(content)) == content
        with pytest.raises(SpanOutside):
            reader.expect(3 * MIB, 12)


def test_a_store_that_works_says_so_and_nothing_is_left_of_the_asking(store: ObjectStore) -> None:
    store.require_working()
    store.put("a", b"bytes")
    store.require_working()
    assert list(store.list()) == ["a"]
    assert store.sweep_abandoned() == 0
