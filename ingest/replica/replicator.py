"""Copying one object after the other into the second store, a little at a time, until nothing is due.

What was disposed of is removed first, what waits is copied next, and then the copies are looked at in their turns, as
scrubbing looks at the objects themselves: a copy that is not whole is made anew from the first store.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Final

from ingest.lease import given_back
from ingest.objects.batches import renew_in_time
from ingest.objects.believing import looks_to_lose, require_standing
from ingest.objects.look import OPENING_BYTES, Look
from ingest.objects.stated import ManifestKeys, Stated, read_stated
from ingest.replica.carriage import AT_ONCE_BYTES, Carriage, keep_likewise
from ingest.replica.due import Batch, Owed, lease_batch
from ingest.replica.errors import ReplicaError, ReplicaFailing
from ingest.replica.mark import REPLICA, Replica, use_replica
from ingest.replica.record import deliver, note_look, pause, put_off, remove, step_aside
from integrity.epoch_keys import EpochKey
from storage.catalog.object_looks import WHOLE
from storage.catalog.replicas import COPIED, DISPOSED
from storage.database import Database
from storage.errors import ObjectExists, ObjectMissing, ObjectStoreError, StoreFull, StoreReadOnly
from storage.objects.protocol import Keeping, ObjectStore

COPIED_NOW: Final = "copied"
HEALED: Final = "healed"
LOOKED_AT: Final = "looked_at"
LOST: Final = "lost"
NOT_WHOLE: Final = "not_whole"
REMOVED: Final = "removed"


@dataclass(frozen=True, slots=True)
class Done:
    """What was done with an object. `what`: `copied`; `looked_at`, its copy was whole; `healed`, it was made anew;
    `lost`, it could not be; `not_whole`, the object itself is not, and was not copied; `removed`. `found`: what was
    wrong."""

    owed: Owed
    what: str
    found: str | None = None
    why: str | None = None


@dataclass(frozen=True, slots=True)
class Step:
    """What came of going on for a while. `idle`: nothing is due."""

    read_bytes: int = 0
    done: Sequence[Done] = ()
    idle: bool = False


@dataclass
class _Hand:
    """What is leased just now. `look` and `carriage` are of the first that waits, `found` is what its copy lacks;
    `mends`: other bytes stand under its name."""

    batch: Batch
    mark: uuid.UUID
    keys: Sequence[EpochKey]
    stated: Mapping[uuid.UUID, Stated]
    waiting: list[Owed]
    renewed_at: float = field(default_factory=time.monotonic)
    look: Look | None = None
    looks: int = 0
    carriage: Carriage | None = None
    found: str | None = None
    mends: bool = False

    def next(self) -> None:
        """The first waits no more."""
        self.put_down()
        self.waiting.pop(0)
        self.looks, self.found, self.mends = 0, None, False

    def put_down(self) -> None:
        for each in (self.look, self.carriage):
            if each is not None:
                each.close()
        self.look = self.carriage = None


class Replicator:
    """For one thread; as many of them as one likes. Killed at any moment, it leaves leases that run out, and perhaps a
    copy that was not recorded: it is put again, the same bytes under the same name, and found to be there."""

    def __init__(
        self, database: Database, store: ObjectStore, replica: Replica, keys: ManifestKeys, worker: str, days: int
    ) -> None:
        """`days`: in which each copy is looked at once."""
        self.database, self.store, self.replica, self.keys = database, store, replica, keys
        self.worker, self.days = worker, days
        self._hand: _Hand | None = None
        self._works = False

    def go_on(self, at_most_bytes: int, at_most_seconds: float = float("inf")) -> Step:
        """Read so many bytes, or for so long, or a little more.

        Raises ReplicaError where the replica does not work, which its row says then; StorageError where the first store
        does not. What was in hand is due again.
        """
        until, spent, read_bytes, done = time.monotonic() + at_most_seconds, 0, 0, list[Done]()
        try:
            while spent < at_most_bytes and time.monotonic() < until:
                hand = self._hand or self._take()
                if hand is None:
                    return Step(read_bytes, done, idle=not done and not read_bytes)
                hand.renewed_at = renew_in_time(self.database, hand.batch.lease, hand.renewed_at)
                read = self._go_on_with(hand, hand.waiting[0], at_most_bytes - spent, done)
                read_bytes += read
                spent += max(read, OPENING_BYTES)
                if done:
                    self._say_it_works()
                if not hand.waiting:
                    self.leave_off()
        except ReplicaError as error:
            failure = error.failure if isinstance(error, ReplicaFailing) else type(error).__name__
            self._tidy_up(failure)
            if not done:  # otherwise that is to be heard of first; the error comes again
                raise
        except Exception:
            self._tidy_up(None)
            raise
        except BaseException:
            with suppress(Exception):
                self.leave_off()
            raise
        return Step(read_bytes, done)

    def leave_off(self) -> None:
        """Give back what is leased. What is begun and not committed leaves nothing behind."""
        hand, self._hand = self._hand, None
        if hand is not None:
            hand.put_down()
            with self.database.transaction() as session:
                hand.batch.lease.write(session, **given_back())

    def _tidy_up(self, failure: str | None) -> None:
        """The error is what is to be heard of, not what comes of this."""
        hand = self._hand
        with suppress(Exception):
            if hand is not None and hand.waiting:
                step_aside(self.database, hand.batch, hand.waiting[0], hand.found)
        with suppress(Exception):
            self.leave_off()
        if failure is not None:
            self._works = False
            with suppress(Exception):
                REPLICA.note_working(self.database, self.replica.place, failure)

    def _say_it_works(self) -> None:
        if not self._works:
            REPLICA.note_working(self.database, self.replica.place, None)
            self._works = True

    def _take(self) -> _Hand | None:
        with self._asking():
            mark = use_replica(self.database, self.store, self.replica)
        batch = lease_batch(self.database, self.worker, self.days)
        if batch is None:
            self._say_it_works()
            return None
        keys = self.keys()
        with self.database.reading() as session:
            alive = [(each.kind, each.id) for each in batch.owed if each.state != DISPOSED]
            stated = read_stated(session, alive, keys)
        self._hand = _Hand(batch, mark, keys, stated, list(batch.owed))
        return self._hand

    def _go_on_with(self, hand: _Hand, owed: Owed, at_most_bytes: int, done: list[Done]) -> int:
        """How many bytes were read."""
        stated = hand.stated.get(owed.id)
        if owed.state == DISPOSED:
            with self._asking():
                remove(self.database, self.replica.store, hand.batch, owed)
            done.append(Done(owed, REMOVED))
        elif stated is None or (stated.flaw is not None and owed.state == COPIED):
            # Disposed of since it was leased: its row says so. Or nothing says any longer what its bytes have to be:
            # that is an alarm of the object itself.
            pause(self.database, hand.batch, owed)
        elif owed.state == COPIED and hand.found is None:
            return self._look_on(hand, owed, stated, at_most_bytes, done)
        else:
            return self._carry_on(hand, owed, stated, at_most_bytes, done)
        hand.next()
        return 0

    def _look_on(self, hand: _Hand, owed: Owed, stated: Stated, at_most_bytes: int, done: list[Done]) -> int:
        look = hand.look = hand.look or Look(self.replica.store, stated)
        read = look.go_on(min(at_most_bytes, AT_ONCE_BYTES))
        if look.found is None:
            return read
        hand.look = None
        if look.found == WHOLE:
            note_look(self.database, hand.batch, owed, WHOLE)
            kept = self._kept(stated)
            with self._asking():
                if kept is not None:
                    keep_likewise(self.replica.store, stated.object_name, kept, release=True)
            done.append(Done(owed, LOOKED_AT))
            hand.next()
            return read
        with self._asking():
            with suppress(StoreFull, StoreReadOnly):
                self.replica.store.require_working()
            use_replica(self.database, self.store, self.replica)
        hand.looks += 1
        if hand.looks >= looks_to_lose(look.found):
            hand.found = look.found
        return read

    def _carry_on(self, hand: _Hand, owed: Owed, stated: Stated, at_most_bytes: int, done: list[Done]) -> int:
        mends = hand.mends or hand.found is not None
        carriage = hand.carriage = hand.carriage or Carriage(self.store, self.replica.store, stated, mends=mends)
        with self._asking():
            read = carriage.go_on(at_most_bytes)
        if carriage.found is None:
            return read
        if carriage.found != WHOLE:
            require_standing(self.database, self.store)
            done.append(self._give_up(hand, owed, carriage))
        else:
            try:
                delivered = self._deliver(hand, owed, stated, carriage)
            except ObjectExists as error:
                if mends:
                    raise ReplicaFailing(self.replica.place, type(error).__name__, str(error)) from error
                # Other bytes stand under its name: it is carried once more, and put in their place.
                hand.put_down()
                hand.mends = True
                return read
            if delivered:
                done.append(Done(owed, COPIED_NOW) if hand.found is None else Done(owed, HEALED, hand.found))
        hand.next()
        return read

    def _deliver(self, hand: _Hand, owed: Owed, stated: Stated, carriage: Carriage) -> bool:
        kept = self._kept(stated)
        with self._asking():
            return deliver(self.database, self.replica.store, hand.batch, owed, carriage, kept, hand.mark, hand.keys)

    def _give_up(self, hand: _Hand, owed: Owed, carriage: Carriage) -> Done:
        if hand.found is not None:
            note_look(self.database, hand.batch, owed, hand.found)
            return Done(owed, LOST, hand.found, carriage.found)
        put_off(self.database, hand.batch, owed, self.days)
        return Done(owed, NOT_WHOLE, carriage.found, carriage.why)

    def _kept(self, stated: Stated) -> Keeping | None:
        """How the first store keeps it; None where it is lost there. Raises what that raises."""
        try:
            return self.store.keeping(stated.object_name)
        except ObjectMissing:
            return None

    @contextmanager
    def _asking(self) -> Iterator[None]:
        """What the replica raises becomes ReplicaFailing, but for what is said of one object."""
        try:
            yield
        except (ObjectExists, ObjectMissing):
            raise
        except ObjectStoreError as error:
            raise ReplicaFailing(self.replica.place, type(error).__name__, str(error)) from error
