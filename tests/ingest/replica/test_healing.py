"""What the first store loses comes back from the second one, the very same bytes, and nothing else ever does."""

from __future__ import annotations

import random
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from api.engines.roles import DatabaseAddresses
from ingest.objects.look import PIECE_BYTES
from ingest.replica.replicator import LOST
from storage.errors import StoreReadOnly, StoreUnavailable
from storage.objects.folder import FolderStore
from tests.ingest.replica_shelf import ReplicaShelf
from tests.ingest.scrub_shelf import Shelved, cut, flipped

LOST_ENTRY, RESTORED = "recording.object_lost", "recording.object_restored"


def damaged(each: Shelved, damage: str) -> bytes | None:
    chance = random.Random(each.name)
    return {
        "differs": flipped(each.content, chance),
        "truncated": cut(each.content, chance),
        "too_long": each.content + b"x",
        "missing": None,
    }[damage]


def lose(shelf: ReplicaShelf, each: Shelved, damage: str = "differs") -> None:
    shelf.store.delete(each.name)
    if (content := damaged(each, damage)) is not None:
        shelf.store.put(each.name, content)


@pytest.mark.parametrize("damage", ["differs", "truncated", "too_long", "missing"])
@pytest.mark.parametrize("size_bytes", [3_000, 9 * PIECE_BYTES + 17])
def test_what_is_lost_is_put_back_read_again_and_both_are_entered(
    shelf: ReplicaShelf, damage: str, size_bytes: int
) -> None:
    each, other = shelf.put([size_bytes, 3_000])
    shelf.replicate()
    lose(shelf, each, damage)
    seen = {done.due.id: done for done in shelf.heal()}
    assert (seen[each.id].is_whole, seen[each.id].healed, seen[each.id].is_whole_again) == (True, True, True)
    assert (seen[other.id].healed, seen[other.id].is_whole_again) == (False, False)
    assert shelf.read(shelf.store, each.name) == each.content
    assert shelf.lost() == {}
    told = shelf.entries(LOST_ENTRY, RESTORED)
    assert [(action, subject) for action, subject, _ in told] == [(LOST_ENTRY, str(each.id)), (RESTORED, str(each.id))]
    assert told[0][2] == {"found": damage, "object": each.name}
    assert told[1][2] == {"from": "replica"}
    assert [done.healed for done in shelf.heal()] == [False, False], "and that is the end of it"


def test_copies_are_healed_too(shelf: ReplicaShelf) -> None:
    (original,) = shelf.put([3_000])
    proxy = shelf.put_rendition(original, 90_000)
    shelf.replicate()
    shelf.store.delete(proxy.name)
    assert {done.due.id: done.healed for done in shelf.heal()} == {original.id: False, proxy.id: True}
    assert [data for _, _, data in shelf.entries("rendition.object_restored")] == [{"from": "replica"}]


def test_what_kept_it_keeps_it_again(shelf: ReplicaShelf) -> None:
    (each,) = shelf.put([3_000])
    day = datetime.now(UTC).replace(microsecond=0) + timedelta(days=100)
    shelf.second.put(each.name, each.content)
    shelf.second.keep_until(each.name, day)
    shelf.second.hold(each.name)
    shelf.store.delete(each.name)
    shelf.heal()
    assert (shelf.store.keeping(each.name).until, shelf.store.keeping(each.name).held) == (day, True)


@pytest.mark.parametrize("copy", ["differs", "truncated", "missing"])
def test_a_copy_that_is_lost_as_well_heals_nothing_and_nothing_is_overwritten(shelf: ReplicaShelf, copy: str) -> None:
    (each,) = shelf.put([70_000])
    shelf.replicate()
    lose(shelf, each)
    before = shelf.read(shelf.store, each.name)
    rotten = damaged(each, copy)
    shelf.second.delete(each.name)
    if rotten is not None:
        shelf.second.put(each.name, rotten)
    seen = shelf.heal()
    assert [(done.found, done.healed) for done in seen] == [("differs", False)]
    assert shelf.lost() == {each.id: "differs"}
    assert shelf.read(shelf.store, each.name) == before
    assert [action for action, _, _ in shelf.entries(LOST_ENTRY, RESTORED)] == [LOST_ENTRY]
    assert [done.what for done in shelf.replicate()] == [LOST], "and the replica's is looked at at once"


def test_without_a_copy_it_stays_lost_until_there_is_one(shelf: ReplicaShelf) -> None:
    (each,) = shelf.put([3_000])
    lose(shelf, each)
    assert [done.is_whole for done in shelf.heal()] == [False]
    shelf.second.put(each.name, each.content)
    assert [done.healed for done in shelf.heal()] == [True]
    assert shelf.read(shelf.store, each.name) == each.content


