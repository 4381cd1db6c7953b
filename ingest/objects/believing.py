"""When what a store says of an object is believed, and how often it has to be said before the object counts as lost."""

from __future__ import annotations

from contextlib import suppress

from storage.catalog.object_looks import UNREADABLE
from storage.database import Database
from storage.errors import StoreFull, StoreReadOnly
from storage.ledger.own_store import require_own_store
from storage.objects.protocol import ObjectStore


def looks_to_lose(found: str) -> int:
    """How often an object has to be found so before it is lost. A medium may give out in the end what it refused
    twice."""
    return 3 if found == UNREADABLE else 2


def require_standing(database: Database, store: ObjectStore) -> None:
    """Return where what a store says of one object can be believed: it works, and it is this archive's.

    Raises StoreLacksLedger, and what a store raises that does not work. One that has no room, or takes nothing more,
    can be read all the same.
    """
    with suppress(StoreFull, StoreReadOnly):
        store.require_working()
    require_own_store(database, store)
