"""Every request of a write and of a read broken in every way, before and after the server has done it."""

from __future__ import annotations

import dataclasses
import os
import uuid
from collections.abc import Iterator
from datetime import timedelta
from functools import partial
from pathlib import Path

import pytest

from storage.errors import ObjectExists, ReadBackMismatch, StoreUnavailable
from storage.objects.s3 import S3Store
from storage.objects.s3_address import Patience, S3Address
from storage.objects.s3_bucket import S3Bucket
from storage.objects.s3_versions import look_at
from storage.sealing import SealingPlan, read_back, write_sealed
from tests.ceph import Cluster
from tests.faulty_proxy import FAULTS, OTHER_BYTE, PASS, TAKEN, FaultyProxy, only
from tests.repeating_store import repeated
from tests.sampling import some_of
from tests.servers import tls_at_loopback

MIB = 1 << 20
SMALL, LARGE = os.urandom(5000), os.urandom(9 * MIB)
# look, put, look; look, begin, two parts, complete, look
CASES = [("small", number, fault) for number in range(3) for fault in FAULTS]
CASES += [("large", number, fault) for number in range(6) for fault in FAULTS]


@pytest.fixture(scope="module")
def address(ceph: Cluster) -> S3Address:
    return ceph.bucket(f"faults-{uuid.uuid4().hex}")


@pytest.fixture
def store(address: S3Address, proxy: FaultyProxy) -> S3Store:
    return S3Store(dataclasses.replace(address, url=proxy.url, patience=Patience(2.0, 1.0, repeats=0)))


@pytest.mark.parametrize(("size", "number", "fault"), some_of(CASES, one_in=3))
def test_a_write_that_is_broken_anywhere_is_whole_or_not_there_and_can_be_repeated(
    store: S3Store, address: S3Address, proxy: FaultyProxy, size: str, number: int, fault: str
) -> None:
    name, content = f"{size}-{number}-{FAULTS.index(fault)}", SMALL if size == "small" else LARGE
    proxy.choose = only(number, fault)
    try:
        stored = store.put(name, content)
    except StoreUnavailable:
        stored = None
    proxy.choose = lambda method, path: PASS
    straight = S3Store(address)
    found = straight.stat(name)
    assert found is None or found.size_bytes == len(content)
    assert stored is None or found == stored
    assert repeated(lambda: store.put(name, content)) == straight.stat(name)
    with straight.open(name) as reader:
        reader.expect(0, len(content))
        assert reader.read_span(0, len(content)) == content
    with pytest.raises(ObjectExists):
        straight.put(name, content[:-1] + bytes([content[-1] ^ 1]))
    # What nobody was told of any more is swept, and the object is not touched.
    S3Store(address, lifetime=-timedelta(minutes=1), margin=timedelta()).sweep_abandoned()
    assert list(S3Bucket(address).begun_uploads()) == []
    assert straight.stat(name) is not None


def _in_bodies(method: str, path: str) -> str:
    return OTHER_BYTE if method == "PUT" else PASS


@pytest.mark.parametrize("content", [SMALL, LARGE], ids=["small", "in parts"])
def test_what_changes_on_its_way_is_refused_by_the_server(
    store: S3Store, address: S3Address, proxy: FaultyProxy, content: bytes
) -> None:
    name = f"changed-{len(content)}"
    proxy.choose = _in_bodies
    with pytest.raises(StoreUnavailable):
        store.put(name, content)
    assert S3Store(address).stat(name) is None


@pytest.fixture
def over_tls(address: S3Address, tmp_path: Path) -> Iterator[tuple[S3Store, FaultyProxy]]:
    context, certificate = tls_at_loopback(tmp_path)
    with FaultyProxy(address.url, context).serving() as proxy:
        yield S3Store(dataclasses.replace(address, url=proxy.url, ca_file=certificate)), proxy


