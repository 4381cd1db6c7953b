"""What is known of the second store now: how much is not in it yet, what of it is lost, and whether it works."""

from __future__ import annotations

import uuid
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import exists, func, select, true
from sqlalchemy.orm import Session

from ingest.replica.errors import ReplicaBehind, ReplicaDamaged, ReplicaFailing
from storage.catalog.object_looks import WHOLE
from storage.catalog.replicas import COPIED, WAITING, ObjectReplica, ReplicaStore


@dataclass(frozen=True)
class ReplicaStanding:
    """`waiting`: objects that are not in it yet, `oldest_waiting` when the first of them was recorded. `lost`: copies
    that are not whole. `failure`: the class of what it raised last, since `failing_since`; None while it works."""

    waiting: int
    waiting_bytes: int
    oldest_waiting: datetime | None
    lost: int
    failing_since: datetime | None
    failure: str | None


def read_replica_standing(session: Session, place: str, units: Collection[uuid.UUID] | None = None) -> ReplicaStanding:
    """Of the replica at `place`, and of the objects of these units, or of all."""
    ours = true() if units is None else ObjectReplica.unit_id.in_(units)
    size_bytes = func.coalesce(func.sum(ObjectReplica.size_bytes), 0)
    waiting = select(func.count(), size_bytes, func.min(ObjectReplica.recorded_at))
    objects, waiting_bytes, oldest = session.execute(waiting.where(ObjectReplica.state == WAITING, ours)).one()
    damaged = select(func.count()).where(ObjectReplica.found != WHOLE, ObjectReplica.state == COPIED, ours)
    known = session.get(ReplicaStore, place)
    return ReplicaStanding(
        objects,
        int(waiting_bytes),
        oldest,
        session.scalars(damaged).one(),
        None if known is None else known.failing_since,
        None if known is None else known.failure,
    )


def require_replicated(session: Session, place: str, hours: int, now: datetime) -> None:
    """Return where the replica works, is whole, and nothing has waited for longer than `hours` to get there.

    Raises ReplicaFailing, ReplicaDamaged, ReplicaBehind.
    """
    known = session.get(ReplicaStore, place)
    if known is not None and known.failing_since is not None:
        since = f"since {known.failing_since:%Y-%m-%d %H:%M} UTC"
        raise ReplicaFailing(place, known.failure or "", since)
    lost = select(exists().where(ObjectReplica.found != WHOLE, ObjectReplica.state == COPIED))
    if session.scalar(lost):
        raise ReplicaDamaged(place)
    oldest = session.scalar(select(func.min(ObjectReplica.recorded_at)).where(ObjectReplica.state == WAITING))
    if oldest is not None and oldest < now - timedelta(hours=hours):
        raise ReplicaBehind(place, oldest)
