"""Whose turn it is, what a look concludes, and what it never does."""

from __future__ import annotations

import errno
import os
import random
import threading
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from sqlalchemy import func, update

from api.engines.roles import DatabaseAddresses
from ingest.alarms import StoredSubject, enter_lost
from ingest.objects.batches import MOST_OBJECTS
from ingest.objects.look import OPENING_BYTES, PIECE_BYTES
from ingest.scrub.due import LOST_AGAIN, Selection
from ingest.scrub.errors import ObjectsDamaged, ScrubBehind
from ingest.scrub.standing import list_lost, read_standing, require_all_whole, require_looked_at
from integrity.keys import SigningKey
from storage.catalog.object_looks import ObjectLook
from storage.database import Database
from storage.errors import StoreUnavailable
from storage.ledger.append import Actor
from storage.ledger.errors import StoreLacksLedger
from storage.objects.folder import FolderStore
from storage.objects.protocol import ObjectReader
from tests.ingest.scrub_shelf import A_LOT, Shelf, Shelved, flipped

LOST, RESTORED = "recording.object_lost", "recording.object_restored"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "objects"


@pytest.fixture
def shelf(addresses: DatabaseAddresses, database: Database, root: Path) -> Iterator[Shelf]:
    shelf = Shelf(addresses, database, FolderStore(root))
    yield shelf
    shelf.close()


class Broken(FolderStore):
    """The medium gives out an object's bytes no more, at the moments that `fails` says; all others it does."""

    def __init__(self, root: Path, name: str, fails: Callable[[], bool]) -> None:
        super().__init__(root)
        self._name, self._fails = name, fails

    def open(self, name: str, cold: bool = False) -> Any:
        if name == self._name and self._fails():
            raise StoreUnavailable(name, os.strerror(errno.EIO))
        return super().open(name, cold)


def test_each_comes_once_in_a_round_the_longest_ago_first(shelf: Shelf) -> None:
    first, second, third = shelf.put([3_000, 3_000, 3_000])
    assert shelf.scrub(Selection.in_rounds(30)) == [], "sealed a moment ago, it was read back"
    with shelf.database.transaction() as session:
        for days, each in ((31, second), (40, third), (29, first)):
            at = func.now() - timedelta(days=days)
            session.execute(update(ObjectLook).where(ObjectLook.id == each.id).values(looked_at=at))
    assert [each.due.id for each in shelf.scrub(Selection.in_rounds(30))] == [third.id, second.id]
    assert shelf.scrub(Selection.in_rounds(30)) == []


def test_a_look_of_a_day_to_come_is_none(shelf: Shelf) -> None:
    (ahead,) = shelf.put([3_000])
    with shelf.database.transaction() as session:
        session.execute(update(ObjectLook).values(looked_at=func.now() + timedelta(days=400)))
    assert [each.due.id for each in shelf.scrub(Selection.in_rounds(30))] == [ahead.id]


def test_copies_are_held_against_their_rows_and_have_entries_of_their_own(shelf: Shelf) -> None:
    (original,) = shelf.put([3_000])
    proxy = shelf.put_rendition(original, 90_000)
    shelf.replace(proxy, flipped(proxy.content, random.Random(1)))
    assert {each.due.id: each.found for each in shelf.scrub()} == {original.id: "whole", proxy.id: "differs"}
    shelf.replace(proxy, proxy.content)
    shelf.scrub()
    told = shelf.entries("rendition.object_lost", "rendition.object_restored")
    assert [(action, subject) for action, subject, _ in told] == [
        ("rendition.object_lost", str(proxy.id)),
        ("rendition.object_restored", str(proxy.id)),
    ]


def test_the_signed_manifest_counts_and_not_the_row(shelf: Shelf, addresses: DatabaseAddresses) -> None:
    (each,) = shelf.put([3_000])
    other = os.urandom(3_000)
    shelf.replace(each, other)
    with psycopg.connect(addresses.owner) as connection:
        connection.execute("UPDATE recording SET ciphertext_sha256 = sha256(%s)", (other,))
    shelf.scrub()
    assert shelf.lost() == {each.id: "differs"}


