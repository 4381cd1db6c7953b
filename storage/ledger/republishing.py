"""The ledger's files made anew from its rows: the same rows give the same bytes, signed notes and all.

For a database that was brought back: whatever point in time it stands at, its store then holds just the ledger that it
knows. Nothing is signed here.
"""

from __future__ import annotations

from sqlalchemy import select

from integrity.checkpoint import Checkpoint, open_checkpoint
from integrity.merkle import MerkleAccumulator, leaf_hash
from storage.catalog.ledger import LedgerCheckpoint, LedgerSequence
from storage.database import Database
from storage.ledger.errors import LedgerContradiction
from storage.ledger.files import LedgerFiles
from storage.ledger.reading import read_sequenced


def republish(database: Database, files: LedgerFiles, vkey: str, known: bytes = b"") -> int:
    """Write every tile, bundle and checkpoint that rows have and the store lacks; the size that was signed last.

    `known`: a signed note from elsewhere. A checkpoint's row is committed last of all, so the row may be missing of one
    that was signed and handed out, while its entries have their places: then it is published from these. Where they are
    not all here it is passed over. Raises LedgerContradiction where entries are not what was signed, ObjectExists where
    the store has another ledger's.
    """
    tree, size = MerkleAccumulator(), 0
    while (note := _next_note(database, size)) is not None:
        size = _republish_one(database, files, tree, open_checkpoint(note, vkey), note)
    if known and (checkpoint := open_checkpoint(known, vkey)).size > size and _has_entries(database, checkpoint.size):
        size = _republish_one(database, files, tree, checkpoint, known)
    return size


def _republish_one(
    database: Database, files: LedgerFiles, tree: MerkleAccumulator, checkpoint: Checkpoint, note: bytes
) -> int:
    before = tree.size
    with database.reading() as session:
        entries = [entry.entry for entry in read_sequenced(session, before, checkpoint.size)]
    hashes = [leaf_hash(entry) for entry in entries]
    for each in hashes:
        tree.append_leaf_hash(each)
    if tree.size != checkpoint.size or tree.root() != checkpoint.root:
        raise LedgerContradiction(checkpoint.size, checkpoint.root.hex(), tree.root().hex())
    if not files.has_checkpoint(checkpoint.size):
        files.grow(before, entries, hashes)
        files.publish_checkpoint(checkpoint.size, note)
    return checkpoint.size


def _next_note(database: Database, size: int) -> bytes | None:
    following = select(LedgerCheckpoint).where(LedgerCheckpoint.size > size).order_by(LedgerCheckpoint.size).limit(1)
    with database.reading() as session:
        row = session.scalars(following).first()
    return None if row is None else row.note


def _has_entries(database: Database, size: int) -> bool:
    """Places are given in order, so the last of them says that all are."""
    with database.reading() as session:
        return session.get(LedgerSequence, size - 1) is not None
