"""The second store itself: that it is none of the first ones, and is there.

When it is begun, a mark is put into it. A folder where a disk is not mounted has none: whoever took that for the
replica would fill the system's disk, and take every copy for lost. Under another address, or after a rename, the mark
says that it is the same one, and nothing is copied again.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import Final

from sqlalchemy import func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from ingest.replica.errors import ReplicaIsStore, ReplicaLacksMark
from storage.catalog.replicas import COPIED, WAITING, ObjectReplica, ReplicaStore
from storage.database import Database
from storage.errors import ObjectExists, ObjectMissing
from storage.ledger.files import PREFIX
from storage.objects.protocol import ObjectStore

MARK: Final = "replica/mark"


@dataclass(frozen=True)
class Replica:
    """The second store. `place` is what people call it: a folder's path, or a bucket's address."""

    store: ObjectStore
    place: str


def read_mark(store: ObjectStore) -> uuid.UUID | None:
    """Raises what the store raises."""
    try:
        with store.open(MARK, cold=True) as reader:
            return uuid.UUID(reader.read_span(0, reader.size_bytes).decode())
    except (ObjectMissing, ValueError):
        return None


def use_replica(database: Database, store: ObjectStore, replica: Replica, *, anew: bool = False) -> uuid.UUID:
    """The replica's mark. On return it lies there, and what is copied is copied to it and no other.

    Where the replica is another than before, every object is due to be copied again. `anew`: it was lost, and an empty
    one stands in its place. Raises ReplicaIsStore, ReplicaLacksMark, and what both stores raise.
    """
    mark = read_mark(replica.store)
    with database.reading() as session:
        known = session.get(ReplicaStore, replica.place)
    if known is not None and known.in_use and mark is not None and known.mark == mark:
        return mark
    if mark is None:
        if known is not None and known.mark is not None and not anew:
            raise ReplicaLacksMark(replica.place)
        mark = _begin(store, replica)
    with database.transaction() as session:
        _use(session, replica.place, mark)
    return mark


def require_other_store(replica: Replica) -> None:
    """Raises ReplicaIsStore where a ledger lies in it: no replica has one."""
    if next(iter(replica.store.list(PREFIX)), None) is not None:
        raise ReplicaIsStore(replica.place)


def is_in_use(session: Session, mark: uuid.UUID) -> bool:
    """Whether copies are still made there, until the transaction ends."""
    in_use = select(ReplicaStore.place).where(ReplicaStore.in_use, ReplicaStore.mark == mark)
    return session.scalars(in_use.with_for_update(read=True)).first() is not None


def note_working(database: Database, place: str, failure: str | None) -> bool:
    """Say for whoever asks how the replica is: None, it works. Whether that is news."""
    with database.transaction() as session:
        known = session.get(ReplicaStore, place, with_for_update=True)
        if (None if known is None else known.failure) == failure:
            return False
        if known is None:
            session.add(ReplicaStore(place=place, failing_since=func.now(), failure=failure))
            return True
        known.failing_since = None if failure is None else known.failing_since or func.now()
        known.failure = failure
    return True


def _begin(store: ObjectStore, replica: Replica) -> uuid.UUID:
    require_other_store(replica)
    try:
        replica.store.put(MARK, str(uuid.uuid4()).encode())
    except ObjectExists:
        pass  # another has just begun it
    mark = read_mark(replica.store)
    if mark is None:
        raise ReplicaLacksMark(replica.place)
    if store.stat(MARK) is not None:
        # One place under two addresses, in which no ledger was begun yet.
        replica.store.delete(MARK)
        raise ReplicaIsStore(replica.place)
    return mark


def _use(session: Session, place: str, mark: uuid.UUID) -> None:
    # One at a time: of two who name different replicas the later one wins, whole.
    session.execute(select(func.pg_advisory_xact_lock(func.hashtextextended("replica", 0))))
    former = session.scalars(select(ReplicaStore.mark).where(ReplicaStore.in_use)).first()
    session.execute(update(ReplicaStore).where(ReplicaStore.in_use, ReplicaStore.place != place).values(in_use=False))
    named = insert(ReplicaStore).values(place=place, mark=mark, in_use=True)
    session.execute(named.on_conflict_do_update(index_elements=["place"], set_={"mark": mark, "in_use": True}))
    if former != mark:
        session.execute(
            update(ObjectReplica)
            .where(ObjectReplica.state == COPIED)
            .values(state=WAITING, due_at=func.now(), found="whole", lost_since=None)
            .execution_options(synchronize_session=False)
        )
