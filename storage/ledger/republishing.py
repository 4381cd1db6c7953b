"""The ledger's files made anew from its rows: the same rows give the same bytes, signed notes and all.

For a database that was brought back: whatever point in time it stands at, its store then holds just the ledger that it
knows. Nothing is signed here.
"""

from __future__ import annotations

from sqlalchemy import select

from integrity.checkpoint import open_checkpoint
from integrity.merkle import MerkleAccumulator, leaf_hash
from storage.catalog.ledger import LedgerCheckpoint
from storage.database import Database
from storage.ledger.errors import LedgerContradiction
from storage.ledger.files import LedgerFiles
from storage.ledger.reading import read_sequenced


def republish(database: Database, files: LedgerFiles, vkey: str) -> int:
    """Write every tile, bundle and checkpoint that rows have and the store lacks; the size that was signed last.

    Raises LedgerContradiction where entries are not what was signed, ObjectExists where the store has another ledger's.
    """
    tree, size = MerkleAccumulator(), 0
    while (row := _next_checkpoint(database, size)) is not None:
        checkpoint = open_checkpoint(row.note, vkey)
        with database.reading() as session:
            entries = [entry.entry for entry in read_sequenced(session, size, checkpoint.size)]
        hashes = [leaf_hash(entry) for entry in entries]
        for each in hashes:
            tree.append_leaf_hash(each)
        if tree.size != checkpoint.size or tree.root() != checkpoint.root:
            raise LedgerContradiction(checkpoint.size, checkpoint.root.hex(), tree.root().hex())
        if not files.has_checkpoint(checkpoint.size):
            files.grow(size, entries, hashes)
            files.publish_checkpoint(checkpoint.size, row.note)
        size = checkpoint.size
    return size


def _next_checkpoint(database: Database, size: int) -> LedgerCheckpoint | None:
    following = select(LedgerCheckpoint).where(LedgerCheckpoint.size > size).order_by(LedgerCheckpoint.size).limit(1)
    with database.reading() as session:
        return session.scalars(following).first()