@pytest.mark.parametrize("whose", ["another key's", "another recording's"])
def test_a_manifest_that_is_not_the_archives_word_on_it_is_a_finding(
    shelf: Shelf, addresses: DatabaseAddresses, whose: str
) -> None:
    first, second = shelf.put([3_000, 3_000], SigningKey.generate() if whose == "another key's" else None)
    if whose == "another recording's":
        with psycopg.connect(addresses.owner) as connection:
            taken = "UPDATE recording r SET manifest = o.manifest FROM recording o WHERE o.id = %s AND r.id = %s"
            connection.execute(taken, (second.id, first.id))
    seen = {each.due.id: each for each in shelf.scrub()}
    assert seen[first.id].found == "unsigned"
    assert str(first.id) in (seen[first.id].why or "")


def test_a_store_that_does_not_work_is_waited_for(shelf: Shelf, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = shelf.put([3_000, 3_000])
    shelf.replace(second, second.content[:-1])

    def away(*_: Any) -> None:
        raise StoreUnavailable("", "the server does not answer")

    with monkeypatch.context() as patch:
        patch.setattr(FolderStore, "require_working", away)
        with pytest.raises(StoreUnavailable):
            shelf.scrub()
    assert shelf.lost() == {}
    assert shelf.entries(LOST) == []
    shelf.scrub()
    assert shelf.lost() == {second.id: "truncated"}
    assert shelf.look(first).leased_by is None


def test_a_disk_that_is_not_mounted_is_no_damage(shelf: Shelf, root: Path) -> None:
    shelf.put([3_000, 3_000])
    mounted = root.rename(root.with_name("on the disk"))
    root.mkdir()
    with pytest.raises(StoreLacksLedger):
        shelf.scrub()
    assert shelf.lost() == {}
    assert list(root.iterdir()) == []
    root.rmdir()
    mounted.rename(root)
    assert all(each.is_whole for each in shelf.scrub())


def test_what_the_medium_refuses_three_times_is_unreadable(shelf: Shelf, root: Path) -> None:
    sound, broken = shelf.put([3_000, 3_000])
    asked: list[int] = []
    scrubber = shelf.scrubber(store=Broken(root, broken.name, lambda: not asked.append(1)))
    waits = 0
    while not (step := scrubber.go_on(A_LOT)).idle:
        waits += step.waits
    assert shelf.lost() == {broken.id: "unreadable"}
    assert (len(asked), waits) == (1 + 3, 2), "beside others it counts for nothing; then three times by itself"
    assert shelf.look(sound).found == "whole"


def test_what_the_medium_refuses_twice_and_then_gives_out_is_whole(shelf: Shelf, root: Path) -> None:
    (each,) = shelf.put([3_000])
    asked: list[int] = []
    scrubber = shelf.scrubber(store=Broken(root, each.name, lambda: not asked.append(1) and len(asked) < 3))
    while not scrubber.go_on(A_LOT).idle:
        pass
    assert shelf.lost() == {}
    assert shelf.entries(LOST) == []


def test_bytes_that_were_read_wrongly_once_are_no_damage(
    shelf: Shelf, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (each,) = shelf.put([3_000])
    path = root / each.name
    whole, looks = FolderStore.open, []

    def rotten_at_first(self: FolderStore, name: str, cold: bool = False) -> ObjectReader:
        if name == each.name:
            looks.append(cold)
            path.chmod(0o600)
            path.write_bytes(each.content if len(looks) > 1 else flipped(each.content, random.Random(1)))
        return whole(self, name, cold)

    monkeypatch.setattr(FolderStore, "open", rotten_at_first)
    assert [seen.found for seen in shelf.scrub()] == ["whole"]
    assert looks == [True, True], "past the page cache, both times"


def test_killed_in_the_middle_it_goes_on_where_it_was(shelf: Shelf) -> None:
    shelved = shelf.put([OPENING_BYTES] * (3 * MOST_OBJECTS))
    selection = shelf.every()
    killed = shelf.scrubber(selection)
    done = {each.due.id for each in killed.go_on((MOST_OBJECTS + 10) * OPENING_BYTES).seen}
    assert len(done) == MOST_OBJECTS, "a batch is recorded; of the next one some were read"
    with shelf.database.transaction() as session:  # its leases have run out
        session.execute(update(ObjectLook).values(leased_until=func.now() - timedelta(seconds=1)))
    again = {each.due.id for each in shelf.scrub(selection)}
    assert again == {each.id for each in shelved} - done


def test_what_another_has_by_now_does_not_count(shelf: Shelf) -> None:
    (each,) = shelf.put([2 * PIECE_BYTES + 5])
    late = shelf.scrubber()
    assert late.go_on(PIECE_BYTES).seen == []
    shelf.replace(each, flipped(each.content, random.Random(1)))
    with shelf.database.transaction() as session:
        session.execute(update(ObjectLook).values(leased_until=func.now() - timedelta(seconds=1)))
    assert [seen.found for seen in shelf.scrub()] == ["differs"]
    assert late.go_on(A_LOT).seen == []
    assert shelf.lost() == {each.id: "differs"}


def test_two_at_once_look_at_each_object_once(shelf: Shelf) -> None:
    shelved = shelf.put([2_000] * (2 * MOST_OBJECTS))
    selection, found = shelf.every(), list[uuid.UUID]()

    def work() -> None:
        found.extend(each.due.id for each in shelf.scrub(selection))

    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(found) == sorted(each.id for each in shelved)


def test_left_off_it_keeps_what_was_seen_and_gives_back_the_rest(shelf: Shelf) -> None:
    shelf.put([OPENING_BYTES] * 10)
    selection = shelf.every()
    scrubber = shelf.scrubber(selection)
    assert scrubber.go_on(4 * OPENING_BYTES).seen == []
    assert len(scrubber.leave_off()) == 4
    assert len(shelf.scrub(selection)) == 6


def test_what_was_disposed_of_meanwhile_is_no_damage(shelf: Shelf, addresses: DatabaseAddresses) -> None:
    (each,) = shelf.put([2 * PIECE_BYTES])
    scrubber = shelf.scrubber()
    scrubber.go_on(PIECE_BYTES)
    _dispose(shelf, addresses, each)
    while not scrubber.go_on(A_LOT).idle:
        pass
    assert shelf.lost() == {}
    assert shelf.entries(LOST) == []


def test_what_was_disposed_of_between_the_last_look_and_its_conclusion_is_no_damage(
    shelf: Shelf, addresses: DatabaseAddresses, monkeypatch: pytest.MonkeyPatch
) -> None:
    (each,) = shelf.put([3_000])
    shelf.store.delete(each.name)
    import ingest.scrub.scrubber

    whole = ingest.scrub.scrubber.conclude

    def disposed_first(*arguments: Any) -> Any:
        _dispose(shelf, addresses, each)
        return whole(*arguments)

    monkeypatch.setattr(ingest.scrub.scrubber, "conclude", disposed_first)
    assert shelf.scrub() == []
    assert shelf.entries(LOST) == []


def _dispose(shelf: Shelf, addresses: DatabaseAddresses, each: Shelved) -> None:
    shelf.store.delete(each.name)
    with psycopg.connect(addresses.owner) as connection:
        connection.execute("DELETE FROM linking_done WHERE recording_id = %s", (each.id,))
        connection.execute("DELETE FROM judgement_due WHERE recording_id = %s", (each.id,))
        connection.execute("DELETE FROM recording WHERE id = %s", (each.id,))


def test_an_alarm_that_custody_raised_is_ended_by_a_look_that_reads_it_whole(shelf: Shelf) -> None:
    (each,) = shelf.put([3_000])
    with shelf.database.transaction() as session:
        subject = StoredSubject("recording", each.id, shelf.unit.id)
        enter_lost(session, Actor.system("custody"), subject, "missing", {"upload": "0" * 32})
    shelf.scrub()
    assert [action for action, _, _ in shelf.entries(LOST, RESTORED)] == [LOST, RESTORED]


def test_what_is_lost_is_looked_at_again_before_its_round(shelf: Shelf) -> None:
    (each,) = shelf.put([3_000])
    shelf.store.delete(each.name)
    shelf.scrub()
    assert shelf.scrub(Selection.in_rounds(30)) == []
    with shelf.database.transaction() as session:
        session.execute(update(ObjectLook).values(looked_at=func.now() - LOST_AGAIN - timedelta(minutes=1)))
    shelf.store.put(each.name, each.content)
    assert [seen.found for seen in shelf.scrub(Selection.in_rounds(30))] == ["whole"]


def test_what_stands_is_told(shelf: Shelf) -> None:
    gone, _ = shelf.put([3_000, 3_000])
    shelf.store.delete(gone.name)
    shelf.scrub()
    with shelf.database.reading() as session:
        standing = read_standing(session)
        (lost,) = list_lost(session, 10)
        with pytest.raises(ObjectsDamaged):
            require_all_whole(session)
        assert (standing.lost, standing.lost_objects) == ({"missing": 1}, 1)
        assert (lost.kind, lost.id, lost.object_name, lost.of) == ("recording", gone.id, gone.name, gone.id)
        assert read_standing(session, [uuid.uuid4()]).lost_objects == 0
        assert standing.oldest_look is not None
        require_looked_at(session, 30, standing.oldest_look + timedelta(days=59))
        with pytest.raises(ScrubBehind):
            require_looked_at(session, 30, standing.oldest_look + timedelta(days=61))


def test_nobody_who_answers_people_can_say_that_something_is_whole(shelf: Shelf, addresses: DatabaseAddresses) -> None:
    shelf.put([3_000])
    for statement in ("UPDATE object_look SET found = 'whole'", "DELETE FROM object_look"):
        with psycopg.connect(addresses.app, autocommit=True) as connection:
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(statement.encode())


def test_small_and_large_ones_are_looked_at_whatever_stands_between_them(shelf: Shelf) -> None:
    sizes = [3_000, 9 << 20, 4096, 4097, (8 << 20) + 1, 8 << 20, 70_000, 70_001, 9 << 20, 2]
    shelved = shelf.put(sizes)
    lost = {}
    for each in shelved[1::3]:
        shelf.replace(each, flipped(each.content, random.Random(each.name)))
        lost[each.id] = "differs"
    scrubber, seen, read = shelf.scrubber(), {}, 0
    while not (step := scrubber.go_on(3 << 20)).idle:
        assert step.read_bytes <= (3 << 20) + PIECE_BYTES, "no more than was allowed, and a piece"
        seen |= {each.due.id: each.found for each in step.seen}
        read += step.read_bytes
    assert seen == {each.id: lost.get(each.id, "whole") for each in shelved}
    assert read >= sum(sizes) + sum(len(each.content) for each in shelved if each.id in lost), "what is lost, twice"


def test_many_that_are_lost_are_read_no_oftener_than_it_takes(shelf: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    """Once beside the others, and twice by itself."""
    shelved = shelf.put([5_000] * 12)
    for each in shelved[::2]:
        shelf.replace(each, bytes(5_000))
    read: Counter[str] = Counter()
    monkeypatch.setattr(FolderStore, "open", counting(FolderStore.open, read))
    seen = shelf.scrub()
    assert {each.due.id for each in seen if not each.is_whole} == {each.id for each in shelved[::2]}
    assert [read[each.name] for each in shelved] == [3, 1] * 6


def counting(opening: Callable[..., ObjectReader], read: Counter[str]) -> Callable[..., ObjectReader]:
    def counted(store: FolderStore, name: str, **options: bool) -> ObjectReader:
        read[name] += 1
        return opening(store, name, **options)

    return counted
