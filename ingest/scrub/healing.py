"""A lost object brought back from the second store: the same bytes, held against what was signed, in its place.

The order makes every crash harmless, as for what sealing makes anew (docs/decisions/0018): alarm → the object, in one
moment → read back → entry. What the replica has is believed no more than what the store had.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

import structlog
from sqlalchemy import func, update

from ingest.alarms import enter_lost
from ingest.objects.stated import ManifestKeys, read_stated
from ingest.replica.carriage import Carriage, keep_likewise
from ingest.replica.mark import Replica
from ingest.scrub.conclusion import SCRUB, Seen
from ingest.scrub.due import Batch
from storage.catalog.object_looks import UNREADABLE, UNSIGNED, WHOLE, ObjectLook
from storage.catalog.replicas import COPIED, ObjectReplica
from storage.database import Database
from storage.errors import ObjectMissing, ObjectStoreError
from storage.objects.protocol import Keeping, ObjectStore

AWAY_SECONDS: Final = 60.0
"""So long a replica that does not answer is not asked again: each lost object would wait for it anew."""
LONG_AGO: Final = timedelta(days=3650)
"""A copy whose last look is so far back is looked at next."""

log = structlog.get_logger()


@dataclass
class Healing:
    """`seen` is what was concluded of the object, `kept` how the replica keeps its copy."""

    seen: Seen
    carriage: Carriage
    kept: Keeping

    def close(self) -> None:
        self.carriage.close()


class Healer:
    """For the scrubber of `store`."""

    def __init__(
        self,
        database: Database,
        store: ObjectStore,
        replica: Replica,
        keys: ManifestKeys,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._database, self._store, self._replica, self._keys = database, store, replica, keys
        self._clock, self._away_until = clock, 0.0

    def begin(self, batch: Batch, seen: Seen) -> Healing | None:
        """The alarm is entered when this returns. None where there is nothing to heal it by: no copy, a replica that
        does not answer, a manifest that says nothing, an object that is disposed of, or another worker's by now."""
        if seen.found == UNSIGNED or self._clock() < self._away_until:
            return None
        kept = self._kept(seen)
        if kept is None or not self._raise_alarm(batch, seen):
            return None
        return Healing(seen, Carriage(self._replica.store, self._store, seen.stated, mends=True), kept)

    def go_on(self, healing: Healing, at_most_bytes: int) -> int:
        """How many bytes were read. Raises what the store raises, never what the replica does: that is found."""
        return healing.carriage.go_on(at_most_bytes)

    def put_back(self, batch: Batch, healing: Healing) -> bool:
        """Whether the object stands in its place again, to be read back: the replica's copy was whole, and it is not
        disposed of meanwhile. Raises what the store raises."""
        carriage, due = healing.carriage, healing.seen.due
        if carriage.found != WHOLE:
            self._note_copy(healing)
            return False
        keys = self._keys()
        with self._database.transaction() as session:
            # As a copy gets into the replica (ingest/replica/record.py): a disposal comes before it, or after.
            now = read_stated(session, [(due.kind, due.id)], keys, lock=True).get(due.id)
            if now != carriage.stated or not batch.lease.is_held(session, ObjectLook.id == due.id):
                return False
            carriage.commit()
            keep_likewise(self._store, carriage.stated.object_name, healing.kept, release=False)
        return True

    def _kept(self, seen: Seen) -> Keeping | None:
        try:
            return self._replica.store.keeping(seen.stated.object_name)
        except ObjectMissing:
            self._ask_for_a_look(seen)
            return None
        except ObjectStoreError as error:
            self._is_away(error)
            return None

    def _raise_alarm(self, batch: Batch, seen: Seen) -> bool:
        due, keys = seen.due, self._keys()
        with self._database.transaction() as session:
            now = read_stated(session, [(due.kind, due.id)], keys, lock=True).get(due.id)
            ours = ObjectLook.id == due.id
            if now != seen.stated or not batch.lease.is_held(session, ours):
                return False
            since = func.coalesce(ObjectLook.lost_since, func.now())
            batch.lease.write(session, ours, found=seen.found, lost_since=since)
            enter_lost(session, SCRUB, due.subject, seen.found, {"object": seen.stated.object_name})
        return True

    def _note_copy(self, healing: Healing) -> None:
        """The copy is no use."""
        carriage, due = healing.carriage, healing.seen.due
        facts = {"kind": due.kind, "id": str(due.id), "object": carriage.stated.object_name}
        log.error("scrub.copy_not_whole", **facts, found=carriage.found, why=carriage.why)
        if carriage.found == UNREADABLE:
            self._is_away(None)
            return
        self._ask_for_a_look(healing.seen)

    def _ask_for_a_look(self, seen: Seen) -> None:
        with self._database.transaction() as session:
            copied = update(ObjectReplica).where(ObjectReplica.id == seen.due.id, ObjectReplica.state == COPIED)
            session.execute(copied.values(looked_at=func.now() - LONG_AGO).execution_options(synchronize_session=False))

    def _is_away(self, error: ObjectStoreError | None) -> None:
        self._away_until = self._clock() + AWAY_SECONDS
        if error is not None:
            log.warning("scrub.replica_away", error=type(error).__name__)
