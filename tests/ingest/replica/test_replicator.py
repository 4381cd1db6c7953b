"""What gets into the second store, when, and what never does."""

from __future__ import annotations

import os
import random
import shutil
import threading
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest

import ingest.replica.replicator
from api.engines.roles import DatabaseAddresses
from ingest.objects.look import PIECE_BYTES
from ingest.replica.carriage import AT_ONCE_BYTES
from ingest.replica.due import lease_batch
from ingest.replica.errors import ReplicaBehind, ReplicaDamaged, ReplicaFailing, ReplicaIsStore, ReplicaLacksMark
from ingest.replica.mark import REPLICA, Replica, use_replica
from ingest.replica.replicator import (
    COPIED_NOW,
    HEALED,
    LOOKED_AT,
    LOST,
    NOT_WHOLE,
    REMOVED,
    Done,
    Replicator,
)
from ingest.replica.standing import read_replica_standing, require_replicated
from ingest.scrub.due import Selection
from storage.database import Database
from storage.errors import NameRefused, StoreFull, StoreReadOnly, StoreUnavailable
from storage.ledger.errors import StoreLacksLedger
from storage.objects.folder import FolderStore
from tests.ingest.replica_shelf import ReplicaShelf, ids_of
from tests.ingest.scrub_shelf import A_LOT, flipped


class Killed(BaseException):
    """As by SIGKILL: nobody tidies up after it."""


def test_everything_is_copied_byte_for_byte_and_no_more_than_once(shelf: ReplicaShelf) -> None:
    shelved = shelf.put([3_000, 70_000, 9 << 20, PIECE_BYTES, 2])
    shelved.append(shelf.put_rendition(shelved[0], 90_000))
    assert shelf.states() == {"waiting"}
    done = shelf.replicate()
    assert ids_of(done, COPIED_NOW) == {each.id for each in shelved}
    assert sorted(shelf.copied()) == sorted(each.name for each in shelved)
    assert all(shelf.read(shelf.second, each.name) == each.content for each in shelved)
    assert shelf.states() == {"copied"}
    assert shelf.replicate() == [], "nothing is due"


def test_a_large_object_is_copied_over_many_wake_ups(shelf: ReplicaShelf) -> None:
    (large,) = shelf.put([9 * PIECE_BYTES + 17])
    replicator = shelf.replicator()
    for _ in range(9):
        assert not replicator.go_on(PIECE_BYTES).done
    assert shelf.copied() == [], "nothing of it is seen before it is whole"
    assert [each.what for each in replicator.go_on(PIECE_BYTES).done] == [COPIED_NOW]
    assert shelf.read(shelf.second, large.name) == large.content


