"""Docking stations: what may upload."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Mapped, mapped_column

from storage.catalog.base import Base, CreatedAt, Id, Octets, Size, UnitId


class Station(Base):
    """采集工作站: holds a credential of which only the SHA-256 is kept; limits of null mean the setting's default."""

    __tablename__ = "station"
    id: Mapped[Id]
    unit_id: Mapped[UnitId]
    name: Mapped[str] = mapped_column(unique=True)
    token_hash: Mapped[Octets] = mapped_column(unique=True)
    max_uploads: Mapped[int | None]
    max_waiting_bytes: Mapped[Size | None]
    created_at: Mapped[CreatedAt]
    revoked_at: Mapped[datetime | None]
