"""Docking stations: what may upload, how each proves who it is, and what it last said of itself."""

from __future__ import annotations

import uuid
from datetime import datetime

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Identity, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from storage.catalog.base import Base, CreatedAt, Id, Instant, Octets, Size, UnitId


class Station(Base):
    """采集工作站: what it holds to prove itself by is not kept, only SHA-256s and public keys.

    `token_hash` null: no bearer token. `certificate_sha256`: the client certificate it is bound to, if any. Limits of
    null mean the setting's default.
    """

    __tablename__ = "station"
    __table_args__ = (
        CheckConstraint("octet_length(certificate_sha256) = 32", name="certificate_sha256"),
        CheckConstraint("max_uploads > 0", name="max_uploads"),
        CheckConstraint("max_waiting_bytes > 0", name="max_waiting_bytes"),
    )
    id: Mapped[Id]
    unit_id: Mapped[UnitId]
    name: Mapped[str] = mapped_column(unique=True)
    token_hash: Mapped[Octets | None] = mapped_column(unique=True)
    certificate_sha256: Mapped[Octets | None] = mapped_column(unique=True)
    max_uploads: Mapped[int | None]
    max_waiting_bytes: Mapped[Size | None]
    created_at: Mapped[CreatedAt]
    revoked_at: Mapped[datetime | None]


class StationKey(Base):
    """The public half of a key pair made on the station. `id` is the key's own (integrity/keys.py), its keyid.

    Ended by rotation or by a new enrolment; one of a station is live at a time.
    """

    __tablename__ = "station_key"
    __table_args__ = (
        CheckConstraint("id ~ '^[0-9a-f]{64}$'", name="id"),
        CheckConstraint("octet_length(public_key) = 32", name="public_key"),
        Index("uq_station_key_live", "station_id", unique=True, postgresql_where=text("ended_at IS NULL")),
    )
    id: Mapped[str] = mapped_column(primary_key=True)
    unit_id: Mapped[UnitId]
    station_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("station.id"), index=True)
    public_key: Mapped[Octets]
    created_at: Mapped[CreatedAt]
    ended_at: Mapped[datetime | None]


class StationCode(Base):
    """A one-time code with which a station enrols a key of its own, by its SHA-256."""

    __tablename__ = "station_code"
    __table_args__ = (Index("ix_station_code_unused", "station_id", postgresql_where=text("used_at IS NULL")),)
    id: Mapped[Id]
    unit_id: Mapped[UnitId]
    station_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("station.id"))
    code_hash: Mapped[Octets] = mapped_column(unique=True)
    created_at: Mapped[CreatedAt]
    expires_at: Mapped[Instant]
    used_at: Mapped[datetime | None]


class StationNonce(Base):
    """A signature that was let in, until it would be too old anyway: so that it is let in once."""

    __tablename__ = "station_nonce"
    __table_args__ = (Index("ix_station_nonce_expires_at", "expires_at"),)
    key_id: Mapped[str] = mapped_column(primary_key=True)
    nonce: Mapped[str] = mapped_column(primary_key=True)
    expires_at: Mapped[Instant]


class StationState(Base):
    """What a station said of itself last; its own word, but for `seen_at`, when it last reported or sent bytes.

    Offsets in seconds, station minus server. `silent_since` and `clock_off_since` are alerts: raised and ended with an
    entry each.
    """

    __tablename__ = "station_state"
    station_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("station.id"), primary_key=True)
    unit_id: Mapped[UnitId]
    seen_at: Mapped[datetime | None]
    reported_at: Mapped[datetime | None]
    agent_version: Mapped[str | None]
    free_bytes: Mapped[Size | None]
    clock_offset_seconds: Mapped[float | None]
    clock_uncertainty_seconds: Mapped[float | None]
    waiting_files: Mapped[int | None]
    silent_since: Mapped[datetime | None]
    clock_off_since: Mapped[datetime | None]


class StationReport(Base):
    """What a station said of itself before, every few minutes, for as long as the setting keeps it."""

    __tablename__ = "station_report"
    __table_args__ = (
        Index("ix_station_report_station", "station_id", "received_at"),
        Index("ix_station_report_received_at", "received_at"),
    )
    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    unit_id: Mapped[UnitId]
    station_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("station.id"))
    received_at: Mapped[Instant]
    reported_at: Mapped[Instant]
    agent_version: Mapped[str]
    free_bytes: Mapped[Size]
    clock_offset_seconds: Mapped[float | None]
    clock_uncertainty_seconds: Mapped[float | None]
    waiting_files: Mapped[int]
