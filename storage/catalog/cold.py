"""The cold place, which of the originals lie there, and who has asked for one to be brought back (docs/cold.md)."""

from __future__ import annotations

import uuid
from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from storage.catalog.base import Base, CreatedAt, HeldUnitId, Id, Size, UnitId, of_recording, one_of
from storage.catalog.named_stores import NamedStore

MOVING, COLD, BOTH, DISPOSED = "moving", "cold", "both", "disposed"
COLD_STATES = (MOVING, COLD, BOTH, DISPOSED)
"""`moving`: it is to be copied there, and is in the store as ever. `cold`: its whole, locked copy is there, and the
store's is given up. `both`: it is in the store again, and its copy is there still."""
LIES_THERE = (COLD, BOTH)


class ColdStore(NamedStore):
    """冷存储: a cold place that was named, by its place."""

    __tablename__ = "cold_store"


class ColdObject(Base):
    """One row an original that was chosen to be moved, under the id of its recording.

    `due_at`: not before then is anything done with it, but that it is brought back. `wanted_since`: somebody has asked
    for it, which a trigger writes. `moved_at`, `version_id`: of its copy in the cold place, once that was read back.
    `given_up_at`: the store has let go of its own. What was disposed of keeps its row until the cold place has let go
    of it too.
    """

    __tablename__ = "cold_object"
    __table_args__ = (
        CheckConstraint(one_of("state", *COLD_STATES), name="state"),
        CheckConstraint(
            "state NOT IN ('cold', 'both') OR (moved_at IS NOT NULL AND version_id IS NOT NULL)", name="moved"
        ),
        CheckConstraint("wanted_since IS NULL OR state = 'cold'", name="wanted"),
        Index("ix_cold_object_object_name", "object_name"),
        Index("ix_cold_object_due", "state", "due_at"),
        Index("ix_cold_object_wanted", "wanted_since", postgresql_where=text("wanted_since IS NOT NULL")),
    )
    id: Mapped[Id]
    unit_id: Mapped[UnitId]
    object_name: Mapped[str]
    size_bytes: Mapped[Size]
    state: Mapped[str] = mapped_column(default=MOVING, server_default=text("'moving'"))
    due_at: Mapped[CreatedAt]
    version_id: Mapped[str | None]
    moved_at: Mapped[datetime | None]
    given_up_at: Mapped[datetime | None]
    wanted_since: Mapped[datetime | None]
    recalled_at: Mapped[datetime | None]
    leased_by: Mapped[str | None]
    leased_until: Mapped[datetime | None]


class RecallRequest(Base):
    """调回申请: somebody with a grant asked for an original that lies in the cold place. `arrived_at`: it is in the
    store again, read back and compared."""

    __tablename__ = "recall_request"
    __table_args__ = (
        of_recording(),
        Index(
            "ix_recall_request_waiting",
            "recording_id",
            "person_id",
            unique=True,
            postgresql_where=text("arrived_at IS NULL"),
        ),
    )
    id: Mapped[Id]
    unit_id: Mapped[HeldUnitId]
    recording_id: Mapped[uuid.UUID]
    person_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("person.id"))
    grant_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("access_grant.id"))
    asked_at: Mapped[CreatedAt]
    arrived_at: Mapped[datetime | None]
