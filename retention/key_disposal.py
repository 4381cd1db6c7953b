"""Key-encryption keys that are destroyed, and stay so.

A key is destroyed in the ledger first, and then on the disk. So the ledger knows every key that may not be there any
more, also when the disk does not: a crash came between, or somebody brought back a backup of the key store that was
made before. `forget_disposed` makes the disk agree, whenever an archive starts and every hour.

Nothing that the database names is destroyed, nor what it may name in a moment: a data key is wrapped in the transaction
that records it, so whoever wrapped under a key before another became current has ended when `await_earlier` returns.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterable, Mapping

from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from retention.errors import KeyStillNamed
from storage.catalog.data_keys import rows_by_key
from storage.catalog.ledger import LedgerEntryRow
from storage.database import Database
from storage.keystore import KeyStore
from storage.ledger.append import Actor, Change, record_change

DESTROYED = "key.destroyed"
KEYS = Actor.system("keys")
_PAUSE_SECONDS = 0.05


def destroy_unnamed(database: Database, keys: KeyStore, kek_id: str) -> None:
    """Destroy a key that is not current, after `await_earlier`. Raises KeyStillNamed, with nothing destroyed."""
    with database.transaction() as session:
        named_by = count_naming(session, kek_id)
        if named_by:
            raise KeyStillNamed(kek_id, tuple(sorted(named_by)), sum(named_by.values()))
        unit_id = uuid.UUID(kek_id.partition(".")[0])
        record_change(session, KEYS, Change(DESTROYED, "key", kek_id, unit_id, {}))
    keys.destroy_kek(kek_id)


def forget_disposed(session: Session, keys: KeyStore) -> tuple[str, ...]:
    """Destroy what the ledger says was destroyed and the key store has all the same; the ids, sorted.

    Needs no root key. Whoever brings back a key store calls it before anything is sealed.
    """
    destroyed = select(LedgerEntryRow.subject_id).where(LedgerEntryRow.action == DESTROYED)
    back = sorted(set(keys.list_keks()).intersection(session.scalars(destroyed)))
    for kek_id in back:
        keys.destroy_kek(kek_id)
    return tuple(back)


def count_naming(session: Session, kek_id: str) -> Mapping[str, int]:
    """How many rows of which tables hang on a key. An attempt counts while it may become a recording, which will
    name the key that it names; from then on the recording's row has the key."""
    rows = rows_by_key().subquery()
    counted = select(rows.c.named_by, func.count()).where(rows.c.kek_id == kek_id).group_by(rows.c.named_by)
    return dict(session.execute(counted).all())


def await_earlier(database: Database, seconds: float = 60.0) -> bool:
    """Return once every transaction that is under way now has ended; False where one goes on for longer."""
    with database.reading() as session:
        waited_for = _transactions(session)
    deadline = time.monotonic() + seconds
    while True:
        with database.reading() as session:
            waited_for &= _transactions(session)
        if not waited_for:
            return True
        if time.monotonic() > deadline:
            return False
        time.sleep(_PAUSE_SECONDS)


def _transactions(session: Session) -> set[str]:
    """Those under way of this database, but this one: each holds a lock on itself, which every role can see."""
    own = "virtualtransaction NOT IN (SELECT virtualtransaction FROM pg_locks WHERE pid = pg_backend_pid())"
    under_way = "SELECT virtualtransaction FROM pg_locks WHERE locktype = 'virtualxid' AND granted"
    rows: Iterable[str] = session.scalars(text(f"{under_way} AND {own}"))
    return set(rows)
