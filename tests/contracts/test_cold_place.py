"""A cold place of one kind or another behind a store of one kind or another: there, back, and there again."""

from __future__ import annotations

import dataclasses
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from api.engines.roles import DatabaseAddresses
from ingest.cold.errors import ColdFailing
from ingest.cold.mover import GIVEN_UP
from ingest.cold.passage import KEPT_WARM, MOVED, RECALLED
from ingest.cold.place import ColdPlace
from storage.database import Database
from storage.errors import ObjectKept
from storage.objects.folder import FolderStore
from storage.objects.protocol import ObjectStore
from storage.objects.s3 import S3Store
from tests.ceph import Cluster
from tests.contracts.conftest import IMPATIENT
from tests.ingest.cold_shelf import ColdShelf, whats

PAIRS = ("folder to s3", "s3 to folder", "s3 to s3")


@pytest.fixture
def shelf(
    request: pytest.FixtureRequest, addresses: DatabaseAddresses, database: Database, tmp_path: Path
) -> Iterator[ColdShelf]:
    def store(kind: str, name: str) -> ObjectStore:
        if kind == "folder":
            return FolderStore(tmp_path / name)
        cluster: Cluster = request.getfixturevalue("ceph")
        return S3Store(cluster.bucket(f"{name}-{uuid.uuid4().hex}"))

    first, second = request.param.split(" to ")
    shelf = ColdShelf(addresses, database, store(first, "store"), store(second, "cold"))
    yield shelf
    shelf.close()


@pytest.mark.timeout(600)
@pytest.mark.parametrize("shelf", PAIRS, indirect=True)
def test_an_original_goes_there_comes_back_and_goes_again_under_its_lock(shelf: ColdShelf) -> None:
    (each,) = shelf.put_old([9 << 20])
    assert whats(shelf.move()) == [MOVED, GIVEN_UP]
    shelf.require_nothing_lost(each)
    assert shelf.store.stat(each.name) is None
    with pytest.raises(ObjectKept):
        shelf.frozen.delete(each.name)
    shelf.recall(each)
    assert whats(shelf.move()) == [RECALLED]
    assert shelf.read(shelf.store, each.name) == each.content
    shelf.end_cases()
    shelf.make_due()
    assert whats(shelf.move()) == [MOVED, GIVEN_UP]
    shelf.require_nothing_lost(each)
    assert shelf.store.stat(each.name) is None


@pytest.mark.timeout(600)
@pytest.mark.parametrize("shelf", ["s3 to folder"], indirect=True)
def test_what_a_bucket_has_locked_stays_in_it_until_its_day(shelf: ColdShelf) -> None:
    (each,) = shelf.put_old([3_000])
    shelf.store.keep_until(each.name, datetime.now(UTC) + timedelta(seconds=90))
    assert whats(shelf.move()) == [KEPT_WARM]
    assert shelf.in_cold_place() == []
    shelf.require_nothing_lost(each)


@pytest.mark.timeout(600)
@pytest.mark.parametrize("shelf", ["folder to s3"], indirect=True)
def test_behind_a_gateway_that_stops_nothing_is_lost_and_it_goes_on(shelf: ColdShelf, ceph: Cluster) -> None:
    shelved = shelf.put_old([3_000, 9 << 20])
    mover = shelf.mover()
    mover.go_on(1)
    nobody = dataclasses.replace(ceph.bucket(f"gone-{uuid.uuid4().hex}"), url="http://127.0.0.1:9", patience=IMPATIENT)
    with pytest.raises(ColdFailing):
        shelf.move(shelf.mover(cold=ColdPlace(S3Store(nobody), shelf.cold.place)))
    mover.leave_off()
    shelf.make_due()
    assert whats(shelf.move()).count(GIVEN_UP) == 2
    for each in shelved:
        shelf.require_nothing_lost(each)
