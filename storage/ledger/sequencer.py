"""The one process that gives entries their places. It inserts, and updates nothing.

Order of durability, so that a crash anywhere is repaired by doing the same again:

    1. index, entry and leaf hash are committed as rows      (a place once given is never given again)
    2. bundles and tiles are durable in the object store     (the same rows make the same bytes)
    3. the checkpoint over them is signed and durable        (the store is now the authority on the sequence)
    4. the checkpoint's row is committed                     (readers take it from there)

Which entries are new is asked of what is committed and visible, not by counting serial numbers: a number taken early
by a transaction that commits late would be passed over. The snapshot's oldest open transaction bounds how far back
one has to look, so a long transaction widens the search and blocks nobody.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from types import TracebackType

from sqlalchemy import text
from sqlalchemy.engine import Connection
from sqlalchemy.exc import DBAPIError

from integrity.checkpoint import Checkpoint, encode_vkey, open_checkpoint, sign_checkpoint
from integrity.keys import SigningKey
from integrity.merkle import MerkleAccumulator, leaf_hash
from storage.catalog.ledger import LedgerCheckpoint
from storage.database import Database
from storage.ledger.checkpoints import latest_checkpoint
from storage.ledger.errors import (
    LeafHashWrong,
    LedgerBehindStore,
    LedgerContradiction,
    SequencerBusy,
    StoreLacksLedger,
)
from storage.ledger.files import LedgerFiles
from storage.ledger.reading import SequencedEntry, read_sequenced

LOCK = 0x4C65_6467  # "Ledg"
BATCH = 2000
"""A checkpoint each. Never more than SIZES_IN_FOLDER: LedgerFiles counts on no folder being passed over."""

# RFC 6962's hash of a leaf, 0x00 before the entry, by PostgreSQL: the entries then go to Python once, to be published,
# where each hash is held against its entry. A statement for each place took both sides longer than all else here.
ASSIGN = text(r"""
    INSERT INTO ledger_sequence (index, entry_id, leaf_hash)
    SELECT (SELECT coalesce(max(index) + 1, 0) FROM ledger_sequence)
            + row_number() OVER (ORDER BY p.transaction_id, p.serial) - 1,
        p.id, sha256('\x00'::bytea || p.entry)
    FROM (
        SELECT e.id, e.entry, e.transaction_id, e.serial FROM ledger_entry e
        WHERE e.transaction_id >= CAST(CAST(:oldest AS text) AS xid8)
          AND NOT EXISTS (SELECT FROM ledger_sequence s WHERE s.entry_id = e.id)
        ORDER BY e.transaction_id, e.serial LIMIT :batch
    ) p
""")
_OLDEST_OPEN = "SELECT pg_snapshot_xmin(pg_current_snapshot())::text"
OLDEST_OPEN = text(_OLDEST_OPEN)
# Of the entries that ASSIGN looks at, whether there is one.
_ONE_IS_NEW = """
    SELECT FROM ledger_entry e
    WHERE e.transaction_id >= $1::xid8
        AND NOT EXISTS (SELECT FROM ledger_sequence s WHERE s.entry_id = e.id)
    ORDER BY e.transaction_id, e.serial LIMIT 1
