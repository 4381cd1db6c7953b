"""Rot in a folder and in S3: every bit that flips and every byte that is gone is found, and nothing else.

ROT=1000 damages that many objects: `make rot`.
"""

from __future__ import annotations

import os
import random
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from api.engines.roles import DatabaseAddresses
from storage.database import Database
from storage.objects.folder import FolderStore
from storage.objects.protocol import ObjectStore
from storage.objects.s3 import S3Store
from tests.ceph import Cluster
from tests.ingest.scrub_shelf import Shelf, cut, flipped

DAMAGED = int(os.environ.get("ROT", "60"))
SOUND = DAMAGED // 3
LARGEST_BYTES = 3 << 20


@pytest.fixture(params=["folder", "s3"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> ObjectStore:
    if request.param == "folder":
        return FolderStore(tmp_path / "store")
    cluster: Cluster = request.getfixturevalue("ceph")
    return S3Store(cluster.bucket(f"scrub-{uuid.uuid4().hex}"))


@pytest.fixture
def shelf(addresses: DatabaseAddresses, database: Database, store: ObjectStore) -> Iterator[Shelf]:
    shelf = Shelf(addresses, database, store)
    yield shelf
    shelf.close()


def sizes(chance: random.Random, number: int) -> list[int]:
    """Mostly small, some of several pieces, and those around the edges of one."""
    edges = [2, 4095, 4096, 4097, (1 << 20) - 1, 1 << 20, (1 << 20) + 1]
    others = [round(2 * (LARGEST_BYTES / 2) ** chance.random()) for _ in range(number)]
    return [*edges, *others][:number]


@pytest.mark.timeout(1800)
def test_every_flipped_bit_and_every_truncation_is_found_and_nothing_else(shelf: Shelf) -> None:
    chance = random.Random(f"rot {DAMAGED}")
    shelved = shelf.put(sizes(chance, DAMAGED + SOUND))
    chance.shuffle(shelved)
    wanted = {}
    for number, each in enumerate(shelved[:DAMAGED]):
        damage, found = ((flipped, "differs"), (cut, "truncated"))[number % 2]
        shelf.replace(each, damage(each.content, chance))
        wanted[each.id] = found
    seen = shelf.scrub()
    assert {each.due.id for each in seen} == {each.id for each in shelved}
    assert {each.due.id: each.found for each in seen if not each.is_whole} == wanted
    assert shelf.lost() == wanted
    told = shelf.entries("recording.object_lost")
    assert {uuid.UUID(subject): data["found"] for _, subject, data in told} == wanted
    assert len(told) == DAMAGED


def test_what_is_put_back_is_whole_again_and_the_ledger_says_both(shelf: Shelf) -> None:
    gone, longer, sound = shelf.put([5_000, 2_500_000, 70_000])
    shelf.store.delete(gone.name)
    shelf.replace(longer, longer.content + b"x")
    assert {each.due.id: each.found for each in shelf.scrub()} == {
        gone.id: "missing",
        longer.id: "too_long",
        sound.id: "whole",
    }
    since = shelf.look(gone).lost_since
    shelf.scrub()
    assert shelf.look(gone).lost_since == since, "it is lost since it was first found so"
    assert len(shelf.entries("recording.object_lost")) == 2, "and that is entered once"
    shelf.store.put(gone.name, gone.content)
    shelf.replace(longer, longer.content)
    assert all(each.is_whole for each in shelf.scrub())
    assert shelf.lost() == {}
    told = shelf.entries("recording.object_lost", "recording.object_restored")
    for each in (gone, longer):
        assert [action for action, subject, _ in told if subject == str(each.id)] == [
            "recording.object_lost",
            "recording.object_restored",
        ]
    shelf.scrub()
    assert len(shelf.entries("recording.object_restored")) == 2
