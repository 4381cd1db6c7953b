"""A fresh key-encryption key for a unit and month: the data keys of its rows are wrapped under it, and then the former
one is destroyed. No footage is touched.

Killed anywhere, every row opens, and a repeat goes on: keys that are not the current one of their month are former.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from retention.errors import KeyStillNamed
from retention.key_disposal import KEYS, await_earlier, destroy_unnamed
from storage.catalog.data_keys import KEEPS_DATA_KEY
from storage.database import Database
from storage.keystore import KeyStore, WrappedKey
from storage.ledger.append import Change, record_change

ROWS_AT_ONCE = 100


@dataclass(frozen=True, slots=True)
class Renewal:
    """`moved`: rows whose data keys were wrapped anew; `kept`: former keys that something hangs on still, and what."""

    kek_id: str
    moved: int
    destroyed: tuple[str, ...]
    kept: tuple[KeyStillNamed, ...]


def renew_key(database: Database, keys: KeyStore, unit_id: uuid.UUID, month: str) -> Renewal:
    """Raises KeyStoreError; then nothing is lost, and a repeat goes on."""
    mark = f"{unit_id}.{month}."
    fresh = keys.renew_kek(unit_id, month)
    with database.transaction() as session:
        record_change(session, KEYS, Change("key.renewed", "key", fresh, unit_id, {}))
    ended = await_earlier(database)
    former = [each for each in keys.list_keks() if each.startswith(mark) and each < fresh]
    moved = sum(_move_all(database, keys, table, former) for table in KEEPS_DATA_KEY)
    destroyed, kept = [], []
    for kek_id in former:
        try:
            if not ended:
                raise KeyStillNamed(kek_id, ("transaction",), 1)
            destroy_unnamed(database, keys, kek_id)
            destroyed.append(kek_id)
        except KeyStillNamed as error:
            kept.append(error)
    return Renewal(fresh, moved, tuple(destroyed), tuple(kept))


def _move_all(database: Database, keys: KeyStore, table: Any, former: Sequence[str]) -> int:
    moved = 0
    while True:
        with database.transaction() as session:
            rows = _take(session, table, former)
            for row in rows:
                month = row.kek_id.split(".")[1]
                unit_id = uuid.UUID(row.kek_id.split(".")[0])
                again = keys.rewrap(WrappedKey(row.kek_id, row.wrapped_data_key), unit_id, month)
                row.kek_id, row.wrapped_data_key = again.kek_id, again.wrapped
        if not rows:
            return moved
        moved += len(rows)


def _take(session: Session, table: Any, former: Sequence[str]) -> Sequence[Any]:
    """Locked, always in one order, so that two who do it at once wait for each other and never in a ring."""
    statement = select(table).where(table.kek_id.in_(former)).order_by(table.id).limit(ROWS_AT_ONCE)
    return session.scalars(statement.with_for_update(key_share=True)).all()
