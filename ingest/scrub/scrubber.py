"""Looking at one object after the other, a little at a time, until nothing is due.

One look concludes nothing: what is not whole is looked at again, while the store works and is the archive's own. A
store that is away, or whose disk is not mounted, is waited for. Once there is a replica, a lost object is healed from
it here: between the last look at it and its conclusion.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final

from sqlalchemy import delete

from ingest.lease import LEASE, RENEWALS_PER_LEASE, taken_by
from ingest.scrub.conclusion import Seen, conclude
from ingest.scrub.look import SMALL_BYTES, Look
from ingest.scrub.stated import ManifestKeys, Stated, read_stated
from ingest.scrub.turns import Batch, Due, Turns, lease_batch
from storage.catalog.object_looks import UNREADABLE, WHOLE, ObjectLook
from storage.database import Database
from storage.direct_io import aligned_buffer
from storage.errors import StoreFull, StoreReadOnly
from storage.ledger.own_store import require_own_store
from storage.objects.protocol import ObjectStore

LOOKS_TO_LOSE: Final[Mapping[str, int]] = {UNREADABLE: 3}
"""How often an object has to be found so; otherwise twice. A medium may give out in the end what it refused twice."""
SIDE_BY_SIDE: Final = 2
OPENING_BYTES: Final = 64 << 10
"""What opening an object counts for, so that a thousand tiny ones are not looked at in one go."""


@dataclass(frozen=True, slots=True)
class Step:
    """What came of going on for a while. `idle`: nothing is due. `waits`: an object that could not be read is to be
    tried again, some time later."""

    read_bytes: int = 0
    seen: Sequence[Seen] = ()
    idle: bool = False
    waits: bool = False


@dataclass(frozen=True)
class Scrubber:
    """For one thread. Killed at any moment, it leaves leases that run out, and its objects are looked at again."""

    database: Database
    store: ObjectStore
    keys: ManifestKeys
    worker: str
    turns: Turns
    _hand: _Hand = field(default_factory=lambda: _Hand())  # noqa: PLW0108  it stands below

    def go_on(self, at_most_bytes: int) -> Step:
        """Read so many bytes or a little more, and record what was seen to its end.

        Raises StoreLacksLedger, and what a store raises that does not work: nothing is concluded then of what is lost.
        """
        read_bytes, spent, seen = 0, 0, list[Seen]()
        while spent < at_most_bytes:
            if self._hand.batch is None and not self._take():
                return Step(read_bytes, seen, idle=not seen and not read_bytes)
            self._renew()
            read, objects = self._look_at_small(at_most_bytes - spent)
            read_bytes += read
            spent += max(read, objects * OPENING_BYTES)
            read, waits = self._look_on(at_most_bytes - spent) if spent < at_most_bytes else (0, False)
            read_bytes += read
            spent += max(read, OPENING_BYTES)
            if self._hand.is_empty():
                seen += self._conclude()
            if waits:
                return Step(read_bytes, seen, waits=True)
        return Step(read_bytes, seen)

    def leave_off(self) -> Sequence[Seen]:
        """Record what was seen to its end, and give back what is leased; what of it counts."""
        return self._conclude() if self._hand.batch is not None else ()

    def _take(self) -> bool:
        hand = self._hand
        hand.lost_first = not hand.lost_first
        batch = lease_batch(self.database, self.worker, self.turns, hand.lost_first)
        if batch is None:
            return False
        keys = self.keys()
        with self.database.reading() as session:
            stated = read_stated(session, [(each.kind, each.id) for each in batch.due], keys)
        gone = [each.id for each in batch.due if each.id not in stated]
        if gone:  # otherwise their turn would come again and again
            with self.database.transaction() as session:
                session.execute(delete(ObjectLook).where(batch.lease.held, ObjectLook.id.in_(gone)))
        hand.take(batch, [(each, stated[each.id]) for each in batch.due if each.id in stated])
        return True

    def _renew(self) -> None:
        """In time, and seldom: a step may be a fraction of a second."""
        hand = self._hand
        if hand.batch is not None and time.monotonic() - hand.renewed_at > LEASE.total_seconds() / RENEWALS_PER_LEASE:
            with self.database.transaction() as session:
                hand.batch.lease.write(session, **taken_by(self.worker))
            hand.renewed_at = time.monotonic()

    def _look_at_small(self, at_most_bytes: int) -> tuple[int, int]:
        """Look at small objects side by side, while one waits for the medium and another is hashed; how many bytes were
        read, and of how many objects. What is not whole is left to be looked at by itself, as if for the first time."""
        group = self._hand.small(at_most_bytes)
        if len(group) < 2:
            return 0, 0
        try:
            with ThreadPoolExecutor(SIDE_BY_SIDE, "scrub") as threads:
                looked = list(threads.map(_Small(self.store), [stated for _, stated in group]))
        except BaseException:
            self._drop()
            raise
        whole = {due.id for (due, _), (found, _) in zip(group, looked, strict=True) if found == WHOLE}
        self._hand.seen += [Seen(due, stated, WHOLE) for due, stated in group if due.id in whole]
        self._hand.waiting = [each for each in self._hand.waiting if each[0].id not in whole]
        return sum(read for _, read in looked), len(group)

    def _look_on(self, at_most_bytes: int) -> tuple[int, bool]:
        """How many bytes were read, and whether to wait."""
        hand = self._hand
        if hand.is_empty():
            return 0, False
        due, stated = hand.waiting[0]
        if hand.look is None:
            hand.look = Look(self.store, stated)
        look = hand.look
        try:
            read = look.go_on(at_most_bytes)
            if look.found is None:
                return read, False
            hand.look = None
            seen = Seen(due, stated, look.found, look.why)
            if seen.is_whole or self._is_lost(seen):
                hand.seen.append(seen)
                hand.waiting.pop(0)
                hand.looks = 0
                return read, False
        except BaseException:
            self._drop()
            raise
        return read, look.found == UNREADABLE

    def _is_lost(self, seen: Seen) -> bool:
        """False: look again. Raises what require_standing raises."""
        require_standing(self.database, self.store)
        self._hand.looks += 1
        return self._hand.looks >= LOOKS_TO_LOSE.get(seen.found, 2)

    def _conclude(self) -> Sequence[Seen]:
        hand = self._hand
        batch, seen = hand.batch, tuple(hand.seen)
        hand.put_down()
        return () if batch is None else conclude(self.database, batch, seen, self.keys)

    def _drop(self) -> None:
        """The error that ends a step is what is to be heard of, not what comes of tidying up after it."""
        with suppress(Exception):
            self._conclude()


def require_standing(database: Database, store: ObjectStore) -> None:
    """Return where what a store says of one object can be believed: it works, and it is this archive's.

    Raises StoreLacksLedger, and what a store raises that does not work. One that has no room, or takes nothing more,
    can be read all the same.
    """
    with suppress(StoreFull, StoreReadOnly):
        store.require_working()
    require_own_store(database, store)


class _Small(threading.local):
    """Looks at small objects. Each thread has memory of its own: touching fresh one takes half as long as hashing."""

    def __init__(self, store: ObjectStore) -> None:
        self._store, self._memory = store, aligned_buffer(SMALL_BYTES)

    def __call__(self, stated: Stated) -> tuple[str | None, int]:
        """What a look at all of it found, and how many bytes it read."""
        with Look(self._store, stated, self._memory) as look:
            read = look.go_on(SMALL_BYTES)
            return look.found, read


@dataclass
class _Hand:
    """What is leased just now: what was seen of it, what is being looked at, what waits. `looks`: at the first that
    waits, those that found it lost."""

    batch: Batch | None = None
    waiting: list[tuple[Due, Stated]] = field(default_factory=list)
    seen: list[Seen] = field(default_factory=list)
    look: Look | None = None
    looks: int = 0
    renewed_at: float = 0.0
    lost_first: bool = False

    def small(self, at_most_bytes: int) -> list[tuple[Due, Stated]]:
        """The first that wait, as far as each is small and all of them are not too much. None while one is begun, or
        was found lost."""
        group: list[tuple[Due, Stated]] = []
        if self.look is not None or self.looks:
            return group
        for each in self.waiting:
            at_most_bytes -= max(each[1].size_bytes, OPENING_BYTES)
            if at_most_bytes < 0 or each[1].size_bytes > SMALL_BYTES:
                break
            group.append(each)
        return group

    def is_empty(self) -> bool:
        return not self.waiting

    def take(self, batch: Batch, waiting: list[tuple[Due, Stated]]) -> None:
        self.batch, self.waiting, self.seen, self.looks = batch, waiting, [], 0
        self.renewed_at = time.monotonic()

    def put_down(self) -> None:
        if self.look is not None:
            self.look.close()
        self.batch, self.look, self.waiting, self.seen, self.looks = None, None, [], [], 0