def test_a_replica_that_is_away_is_asked_once_and_not_for_each_object(
    shelf: ReplicaShelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    shelved = shelf.put([3_000] * 5)
    shelf.replicate()
    for each in shelved:
        lose(shelf, each)
    asked: list[str] = []

    def away(name: str) -> Any:
        asked.append(name)
        raise StoreUnavailable(name, "no answer")

    with monkeypatch.context() as patch:
        patch.setattr(shelf.second, "keeping", away)
        assert not any(done.is_whole for done in shelf.heal())
    assert len(asked) == 1
    assert len(shelf.lost()) == 5
    assert all(done.healed for done in shelf.heal())
    assert shelf.lost() == {}


class ReadOnly(FolderStore):
    def mend(self, name: str, size_bytes: int | None = None, *, read_back: bool = False) -> Any:
        raise StoreReadOnly(name, str(self.root), "read-only file system")


def test_a_store_that_takes_nothing_keeps_its_alarm(shelf: ReplicaShelf, root: Path) -> None:
    first, second = shelf.put([3_000, 3_000])
    shelf.replicate()
    lose(shelf, first)
    seen = shelf.heal(shelf.healer(store=ReadOnly(root)))
    assert {done.due.id: done.found for done in seen} == {first.id: "differs", second.id: "whole"}
    assert shelf.lost() == {first.id: "differs"}
    assert [done.healed for done in shelf.heal() if done.due.id == first.id] == [True]


class Killed(BaseException):
    """As by SIGKILL: nobody tidies up after it."""


@pytest.mark.parametrize("step", ["begin", "go_on", "put_back", "read back"])
def test_killed_at_any_step_it_is_healed_by_the_next(
    shelf: ReplicaShelf, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    from ingest.scrub.healing import Healer
    from ingest.scrub.scrubber import Scrubber

    (each,) = shelf.put([2 * PIECE_BYTES])
    shelf.replicate()
    lose(shelf, each)

    def killed(*_: Any) -> Any:
        raise Killed

    whole = Healer.put_back

    def killed_afterwards(*arguments: Any) -> Any:
        assert whole(*arguments)
        raise Killed

    with monkeypatch.context() as patch:
        if step == "read back":
            patch.setattr(Healer, "put_back", killed_afterwards)
        else:
            patch.setattr(Healer, step, killed)
        patch.setattr(Scrubber, "leave_off", lambda *_: ())
        with pytest.raises(Killed):
            shelf.heal()
    shelf.let_looks_run_out()
    assert [done.is_whole for done in shelf.heal()] == [True]
    assert shelf.read(shelf.store, each.name) == each.content
    assert shelf.lost() == {}
    told = [action for action, _, _ in shelf.entries(LOST_ENTRY, RESTORED)]
    assert told == [LOST_ENTRY, RESTORED], "one alarm, one end"


def test_two_scrubbers_heal_an_object_once(shelf: ReplicaShelf) -> None:
    shelved = shelf.put([30_000] * 40)
    shelf.replicate()
    for each in shelved:
        lose(shelf, each)
    selection, seen = shelf.every(), list[Any]()
    threads = [threading.Thread(target=lambda: seen.extend(shelf.heal(shelf.healer(selection)))) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(seen) == len(shelved)
    assert all(done.healed for done in seen)
    assert len(shelf.entries(RESTORED)) == len(shelved)
    assert all(shelf.read(shelf.store, each.name) == each.content for each in shelved)


def test_what_is_disposed_of_while_it_is_brought_back_does_not_come_back(shelf: ReplicaShelf) -> None:
    (each,) = shelf.put([3 * PIECE_BYTES])
    shelf.replicate()
    shelf.store.delete(each.name)
    scrubber = shelf.healer()
    scrubber.go_on(PIECE_BYTES)  # two looks, and a piece on its way back
    assert shelf.lost() == {each.id: "missing"}
    shelf.dispose(each)
    shelf.heal(scrubber)
    assert shelf.read(shelf.store, each.name) is None


def test_who_has_lost_his_lease_puts_nothing_back(shelf: ReplicaShelf, addresses: DatabaseAddresses) -> None:
    (each,) = shelf.put([3 * PIECE_BYTES])
    shelf.replicate()
    shelf.store.delete(each.name)
    slow, selection = shelf.healer(), shelf.every()
    slow.go_on(PIECE_BYTES)
    shelf.let_looks_run_out()
    another = shelf.scrubber(selection)
    another.go_on(1)
    slow.go_on(1 << 40)
    assert shelf.read(shelf.store, each.name) is None
    another.leave_off()