"""


@dataclass(frozen=True)
class Published:
    """How far the store is, and the tree up to there."""

    size: int
    tree: MerkleAccumulator


class Sequencer:
    """Holds a lock of the database for as long as it lives, so that there is never a second one.

    Raises SequencerBusy, StoreLacksLedger, LedgerBehindStore or LedgerContradiction when opened; then nothing has been
    signed.
    """

    def __init__(
        self,
        database: Database,
        files: LedgerFiles,
        key: SigningKey,
        origin: str,
        before_signing: Callable[[], None] = lambda: None,
    ) -> None:
        """`before_signing` returns once what was given places may be signed: it is committed, and can be taken back
        by nothing but the loss of the database."""
        self._database, self._files, self._key, self._origin = database, files, key, origin
        self._before_signing = before_signing
        self._lock = _take_lock(database)
        try:
            self._published = self._compare_with_store()
            self._oldest = "0"
            self._publish()
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Sequencer:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        # The connection goes with its session-level lock; a pooled one would keep it. The server ends a connection when
        # it comes to it, though, and whoever opens the next sequencer at once would find the lock still taken.
        if not (self._lock.closed or self._lock.invalidated):
            with suppress(DBAPIError):
                self._lock.execute(text("SELECT pg_advisory_unlock(:key)"), {"key": LOCK})
        self._lock.invalidate()
        self._lock.close()

    def sequence_pending(self) -> int:
        """Give places to what is committed by now, publish them, and say how many they were."""
        if not self._one_is_new():
            return 0
        self._lock.exec_driver_sql("SELECT 1")  # a lost connection is a lost lock: then stop before assigning anything
        assigned = self._assign()
        if assigned:
            self._publish()
        return assigned

    def _compare_with_store(self) -> Published:
        """Hold every row up to the last signed checkpoint against it."""
        latest = self._files.latest_checkpoint(encode_vkey(self._origin, self._key.public))
        if latest is None:
            return self._begin_store()
        checkpoint, note = latest
        tree = self._tree_under(checkpoint)
        self._insert_checkpoint(checkpoint, note)
        return Published(checkpoint.size, tree)

    def _begin_store(self) -> Published:
        """A store without a checkpoint is a new archive's. Once something was signed it is not: its disk may be out.

        Only where a person says that it takes a lost one's place is the ledger published in it anew, from rows that
        give what was signed last.
        """
        with self._database.reading() as session:
            signed = latest_checkpoint(session)
        if signed is not None:
            if not self._files.is_begun_anew():
                raise StoreLacksLedger(signed.size)
            self._tree_under(open_checkpoint(signed.note, encode_vkey(self._origin, self._key.public)))
        return Published(0, MerkleAccumulator())

    def _tree_under(self, checkpoint: Checkpoint) -> MerkleAccumulator:
        tree = MerkleAccumulator()
        with self._database.reading() as session:
            for entry in read_sequenced(session, 0, checkpoint.size):
                tree.append_leaf_hash(leaf_hash(entry.entry))
        if tree.size < checkpoint.size:
            raise LedgerBehindStore(tree.size, checkpoint.size)
        if tree.root() != checkpoint.root:
            raise LedgerContradiction(checkpoint.size, checkpoint.root.hex(), tree.root().hex())
        return tree

    def _one_is_new(self) -> bool:
        """Asked twenty times a second, for ever: so without a transaction around it, and without the lock."""
        with self._database.direct() as connection:
            # In this order, as `_assign` has it.
            ((oldest_open,),) = connection.run(_OLDEST_OPEN)
            is_new = bool(connection.run(_ONE_IS_NEW, self._oldest))
        if not is_new and oldest_open is not None:
            self._oldest = oldest_open
        return is_new

    def _assign(self) -> int:
        with self._database.transaction() as session:
            # The order of these two statements is the argument. Each has its own snapshot (READ COMMITTED): whatever
            # is older than `oldest_open` had ended before the first, so the second sees every entry it committed. The
            # other way round, a transaction that ends between the two is missed here and below `_oldest` ever after.
            oldest_open = session.execute(OLDEST_OPEN).scalar_one()
            places = session.execute(ASSIGN, {"oldest": self._oldest, "batch": BATCH})
            assigned = int(places.rowcount)  # type: ignore[attr-defined]
        if assigned < BATCH:  # nothing older than what was open then can still be without a place
            self._oldest = oldest_open
        return assigned

    def _publish(self) -> None:
        """Bring the store up to the rows, batch by batch, each ending in a signed checkpoint."""
        while batch := self._unpublished():
            self._before_signing()
            size, tree = self._published.size, self._published.tree
            # Its disk may have been taken away since the last batch, and the folder beneath is there to be written to.
            if size and not self._files.has_checkpoint(size):
                raise StoreLacksLedger(size)
            hashes = [_own_leaf_hash(entry) for entry in batch]
            self._files.grow(size, [entry.entry for entry in batch], hashes)
            for each in hashes:
                tree.append_leaf_hash(each)
            checkpoint = Checkpoint(self._origin, tree.size, tree.root())
            note = sign_checkpoint(checkpoint, self._key)
            self._files.publish_checkpoint(checkpoint.size, note)
            self._insert_checkpoint(checkpoint, note)
            self._published = Published(tree.size, tree)

    def _unpublished(self) -> list[SequencedEntry]:
        with self._database.reading() as session:
            start = self._published.size
            return list(read_sequenced(session, start, start + BATCH, BATCH))

    def _insert_checkpoint(self, checkpoint: Checkpoint, note: bytes) -> None:
        with self._database.transaction() as session:
            if session.get(LedgerCheckpoint, checkpoint.size) is None:
                session.add(LedgerCheckpoint(size=checkpoint.size, root=checkpoint.root, note=note))


def _take_lock(database: Database) -> Connection:
    connection = database.engine.connect().execution_options(isolation_level="AUTOCOMMIT")
    if not connection.execute(text("SELECT pg_try_advisory_lock(:key)"), {"key": LOCK}).scalar_one():
        connection.close()
        raise SequencerBusy()
    return connection


def _own_leaf_hash(entry: SequencedEntry) -> bytes:
    """Of the bytes as they are about to be published; the row was filled by the database. Raises LeafHashWrong."""
    own = leaf_hash(entry.entry)
    if own != entry.leaf_hash:
        raise LeafHashWrong(entry.index, entry.leaf_hash.hex(), own.hex())
    return own
