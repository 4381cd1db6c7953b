"""A shelf of stored originals with a cold place behind it."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta

import psycopg
from sqlalchemy import func, select, update

from api.engines.roles import DatabaseAddresses
from ingest.cold.mover import Done, Mover
from ingest.cold.place import COLD_PLACE, ColdPlace
from ingest.cold.whereabouts import everywhere
from ingest.lease import name_worker
from integrity.epoch_keys import EpochKey
from retention.cold_rule import ColdRule
from retention.recalls import ask_for
from storage.catalog.access import Grant
from storage.catalog.casework import Case
from storage.catalog.cold import ColdObject, RecallRequest
from storage.catalog.organisation import Person
from storage.catalog.recordings import Recording
from storage.database import Database
from storage.objects.protocol import ObjectStore
from storage.objects.tiered import TieredStore
from tests.casework.sample_archive import SampleArchive
from tests.ingest.scrub_shelf import A_LOT, Shelf, Shelved

KEPT_UNTIL = date(2040, 1, 31)
RULE = ColdRule(after_days=30, quiet_days=7)


class ColdShelf(Shelf):
    """`frozen` is the cold place's store."""

    def __init__(
        self, addresses: DatabaseAddresses, database: Database, store: ObjectStore, frozen: ObjectStore
    ) -> None:
        super().__init__(addresses, database, store)
        self.cold = ColdPlace(frozen, "the cold place")
        self._owner = addresses.owner
        self._case: Case | None = None

    @property
    def frozen(self) -> ObjectStore:
        return self.cold.store

    @property
    def all(self) -> TieredStore:
        return everywhere(self.database, self.store, self.cold)

    def put_old(self, sizes: Sequence[int], until: date | None = KEPT_UNTIL) -> list[Shelved]:
        """Originals that were sealed long ago, and are kept for years yet."""
        shelved = self.put(sizes)
        self.keep([each.id for each in shelved], until)
        return shelved

    def keep(self, ids: Sequence[uuid.UUID], until: date | None) -> None:
        with psycopg.connect(self._owner) as connection:
            connection.execute("UPDATE recording SET retain_until = %s WHERE id = ANY(%s)", (until, list(ids)))

    def mover(
        self,
        *,
        database: Database | None = None,
        store: ObjectStore | None = None,
        cold: ColdPlace | None = None,
        rule: ColdRule = RULE,
    ) -> Mover:
        keys = (EpochKey(1, self.manifest_key.public),)
        database, store, cold = database or self.database, store or self.store, cold or self.cold
        return Mover(database, store, cold, lambda: keys, name_worker(), rule)

    def move(self, mover: Mover | None = None, at_most_bytes: int = A_LOT) -> list[Done]:
        """Go on until nothing is due; what was done."""
        mover, done = mover or self.mover(), list[Done]()
        while True:
            step = mover.go_on(at_most_bytes)
            done += step.done
            if step.idle:
                return done

    def row(self, each: Shelved) -> ColdObject | None:
        with self.database.reading() as session:
            return session.get(ColdObject, each.id)

    def state(self, each: Shelved) -> str | None:
        row = self.row(each)
        return None if row is None else row.state

    def recall(self, each: Shelved) -> uuid.UUID | None:
        """Somebody asks for it, under a grant in a case of its own."""
        with self.database.transaction() as session:
            person, grant = self._grant(session, each)
            return ask_for(session, person, grant.id, each.id)

    def _grant(self, session: object, each: Shelved) -> tuple[Person, Grant]:
        sample = SampleArchive(session)  # type: ignore[arg-type]
        officer, supervisor = sample.person(self.unit, "officer"), sample.person(self.unit, "supervisor")
        case = sample.case(officer)
        sample.link(sample.session.get_one(Recording, each.id), case, officer)
        return officer, sample.grant(case, officer, supervisor)

    def requests(self) -> list[RecallRequest]:
        with self.database.reading() as session:
            return list(session.scalars(select(RecallRequest).order_by(RecallRequest.asked_at)))

    def end_cases(self) -> None:
        """Nobody works on any, and no grant runs any more."""
        with psycopg.connect(self._owner) as connection:
            connection.execute('UPDATE "case" SET closed_at = now() WHERE closed_at IS NULL')
            connection.execute("UPDATE access_grant SET granted_at = now() - interval '2 days', expires_at = now()")

    def make_due(self, each: Shelved | None = None) -> None:
        due = update(ColdObject) if each is None else update(ColdObject).where(ColdObject.id == each.id)
        with self.database.transaction() as session:
            session.execute(due.values(due_at=func.now()))

    def let_leases_run_out(self) -> None:
        with self.database.transaction() as session:
            session.execute(update(ColdObject).values(leased_until=func.now() - timedelta(seconds=1)))

    def dispose(self, each: Shelved) -> None:
        """As disposal will: the rows go first."""
        with psycopg.connect(self._owner) as connection:
            for table in ("linking_done", "judgement_due", "recall_request", "case_link"):
                connection.execute(f"DELETE FROM {table} WHERE recording_id = %s", (each.id,))
            connection.execute("DELETE FROM recording WHERE id = %s", (each.id,))
        self.store.delete(each.name)

    def in_cold_place(self) -> list[str]:
        return [name for name in self.frozen.list() if name != COLD_PLACE.mark]

    def damage(self, store: ObjectStore, name: str, content: bytes) -> None:
        """As rot, or somebody with access to the medium, would do: no lock is asked."""
        path = store.root / name  # type: ignore[attr-defined]
        path.chmod(0o600)
        path.write_bytes(content)

    def require_nothing_lost(self, each: Shelved) -> None:
        """A whole copy where the row says, and a locked one wherever the store has let go of its own."""
        state = self.state(each)
        here, there = self.read(self.store, each.name), self.read(self.frozen, each.name)
        if state in ("cold", "both"):
            assert there == each.content
            assert self.frozen.keeping(each.name).forbids(datetime.now(UTC))
        if state != "cold":
            assert here == each.content
        assert self.read(self.all, each.name) == each.content, "whoever looks after it finds it"


def whats(done: Sequence[Done]) -> list[str]:
    return [each.what for each in done]
