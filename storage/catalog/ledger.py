"""The ledger's rows. Nothing here is ever updated or deleted; triggers and grants of the first migration see to it."""

from __future__ import annotations

import uuid

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Identity, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from storage.catalog.base import Base, CreatedAt, Id, Instant, Octets, TransactionId, UnitId, one_of

KEY_PURPOSES = ("manifest", "receipt", "ledger", "package", "review")


class LedgerEntryRow(Base):
    """账本条目: the entry's bytes verbatim, inserted in the transaction of the change they record, without an index.

    `subject_id` and `unit_id` repeat what the bytes say, for looking up; the bytes are what counts.
    """

    __tablename__ = "ledger_entry"
    __table_args__ = (
        CheckConstraint("octet_length(entry) BETWEEN 1 AND 65535", name="entry_size"),
        Index("ix_ledger_entry_transaction", "transaction_id", "serial"),
        Index("ix_ledger_entry_subject", "subject_id", "serial"),
        Index("ix_ledger_entry_action", "action", "serial"),
        # Entries lie in the order of their time, but for a moment: which blocks are of a month is all that is needed.
        Index("ix_ledger_entry_occurred", "occurred_at", postgresql_using="brin"),
    )
    id: Mapped[Id]
    serial: Mapped[int] = mapped_column(BigInteger, Identity(always=True), unique=True)
    transaction_id: Mapped[int] = mapped_column(TransactionId, server_default=text("pg_current_xact_id()"))
    unit_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("unit.id"))
    action: Mapped[str]
    subject_id: Mapped[str]
    entry: Mapped[Octets]
    occurred_at: Mapped[Instant]


class LedgerSequence(Base):
    """An entry's place in the log, given once by the sequencer."""

    __tablename__ = "ledger_sequence"
    index: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    entry_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("ledger_entry.id"), unique=True)
    leaf_hash: Mapped[Octets]


class LedgerCheckpoint(Base):
    """检查点: a signed head, already durable in the object store when its row is written."""

    __tablename__ = "ledger_checkpoint"
    size: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    root: Mapped[Octets]
    note: Mapped[Octets]
    signed_at: Mapped[CreatedAt]


class LedgerOpening(Base):
    """What a commitment in an entry commits to: personal data or free text. It can be destroyed, the entry cannot."""

    __tablename__ = "ledger_opening"
    entry_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("ledger_entry.id"), primary_key=True)
    name: Mapped[str] = mapped_column(primary_key=True)
    unit_id: Mapped[UnitId]
    salt: Mapped[Octets]
    value: Mapped[str]


class SigningKeyEpoch(Base):
    """Which public key signed what from when on; the private halves live only in the key folder.

    Epochs begin with one, without gaps: none can be put before the latest, which has to be the key folder's.
    """

    __tablename__ = "signing_key_epoch"
    __table_args__ = (
        CheckConstraint(one_of("purpose", *KEY_PURPOSES), name="purpose"),
        CheckConstraint("epoch > 0", name="epoch"),
    )
    purpose: Mapped[str] = mapped_column(primary_key=True)
    epoch: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    key_id: Mapped[str] = mapped_column(unique=True)
    public_key: Mapped[Octets]
    entry_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("ledger_entry.id"))
    activated_at: Mapped[CreatedAt]
