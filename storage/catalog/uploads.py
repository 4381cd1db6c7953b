"""Transfers in progress, and what is due to be sealed. The offset is not here: it is a file beside its bytes."""

from __future__ import annotations

import uuid
from datetime import datetime

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, String, TextClause, text
from sqlalchemy.orm import Mapped, mapped_column

from storage.catalog.base import Base, CreatedAt, Instant, Json, Size, UnitId, none_of, one_of
from storage.node_names import NODE_NAME

UPLOAD_STATES = ("open", "finished", "sealed", "receipted", "failed", "terminated", "expired")
"""open → finished (all bytes durable) → sealed (row and entry committed) → receipted; failed: stopped until a person
decides, who may put it back to finished; the rest are ends without a receipt."""

GONE_STATES = ("terminated", "expired")
"""Given up: nothing of it counts, its bytes go, and its creation's key opens another."""

OWED_RECEIPT = ("finished", "sealed")
"""All there, and custody's to bring to its receipt."""

TO_BE_SEALED = ("finished", "failed")
"""All there, and no row says yet what it is: due, or stopped until a person decides."""

IN_HAND = ("open", "finished", "sealed", "failed")
"""Neither receipted nor given up."""

LARGE_UPLOAD = 4 << 20
"""Bytes from which on an upload is a large one: a lane of its own looks for it, by an index of its own."""


_IS_OWED = "state IN ('finished', 'sealed')"
_IS_LARGE = f"declared_length >= {LARGE_UPLOAD}"


def _in_turn() -> tuple[str | TextClause, ...]:
    """A station's on one node, what its recorder marked as evidence first: that alone says '1', the others nothing."""
    return ("station_id", "node", text("(claims ->> 'marked')"), "finished_at")


class Upload(Base):
    """上传: claims are what the station said and nothing more. While `leased_until` lies ahead a worker has it.

    While `length_deferred`, `declared_length` is what is reserved for it, and the real length not known yet.
    `expires_at` holds while nothing has come of it, `expires_at_latest` whatever comes; between them its last progress
    decides, which is in the file beside its bytes. `creation_key` is what the station called its creation. `node` says
    in whose staging folder the bytes are.
    """

    __tablename__ = "upload"
    __table_args__ = (
        CheckConstraint(one_of("state", *UPLOAD_STATES), name="state"),
        CheckConstraint("declared_length > 0", name="declared_length"),
        CheckConstraint(f"NOT length_deferred OR {one_of('state', 'open', *GONE_STATES)}", name="length_deferred"),
        CheckConstraint("id ~ '^[0-9a-f]{32}$'", name="id"),
        CheckConstraint(f"node ~ '^({NODE_NAME})?$'", name="node"),
        Index("ix_upload_due", *_in_turn(), postgresql_where=text(_IS_OWED)),
        Index("ix_upload_due_large", *_in_turn(), postgresql_where=text(f"{_IS_OWED} AND {_IS_LARGE}")),
        Index(
            "uq_upload_creation_key",
            "station_id",
            "creation_key",
            unique=True,
            postgresql_where=text(f"{none_of('state', *GONE_STATES)} AND creation_key IS NOT NULL"),
        ),
        Index("ix_upload_station_open", "station_id", postgresql_where=text("state IN ('open', 'finished', 'sealed')")),
        Index("ix_upload_in_hand", "state", postgresql_where=text("state IN ('open', 'finished', 'sealed', 'failed')")),
    )
    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    station_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("station.id"))
    unit_id: Mapped[UnitId]
    declared_length: Mapped[Size]
    length_deferred: Mapped[bool] = mapped_column(default=False, server_default=text("false"))
    claims: Mapped[Json]
    state: Mapped[str] = mapped_column(default="open")
    created_at: Mapped[CreatedAt]
    expires_at: Mapped[Instant]
    expires_at_latest: Mapped[datetime | None]
    creation_key: Mapped[str | None] = mapped_column(String(64))
    node: Mapped[str] = mapped_column(default="", server_default=text("''"))
    finished_at: Mapped[datetime | None]
    leased_by: Mapped[str | None]
    leased_until: Mapped[datetime | None]
    attempts: Mapped[int] = mapped_column(default=0)
    failure_code: Mapped[str | None]
    failure_detail: Mapped[str | None]
    recording_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("recording.id"))


class StationLoad(Base):
    """What a station has open, and waiting to be sealed: kept by triggers on `upload`, locked by whoever adds to it."""

    __tablename__ = "station_load"
    __table_args__ = (
        CheckConstraint("open_uploads >= 0", name="open_uploads"),
        CheckConstraint("waiting_bytes >= 0", name="waiting_bytes"),
    )
    station_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("station.id"), primary_key=True)
    unit_id: Mapped[UnitId]
    open_uploads: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    waiting_bytes: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    terminated_uploads: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    """Within `terminated_hour`, the last in which there were any."""
    terminated_hour: Mapped[Instant] = mapped_column(server_default=text("'2000-01-01 00:00:00+00'"))
