"""A second store beside the first, of one kind or another: what rots is found in either, healed from the other, and
never given to anybody in between.

ROT=1000 damages that many objects: `make rot`.
"""

from __future__ import annotations

import dataclasses
import os
import random
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from api.engines.roles import DatabaseAddresses
from ingest.replica.errors import ReplicaFailing, ReplicaIsStore
from ingest.replica.mark import Replica, use_replica
from ingest.replica.replicator import COPIED_NOW, HEALED, LOOKED_AT, REMOVED, Done
from storage.database import Database
from storage.errors import DecryptionFailed, ObjectMissing
from storage.objects.folder import FolderStore
from storage.objects.protocol import ObjectStore
from storage.objects.s3 import S3Store
from storage.objects.s3_address import Patience
from storage.sealed_object import aad_of
from tests.ceph import Cluster
from tests.contracts.conftest import IMPATIENT
from tests.contracts.test_scrub import sizes
from tests.faulty_proxy import FaultyProxy
from tests.ingest.replica_shelf import ReplicaShelf, ids_of
from tests.ingest.scrub_shelf import DATA_KEY, Shelved, cut, flipped
from tests.storage.encryption.spans import decrypt_span

DAMAGED = int(os.environ.get("ROT", "24"))
SOUND = DAMAGED // 3
PAIRS = ("folder to folder", "folder to s3", "s3 to folder")


@pytest.fixture
def shelf(
    request: pytest.FixtureRequest, addresses: DatabaseAddresses, database: Database, tmp_path: Path
) -> Iterator[ReplicaShelf]:
    def store(kind: str, name: str) -> ObjectStore:
        if kind == "folder":
            return FolderStore(tmp_path / name)
        cluster: Cluster = request.getfixturevalue("ceph")
        return S3Store(cluster.bucket(f"{name}-{uuid.uuid4().hex}"))

    first, second = request.param.split(" to ")
    shelf = ReplicaShelf(addresses, database, store(first, "store"), store(second, "replica"))
    yield shelf
    shelf.close()


def read_as_a_player(shelf: ReplicaShelf, each: Shelved) -> bytes | None:
    """What whoever plays it gets: the plaintext, or nothing at all."""
    try:
        with shelf.store.open(each.name) as reader:
            length, size_bytes = len(each.plaintext), len(each.content)
            span = decrypt_span(reader, DATA_KEY, aad_of(each.id), 0, length, pinned_bytes=size_bytes)
            return b"".join(span)
    except (DecryptionFailed, ObjectMissing):
        return None


@pytest.mark.timeout(1800)
@pytest.mark.parametrize("shelf", PAIRS, indirect=True)
def test_all_that_rots_in_the_store_is_found_healed_and_never_given_to_anybody(shelf: ReplicaShelf) -> None:
    chance = random.Random(f"rot {DAMAGED}")
    shelved = shelf.put_sealed(sizes(chance, DAMAGED + SOUND))
    assert ids_of(shelf.replicate(), COPIED_NOW) == {each.id for each in shelved}
    chance.shuffle(shelved)
    wanted = {}
    for number, each in enumerate(shelved[:DAMAGED]):
        damage, found = ((flipped, "differs"), (cut, "truncated"))[number % 2]
        shelf.replace(each, damage(each.content, chance))
        wanted[each.id] = found
    for each in shelved[:DAMAGED]:
        assert read_as_a_player(shelf, each) in (None, each.plaintext)
    seen = {each.due.id: each for each in shelf.heal()}
    assert {each.due.id for each in seen.values() if each.healed} == set(wanted)
    assert all(each.is_whole for each in seen.values())
    assert shelf.lost() == {}
    for each in shelved:
        assert shelf.read(shelf.store, each.name) == each.content
        assert read_as_a_player(shelf, each) == each.plaintext
    told = shelf.entries("recording.object_lost")
    assert {uuid.UUID(subject): data["found"] for _, subject, data in told} == wanted
    healed = shelf.entries("recording.object_restored")
    assert sorted(subject for _, subject, _ in healed) == sorted(str(each) for each in wanted)


