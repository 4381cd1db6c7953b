"""Looking entries up, and proving that they are in the ledger."""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar

from sqlalchemy import select
from sqlalchemy.orm import Session

from integrity.checkpoint import Checkpoint, open_checkpoint
from integrity.merkle import inclusion_proof
from integrity.tiles import hash_reader
from storage.catalog.ledger import LedgerCheckpoint, LedgerEntryRow, LedgerSequence
from storage.database import Database
from storage.ledger.checkpoints import first_checkpoint_over, latest_checkpoint
from storage.ledger.errors import EntriesUncovered
from storage.ledger.files import LedgerFiles

POLL_SECONDS = 0.02
_COVERED = """
    SELECT EXISTS
        (SELECT FROM ledger_sequence WHERE entry_id = %s AND index < (SELECT max(size) FROM ledger_checkpoint))
"""
BATCH = 500
Item = TypeVar("Item")


@dataclass(frozen=True)
class InclusionEvidence:
    """An entry's place under one signed checkpoint; `note` is the checkpoint as signed."""

    index: int
    leaf_hash: bytes
    proof: tuple[bytes, ...]
    note: str


@dataclass(frozen=True)
class ProvenEntry:
    """An entry's bytes and its proof under a checkpoint that is known from elsewhere."""

    index: int
    entry: bytes
    proof: tuple[bytes, ...]


@dataclass(frozen=True)
class ProvenEntries:
    """Entries by index, all under one signed checkpoint. They are read and proved as they are asked for, once."""

    note: bytes
    entries: Iterator[ProvenEntry]


@dataclass(frozen=True)
class SequencedEntry:
    """An entry's bytes with its index."""

    index: int
    entry_id: uuid.UUID
    entry: bytes
    leaf_hash: bytes


class LedgerReader:
    """Reads rows for speed and tiles for proofs. Everything it proves can be checked without it."""

    def __init__(self, database: Database, files: LedgerFiles, vkey: str) -> None:
        self.database = database
        self.files = files
        self.vkey = vkey

    def latest(self) -> tuple[Checkpoint, bytes] | None:
        """The latest signed checkpoint and its note, or None for a ledger that has none yet."""
        with self.database.reading() as session:
            row = latest_checkpoint(session)
        return None if row is None else (open_checkpoint(row.note, self.vkey), row.note)

    def note_of(self, size: int) -> bytes | None:
        """The signed checkpoint over the first `size` entries, however old; None where none was signed at that size."""
        with self.database.reading() as session:
            row = session.get(LedgerCheckpoint, size)
        return None if row is None else row.note

    def first_note_over(self, index: int) -> bytes | None:
        """The first checkpoint that covers the entry at `index`: what draws are made by. None while there is none."""
        with self.database.reading() as session:
            row = first_checkpoint_over(session, index)
        return None if row is None else row.note

    def await_inclusion(self, entry_id: uuid.UUID, patience_seconds: float) -> InclusionEvidence | None:
        """Evidence for a committed entry as soon as a checkpoint covers it, or None when patience runs out."""
        deadline = time.monotonic() + patience_seconds
        while not self._is_covered(entry_id):
            if time.monotonic() >= deadline:
                return None
            time.sleep(POLL_SECONDS)
        return self.prove(entry_id)

    def _is_covered(self, entry_id: uuid.UUID) -> bool:
        """Asked many times a receipt: one round trip, and no signature is opened for it."""
        with self.database.direct() as connection:
            return connection.execute(_COVERED, (entry_id,)).fetchone() == (True,)

    def prove(self, entry_id: uuid.UUID) -> InclusionEvidence | None:
        """Evidence under the latest checkpoint, or None while there is none that covers the entry."""
        with self.database.reading() as session:
            row = session.scalars(select(LedgerSequence).where(LedgerSequence.entry_id == entry_id)).first()
        latest = self.latest()
        if row is None or latest is None or row.index >= latest[0].size:
            return None
        checkpoint, note = latest
        proof = inclusion_proof(row.index, checkpoint.size, hash_reader(checkpoint.size, self.files.fetch))
        return InclusionEvidence(row.index, row.leaf_hash, tuple(proof), note.decode())

    def prove_all(self, entry_ids: Sequence[uuid.UUID], patience_seconds: float) -> ProvenEntries:
        """All of some committed entries, as soon as one checkpoint covers them. Raises EntriesUncovered."""
        deadline = time.monotonic() + patience_seconds
        while True:
            with self.database.reading() as session:
                indexes = _indexes(session, entry_ids)
            latest = self.latest()
            size = 0 if latest is None else latest[0].size
            waiting = len(set(entry_ids)) - sum(index < size for index in indexes)
            if latest is not None and not waiting:
                return ProvenEntries(latest[1], self._prove(indexes, size))
            if time.monotonic() >= deadline:
                raise EntriesUncovered(waiting)
            time.sleep(POLL_SECONDS)

    def _prove(self, indexes: Sequence[int], size: int) -> Iterator[ProvenEntry]:
        read_hash = hash_reader(size, self.files.fetch)
        for batch in _batches(indexes):
            statement = (
                select(LedgerSequence.index, LedgerEntryRow.entry)
                .join(LedgerEntryRow, LedgerEntryRow.id == LedgerSequence.entry_id)
                .where(LedgerSequence.index.in_(batch))
                .order_by(LedgerSequence.index)
            )
            with self.database.reading() as session:
                rows = session.execute(statement).all()
            for index, entry in rows:
                yield ProvenEntry(index, entry, tuple(inclusion_proof(index, size, read_hash)))


def _indexes(session: Session, entry_ids: Sequence[uuid.UUID]) -> list[int]:
    found: list[int] = []
    for batch in _batches(list(set(entry_ids))):
        found += session.scalars(select(LedgerSequence.index).where(LedgerSequence.entry_id.in_(batch)))
    return sorted(found)


def _batches(items: Sequence[Item]) -> Iterator[Sequence[Item]]:
    for start in range(0, len(items), BATCH):
        yield items[start : start + BATCH]


def read_sequenced(session: Session, start: int, end: int | None = None, batch: int = 1000) -> Iterator[SequencedEntry]:
    """Entries `start` up to but without `end`, in order, in batches."""
    while end is None or start < end:
        stop = start + batch if end is None else min(start + batch, end)
        rows = session.execute(
            select(LedgerSequence.index, LedgerSequence.entry_id, LedgerEntryRow.entry, LedgerSequence.leaf_hash)
            .join(LedgerEntryRow, LedgerEntryRow.id == LedgerSequence.entry_id)
            .where(LedgerSequence.index >= start, LedgerSequence.index < stop)
            .order_by(LedgerSequence.index)
        ).all()
        for row in rows:
            yield SequencedEntry(*row)
        if not rows:
            return
        start += len(rows)
