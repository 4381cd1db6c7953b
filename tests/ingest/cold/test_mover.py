"""What is moved to the cold place and when, what comes back, and what never does."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
import pytest

from api.engines.roles import DatabaseAddresses
from ingest.cold.errors import ColdFailing, ColdIsAnother, ColdIsStore, ColdLacksMark, RecallsLate
from ingest.cold.mover import GIVEN_UP, LOST, REMOVED, WAITS
from ingest.cold.passage import KEPT_WARM, MOVED, NOT_WHOLE, RECALLED
from ingest.cold.place import ColdPlace, use_cold_place
from ingest.cold.standing import read_cold_standing, require_cold_place
from ingest.objects.look import PIECE_BYTES
from integrity.local_time import end_of_day
from retention.recalls import where_is
from storage.database import Database
from storage.errors import StoreFull, StoreUnavailable
from storage.objects.folder import FolderStore
from tests.ingest.cold_shelf import KEPT_UNTIL, ColdShelf, whats
from tests.ingest.scrub_shelf import flipped


def test_an_old_original_lies_in_the_cold_place_alone_locked_as_long_as_it_is_kept(shelf: ColdShelf) -> None:
    shelved = shelf.put_old([3_000, 70_000, 9 << 20])
    copy = shelf.put_rendition(shelved[0], 5_000)
    assert sorted(whats(shelf.move())) == sorted([MOVED, GIVEN_UP] * 3)
    for each in shelved:
        assert shelf.state(each) == "cold"
        assert shelf.store.stat(each.name) is None
        assert shelf.read(shelf.frozen, each.name) == each.content
        assert shelf.frozen.keeping(each.name).until == end_of_day(KEPT_UNTIL)
    assert shelf.read(shelf.store, copy.name) == copy.content, "what plays stays"
    moved = shelf.entries("recording.moved_to_cold")
    assert {subject for _, subject, _ in moved} == {str(each.id) for each in shelved}
    assert moved[0][2].keys() == {"object", "ciphertext_sha256", "cold_place"}
    assert shelf.move() == [], "nothing is due"


def test_what_is_kept_for_ever_is_held_there(shelf: ColdShelf) -> None:
    (each,) = shelf.put_old([3_000], until=None)
    shelf.move()
    assert shelf.frozen.keeping(each.name).held


def test_what_the_store_has_locked_waits_for_its_day(shelf: ColdShelf) -> None:
    (each,) = shelf.put_old([3_000])
    day = datetime.now(UTC).replace(microsecond=0) + timedelta(days=40)
    shelf.store.keep_until(each.name, day)
    assert whats(shelf.move()) == [KEPT_WARM]
    row = shelf.row(each)
    assert row is not None
    assert (row.state, row.due_at) == ("moving", day)
    assert shelf.in_cold_place() == []


def test_a_large_original_is_moved_over_many_wake_ups(shelf: ColdShelf) -> None:
    (large,) = shelf.put_old([9 * PIECE_BYTES + 17])
    mover = shelf.mover()
    for _ in range(9):
        assert not mover.go_on(PIECE_BYTES).done
    assert shelf.in_cold_place() == [], "nothing of it is seen before it is whole"
    done = [each for _ in range(14) for each in mover.go_on(PIECE_BYTES).done]
    assert whats(done) == [MOVED, GIVEN_UP]
    assert shelf.read(shelf.frozen, large.name) == large.content


def test_what_was_asked_for_comes_back_whole_and_first_and_its_copy_stays(shelf: ColdShelf) -> None:
    (wanted,) = shelf.put_old([70_000])
    shelf.move()
    recall_id = shelf.recall(wanted)
    (waiting,) = shelf.put_old([3_000])
    with shelf.database.reading() as session:
        where = where_is(session, wanted.id)
    assert where is not None
    assert (where.state, where.estimated_seconds(1000)) == ("recalling", 60 + 70)
    done = shelf.move()
    assert (done[0].what, done[0].owed.id) == (RECALLED, wanted.id)
    assert shelf.state(wanted) == "both"
    assert shelf.read(shelf.store, wanted.name) == shelf.read(shelf.frozen, wanted.name) == wanted.content
    (request,) = shelf.requests()
    assert (request.id, request.arrived_at is not None) == (recall_id, True)
    assert shelf.entries("recording.recalled") == [
        ("recording.recalled", str(wanted.id), {"object": wanted.name, "recalls": [str(recall_id)]})
    ]
    assert shelf.state(waiting) == "cold"
    with shelf.database.reading() as session:
        assert where_is(session, wanted.id) is None


def test_asking_again_is_one_request_and_what_is_here_is_not_asked_for(shelf: ColdShelf) -> None:
    (each,) = shelf.put_old([3_000])
    shelf.move()
    assert shelf.recall(each) is not None
    assert shelf.recall(each) is not None, "another person waits, too"
    assert len(shelf.entries("recording.recall_asked")) == 2
    shelf.move()
    assert shelf.recall(each) is None, "it is here"
    assert len(shelf.entries("recording.recall_asked")) == 2
    assert all(request.arrived_at is not None for request in shelf.requests())


def test_what_came_back_is_given_up_again_when_it_is_quiet_and_not_written_anew(
    shelf: ColdShelf, cold_root: Path
) -> None:
    (each,) = shelf.put_old([70_000])
    shelf.move()
    shelf.recall(each)
    shelf.move()
    written = (cold_root / each.name).stat().st_mtime_ns
    shelf.make_due()
    assert whats(shelf.move()) == [KEPT_WARM], "its case is open, and somebody has a grant"
    shelf.end_cases()
    shelf.make_due()
    assert whats(shelf.move()) == [MOVED, GIVEN_UP]
    assert (cold_root / each.name).stat().st_mtime_ns == written
    shelf.require_nothing_lost(each)
    assert shelf.store.stat(each.name) is None


@pytest.mark.parametrize("damage", ["flipped", "cut", "missing"])
def test_what_is_not_whole_is_never_moved_and_is_scrubbed_next(shelf: ColdShelf, damage: str) -> None:
    bad, good = shelf.put_old([3_000_000, 3_000])
    if damage == "missing":
        shelf.store.delete(bad.name)
    else:
        content = flipped(bad.content, random.Random(1)) if damage == "flipped" else bad.content[:-1]
        shelf.damage(shelf.store, bad.name, content)
    done = shelf.move()
    assert {each.owed.id for each in done if each.what == NOT_WHOLE} == {bad.id}
    assert shelf.in_cold_place() == [good.name]
    assert shelf.state(bad) == "moving"
    assert shelf.look(bad).looked_at < datetime.now(UTC) - timedelta(days=1000)
    assert shelf.look(good).looked_at > datetime.now(UTC) - timedelta(days=1000)


def test_what_rotted_in_the_cold_place_does_not_come_back_and_is_brought_back_once_it_is_healed(
    shelf: ColdShelf,
) -> None:
    (each,) = shelf.put_old([3_000])
    shelf.move()
    shelf.damage(shelf.frozen, each.name, flipped(each.content, random.Random(2)))
    recall_id = shelf.recall(each)
    (done,) = shelf.move()
    assert (done.what, done.found) == (LOST, "differs")
    assert shelf.store.stat(each.name) is None
    assert shelf.state(each) == "cold"
    with shelf.all.mend(each.name, len(each.content)) as writer:
        writer.write(each.content)
        writer.commit()
    assert shelf.read(shelf.frozen, each.name) == each.content, "it is mended where it lies"
    shelf.make_due()
    assert whats(shelf.move()) == [RECALLED]
    assert [request.id for request in shelf.requests() if request.arrived_at is not None] == [recall_id]


def test_other_bytes_under_its_name_in_the_cold_place_are_replaced(shelf: ColdShelf) -> None:
    (each,) = shelf.put_old([3_000])
    shelf.frozen.put(each.name, b"something else")
    assert whats(shelf.move()) == [MOVED, GIVEN_UP]
    assert shelf.read(shelf.frozen, each.name) == each.content


def test_a_cold_place_whose_disk_is_not_mounted_is_waited_for_and_loses_nothing(
    shelf: ColdShelf, cold_root: Path
) -> None:
    (each,) = shelf.put_old([3_000])
    shelf.move()
    shelf.recall(each)
    mounted = cold_root.rename(cold_root.with_name("on the disk"))
    cold_root.mkdir()
    with pytest.raises(ColdLacksMark):
        shelf.move()
    assert list(cold_root.iterdir()) == []
    with pytest.raises(StoreUnavailable):
        shelf.all.stat(each.name)
    with pytest.raises(StoreUnavailable):
        shelf.all.open(each.name)
    with shelf.database.reading() as session, pytest.raises(ColdFailing):
        require_cold_place(session, shelf.cold.place, datetime.now(UTC))
    cold_root.rmdir()
    mounted.rename(cold_root)
    shelf.make_due()
    assert whats(shelf.move()) == [RECALLED]
    with shelf.database.reading() as session:
        require_cold_place(session, shelf.cold.place, datetime.now(UTC))


def test_whoever_waits_for_more_than_a_day_is_told_of(shelf: ColdShelf, addresses: DatabaseAddresses) -> None:
    (each,) = shelf.put_old([3_000])
    shelf.move()
    shelf.recall(each)
    with shelf.database.reading() as session:
        require_cold_place(session, shelf.cold.place, datetime.now(UTC))
    with psycopg.connect(addresses.owner) as connection:
        connection.execute("UPDATE cold_object SET wanted_since = now() - interval '25 hours'")
    with shelf.database.reading() as session, pytest.raises(RecallsLate):
        require_cold_place(session, shelf.cold.place, datetime.now(UTC))


def test_without_a_name_for_it_nothing_in_the_cold_place_is_given_out_or_taken_for_lost(shelf: ColdShelf) -> None:
    from ingest.cold.whereabouts import everywhere

    (each,) = shelf.put_old([3_000])
    shelf.move()
    unnamed = everywhere(shelf.database, shelf.store, None)
    with pytest.raises(StoreUnavailable, match="LIUHEN_COLD_"):
        unnamed.stat(each.name)
    assert unnamed.stat("originals/2026/11/unheard-of") is None


def test_another_cold_place_is_refused_while_originals_lie_in_the_former_one(
    shelf: ColdShelf, tmp_path: Path, cold_root: Path
) -> None:
    (each,) = shelf.put_old([3_000])
    shelf.move()
    other = ColdPlace(FolderStore(tmp_path / "other"), "another one")
    with pytest.raises(ColdIsAnother):
        shelf.move(shelf.mover(cold=other))
    assert not (tmp_path / "other").exists()
    shelf.recall(each)
    moved = ColdPlace(FolderStore(cold_root.rename(tmp_path / "moved")), "under another name")
    assert whats(shelf.move(shelf.mover(cold=moved))) == [RECALLED]


def test_the_store_itself_is_no_cold_place_under_whatever_name(
    shelf: ColdShelf, root: Path, database: Database
) -> None:
    with pytest.raises(ColdIsStore):
        use_cold_place(database, shelf.store, ColdPlace(FolderStore(root), "an alias"))


def test_what_is_disposed_of_is_removed_when_its_lock_lets_go(shelf: ColdShelf) -> None:
    first, second = shelf.put_old([3_000, 3_000], until=None)
    shelf.move()
    shelf.dispose(first)
    assert shelf.state(first) == "disposed"
    assert whats(shelf.move()) == [REMOVED], "what was held for ever is held no more"
    assert shelf.in_cold_place() == [second.name]
    assert shelf.row(first) is None
    shelf.frozen.keep_until(second.name, datetime.now(UTC) + timedelta(days=40))
    shelf.dispose(second)
    assert whats(shelf.move()) == [WAITS]
    assert shelf.in_cold_place() == [second.name]


def test_what_is_needed_by_the_time_it_is_there_stays_in_the_store(shelf: ColdShelf) -> None:
    (each,) = shelf.put_old([2 * PIECE_BYTES])
    mover = shelf.mover()
    mover.go_on(PIECE_BYTES)
    with shelf.database.transaction() as session:
        shelf._grant(session, each)
    assert whats(shelf.move(mover)) == [KEPT_WARM]
    assert shelf.state(each) == "both"
    shelf.require_nothing_lost(each)


def test_two_movers_move_each_original_once(shelf: ColdShelf) -> None:
    shelved = shelf.put_old([PIECE_BYTES] * 3)
    first, second = shelf.mover(), shelf.mover()
    done = []
    for _ in range(40):
        done += first.go_on(PIECE_BYTES // 2).done
        done += second.go_on(PIECE_BYTES // 2).done
    assert sorted(whats(done)) == sorted([MOVED, GIVEN_UP] * 3)
    assert len(shelf.entries("recording.moved_to_cold")) == 3
    for each in shelved:
        shelf.require_nothing_lost(each)


def test_one_that_was_slow_gives_up_nothing_that_came_back_meanwhile(shelf: ColdShelf) -> None:
    (each,) = shelf.put_old([3_000])
    slow = shelf.mover()
    while shelf.state(each) != "cold":
        slow.go_on(1)
    leased = slow._take()
    assert leased is not None
    shelf.let_leases_run_out()
    shelf.recall(each)
    assert whats(shelf.move()) == [RECALLED]
    assert whats(slow.go_on(1).done) == [WAITS]
    assert shelf.read(shelf.store, each.name) == each.content


def test_a_cold_place_that_is_full_or_away_is_told_and_waited_for(
    shelf: ColdShelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    (each,) = shelf.put_old([3_000])
    with monkeypatch.context() as full:
        full.setattr(FolderStore, "create", _full_in(shelf))
        with pytest.raises(ColdFailing):
            shelf.move()
    with shelf.database.reading() as session:
        standing = read_cold_standing(session, shelf.cold.place)
    assert (standing.failure, standing.moving, standing.cold) == ("StoreFull", 1, 0)
    assert shelf.read(shelf.store, each.name) == each.content
    shelf.make_due()
    assert whats(shelf.move()) == [MOVED, GIVEN_UP]
    with shelf.database.reading() as session:
        standing = read_cold_standing(session, shelf.cold.place)
    assert (standing.failure, standing.cold, standing.cold_bytes) == (None, 1, 3_000)


def _full_in(shelf: ColdShelf) -> object:
    create = FolderStore.create

    def fails(store: FolderStore, name: str, size_bytes: int | None = None) -> object:
        if store is shelf.frozen and name.startswith("originals/"):
            raise StoreFull(name)
        return create(store, name, size_bytes)

    return fails


def test_nobody_who_answers_people_can_say_that_something_was_moved(
    shelf: ColdShelf, addresses: DatabaseAddresses
) -> None:
    shelf.put_old([3_000])
    shelf.move()
    with psycopg.connect(addresses.app) as connection:
        for statement in (
            "UPDATE cold_object SET state = 'moving'",
            "DELETE FROM cold_object",
            "UPDATE cold_store SET mark = gen_random_uuid()",
            "UPDATE recall_request SET arrived_at = now()",
        ):
            with pytest.raises(psycopg.errors.InsufficientPrivilege), connection.transaction():
                connection.execute(statement)