def test_over_a_slow_line_the_lease_of_a_large_object_is_renewed_in_time(
    shelf: ReplicaShelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    (large,) = shelf.put([3 * AT_ONCE_BYTES + 1])
    renewed, renew = list[int](), ingest.replica.replicator.renew_in_time

    def count(*lease: Any) -> float:
        renewed.append(1)
        return renew(*lease)

    monkeypatch.setattr(ingest.replica.replicator, "renew_in_time", count)
    assert [each.what for each in shelf.replicate()] == [COPIED_NOW]
    assert len(renewed) == 4, "asked for after each part that takes its time"
    shelf.make_due()
    renewed.clear()
    assert [each.what for each in shelf.replicate()] == [LOOKED_AT]
    assert len(renewed) == 4
    assert shelf.read(shelf.second, large.name) == large.content


def test_what_was_kept_is_kept_in_the_replica_too_and_longer_when_it_is(shelf: ReplicaShelf) -> None:
    (each,) = shelf.put([3_000])
    soon, later = (datetime.now(UTC).replace(microsecond=0) + timedelta(days=days) for days in (100, 200))
    shelf.store.keep_until(each.name, soon)
    shelf.replicate()
    assert shelf.second.keeping(each.name).until == soon
    shelf.store.keep_until(each.name, later)
    shelf.store.hold(each.name)
    shelf.make_due()
    assert [done.what for done in shelf.replicate()] == [LOOKED_AT]
    assert (shelf.second.keeping(each.name).until, shelf.second.keeping(each.name).held) == (later, True)
    shelf.store.release(each.name)
    shelf.make_due()
    shelf.replicate()
    assert not shelf.second.keeping(each.name).held


@pytest.mark.parametrize("damage", ["flipped", "cut", "missing"])
def test_what_is_not_whole_is_never_copied_and_is_scrubbed_next(shelf: ReplicaShelf, damage: str) -> None:
    bad, good = shelf.put([3_000_000, 3_000])
    if damage == "missing":
        shelf.store.delete(bad.name)
    else:
        shelf.replace(bad, flipped(bad.content, random.Random(1)) if damage == "flipped" else bad.content[:-1])
    done = shelf.replicate()
    assert (ids_of(done, NOT_WHOLE), ids_of(done, COPIED_NOW)) == ({bad.id}, {good.id})
    assert shelf.copied() == [good.name]
    assert shelf.state(bad) == "waiting"
    assert [seen.due.id for seen in shelf.scrub(Selection.in_rounds(30))] == [bad.id]
    if damage == "missing":
        shelf.store.put(bad.name, bad.content)
    else:
        shelf.replace(bad, bad.content)
    assert shelf.replicate() == [], "later"
    shelf.make_due(days=1)
    assert [each.what for each in shelf.replicate()] == [COPIED_NOW]
    assert shelf.read(shelf.second, bad.name) == bad.content


def test_a_first_store_whose_disk_is_not_mounted_is_waited_for(shelf: ReplicaShelf, root: Path) -> None:
    (each,) = shelf.put([3_000])
    mounted = root.rename(root.with_name("on the disk"))
    root.mkdir()
    with pytest.raises(StoreLacksLedger):
        shelf.replicate()
    root.rmdir()
    mounted.rename(root)
    shelf.make_due()
    assert ids_of(shelf.replicate(), COPIED_NOW) == {each.id}


def test_other_bytes_under_the_name_are_replaced_by_the_right_ones(shelf: ReplicaShelf) -> None:
    (each,) = shelf.put([70_000])
    shelf.second.put(each.name, os.urandom(70_000))
    assert [done.what for done in shelf.replicate()] == [COPIED_NOW]
    assert shelf.read(shelf.second, each.name) == each.content


@pytest.mark.parametrize("step", ["before it is begun", "while it is written", "before it is seen", "before its row"])
def test_killed_at_any_step_it_loses_and_doubles_nothing(
    shelf: ReplicaShelf, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    shelved = shelf.put([3_000, 2 * PIECE_BYTES])
    use_replica(shelf.database, shelf.store, shelf.replica)
    kill(monkeypatch, step)
    with pytest.raises(Killed):
        shelf.replicate()
    monkeypatch.undo()
    assert shelf.replicate() == [], "another waits until it is known that nobody has them"
    assert "copied" not in shelf.states()
    shelf.let_leases_run_out()
    assert ids_of(shelf.replicate(), COPIED_NOW) == {each.id for each in shelved}
    assert sorted(shelf.copied()) == sorted(each.name for each in shelved)
    assert all(shelf.read(shelf.second, each.name) == each.content for each in shelved)


def kill(monkeypatch: pytest.MonkeyPatch, step: str) -> None:
    import ingest.replica.record
    import ingest.replica.replicator
    from ingest.replica.carriage import Carriage

    def killed(*_: Any, **__: Any) -> Any:
        raise Killed

    monkeypatch.setattr(ingest.replica.replicator.Replicator, "leave_off", lambda *_: None)
    if step == "before it is begun":
        monkeypatch.setattr(FolderStore, "create", killed)
    elif step == "while it is written":
        monkeypatch.setattr(Carriage, "_write", killed)
    elif step == "before it is seen":
        monkeypatch.setattr(Carriage, "commit", killed)
    else:
        monkeypatch.setattr(ingest.replica.record, "keep_likewise", killed)


def test_two_replicators_never_copy_one_object_twice(shelf: ReplicaShelf) -> None:
    shelved = shelf.put([5_000] * 150)
    use_replica(shelf.database, shelf.store, shelf.replica)
    done: list[Any] = []
    threads = [threading.Thread(target=lambda: done.extend(shelf.replicate())) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(str(each.owed.id) for each in done) == sorted(str(each.id) for each in shelved)
    assert len(shelf.copied()) == 150


def test_who_has_lost_his_lease_puts_nothing_there(shelf: ReplicaShelf) -> None:
    (each,) = shelf.put([2 * PIECE_BYTES])
    slow = shelf.replicator()
    slow.go_on(PIECE_BYTES)
    shelf.let_leases_run_out()
    assert lease_batch(shelf.database, "another", 30) is not None
    assert not slow.go_on(A_LOT).done
    assert shelf.copied() == []
    shelf.let_leases_run_out()
    assert ids_of(shelf.replicate(), COPIED_NOW) == {each.id}


class Away(FolderStore):
    """Raises what it is told to, for as long as it is told to."""

    error: Exception | None = None

    def create(self, name: str, size_bytes: int | None = None, *, read_back: bool = False) -> Any:
        if self.error is not None and name != REPLICA.mark:
            raise self.error
        return super().create(name, size_bytes, read_back=read_back)

    def open(self, name: str, cold: bool = False) -> Any:
        if isinstance(self.error, StoreUnavailable):
            raise self.error
        return super().open(name, cold)


@pytest.mark.parametrize(
    "error",
    [StoreUnavailable("", "no answer"), StoreFull(""), StoreReadOnly("", "/mnt/replica", "read-only file system")],
)
def test_a_replica_that_is_away_or_full_is_waited_for_and_told(
    shelf: ReplicaShelf, second_root: Path, error: Exception
) -> None:
    shelved = shelf.put([3_000, 2 * PIECE_BYTES])
    away = Away(second_root)
    replicator = shelf.replicator(replica=Replica(away, shelf.replica.place))
    use_replica(shelf.database, shelf.store, shelf.replica)
    away.error = error
    for _ in range(2):
        with pytest.raises(ReplicaFailing) as raised:
            replicator.go_on(A_LOT)
        assert raised.value.failure == type(error).__name__
    assert "copied" not in shelf.states()
    now = datetime.now(UTC)
    with shelf.database.reading() as session:
        assert read_replica_standing(session, shelf.replica.place).failure == type(error).__name__
        with pytest.raises(ReplicaFailing):
            require_replicated(session, shelf.replica.place, 24, now)
    away.error = None
    shelf.make_due(days=1)
    assert ids_of(shelf.replicate(replicator), COPIED_NOW) == {each.id for each in shelved}
    with shelf.database.reading() as session:
        assert read_replica_standing(session, shelf.replica.place).failing_since is None
        require_replicated(session, shelf.replica.place, 24, now)


class Picky(FolderStore):
    """Takes everything but one object, and does not give out another."""

    def __init__(self, root: Path, name: str) -> None:
        super().__init__(root)
        self._name = name

    def create(self, name: str, size_bytes: int | None = None, *, read_back: bool = False) -> Any:
        self._refuse(name)
        return super().create(name, size_bytes, read_back=read_back)

    def mend(self, name: str, size_bytes: int | None = None, *, read_back: bool = False) -> Any:
        self._refuse(name)
        return super().mend(name, size_bytes, read_back=read_back)

    def _refuse(self, name: str) -> None:
        if name == self._name:
            raise NameRefused(name, "the server does not like it")

    def delete(self, name: str) -> None:
        if name == self._name:
            raise StoreUnavailable(name, "I/O error")
        super().delete(name)


def try_again_and_again(replicator: Replicator) -> list[Done]:
    """Whatever it raises; what was done."""
    done: list[Done] = []
    for _ in range(4):
        with suppress(ReplicaFailing, StoreUnavailable):
            done += replicator.go_on(A_LOT).done
    return done


def test_one_with_which_nothing_works_keeps_no_other_waiting(shelf: ReplicaShelf, second_root: Path) -> None:
    shelved = shelf.put([3_000] * 5)
    picky = shelf.replicator(replica=Replica(Picky(second_root, shelved[0].name), shelf.replica.place))
    assert ids_of(try_again_and_again(picky), COPIED_NOW) == {each.id for each in shelved[1:]}
    shelf.make_due()
    shelf.replicate()
    for each in shelved[:2]:
        shelf.damage(shelf.second, each.name, bytes(3_000))
    shelf.make_due()
    assert ids_of(try_again_and_again(picky), HEALED) == {shelved[1].id}
    row = shelf.row(shelved[0])
    assert row is not None
    assert row.found == "differs", "that it is lost is known"
    for each in shelved[:2]:
        shelf.dispose(each)
    assert ids_of(try_again_and_again(picky), REMOVED) == {shelved[1].id}


def test_what_the_first_store_does_not_say_of_one_object_keeps_no_other_waiting(
    shelf: ReplicaShelf, root: Path
) -> None:
    first, second = shelf.put([3_000, 3_000])
    shelf.store.hold(first.name)
    said = root / ".kept" / first.name
    said.chmod(0o600)
    said.write_text("no longer to be read")
    try_again_and_again(shelf.replicator())
    assert (shelf.state(first), shelf.state(second)) == ("waiting", "copied")


def test_a_replica_whose_disk_is_not_mounted_is_not_filled_and_loses_nothing(
    shelf: ReplicaShelf, second_root: Path
) -> None:
    first, second = shelf.put([3_000, 3_000])
    shelf.replicate()
    mounted = second_root.rename(second_root.with_name("the second disk"))
    second_root.mkdir()
    shelf.make_due()
    third = shelf.put([3_000])[0]
    with pytest.raises(ReplicaLacksMark):
        shelf.replicate()
    assert list(second_root.iterdir()) == []
    assert {shelf.state(each) for each in (first, second)} == {"copied"}
    second_root.rmdir()
    mounted.rename(second_root)
    assert ids_of(shelf.replicate(), COPIED_NOW) == {third.id}


def test_a_replica_that_was_lost_is_begun_again_when_somebody_says_so(shelf: ReplicaShelf, second_root: Path) -> None:
    shelved = shelf.put([3_000, 3_000])
    shelf.replicate()
    shutil.rmtree(second_root)
    with pytest.raises(ReplicaLacksMark):
        shelf.replicate()
    again = Replica(FolderStore(second_root), shelf.replica.place)  # a process that has begun since
    use_replica(shelf.database, shelf.store, again, anew=True)
    assert ids_of(shelf.replicate(shelf.replicator(replica=again)), COPIED_NOW) == {each.id for each in shelved}


def test_another_replica_is_filled_from_the_beginning_and_the_same_one_elsewhere_is_not(
    shelf: ReplicaShelf, tmp_path: Path, second_root: Path
) -> None:
    shelved = shelf.put([3_000, 3_000])
    shelf.replicate()
    moved = Replica(FolderStore(second_root.rename(tmp_path / "moved")), "under another name")
    assert shelf.replicate(shelf.replicator(replica=moved)) == []
    other = Replica(FolderStore(tmp_path / "other"), "another one")
    assert ids_of(shelf.replicate(shelf.replicator(replica=other)), COPIED_NOW) == {each.id for each in shelved}


def test_the_store_itself_is_no_replica_under_whatever_name(
    shelf: ReplicaShelf, root: Path, database: Database, tmp_path: Path
) -> None:
    with pytest.raises(ReplicaIsStore):
        use_replica(database, shelf.store, Replica(FolderStore(root), "an alias"))
    empty = tmp_path / "no ledger yet"
    with pytest.raises(ReplicaIsStore):
        use_replica(database, FolderStore(empty), Replica(FolderStore(empty), "an alias"))
    assert REPLICA.read_mark(FolderStore(empty)) is None


def test_what_is_disposed_of_is_removed_and_once_more_when_nothing_can_arrive(shelf: ReplicaShelf) -> None:
    first, second = shelf.put([3_000, 3_000])
    shelf.replicate()
    shelf.dispose(first)
    assert shelf.state(first) == "disposed"
    assert [(each.what, each.owed.id) for each in shelf.replicate()] == [(REMOVED, first.id)]
    assert shelf.copied() == [second.name]
    shelf.second.put(first.name, first.content)  # a writer that was stopped, and went on
    shelf.make_due(days=1)
    shelf.replicate()
    assert shelf.copied() == [second.name]
    assert shelf.row(first) is None


def test_what_the_replica_keeps_is_removed_when_it_lets_go_of_it(
    shelf: ReplicaShelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    (each,) = shelf.put([3_000])
    shelf.store.hold(each.name)
    shelf.replicate()
    shelf.store.release(each.name)  # the replica has not heard of it
    day = datetime.now(UTC) + timedelta(seconds=5)
    shelf.second.keep_until(each.name, day)
    shelf.dispose(each)
    shelf.replicate()
    assert shelf.copied() == [each.name], "it is kept"
    while datetime.now(UTC) < day + timedelta(seconds=1):
        threading.Event().wait(0.1)
    shelf.make_due()
    shelf.replicate()
    assert shelf.copied() == []


def test_what_is_disposed_of_while_it_is_carried_never_gets_there(shelf: ReplicaShelf) -> None:
    (each,) = shelf.put([2 * PIECE_BYTES])
    replicator = shelf.replicator()
    replicator.go_on(PIECE_BYTES)
    shelf.dispose(each, of_object=False)
    assert COPIED_NOW not in {done.what for done in shelf.replicate(replicator)}
    assert shelf.copied() == []


def test_a_disposal_waits_for_a_copy_that_is_just_becoming_visible_and_then_removes_it(
    shelf: ReplicaShelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    import ingest.replica.record

    (each,) = shelf.put([3_000])
    whole, at_it, disposing = ingest.replica.record.keep_likewise, threading.Event(), []

    def slowly(*arguments: Any, **options: Any) -> None:
        disposing.append(threading.Thread(target=shelf.dispose, args=(each,)))
        disposing[0].start()
        assert not at_it.wait(0.5)
        assert disposing[0].is_alive(), "it waits"
        whole(*arguments, **options)

    monkeypatch.setattr(ingest.replica.record, "keep_likewise", slowly)
    done = shelf.replicate()
    disposing[0].join(10)
    done += shelf.replicate()
    assert [item.what for item in done] == [COPIED_NOW, REMOVED]
    assert shelf.copied() == []


@pytest.mark.parametrize("damage", ["flipped", "cut", "longer", "missing"])
def test_a_copy_that_rots_is_made_anew(shelf: ReplicaShelf, damage: str) -> None:
    each, other = shelf.put([2_000_000, 3_000])
    shelf.replicate()
    rotten = {
        "flipped": flipped(each.content, random.Random(1)),
        "cut": each.content[:-1],
        "longer": each.content + b"x",
    }
    if damage == "missing":
        shelf.second.delete(each.name)
    else:
        shelf.damage(shelf.second, each.name, rotten[damage])
    shelf.make_due()
    done = shelf.replicate()
    assert (ids_of(done, HEALED), ids_of(done, LOOKED_AT)) == ({each.id}, {other.id})
    assert shelf.read(shelf.second, each.name) == each.content
    assert shelf.replicate() == []


def test_a_copy_that_rots_while_the_object_is_lost_is_told_and_left_as_it_is(shelf: ReplicaShelf) -> None:
    (each,) = shelf.put([70_000])
    shelf.replicate()
    rotten = flipped(each.content, random.Random(1))
    shelf.damage(shelf.second, each.name, rotten)
    shelf.replace(each, rotten)
    shelf.make_due()
    assert [done.what for done in shelf.replicate()] == [LOST]
    assert shelf.read(shelf.second, each.name) == rotten
    with shelf.database.reading() as session:
        assert read_replica_standing(session, shelf.replica.place).lost == 1
        with pytest.raises(ReplicaDamaged):
            require_replicated(session, shelf.replica.place, 24, datetime.now(UTC))
    shelf.replace(each, each.content)
    assert shelf.replicate() == [], "later"
    shelf.make_due(days=1)
    assert [done.what for done in shelf.replicate()] == [HEALED]
    assert shelf.read(shelf.second, each.name) == each.content


def test_what_waits_too_long_is_told(shelf: ReplicaShelf) -> None:
    shelf.put([3_000])
    now, place = datetime.now(UTC), shelf.replica.place
    with shelf.database.reading() as session:
        require_replicated(session, place, 24, now + timedelta(hours=23))
        with pytest.raises(ReplicaBehind):
            require_replicated(session, place, 24, now + timedelta(hours=25))
        standing = read_replica_standing(session, place)
    assert (standing.waiting, standing.waiting_bytes) == (1, 3_000)
    shelf.replicate()
    with shelf.database.reading() as session:
        require_replicated(session, place, 24, now + timedelta(hours=25))


def test_that_it_does_not_work_is_said_once(database: Database) -> None:
    assert REPLICA.note_working(database, "somewhere", "StoreUnavailable")
    assert not REPLICA.note_working(database, "somewhere", "StoreUnavailable")
    assert REPLICA.note_working(database, "somewhere", "StoreFull")
    assert REPLICA.note_working(database, "somewhere", None)
    assert not REPLICA.note_working(database, "somewhere", None)


def test_nobody_who_answers_people_can_say_that_something_was_copied(
    shelf: ReplicaShelf, addresses: DatabaseAddresses
) -> None:
    shelf.put([3_000])
    for statement in ("UPDATE object_replica SET state = 'disposed'", "DELETE FROM object_replica"):
        with psycopg.connect(addresses.app, autocommit=True) as connection:
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(statement.encode())


def test_without_a_replica_what_is_disposed_of_leaves_no_row(shelf: ReplicaShelf) -> None:
    (each,) = shelf.put([3_000])
    shelf.dispose(each)
    assert shelf.row(each) is None