@pytest.mark.parametrize("size_bytes", [5000, 9 * MIB], ids=["small", "in parts"])
def test_what_is_read_back_is_digested_for_no_way_but_one_in_the_open(
    store: S3Store,
    proxy: FaultyProxy,
    over_tls: tuple[S3Store, FaultyProxy],
    tmp_path: Path,
    size_bytes: int,
) -> None:
    source = tmp_path / "source"
    source.write_bytes(os.urandom(size_bytes))
    protected, protecting = over_tls
    for name, each in (("tls", protected), ("open", store)):
        plan = SealingPlan.fresh(f"{name}-{size_bytes}", b"aad")
        read_back(each, plan, write_sealed(source, each, plan))
    # Besides parts or the whole, only the list of parts has a body, of some hundred bytes.
    assert sum(1 for each in protecting.digests if each) == (size_bytes > MIB)
    assert all("x-amz-content-sha256" in each for each in proxy.digests)
    protected.put(f"plain-{size_bytes}", source.read_bytes())
    assert {"content-md5"} in protecting.digests


def test_a_byte_that_changes_behind_the_tls_is_found_by_reading_back(
    over_tls: tuple[S3Store, FaultyProxy], tmp_path: Path
) -> None:
    source = tmp_path / "source"
    source.write_bytes(os.urandom(9 * MIB))
    store, proxy = over_tls
    plan = SealingPlan.fresh("changed-behind", b"aad")
    proxy.choose = _in_bodies
    sealed = write_sealed(source, store, plan)
    with pytest.raises(ReadBackMismatch):
        read_back(store, plan, sealed)


@pytest.mark.parametrize(("number", "fault"), some_of([(n, fault) for n in range(3) for fault in FAULTS], one_in=2))
def test_a_read_that_is_broken_anywhere_gives_the_right_bytes_or_an_error(
    store: S3Store, address: S3Address, proxy: FaultyProxy, number: int, fault: str
) -> None:
    name = "read"
    S3Store(address).put(name, LARGE)
    proxy.choose = only(number, fault)
    with repeated(lambda: store.open(name)) as reader:
        assert repeated(lambda: reader.read_span(0, 40)) == LARGE[:40]
        reader.expect(40, len(LARGE) - 40)
        pieces = [repeated(partial(reader.read_span, 40 + start, MIB)) for start in range(0, 4 * MIB, MIB)]
    assert b"".join(pieces) == LARGE[40 : 40 + 4 * MIB]


def test_an_answer_that_goes_on_breaking_off_is_an_error_and_never_short_data(
    address: S3Address, proxy: FaultyProxy
) -> None:
    S3Store(address).put("broken", SMALL)
    store = S3Store(dataclasses.replace(address, url=proxy.url, patience=Patience(2.0, 1.0, repeats=1)))
    with store.open("broken") as reader:
        proxy.choose = lambda method, path: "reset before"
        with pytest.raises(StoreUnavailable):
            reader.read_span(300, 4000)
        proxy.choose = lambda method, path: PASS
        assert reader.read_span(300, 4000) == SMALL[300:4300]


@pytest.mark.parametrize(("other", "outcome"), [(SMALL, None), (SMALL[1:], ObjectExists)])
def test_a_server_that_honours_if_none_match_is_taken_at_its_word(
    store: S3Store, address: S3Address, proxy: FaultyProxy, other: bytes, outcome: type[Exception] | None
) -> None:
    name = f"taken-{len(other)}"
    with store.create(name, len(SMALL)) as writer:
        writer.write(SMALL)
        first = S3Store(address).put(name, other)
        proxy.choose = only(0, TAKEN)
        if outcome is None:
            assert writer.commit() == first
        else:
            with pytest.raises(outcome):
                writer.commit()
    assert len(look_at(S3Bucket(address), name).versions) == 1


def test_a_large_one_that_comes_second_there_is_compared_by_the_repeat(
    store: S3Store, address: S3Address, proxy: FaultyProxy
) -> None:
    with store.create("taken-large", len(LARGE)) as writer:
        writer.write(LARGE)
        first = S3Store(address).put("taken-large", LARGE)
        proxy.choose = lambda method, path: TAKEN if method == "POST" and "uploadId" in path else PASS
        with pytest.raises(StoreUnavailable):
            writer.commit()
    assert store.put("taken-large", LARGE) == first
    assert list(S3Bucket(address).begun_uploads()) == []