@pytest.mark.timeout(1800)
@pytest.mark.parametrize("shelf", PAIRS, indirect=True)
def test_all_that_rots_in_the_replica_is_found_and_healed(shelf: ReplicaShelf) -> None:
    chance = random.Random(f"rot {DAMAGED}")
    shelved = shelf.put(sizes(chance, DAMAGED // 4 + SOUND // 4))
    shelf.replicate()
    damaged = shelved[: DAMAGED // 4]
    for number, each in enumerate(damaged):
        shelf.damage(shelf.second, each.name, (flipped, cut)[number % 2](each.content, chance))
    shelf.make_due()
    done = shelf.replicate()
    assert ids_of(done, HEALED) == {each.id for each in damaged}
    assert ids_of(done, LOOKED_AT) == {each.id for each in shelved} - ids_of(done, HEALED)
    assert all(shelf.read(shelf.second, each.name) == each.content for each in shelved)


@pytest.mark.parametrize("shelf", PAIRS, indirect=True)
def test_what_is_locked_is_healed_in_its_place_and_stays_locked(shelf: ReplicaShelf) -> None:
    (each,) = shelf.put([2_500_000])
    day = datetime.now(UTC).replace(microsecond=0) + timedelta(days=1)
    shelf.store.keep_until(each.name, day)
    shelf.replicate()
    assert shelf.second.keeping(each.name).until == day
    for store, heal in ((shelf.store, shelf.heal), (shelf.second, shelf.replicate)):
        with store.mend(each.name) as writer:  # Nobody deletes it; but there may be no other bytes any longer.
            writer.write(flipped(each.content, random.Random(1)))
            writer.commit()
        shelf.make_due()
        heal()
        assert shelf.read(store, each.name) == each.content
        assert store.keeping(each.name).until == day


@pytest.mark.parametrize("shelf", ["folder to s3"], indirect=True)
def test_what_is_disposed_of_leaves_no_version_in_the_bucket(shelf: ReplicaShelf) -> None:
    (each,) = shelf.put([70_000])
    shelf.replicate()
    shelf.damage(shelf.second, each.name, flipped(each.content, random.Random(1)))
    shelf.make_due()
    shelf.replicate()
    shelf.dispose(each)
    assert [done.what for done in shelf.replicate()] == [REMOVED]
    assert shelf.copied() == []


@pytest.mark.parametrize("shelf", ["folder to s3"], indirect=True)
def test_a_gateway_that_is_away_is_waited_for(shelf: ReplicaShelf, ceph: Cluster) -> None:
    shelved = shelf.put([3_000, 3_000])
    use_replica(shelf.database, shelf.store, shelf.replica)
    assert isinstance(shelf.second, S3Store)
    impatient = dataclasses.replace(shelf.second.address, patience=Patience(1.0, 2.0, repeats=0))
    replicator = shelf.replicator(replica=Replica(S3Store(impatient), shelf.replica.place))
    ceph.stop_gateway()
    try:
        with pytest.raises(ReplicaFailing):
            replicator.go_on(1 << 30)
    finally:
        ceph.start_gateway()
    shelf.make_due()
    assert ids_of(shelf.replicate(replicator), COPIED_NOW) == {each.id for each in shelved}


@pytest.mark.parametrize("shelf", ["folder to s3"], indirect=True)
@pytest.mark.thorough
def test_over_a_network_that_breaks_off_all_gets_there_once(shelf: ReplicaShelf, bad_network: FaultyProxy) -> None:
    """It resets, falls silent, breaks off in the middle, and reports success as failure."""
    chance = random.Random(7)
    shelved = shelf.put([chance.randrange(1, 12 << 20) for _ in range(10)])
    assert isinstance(shelf.second, S3Store)
    faulty = S3Store(dataclasses.replace(shelf.second.address, url=bad_network.url, patience=IMPATIENT))
    replicator, failures, done = shelf.replicator(replica=Replica(faulty, shelf.replica.place)), 0, list[Done]()
    while shelf.states() != {"copied"}:
        try:
            done += replicator.go_on(4 << 20).done
        except ReplicaFailing:
            failures += 1
            shelf.make_due(days=1)  # its pause is a minute
    assert failures > 2, "it was a bad one"
    assert sorted(each.owed.id for each in done) == sorted(each.id for each in shelved), "each once"
    assert versions_in(shelf.second) == sorted(each.name for each in shelved)
    assert all(shelf.read(shelf.second, each.name) == each.content for each in shelved)


def versions_in(store: S3Store) -> list[str]:
    """The name of each version, so that what is there twice stands there twice."""
    return sorted(each.name for each in store._bucket.versions("originals/") if not isinstance(each, str))


def test_one_bucket_under_two_addresses_is_no_replica(database: Database, ceph: Cluster) -> None:
    address = ceph.bucket(f"one-{uuid.uuid4().hex}")
    alias = dataclasses.replace(address, url=address.url.replace("127.0.0.1", "localhost"))
    with pytest.raises(ReplicaIsStore):
        use_replica(database, S3Store(address), Replica(S3Store(alias), str(alias)))
    assert list(S3Store(address).list()) == []


@pytest.mark.parametrize("shelf", ["folder to s3"], indirect=True)
@pytest.mark.thorough
def test_a_process_that_is_killed_again_and_again_loses_and_doubles_nothing(
    shelf: ReplicaShelf, addresses: DatabaseAddresses
) -> None:
    """Really killed, at moments that nobody chose."""
    chance = random.Random(5)
    shelved = shelf.put([chance.randrange(1, 12 << 20) for _ in range(12)])
    assert isinstance(shelf.store, FolderStore)
    assert isinstance(shelf.second, S3Store)
    environment = {
        **os.environ,
        "CHILD_DATABASE": addresses.worker,
        "CHILD_ROOT": str(shelf.store.root),
        "CHILD_URL": shelf.second.address.url,
        "CHILD_BUCKET": shelf.second.address.bucket,
        "CHILD_KEY": shelf.manifest_key.public.raw.hex(),
    }
    words = [sys.executable, "-m", "tests.ingest.replicating_child"]
    for _ in range(6):
        child = subprocess.Popen(words, env=environment, stdout=subprocess.PIPE)
        assert child.stdout is not None
        assert child.stdout.readline() == b"begun\n"
        time.sleep(chance.random() * 0.4)
        child.send_signal(signal.SIGKILL)
        child.wait()
        child.stdout.close()
        shelf.let_leases_run_out()
    shelf.replicate()
    assert shelf.states() == {"copied"}
    assert sorted(shelf.copied()) == sorted(each.name for each in shelved)
    assert versions_in(shelf.second) == sorted(each.name for each in shelved), "one of each"
    assert all(shelf.read(shelf.second, each.name) == each.content for each in shelved)
