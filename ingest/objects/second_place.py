"""A place for objects beside the store, such as a replica or a cold place: that it is no other, and is there.

When it is begun, a mark is put into it. A folder where a disk is not mounted has none: whoever took that for the place
would fill the system's disk, and take every object in it for lost. Under another address, or after a rename, the mark
says that it is the same one.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from sqlalchemy import func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from storage.catalog.named_stores import NamedStore
from storage.database import Database
from storage.errors import ObjectExists, ObjectMissing
from storage.objects.protocol import ObjectStore

Row = TypeVar("Row", bound=NamedStore)


@dataclass(frozen=True)
class SecondPlace:
    """`place` is what people call it: a folder's path, or a bucket's address."""

    store: ObjectStore
    place: str


@dataclass(frozen=True)
class KindOfPlace(Generic[Row]):
    """`mark` is the name under which its mark lies, `rows` are those that were ever named; of each its errors."""

    mark: str
    rows: type[Row]
    is_store: Callable[[str], Exception]
    lacks_mark: Callable[[str], Exception]

    def read_mark(self, store: ObjectStore) -> uuid.UUID | None:
        """Raises what the store raises."""
        try:
            with store.open(self.mark, cold=True) as reader:
                return uuid.UUID(reader.read_span(0, reader.size_bytes).decode())
        except (ObjectMissing, ValueError):
            return None

    def begin(self, store: ObjectStore, second: SecondPlace) -> uuid.UUID:
        """Put a mark where none is, and give what lies there then. `store` is the archive's first one.

        Raises `is_store`, `lacks_mark`, and what both stores raise.
        """
        try:
            second.store.put(self.mark, str(uuid.uuid4()).encode())
        except ObjectExists:
            pass  # another has just begun it
        mark = self.read_mark(second.store)
        if mark is None:
            raise self.lacks_mark(second.place)
        if store.stat(self.mark) is not None:
            # One place under two addresses, in which no ledger was begun yet.
            second.store.delete(self.mark)
            raise self.is_store(second.place)
        return mark

    def find_in_use(self, session: Session) -> Row | None:
        return session.scalars(select(self.rows).where(self.rows.in_use)).first()

    def is_in_use(self, session: Session, mark: uuid.UUID) -> bool:
        """Whether that one is still used, until the transaction ends."""
        in_use = select(self.rows.place).where(self.rows.in_use, self.rows.mark == mark)
        return session.scalars(in_use.with_for_update(read=True)).first() is not None

    def use(self, session: Session, place: str, mark: uuid.UUID) -> uuid.UUID | None:
        """From now on this one and no other; the mark of the one before. The caller keeps others off meanwhile."""
        former = self.find_in_use(session)
        before = None if former is None else former.mark
        others = update(self.rows).where(self.rows.in_use, self.rows.place != place)
        session.execute(others.values(in_use=False))
        named = insert(self.rows).values(place=place, mark=mark, in_use=True)
        session.execute(named.on_conflict_do_update(index_elements=["place"], set_={"mark": mark, "in_use": True}))
        return before

    def note_working(self, database: Database, place: str, failure: str | None) -> bool:
        """Say for whoever asks how it is: None, it works. Whether that is news."""
        with database.transaction() as session:
            known = session.get(self.rows, place, with_for_update=True)
            if (None if known is None else known.failure) == failure:
                return False
            if known is None:
                session.add(self.rows(place=place, failing_since=func.now(), failure=failure))
                return True
            known.failing_since = None if failure is None else known.failing_since or func.now()
            known.failure = failure
        return True
