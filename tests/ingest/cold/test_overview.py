"""What whoever looks after the cold place is told: of each original, what is done to it now, or comes next."""

from __future__ import annotations

from datetime import UTC, datetime

from ingest.cold.overview import ColdOverview, Deed, read_overview
from ingest.objects.look import PIECE_BYTES
from tests.ingest.cold_shelf import ColdShelf


def look(shelf: ColdShelf, first: int = 10) -> ColdOverview:
    with shelf.database.reading() as session:
        return read_overview(session, first)


def originals(shelf: ColdShelf) -> dict[str, int]:
    return {state: amount.originals for state, amount in look(shelf).amounts.items() if amount.originals}


def test_what_is_in_hand_is_told_and_not_what_comes_next(shelf: ColdShelf) -> None:
    assert (originals(shelf), look(shelf).next, look(shelf).next_at) == ({}, None, None)
    (large,) = shelf.put_old([9 * PIECE_BYTES + 17])
    mover = shelf.mover()
    mover.go_on(PIECE_BYTES)
    begun = look(shelf)
    size_bytes = len(shelf.read(shelf.store, large.name) or b"")
    assert begun.in_hand == [Deed(large.id, "move", size_bytes)]
    assert (begun.next, begun.amounts["moving"].size_bytes) == (None, size_bytes)
    mover.leave_off()
    assert look(shelf).in_hand == []
    assert look(shelf).next == Deed(large.id, "move", size_bytes)


def test_what_comes_next_is_what_the_mover_takes_then(shelf: ColdShelf) -> None:
    wanted, disposed, quiet = shelf.put_old([5_000, 4_000, 3_000])
    shelf.move()
    assert (originals(shelf), look(shelf).next, look(shelf).next_at) == ({"cold": 3}, None, None)
    shelf.dispose(disposed)
    shelf.recall(wanted)
    asked = look(shelf)
    assert originals(shelf) == {"cold": 2, "disposed": 1}
    assert [(each.recording_id, each.again_at) for each in asked.asked_for] == [(wanted.id, None)]
    assert asked.asked_for_in_all.originals == 1
    assert asked.next is not None
    assert (asked.next.recording_id, asked.next.what) == (wanted.id, "recall")
    assert look(shelf, first=0).asked_for == []
    mover = shelf.mover()
    while not mover.go_on(1).done:
        pass
    following = look(shelf)
    assert following.next is not None
    assert (following.next.recording_id, following.next.what) == (disposed.id, "remove")
    assert following.asked_for == []
    assert originals(shelf) == {"cold": 1, "both": 1, "disposed": 1}
    assert quiet.id not in {each.recording_id for each in following.in_hand}


def test_what_could_not_be_brought_back_says_when_it_is_tried_again(shelf: ColdShelf) -> None:
    (lost,) = shelf.put_old([5_000])
    shelf.move()
    shelf.recall(lost)
    (shelf.frozen.root / lost.name).unlink()  # type: ignore[attr-defined]
    shelf.move()
    (waiting,) = look(shelf).asked_for
    assert waiting.again_at is not None
    assert waiting.again_at > datetime.now(UTC)
    assert look(shelf).next is None
    assert look(shelf).next_at == waiting.again_at
