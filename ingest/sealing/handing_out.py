"""What a receipt that is handed out again rests on: a look at the stored object, by whoever answers a station.

Custody reads every byte before it signs (stored.py); this only asks the store, and makes nothing anew.
"""

from __future__ import annotations

import uuid
from typing import Any, Final

from sqlalchemy import ColumnClause, column, func, select

from ingest.sealing.errors import ObjectLost
from ingest.sealing.stored import raise_alarm
from storage.catalog.object_looks import DIFFERS, MISSING
from storage.database import Database
from storage.ledger.own_store import require_own_store
from storage.objects.protocol import ObjectStore

_SEALED_OBJECT: Final[tuple[ColumnClause[Any], ...]] = tuple(
    column(name) for name in ("unit_id", "object_name", "ciphertext_size_bytes")
)


def require_stored_object(database: Database, store: ObjectStore, upload_id: str, recording_id: uuid.UUID) -> None:
    """The least that a receipt handed out again rests on: the object is there, and as long as it was sealed.

    Otherwise the alarm is raised, durably, and then ObjectLost. A store that does not work, or is not the archive's
    (StoreLacksLedger), vouches for nothing: what is raised of it is raised.
    """
    with database.reading() as session:
        # Nobody is signed in when a station asks for its receipt.
        row = session.execute(select(func.sealed_object_of(recording_id).table_valued(*_SEALED_OBJECT))).one()
    stored = store.stat(row.object_name)
    if stored is not None and stored.size_bytes == row.ciphertext_size_bytes:
        return
    require_own_store(database, store)  # Otherwise nothing is lost: its disk is not mounted.
    found = MISSING if stored is None else DIFFERS
    with database.transaction() as session:
        raise_alarm(session, recording_id, row.unit_id, upload_id, found)
    raise ObjectLost(upload_id, recording_id, found)
