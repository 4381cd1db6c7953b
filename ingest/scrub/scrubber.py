"""Looking at one object after the other, a little at a time, until nothing is due.

One look concludes nothing: what is not whole is looked at again, while the store works and is the archive's own. A
store that is away, or whose disk is not mounted, is waited for. Where there is a replica, a lost object is healed from
it (healing.py): between the last look at it and its conclusion.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace

import structlog
from sqlalchemy import delete

from ingest.objects.batches import renew_in_time
from ingest.objects.believing import looks_to_lose, require_standing
from ingest.objects.look import OPENING_BYTES, Look
from ingest.objects.side_by_side import look_at_small
from ingest.objects.stated import ManifestKeys, read_stated
from ingest.replica.mark import Replica
from ingest.scrub.conclusion import Seen, conclude
from ingest.scrub.due import Selection, lease_batch
from ingest.scrub.hand import Hand, Waiting
from ingest.scrub.healing import Healer, Healing
from storage.catalog.object_looks import UNREADABLE, WHOLE, ObjectLook
from storage.database import Database
from storage.errors import ObjectStoreError
from storage.objects.protocol import ObjectStore

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Step:
    """What came of going on for a while. `idle`: nothing is due. `waits`: an object that could not be read is to be
    tried again, some time later."""

    read_bytes: int = 0
    seen: Sequence[Seen] = ()
    idle: bool = False
    waits: bool = False


@dataclass(frozen=True, slots=True)
class _Looked:
    """What one go at the first that wait came to. `waits`: see Step."""

    objects: int
    read_bytes: int
    waits: bool = False


class Scrubber:
    """For one thread. Killed at any moment, it leaves leases that run out, and its objects are looked at again."""

    def __init__(
        self,
        database: Database,
        store: ObjectStore,
        keys: ManifestKeys,
        worker: str,
        selection: Selection,
        replica: Replica | None = None,
    ) -> None:
        self.database, self.store, self.keys = database, store, keys
        self.worker, self.selection = worker, selection
        self._healer = None if replica is None else Healer(database, store, replica, keys)
        self._hand: Hand | None = None
        self._lost_first = False

    def go_on(self, at_most_bytes: int) -> Step:
        """Read so many bytes or a little more, and record what was seen to its end.

        Raises StoreLacksLedger, and what a store raises that does not work: nothing is concluded then of what is lost.
        """
        read_bytes, spent, seen = 0, 0, list[Seen]()
        while spent < at_most_bytes:
            hand = self._hand or self._take()
            if hand is None:
                return Step(read_bytes, seen, idle=not seen and not read_bytes)
            hand.renewed_at = renew_in_time(self.database, hand.batch.lease, hand.renewed_at)
            looked = self._look(hand, at_most_bytes - spent)
            read_bytes += looked.read_bytes
            spent += max(looked.read_bytes, looked.objects * OPENING_BYTES)
            if not hand.waiting:
                seen += self.leave_off()
            if looked.waits:
                return Step(read_bytes, seen, waits=True)
        return Step(read_bytes, seen)

    def leave_off(self) -> Sequence[Seen]:
        """Record what was seen to its end, and give back what is leased; what of it counts."""
        hand, self._hand = self._hand, None
        if hand is None:
            return ()
        hand.put_down()
        return conclude(self.database, hand.batch, hand.seen, self.keys)

    def _take(self) -> Hand | None:
        self._lost_first = not self._lost_first
        batch = lease_batch(self.database, self.worker, self.selection, self._lost_first)
        if batch is None:
            return None
        keys = self.keys()
        with self.database.reading() as session:
            stated = read_stated(session, [(each.kind, each.id) for each in batch.due], keys)
        gone = [each.id for each in batch.due if each.id not in stated]
        if gone:  # otherwise their turn would come again and again
            with self.database.transaction() as session:
                session.execute(delete(ObjectLook).where(batch.lease.held, ObjectLook.id.in_(gone)))
        self._hand = Hand(batch, [(each, stated[each.id]) for each in batch.due if each.id in stated])
        return self._hand

    def _look(self, hand: Hand, at_most_bytes: int) -> _Looked:
        group = hand.small(at_most_bytes)
        try:
            return self._look_at_small(hand, group) if len(group) > 1 else self._look_on(hand, at_most_bytes)
        except BaseException:
            # The error is what is to be heard of, not what comes of tidying up after it.
            with suppress(Exception):
                self.leave_off()
            raise

    def _look_at_small(self, hand: Hand, group: Sequence[Waiting]) -> _Looked:
        """What is not whole is looked at by itself next, as if for the first time."""
        found, read_bytes = look_at_small(self.store, [stated for _, stated in group])
        each_found = [(due, stated, what) for (due, stated), what in zip(group, found, strict=True)]
        hand.finish([Seen(due, stated, WHOLE) for due, stated, what in each_found if what == WHOLE])
        hand.alone.update(due.id for due, _, what in each_found if what != WHOLE)
        return _Looked(len(group), read_bytes)

    def _look_on(self, hand: Hand, at_most_bytes: int) -> _Looked:
        if not hand.waiting:
            return _Looked(0, 0)
        if hand.healing is not None:
            return self._heal_on(hand, hand.healing, at_most_bytes)
        due, stated = hand.waiting[0]
        look = hand.look = hand.look or Look(self.store, stated)
        read = look.go_on(at_most_bytes)
        if look.found is None:
            return _Looked(1, read)
        hand.look = None
        seen = Seen(due, stated, look.found, look.why)
        if hand.healed or seen.is_whole:
            hand.finish([replace(seen, healed=hand.healed and seen.is_whole)])
            return _Looked(1, read)
        if self._is_lost(hand, seen):
            hand.healing = None if self._healer is None else self._healer.begin(hand.batch, seen)
            if hand.healing is None:
                hand.finish([seen])
            return _Looked(1, read)
        hand.alone.add(due.id)
        return _Looked(1, read, waits=look.found == UNREADABLE)

    def _heal_on(self, hand: Hand, healing: Healing, at_most_bytes: int) -> _Looked:
        """Carry on; once the object stands in its place again it is looked at once more, whatever comes of it."""
        assert self._healer is not None
        read = 0
        try:
            read = self._healer.go_on(healing, at_most_bytes)
            if healing.carriage.found is None:
                return _Looked(1, read)
            hand.healed = self._healer.put_back(hand.batch, healing)
        except ObjectStoreError as error:
            # Its alarm stands. Should the store do nothing at all, the next look says so.
            _say_not_healed(healing, error)
        healing.close()
        hand.healing = None
        if not hand.healed:
            hand.finish([healing.seen])
        return _Looked(1, read)

    def _is_lost(self, hand: Hand, seen: Seen) -> bool:
        """False: look again. Raises what require_standing raises."""
        require_standing(self.database, self.store)
        hand.looks += 1
        return hand.looks >= looks_to_lose(seen.found)


def _say_not_healed(healing: Healing, error: ObjectStoreError) -> None:
    log.error("scrub.not_healed", object=error.name, id=str(healing.seen.due.id), error=type(error).__name__)
