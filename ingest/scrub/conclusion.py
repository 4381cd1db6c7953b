"""What a look comes to, in one transaction: its row, and the entry of what was lost or is whole again.

Whatever has been disposed of meanwhile, or is another object by now, comes to nothing: it is no damage.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from ingest.alarms import enter_lost, enter_restored, entered_lost
from ingest.lease import given_back
from ingest.objects.stated import ManifestKeys, Stated, read_stated
from ingest.scrub.due import Batch, Due
from storage.catalog.object_looks import WHOLE, ObjectLook
from storage.database import Database
from storage.ledger.append import Actor

SCRUB: Final = Actor.system("scrub")


@dataclass(frozen=True, slots=True)
class Seen:
    """An object as it was found. `stated` is what it was held against; `why`: what the store, or the manifest, said.
    `healed`: it was lost, and was brought back from the replica."""

    due: Due
    stated: Stated
    found: str
    why: str | None = None
    healed: bool = False

    @property
    def is_whole(self) -> bool:
        return self.found == WHOLE

    @property
    def is_whole_again(self) -> bool:
        """Whether it was lost, by the look before this one or just now."""
        return self.is_whole and (self.healed or self.due.found != WHOLE)


def conclude(database: Database, batch: Batch, seen: Sequence[Seen], keys: ManifestKeys) -> list[Seen]:
    """Record what was seen, and give leases back; what of it counts.

    Nothing counts of an object whose lease another has by now: he looks at it. Nor of a lost one that is no longer in
    the catalog, or not as it was: the first is forgotten, the other stays due.
    """
    by_id = {each.due.id: each for each in seen}
    lost = [each for each in seen if not each.is_whole]
    announced = keys() if lost else ()
    with database.transaction() as session:
        # The rows of the catalog before those of the looks: whoever disposes of something takes them in this order.
        now = read_stated(session, [(each.due.kind, each.due.id) for each in lost], announced, lock=True)
        held = _held(session, batch, by_id)
        counting = [each for each in held if each.is_whole or now.get(each.due.id) == each.stated]
        _forget(session, [each.due.id for each in held if not each.is_whole and each.due.id not in now])
        _move_on(session, batch, counting)
        _enter(session, counting)
        batch.lease.write(session, **given_back())
    return counting


def _held(session: Session, batch: Batch, seen: Mapping[uuid.UUID, Seen]) -> list[Seen]:
    still = select(ObjectLook.id).where(batch.lease.held, ObjectLook.id.in_(seen)).order_by(ObjectLook.id)
    ids = set(session.scalars(still.with_for_update()))
    return [each for each in seen.values() if each.due.id in ids]


def _forget(session: Session, gone: Sequence[uuid.UUID]) -> None:
    if gone:
        session.execute(delete(ObjectLook).where(ObjectLook.id.in_(gone)))


def _move_on(session: Session, batch: Batch, seen: Sequence[Seen]) -> None:
    by_found: dict[str, list[uuid.UUID]] = {}
    for each in seen:
        by_found.setdefault(each.found, []).append(each.due.id)
    for found, ids in by_found.items():
        since = None if found == WHOLE else func.coalesce(ObjectLook.lost_since, func.now())
        batch.lease.write(
            session, ObjectLook.id.in_(ids), found=found, looked_at=func.now(), lost_since=since, **given_back()
        )


def _enter(session: Session, seen: Sequence[Seen]) -> None:
    """Whoever raised the alarm, custody or an earlier look: one that reads it whole ends it."""
    alarmed = entered_lost(session, [each.due.subject for each in seen])
    for each in seen:
        if each.is_whole and each.due.id in alarmed:
            enter_restored(session, SCRUB, each.due.subject, {"from": "replica"} if each.healed else {})
        elif not each.is_whole:
            enter_lost(session, SCRUB, each.due.subject, each.found, {"object": each.stated.object_name})
