"""The cold place itself: that it is none of the other stores, is the one where objects lie, and is there.

It has a mark, as a replica has: a folder where a disk is not mounted has none. Whoever took
that for the cold place would fill the system's disk, and take every original in it for lost.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

from sqlalchemy import exists, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from ingest.cold.errors import ColdFailing, ColdIsAnother, ColdIsStore, ColdLacksMark
from ingest.replica.mark import MARK as REPLICA_MARK
from storage.catalog.cold import LIES_THERE, ColdObject, ColdStore
from storage.database import Database
from storage.errors import ObjectExists, ObjectKept, ObjectMissing, ObjectStoreError
from storage.ledger.files import PREFIX
from storage.objects.protocol import ObjectStore
from storage.objects.tiered import OWN_NAMES

MARK: Final = f"{OWN_NAMES}mark"


@dataclass(frozen=True)
class ColdPlace:
    """`place` is what people call it: a folder's path, or a bucket's address."""

    store: ObjectStore
    place: str


@contextmanager
def asking(cold: ColdPlace) -> Iterator[None]:
    """What the cold place raises becomes ColdFailing, but for what is said of one object."""
    try:
        yield
    except (ObjectExists, ObjectMissing, ObjectKept):
        raise
    except ObjectStoreError as error:
        raise ColdFailing(cold.place, type(error).__name__, str(error)) from error


def read_mark(store: ObjectStore) -> uuid.UUID | None:
    """Raises what the store raises."""
    try:
        with store.open(MARK, cold=True) as reader:
            return uuid.UUID(reader.read_span(0, reader.size_bytes).decode())
    except (ObjectMissing, ValueError):
        return None


def mark_in_use(session: Session) -> ColdStore | None:
    """The cold place where objects lie."""
    return session.scalars(select(ColdStore).where(ColdStore.in_use)).first()


def use_cold_place(database: Database, store: ObjectStore, cold: ColdPlace) -> uuid.UUID:
    """Its mark. On return that lies there, and objects are moved there and nowhere else.

    The same place under another name is known by its mark. Raises ColdIsStore, ColdIsAnother, ColdLacksMark, and what
    both stores raise.
    """
    mark = read_mark(cold.store)
    with database.reading() as session:
        known = mark_in_use(session)
        lies_there = session.scalar(select(exists().where(ColdObject.state.in_(LIES_THERE))))
    if known is not None and mark is not None and known.mark == mark and known.place == cold.place:
        return mark
    if known is not None and known.mark != mark and (lies_there or known.place == cold.place):
        # None at the place that was begun: not mounted. Elsewhere nothing is begun while objects lie in the former one.
        raise ColdLacksMark(cold.place) if known.place == cold.place else ColdIsAnother(cold.place, known.place)
    if mark is None:
        mark = _begin(store, cold)
    with database.transaction() as session:
        _use(session, cold.place, mark)
    return mark


def require_other_store(cold: ColdPlace) -> None:
    """Raises ColdIsStore where a ledger or a replica lies in it."""
    if next(iter(cold.store.list(PREFIX)), None) is not None or cold.store.stat(REPLICA_MARK) is not None:
        raise ColdIsStore(cold.place)


def is_in_use(session: Session, mark: uuid.UUID) -> bool:
    """Whether objects are still moved there, until the transaction ends."""
    in_use = select(ColdStore.place).where(ColdStore.in_use, ColdStore.mark == mark)
    return session.scalars(in_use.with_for_update(read=True)).first() is not None


def note_working(database: Database, place: str, failure: str | None) -> bool:
    """Say for whoever asks how the cold place is: None, it works. Whether that is news."""
    with database.transaction() as session:
        known = session.get(ColdStore, place, with_for_update=True)
        if (None if known is None else known.failure) == failure:
            return False
        if known is None:
            session.add(ColdStore(place=place, failing_since=func.now(), failure=failure))
            return True
        known.failing_since = None if failure is None else known.failing_since or func.now()
        known.failure = failure
    return True


def _begin(store: ObjectStore, cold: ColdPlace) -> uuid.UUID:
    require_other_store(cold)
    try:
        cold.store.put(MARK, str(uuid.uuid4()).encode())
    except ObjectExists:
        pass  # another has just begun it
    mark = read_mark(cold.store)
    if mark is None:
        raise ColdLacksMark(cold.place)
    if store.stat(MARK) is not None:
        # One place under two addresses, in which no ledger was begun yet.
        cold.store.delete(MARK)
        raise ColdIsStore(cold.place)
    return mark


def _use(session: Session, place: str, mark: uuid.UUID) -> None:
    session.execute(select(func.pg_advisory_xact_lock(func.hashtextextended("cold place", 0))))
    session.execute(update(ColdStore).where(ColdStore.in_use, ColdStore.place != place).values(in_use=False))
    named = insert(ColdStore).values(place=place, mark=mark, in_use=True)
    session.execute(named.on_conflict_do_update(index_elements=["place"], set_={"mark": mark, "in_use": True}))
