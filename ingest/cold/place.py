"""The cold place itself: that it is none of the other stores, is the one where objects lie, and is there."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from sqlalchemy import exists, func, select
from sqlalchemy.orm import Session

from ingest.cold.errors import ColdFailing, ColdIsAnother, ColdIsStore, ColdLacksMark
from ingest.objects.second_place import KindOfPlace, SecondPlace
from ingest.replica.mark import REPLICA
from storage.catalog.cold import LIES_THERE, ColdObject, ColdStore
from storage.database import Database
from storage.errors import ObjectExists, ObjectKept, ObjectMissing, ObjectStoreError
from storage.ledger.files import PREFIX
from storage.objects.protocol import ObjectStore
from storage.objects.tiered import OWN_NAMES


class ColdPlace(SecondPlace):
    """Where originals lie that are seldom looked at."""


COLD_PLACE: Final = KindOfPlace(f"{OWN_NAMES}mark", ColdStore, ColdIsStore, ColdLacksMark)


@contextmanager
def asking(cold: ColdPlace) -> Iterator[None]:
    """What the cold place raises becomes ColdFailing, but for what is said of one object."""
    try:
        yield
    except (ObjectExists, ObjectMissing, ObjectKept):
        raise
    except ObjectStoreError as error:
        raise ColdFailing(cold.place, type(error).__name__, str(error)) from error


def use_cold_place(database: Database, store: ObjectStore, cold: ColdPlace) -> uuid.UUID:
    """Its mark. On return that lies there, and objects are moved there and nowhere else.

    The same place under another name is known by its mark. Raises ColdIsStore, ColdIsAnother, ColdLacksMark, and what
    both stores raise.
    """
    mark = COLD_PLACE.read_mark(cold.store)
    with database.reading() as session:
        known = COLD_PLACE.find_in_use(session)
        lies_there = session.scalar(select(exists().where(ColdObject.state.in_(LIES_THERE))))
    if known is not None and mark is not None and known.mark == mark and known.place == cold.place:
        return mark
    if known is not None and known.mark != mark and (lies_there or known.place == cold.place):
        # None at the place that was begun: not mounted. Elsewhere nothing is begun while objects lie in the former one.
        raise ColdLacksMark(cold.place) if known.place == cold.place else ColdIsAnother(cold.place, known.place)
    if mark is None:
        require_other_store(cold)
        mark = COLD_PLACE.begin(store, cold)
    with database.transaction() as session:
        _use(session, cold.place, mark)
    return mark


def require_other_store(cold: ColdPlace) -> None:
    """Raises ColdIsStore where a ledger or a replica lies in it."""
    if next(iter(cold.store.list(PREFIX)), None) is not None or cold.store.stat(REPLICA.mark) is not None:
        raise ColdIsStore(cold.place)


def _use(session: Session, place: str, mark: uuid.UUID) -> None:
    session.execute(select(func.pg_advisory_xact_lock(func.hashtextextended("cold place", 0))))
    COLD_PLACE.use(session, place, mark)
