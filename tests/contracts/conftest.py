"""The stores that the contract is held against: a folder, a real S3 server, and that server behind a bad network."""

from __future__ import annotations

import dataclasses
import uuid
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from storage.objects.folder import FolderStore
from storage.objects.protocol import ObjectStore
from storage.objects.s3 import S3Store
from storage.objects.s3_address import Patience
from storage.objects.tiered import Behind, TieredStore
from tests.ceph import Cluster
from tests.faulty_proxy import FaultyProxy, now_and_then
from tests.repeating_store import RepeatingStore

MakeStore = Callable[[], ObjectStore]
STORES = ("folder", "tiered", "s3", "s3-faulty")
IMPATIENT = Patience(connect_seconds=2.0, read_seconds=1.5, repeats=0)


@pytest.fixture(params=STORES)
def make_store(request: pytest.FixtureRequest, tmp_path: Path) -> MakeStore:
    """Opens the same store anew each time, as another process would."""
    if request.param == "folder":
        return lambda: FolderStore(tmp_path / "store")
    if request.param == "tiered":
        return lambda: TieredStore(FolderStore(tmp_path / "store"), Behind(None, _moved_nothing, _moved_nothing))
    cluster: Cluster = request.getfixturevalue("ceph")
    address = cluster.bucket(f"contract-{uuid.uuid4().hex}")
    if request.param == "s3":
        return lambda: S3Store(address)
    proxy: FaultyProxy = request.getfixturevalue("bad_network")
    faulty = dataclasses.replace(address, url=proxy.url, patience=IMPATIENT)
    return lambda: RepeatingStore(S3Store(faulty))


def _moved_nothing(*_: str) -> bool:
    return False


@pytest.fixture
def store(make_store: MakeStore) -> ObjectStore:
    return make_store()


@pytest.fixture
def bad_network(proxy: FaultyProxy, request: pytest.FixtureRequest) -> FaultyProxy:
    """Of every six requests one goes wrong, in every way that there is; in each test in another order."""
    proxy.choose = now_and_then(zlib.crc32(request.node.name.encode()), one_in=6)
    return proxy


@pytest.fixture
def proxy(ceph: Cluster) -> Iterator[FaultyProxy]:
    """Stands before the S3 server, and breaks nothing yet."""
    with FaultyProxy(ceph.url).serving() as proxy:
        yield proxy
