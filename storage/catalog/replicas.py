"""The second store, and where each stored object stands in it (docs/replication.md)."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from storage.catalog.base import Base, CreatedAt, Id, Size, UnitId, one_of
from storage.catalog.named_stores import NamedStore
from storage.catalog.object_looks import FINDINGS, OBJECT_KINDS, WHOLE

WAITING, COPIED, DISPOSED = "waiting", "copied", "disposed"
REPLICA_STATES = (WAITING, COPIED, DISPOSED)


class ReplicaStore(NamedStore):
    """副本存储: a second store that was named, by its place."""

    __tablename__ = "replica_store"


class ObjectReplica(Base):
    """One row an object, under the id of its recording or copy, made by the trigger that makes its ObjectLook.

    `due_at`: not before then is it tried to copy it, or to remove what was disposed of. `looked_at`, `found`,
    `lost_since`: of the copy, as ObjectLook has them of the object. `removed_at`: first removed from the replica; it is
    removed once more when nothing that was on its way there can arrive any longer, and then the row goes.
    """

    __tablename__ = "object_replica"
    __table_args__ = (
        CheckConstraint(one_of("kind", *OBJECT_KINDS), name="kind"),
        CheckConstraint(one_of("state", *REPLICA_STATES), name="state"),
        CheckConstraint(
            "state <> 'copied' OR (copied_at IS NOT NULL AND version_id IS NOT NULL AND looked_at IS NOT NULL)",
            name="copied",
        ),
        CheckConstraint(one_of("found", WHOLE, *FINDINGS), name="found"),
        CheckConstraint("(found = 'whole') = (lost_since IS NULL)", name="lost_since"),
        Index("ix_object_replica_due", "state", "due_at", postgresql_where=text("state <> 'copied'")),
        Index("ix_object_replica_waiting", "recorded_at", postgresql_where=text("state = 'waiting'")),
        Index("ix_object_replica_turn", "looked_at", postgresql_where=text("state = 'copied'")),
        Index("ix_object_replica_lost", "looked_at", postgresql_where=text("found <> 'whole'")),
    )
    id: Mapped[Id]
    kind: Mapped[str]
    unit_id: Mapped[UnitId]
    object_name: Mapped[str]
    size_bytes: Mapped[Size]
    recorded_at: Mapped[CreatedAt]
    state: Mapped[str] = mapped_column(default=WAITING, server_default=text("'waiting'"))
    due_at: Mapped[CreatedAt]
    copied_at: Mapped[datetime | None]
    version_id: Mapped[str | None]
    looked_at: Mapped[datetime | None]
    found: Mapped[str] = mapped_column(default=WHOLE, server_default=text("'whole'"))
    lost_since: Mapped[datetime | None]
    removed_at: Mapped[datetime | None]
    leased_by: Mapped[str | None]
    leased_until: Mapped[datetime | None]
