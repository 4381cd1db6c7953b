"""The store, and behind it the cold place: what was moved there is found there, by whoever looks after objects.

Everything is written to the store. The cold place is asked for an object alone of which the catalog says that it was
moved, and only where the store has it no more: what is new never waits for a place that is slow or away.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from operator import attrgetter
from typing import Final

from storage.errors import ObjectMissing, StoreFull, StoreReadOnly, StoreUnavailable
from storage.objects.protocol import (
    Keeping,
    Listed,
    ObjectReader,
    ObjectStore,
    ObjectWriter,
    StoredObject,
)

OWN_NAMES: Final = "cold/"
"""What is the cold place's own lies below this, and is no object of the archive."""


@dataclass(frozen=True)
class Behind:
    """What lies behind a store. `store`: None where objects were moved and no setting says where to. `has`: whether
    the object of a name was moved there. `require_there`: raises StoreUnavailable where anything was, and its disk is
    not mounted."""

    store: ObjectStore | None
    has: Callable[[str], bool]
    require_there: Callable[[], None]


class TieredStore:
    """See ObjectStore; see above. Of what neither has, the store says so, once the cold place is known to be there."""

    def __init__(self, store: ObjectStore, behind: Behind) -> None:
        self.store, self.behind = store, behind

    def create(self, name: str, size_bytes: int | None = None, *, read_back: bool = False) -> ObjectWriter:
        return self.store.create(name, size_bytes, read_back=read_back)

    def put(self, name: str, data: bytes) -> StoredObject:
        return self.store.put(name, data)

    def mend(self, name: str, size_bytes: int | None = None, *, read_back: bool = False) -> ObjectWriter:
        """Where it lies, or has to."""
        return self._place_of(name).mend(name, size_bytes, read_back=read_back)

    def open(self, name: str, cold: bool = False) -> ObjectReader:
        try:
            return self.store.open(name, cold)
        except ObjectMissing:
            if not self.behind.has(name):
                raise
        try:
            return self._cold_place(name).open(name, cold)
        except ObjectMissing:
            self.behind.require_there()
            raise

    def stat(self, name: str) -> StoredObject | None:
        found = self.store.stat(name)
        if found is not None or not self.behind.has(name):
            return found
        found = self._cold_place(name).stat(name)
        if found is None:
            self.behind.require_there()
        return found

    def list(self, prefix: str = "") -> Iterator[str]:
        names = heapq.merge(self.store.list(prefix), *(each.list(prefix) for each in self._cold_places()))
        return (name for name, _ in groupby(names) if not name.startswith(OWN_NAMES))

    def survey(self, prefix: str = "") -> Iterator[Listed]:
        surveys = self.store.survey(prefix), *(each.survey(prefix) for each in self._cold_places())
        # Of one name the store's comes first: merging keeps the order of what is equal.
        by_name = groupby(heapq.merge(*surveys, key=attrgetter("name")), attrgetter("name"))
        return (next(found) for name, found in by_name if not name.startswith(OWN_NAMES))

    def inspect(self, name: str) -> Listed | None:
        found = self.store.inspect(name)
        if found is not None or not self.behind.has(name):
            return found
        return self._cold_place(name).inspect(name)

    def delete(self, name: str) -> None:
        self.store.delete(name)
        if self.behind.has(name):
            self._cold_place(name).delete(name)

    def keep_until(self, name: str, until: datetime) -> Keeping:
        return self._place_of(name).keep_until(name, until)

    def hold(self, name: str) -> Keeping:
        return self._place_of(name).hold(name)

    def release(self, name: str) -> Keeping:
        return self._place_of(name).release(name)

    def keeping(self, name: str) -> Keeping:
        return self._place_of(name).keeping(name)

    def sweep_abandoned(self) -> int:
        """Of the store: the cold place is swept by whoever fills it."""
        return self.store.sweep_abandoned()

    def require_working(self) -> None:
        """Of the cold place as far as it has to give out what was moved there. Nothing is taken for lost before."""
        self.behind.require_there()
        if self.behind.store is not None:
            with suppress(StoreFull, StoreReadOnly):
                self.behind.store.require_working()
        self.store.require_working()

    def _place_of(self, name: str) -> ObjectStore:
        if self.store.stat(name) is not None or not self.behind.has(name):
            return self.store
        place = self._cold_place(name)
        self.behind.require_there()
        return place

    def _cold_place(self, name: str) -> ObjectStore:
        if self.behind.store is None:
            raise StoreUnavailable(
                name, "it was moved to the cold place, and no LIUHEN_COLD_ setting says where that is"
            )
        return self.behind.store

    def _cold_places(self) -> tuple[ObjectStore, ...]:
        return () if self.behind.store is None else (self.behind.store,)
