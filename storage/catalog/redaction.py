"""What is hidden in copies that leave (遮蔽), whether a second person agrees, and the copies that were made so."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from storage.catalog.base import Base, Id, Instant, JsonList, UnitId, one_of

MOST_SPANS = 200
CHECK_VERDICTS = ("passed", "returned")
COPY_STATES = ("due", "done", "failed")


@dataclass(frozen=True)
class Box:
    """Parts of the upright picture's width and height, from its upper left corner; from and to in seconds of its own
    time line, `to_seconds` None: to the end, whenever that is. As a row of `redaction` has it, name by name."""

    left: float
    top: float
    width: float
    height: float
    from_seconds: float = 0.0
    to_seconds: float | None = None
    style: str = "black"


@dataclass(frozen=True)
class Mute:
    """A stretch of sound, likewise."""

    from_seconds: float = 0.0
    to_seconds: float | None = None


class Redaction(Base):
    """遮蔽方案: which boxes of the picture are covered, and which stretches of sound silenced, in copies that leave.

    Never changed: of several of one recording the highest `ordinal` counts. One without boxes and mutes says that
    somebody looked, and found nothing to hide.
    """

    __tablename__ = "redaction"
    __table_args__ = (
        UniqueConstraint("recording_id", "ordinal"),
        CheckConstraint("ordinal > 0", name="ordinal"),
        CheckConstraint(
            "jsonb_typeof(boxes) = 'array' AND jsonb_typeof(mutes) = 'array'"
            f" AND jsonb_array_length(boxes) <= {MOST_SPANS} AND jsonb_array_length(mutes) <= {MOST_SPANS}",
            name="lists",
        ),
    )
    id: Mapped[Id]
    unit_id: Mapped[UnitId]
    recording_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("recording.id"))
    ordinal: Mapped[int]
    boxes: Mapped[JsonList]
    mutes: Mapped[JsonList]
    reason: Mapped[str]
    stated_by: Mapped[uuid.UUID] = mapped_column(ForeignKey("person.id"))
    stated_at: Mapped[Instant]


class RedactionCheck(Base):
    """核对: what a second person says of a redaction, once. `returned`: with a reason, and it has to be stated anew."""

    __tablename__ = "redaction_check"
    __table_args__ = (
        UniqueConstraint("redaction_id"),
        CheckConstraint(one_of("verdict", *CHECK_VERDICTS), name="verdict"),
        CheckConstraint("verdict = 'passed' OR reason IS NOT NULL", name="reason"),
    )
    id: Mapped[Id]
    unit_id: Mapped[UnitId]
    redaction_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("redaction.id"))
    verdict: Mapped[str]
    reason: Mapped[str | None]
    checked_by: Mapped[uuid.UUID] = mapped_column(ForeignKey("person.id"))
    checked_at: Mapped[Instant]


class RedactedCopy(Base):
    """遮蔽副本: asked for under a grant to copy, made by a media worker, fetched under that grant.

    While it is due the row is the worker's job. Once done it names the digest of what it was made of, and the tool,
    version and settings that made it; `mark` are the lines that are drawn into it. What failed may be asked for again.
    """

    __tablename__ = "redacted_copy"
    __table_args__ = (
        CheckConstraint(one_of("state", *COPY_STATES), name="state"),
        CheckConstraint("(state = 'done') = (sha256 IS NOT NULL)", name="made"),
        CheckConstraint("state <> 'failed' OR outcome IS NOT NULL", name="outcome"),
        Index("ix_redacted_copy_due", "asked_at", postgresql_where=text("state = 'due'")),
        Index("ix_redacted_copy_turn", "unit_id", "taken_at"),
        Index(
            "uq_redacted_copy_wanted",
            "grant_id",
            "redaction_id",
            unique=True,
            postgresql_where=text("state <> 'failed'"),
        ),
    )
    id: Mapped[Id]
    unit_id: Mapped[UnitId]
    case_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("case.id"), index=True)
    recording_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("recording.id"), index=True)
    redaction_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("redaction.id"))
    grant_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("access_grant.id"))
    mark: Mapped[JsonList]
    asked_by: Mapped[uuid.UUID] = mapped_column(ForeignKey("person.id"))
    asked_at: Mapped[Instant]
    state: Mapped[str] = mapped_column(default="due", server_default=text("'due'"))
    attempts: Mapped[int] = mapped_column(default=0, server_default=text("0"))
    deferrals: Mapped[int] = mapped_column(default=0, server_default=text("0"))
    deadlines: Mapped[int] = mapped_column(default=0, server_default=text("0"))
    taken_at: Mapped[datetime | None]
    leased_by: Mapped[str | None]
    leased_until: Mapped[datetime | None]
    outcome: Mapped[str | None]
    made_at: Mapped[datetime | None]
    media_type: Mapped[str | None]
    size_bytes: Mapped[int | None] = mapped_column(BigInteger)
    sha256: Mapped[bytes | None]
    object_name: Mapped[str | None] = mapped_column(unique=True)
    ciphertext_size_bytes: Mapped[int | None] = mapped_column(BigInteger)
    ciphertext_sha256: Mapped[bytes | None]
    kek_id: Mapped[str | None]
    wrapped_data_key: Mapped[bytes | None]
    parent_sha256: Mapped[bytes | None]
    tool: Mapped[str | None]
    tool_version: Mapped[str | None]
    settings: Mapped[list[str] | None] = mapped_column(JSONB(none_as_null=True))
