"""Whoever looks after objects knows of those in the cold place: scrubbing, the replica, and healing."""

from __future__ import annotations

import random
from datetime import UTC, datetime
from pathlib import Path

import pytest

from ingest.lease import name_worker
from ingest.replica.mark import Replica
from ingest.replica.replicator import COPIED_NOW, Replicator
from ingest.scrub.scrubber import Scrubber
from integrity.epoch_keys import EpochKey
from storage.errors import StoreUnavailable
from storage.objects.folder import FolderStore
from tests.ingest.cold_shelf import ColdShelf
from tests.ingest.scrub_shelf import A_LOT, flipped


def scrub(shelf: ColdShelf, replica: Replica | None = None) -> list[str]:
    keys = (EpochKey(1, shelf.manifest_key.public),)
    scrubber, found = Scrubber(shelf.database, shelf.all, lambda: keys, name_worker(), shelf.every(), replica), []
    while not (step := scrubber.go_on(A_LOT)).idle:
        found += [seen.found for seen in step.seen]
    return found


def replicate(shelf: ColdShelf, replica: Replica) -> list[str]:
    keys = (EpochKey(1, shelf.manifest_key.public),)
    replicator, done = Replicator(shelf.database, shelf.all, replica, lambda: keys, name_worker(), 30), []
    while not (step := replicator.go_on(A_LOT)).idle:
        done += [each.what for each in step.done]
    return done


def test_scrubbing_reads_an_original_where_it_lies(shelf: ColdShelf) -> None:
    _, second = shelf.put_old([3_000, 9 << 20])
    shelf.move()
    assert scrub(shelf) == ["whole", "whole"]
    shelf.damage(shelf.frozen, second.name, flipped(second.content, random.Random(3)))
    assert sorted(scrub(shelf)) == ["differs", "whole"]
    assert shelf.lost() == {second.id: "differs"}


def test_a_cold_place_that_is_not_mounted_makes_nothing_lost(shelf: ColdShelf, cold_root: Path) -> None:
    shelf.put_old([3_000])
    shelf.move()
    mounted = cold_root.rename(cold_root.with_name("on the disk"))
    with pytest.raises(StoreUnavailable):
        scrub(shelf)
    assert shelf.lost() == {}
    mounted.rename(cold_root)
    assert scrub(shelf) == ["whole"]


def test_the_replica_takes_a_copy_of_what_is_cold_and_heals_it_where_it_lies(shelf: ColdShelf, tmp_path: Path) -> None:
    (each,) = shelf.put_old([70_000])
    shelf.move()
    replica = Replica(FolderStore(tmp_path / "second"), "the second store")
    assert replicate(shelf, replica) == [COPIED_NOW]
    assert shelf.read(replica.store, each.name) == each.content
    assert replica.store.keeping(each.name).forbids(datetime.now(UTC)), "as long as the cold place does"
    shelf.damage(shelf.frozen, each.name, each.content[:-1])
    assert scrub(shelf, replica) == ["whole"]
    assert shelf.read(shelf.frozen, each.name) == each.content
    assert shelf.store.stat(each.name) is None
    assert [action for action, *_ in shelf.entries("recording.object_lost", "recording.object_restored")] == [
        "recording.object_lost",
        "recording.object_restored",
    ]


def test_what_is_listed_is_listed_once_wherever_it_lies(shelf: ColdShelf) -> None:
    first, second, third = shelf.put_old([3_000, 4_000, 5_000])
    shelf.move()
    shelf.recall(first)
    shelf.move()
    names = list(shelf.all.list("originals/"))
    assert names == sorted(each.name for each in (first, second, third))
    sizes = {listed.name: listed.size_bytes for listed in shelf.all.survey("originals/")}
    assert sizes == {each.name: len(each.content) for each in (first, second, third)}
    assert not any(name.startswith("cold/") for name in shelf.all.list())
