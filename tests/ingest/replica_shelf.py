"""A shelf of stored objects with a second store beside it."""

from __future__ import annotations

import uuid
from datetime import timedelta

import psycopg
from sqlalchemy import func, select, update

from api.engines.roles import DatabaseAddresses
from ingest.lease import name_worker
from ingest.replica.mark import REPLICA, Replica
from ingest.replica.replicator import Done, Replicator
from ingest.scrub.conclusion import Seen
from ingest.scrub.due import Selection
from ingest.scrub.scrubber import Scrubber
from integrity.epoch_keys import EpochKey
from storage.catalog.object_looks import ObjectLook
from storage.catalog.replicas import ObjectReplica
from storage.database import Database
from storage.objects.protocol import ObjectStore
from tests.ingest.scrub_shelf import A_LOT, Shelf, Shelved


class ReplicaShelf(Shelf):
    """`second` is the replica's store."""

    def __init__(
        self, addresses: DatabaseAddresses, database: Database, store: ObjectStore, second: ObjectStore
    ) -> None:
        super().__init__(addresses, database, store)
        self.replica = Replica(second, "the second store")
        self._owner = addresses.owner

    @property
    def second(self) -> ObjectStore:
        return self.replica.store

    def replicator(
        self, *, store: ObjectStore | None = None, replica: Replica | None = None, days: int = 30
    ) -> Replicator:
        keys = (EpochKey(1, self.manifest_key.public),)
        replica = replica or self.replica
        return Replicator(self.database, store or self.store, replica, lambda: keys, name_worker(), days)

    def replicate(self, replicator: Replicator | None = None, at_most_bytes: int = A_LOT) -> list[Done]:
        """Go on until nothing is due; what was done."""
        replicator, done = replicator or self.replicator(), list[Done]()
        while True:
            step = replicator.go_on(at_most_bytes)
            done += step.done
            if step.idle:
                return done

    def row(self, each: Shelved) -> ObjectReplica | None:
        with self.database.reading() as session:
            return session.get(ObjectReplica, each.id)

    def healer(self, selection: Selection | None = None, store: ObjectStore | None = None) -> Scrubber:
        """A scrubber that has the replica to heal from."""
        keys = (EpochKey(1, self.manifest_key.public),)
        store, selection = store or self.store, selection or self.every()
        return Scrubber(self.database, store, lambda: keys, name_worker(), selection, self.replica)

    def heal(self, scrubber: Scrubber | None = None, at_most_bytes: int = A_LOT) -> list[Seen]:
        """Look at everything, and heal what is lost; what was seen."""
        scrubber, seen = scrubber or self.healer(), list[Seen]()
        while True:
            step = scrubber.go_on(at_most_bytes)
            seen += step.seen
            if step.idle:
                return seen

    def state(self, each: Shelved) -> str | None:
        row = self.row(each)
        return None if row is None else row.state

    def states(self) -> set[str]:
        with self.database.reading() as session:
            return set(session.scalars(select(ObjectReplica.state)))

    def make_due(self, days: int = 100) -> None:
        """Whatever waits for its pause is due, and each copy was looked at so long ago."""
        with self.database.transaction() as session:
            session.execute(update(ObjectReplica).values(due_at=func.now()))
            looked = update(ObjectReplica).where(ObjectReplica.looked_at.is_not(None))
            session.execute(looked.values(looked_at=func.now() - timedelta(days=days)))

    def let_leases_run_out(self) -> None:
        with self.database.transaction() as session:
            session.execute(update(ObjectReplica).values(leased_until=func.now() - timedelta(seconds=1)))

    def let_looks_run_out(self) -> None:
        with self.database.transaction() as session:
            session.execute(update(ObjectLook).values(leased_until=func.now() - timedelta(seconds=1)))

    def dispose(self, each: Shelved, *, of_object: bool = True) -> None:
        """As disposal will: the rows go first."""
        with psycopg.connect(self._owner) as connection:
            connection.execute("DELETE FROM linking_done WHERE recording_id = %s", (each.id,))
            connection.execute("DELETE FROM judgement_due WHERE recording_id = %s", (each.id,))
            connection.execute("DELETE FROM recording WHERE id = %s", (each.id,))
        if of_object:
            self.store.delete(each.name)

    def copied(self) -> list[str]:
        """What lies in the second store, but for its mark."""
        return [name for name in self.second.list() if name != REPLICA.mark]

    def damage(self, store: ObjectStore, name: str, content: bytes) -> None:
        """As rot, or somebody with access to the medium, would do."""
        store.delete(name)
        store.put(name, content)


def ids_of(done: list[Done], what: str) -> set[uuid.UUID]:
    return {each.owed.id for each in done if each.what == what}
