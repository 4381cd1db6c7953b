"""When each stored object was last read whole, and what was found (docs/scrub.md)."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from storage.catalog.base import Base, Id, Instant, Size, UnitId, one_of

OBJECT_KINDS = ("recording", "rendition", "redacted_copy", "request_attachment")
"""Whose objects are looked at: the tables that say which digest one has to have."""

WHOLE = "whole"
MISSING, TRUNCATED, TOO_LONG, DIFFERS = "missing", "truncated", "too_long", "differs"
UNREADABLE, UNSIGNED = "unreadable", "unsigned"
FINDINGS = (MISSING, TRUNCATED, TOO_LONG, DIFFERS, UNREADABLE, UNSIGNED)
"""`unsigned`: its recording's manifest is not what was signed, so that nothing says what the bytes have to be."""


class ObjectLook(Base):
    """巡检: one row an object, under the id of its recording or copy. A trigger makes it when the object is
    recorded: then it has just been read back, which is its first look. `lost_since`: when it was first found not to be
    whole.
    """

    __tablename__ = "object_look"
    __table_args__ = (
        CheckConstraint(one_of("kind", *OBJECT_KINDS), name="kind"),
        CheckConstraint(one_of("found", WHOLE, *FINDINGS), name="found"),
        CheckConstraint("(found = 'whole') = (lost_since IS NULL)", name="lost_since"),
        Index("ix_object_look_turn", "looked_at"),
        Index("ix_object_look_lost", "looked_at", postgresql_where=text("found <> 'whole'")),
    )
    id: Mapped[Id]
    kind: Mapped[str]
    unit_id: Mapped[UnitId]
    size_bytes: Mapped[Size]
    looked_at: Mapped[Instant]
    found: Mapped[str] = mapped_column(default=WHOLE, server_default=text("'whole'"))
    lost_since: Mapped[datetime | None]
    leased_by: Mapped[str | None]
    leased_until: Mapped[datetime | None]
