"""Signed checkpoints as rows: the latest, one by its size, and the first that covers an entry."""

from __future__ import annotations

from sqlalchemy import ColumnElement, ScalarSelect, select
from sqlalchemy.orm import Session

from storage.catalog.ledger import LedgerCheckpoint


def latest_checkpoint(session: Session) -> LedgerCheckpoint | None:
    """None for a ledger that has none yet."""
    return session.scalars(select(LedgerCheckpoint).order_by(LedgerCheckpoint.size.desc()).limit(1)).first()


def first_checkpoint_over(
    session: Session, index: int | ColumnElement[int] | ScalarSelect[int]
) -> LedgerCheckpoint | None:
    """The first that covers the entry at `index`, which may be a question to the database: what draws are made by
    (docs/decisions/0020-draws.md). None while there is none, or no such entry."""
    covering = select(LedgerCheckpoint).where(LedgerCheckpoint.size > index)
    return session.scalars(covering.order_by(LedgerCheckpoint.size).limit(1)).first()
