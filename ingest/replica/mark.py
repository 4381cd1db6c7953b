"""The second store itself: that it is none of the first ones, and is there (ingest/objects/second_place.py).

One that has the same mark under another address is the same one, and nothing is copied again.
"""

from __future__ import annotations

import uuid
from typing import Final

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from ingest.objects.second_place import KindOfPlace, SecondPlace
from ingest.replica.errors import ReplicaIsStore, ReplicaLacksMark
from storage.catalog.replicas import COPIED, WAITING, ObjectReplica, ReplicaStore
from storage.database import Database
from storage.ledger.files import PREFIX
from storage.objects.protocol import ObjectStore


class Replica(SecondPlace):
    """The second store."""


REPLICA: Final = KindOfPlace("replica/mark", ReplicaStore, ReplicaIsStore, ReplicaLacksMark)


def use_replica(database: Database, store: ObjectStore, replica: Replica, *, anew: bool = False) -> uuid.UUID:
    """The replica's mark. On return it lies there, and what is copied is copied to it and no other.

    Where the replica is another than before, every object is due to be copied again. `anew`: it was lost, and an empty
    one stands in its place. Raises ReplicaIsStore, ReplicaLacksMark, and what both stores raise.
    """
    mark = REPLICA.read_mark(replica.store)
    with database.reading() as session:
        known = session.get(ReplicaStore, replica.place)
    if known is not None and known.in_use and mark is not None and known.mark == mark:
        return mark
    if mark is None:
        if known is not None and known.mark is not None and not anew:
            raise ReplicaLacksMark(replica.place)
        require_other_store(replica)
        mark = REPLICA.begin(store, replica)
    with database.transaction() as session:
        _use(session, replica.place, mark)
    return mark


def require_other_store(replica: Replica) -> None:
    """Raises ReplicaIsStore where a ledger lies in it: no replica has one."""
    if next(iter(replica.store.list(PREFIX)), None) is not None:
        raise ReplicaIsStore(replica.place)


def _use(session: Session, place: str, mark: uuid.UUID) -> None:
    # One at a time: of two who name different replicas the later one wins, whole.
    session.execute(select(func.pg_advisory_xact_lock(func.hashtextextended("replica", 0))))
    former = REPLICA.use(session, place, mark)
    if former != mark:
        session.execute(
            update(ObjectReplica)
            .where(ObjectReplica.state == COPIED)
            .values(state=WAITING, due_at=func.now(), found="whole", lost_since=None)
            .execution_options(synchronize_session=False)
        )
