"""Whether a store is this archive's: what was signed, as the database knows it, lies there.

A folder where a disk is not mounted looks like a store into which nothing was ever put. Who took it for one would seal
onto the system's disk, and take every recording for lost.
"""

from __future__ import annotations

from storage.database import Database
from storage.ledger.checkpoints import latest_checkpoint
from storage.ledger.errors import StoreLacksLedger
from storage.ledger.files import LedgerFiles
from storage.objects.protocol import ObjectStore


def require_own_store(database: Database, store: ObjectStore) -> None:
    """Return where the store holds the latest checkpoint that was signed, or none was ever signed.

    One row and one `stat`: a checkpoint is durable in the store before its row is committed, and never removed. Raises
    StoreLacksLedger, and what the store raises.
    """
    with database.reading() as session:
        latest = latest_checkpoint(session)
    if latest is not None and not LedgerFiles(store).has_checkpoint(latest.size):
        raise StoreLacksLedger(latest.size)
