"""What comes of one object: in the replica and in its row, so that a crash between the two is made good by the next go.

Nothing gets there of what is disposed of. The copy becomes visible inside the transaction that has the rows of object
and replica locked: a disposal waits for its end, and then has the copy removed; or it came first, and nothing is put.
Should the database go away at that very moment, the copy may arrive after all: so what was disposed of is removed a
second time, when no writer that was at work then can be alive.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

from sqlalchemy import delete, func, literal, update

from ingest.lease import given_back
from ingest.objects.stated import read_stated
from ingest.replica.carriage import Carriage, keep_likewise
from ingest.replica.due import AGAIN, ASIDE, Batch, Owed
from ingest.replica.mark import REPLICA
from integrity.epoch_keys import EpochKey
from storage.catalog.object_looks import WHOLE, ObjectLook
from storage.catalog.replicas import COPIED, DISPOSED, ObjectReplica
from storage.database import Database
from storage.errors import ObjectKept, ObjectMissing
from storage.objects.protocol import Keeping, ObjectStore

NOTHING_ARRIVES_AFTER: Final = timedelta(hours=26)
"""A writer of S3 gives up after 24 hours (storage/objects/s3_upload.py)."""
KEPT_PAUSE: Final = timedelta(days=1)


def deliver(
    database: Database,
    store: ObjectStore,
    batch: Batch,
    owed: Owed,
    carriage: Carriage,
    kept: Keeping | None,
    mark: uuid.UUID,
    keys: Sequence[EpochKey],
) -> bool:
    """Put the copy into `store`, the replica, keep it there as `kept` says, and record it. False, and nothing was put,
    where it was disposed of meanwhile, is another object by now, or another worker has it.

    Raises ObjectExists, and what the replica raises: then it is done again.
    """
    with database.transaction() as session:
        # The catalog's rows first: whoever disposes of something takes them in this order.
        now = read_stated(session, [(owed.kind, owed.id)], keys, lock=True).get(owed.id)
        if now != carriage.stated or not REPLICA.is_in_use(session, mark):
            return False
        if not batch.lease.is_held(session, ObjectReplica.id == owed.id, ObjectReplica.state == owed.state):
            return False
        stored = carriage.commit()
        if kept is not None:
            keep_likewise(store, stored.name, kept, release=True)
        return batch.lease.write(
            session,
            ObjectReplica.id == owed.id,
            state=COPIED,
            copied_at=func.now(),
            version_id=stored.version_id,
            looked_at=func.now(),
            found=WHOLE,
            lost_since=None,
            **given_back(),
        )


def note_look(database: Database, batch: Batch, owed: Owed, found: str) -> None:
    """Record what a look at the copy found."""
    since = None if found == WHOLE else func.coalesce(ObjectReplica.lost_since, func.now())
    with database.transaction() as session:
        batch.lease.write(
            session,
            ObjectReplica.id == owed.id,
            ObjectReplica.state == COPIED,
            looked_at=func.now(),
            found=found,
            lost_since=since,
            **given_back(),
        )


def put_off(database: Database, batch: Batch, owed: Owed, days: int) -> None:
    """What it would be a copy of is not whole: it is copied later, and scrubbing looks at the object next."""
    with database.transaction() as session:
        overdue = func.least(ObjectLook.looked_at, func.now() - timedelta(days=days, minutes=1))
        looked = update(ObjectLook).where(ObjectLook.id == owed.id, ObjectLook.found == WHOLE)
        session.execute(looked.values(looked_at=overdue).execution_options(synchronize_session=False))
        batch.lease.write(session, ObjectReplica.id == owed.id, due_at=func.now() + AGAIN, **given_back())


def step_aside(database: Database, batch: Batch, owed: Owed, found: str | None) -> None:
    """Something went wrong with it, or with all: the others come first next time. `found`: its copy is lost so, and was
    not made anew; None where nothing is known of it."""
    if owed.state == COPIED:
        if found is not None:
            note_look(database, batch, owed, found)
        return
    with database.transaction() as session:
        still = ObjectReplica.id == owed.id, ObjectReplica.state == owed.state
        batch.lease.write(session, *still, due_at=func.now() + ASIDE, **given_back())


def pause(database: Database, batch: Batch, owed: Owed) -> None:
    """Nothing can be done with it now."""
    with database.transaction() as session:
        still = ObjectReplica.id == owed.id, ObjectReplica.state == owed.state
        looked = {"looked_at": func.now()} if owed.state == COPIED else {}
        batch.lease.write(session, *still, due_at=func.now() + AGAIN, **looked, **given_back())


def remove(database: Database, store: ObjectStore, batch: Batch, owed: Owed) -> None:
    """Remove from the replica what was disposed of, or see to it again when the replica lets go of it. Raises what the
    replica raises."""
    due = _remove(store, owed)
    with database.transaction() as session:
        disposed = ObjectReplica.id == owed.id, ObjectReplica.state == DISPOSED
        if due is not None:
            batch.lease.write(
                session, *disposed, due_at=func.least(literal(due), func.now() + KEPT_PAUSE), **given_back()
            )
        elif owed.removed:
            session.execute(delete(ObjectReplica).where(batch.lease.held, *disposed))
        else:
            later = func.now() + NOTHING_ARRIVES_AFTER
            batch.lease.write(session, *disposed, removed_at=func.now(), due_at=later, **given_back())


def _remove(store: ObjectStore, owed: Owed) -> datetime | None:
    """None: it is gone. Otherwise when it may be."""
    try:
        if store.keeping(owed.object_name).held:
            # Nothing that is held is disposed of: its hold ended, and the replica was not told yet.
            store.release(owed.object_name)
    except ObjectMissing:
        pass
    try:
        store.delete(owed.object_name)
    except ObjectKept as kept:
        return kept.until or datetime.now(UTC)
    return None
