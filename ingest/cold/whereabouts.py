"""Where a stored object is, for whoever looks after all of them: in the store, or moved to the cold place."""

from __future__ import annotations

from sqlalchemy import exists, select

from ingest.cold.place import COLD_PLACE, ColdPlace
from storage.catalog.cold import LIES_THERE, ColdObject
from storage.database import Database
from storage.errors import StoreUnavailable
from storage.objects.protocol import ObjectStore
from storage.objects.tiered import Behind, TieredStore


def everywhere(database: Database, store: ObjectStore, cold: ColdPlace | None) -> TieredStore:
    """The store, and behind it the cold place. `cold` None: none is named; then what was moved is not given out, and
    nobody takes it for lost."""

    def has(name: str) -> bool:
        moved = exists().where(ColdObject.object_name == name, ColdObject.state.in_(LIES_THERE))
        with database.reading() as session:
            return bool(session.scalar(select(moved)))

    def require_there() -> None:
        with database.reading() as session:
            known = COLD_PLACE.find_in_use(session)
            if known is None or not session.scalar(select(exists().where(ColdObject.state.in_(LIES_THERE)))):
                return
        if cold is None or COLD_PLACE.read_mark(cold.store) != known.mark:
            where = "no place" if cold is None else cold.place
            raise StoreUnavailable(COLD_PLACE.mark, f"{where}: the mark of the cold place is not there: mount its disk")

    return TieredStore(store, Behind(None if cold is None else cold.store, has, require_there))
