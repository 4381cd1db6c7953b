"""What the ledger's storage cannot do. The trunk is storage.errors.LedgerStorageError."""

from __future__ import annotations

from dataclasses import dataclass

from storage.errors import LedgerStorageError


@dataclass(eq=False)
class SequencerBusy(LedgerStorageError):
    """Another process gives the indexes; there is only ever one."""

    def __str__(self) -> str:
        return "another sequencer is at work on this ledger; stop it first, or leave the work to it"


@dataclass(eq=False)
class LedgerBehindStore(LedgerStorageError):
    """The database is older than the last signed checkpoint: signing on would fork the ledger."""

    database_size: int
    signed_size: int

    def __str__(self) -> str:
        return (
            f"the database knows {self.database_size} ledger entries, but a checkpoint over {self.signed_size} was "
            "signed: the database is an old copy. Restore a newer one; nothing is signed until then"
        )


@dataclass(eq=False)
class StoreLacksLedger(LedgerStorageError):
    """What was signed is not in the store: an empty folder where a disk is not mounted, or another archive's store."""

    signed_size: int

    def __str__(self) -> str:
        return (
            f"the database knows a checkpoint over {self.signed_size} ledger entries that is not in the object store: "
            "its disk is not mounted, or this is another store. Mount the disk, or name the right store; nothing is "
            "signed or sealed until then. Where it is lost for good, docs/operating.md says how to begin another"
        )


@dataclass(eq=False)
class LedgerContradiction(LedgerStorageError):
    """Database and signed checkpoint hold different entries at the same size. Roots in hex."""

    size: int
    signed_root: str
    database_root: str

    def __str__(self) -> str:
        return (
            f"the first {self.size} ledger entries of the database give the root {self.database_root}, signed was "
            f"{self.signed_root}: rows were altered, or this is another archive's store. Nothing is signed: "
            "call an auditor"
        )


@dataclass(eq=False)
class LeafHashWrong(LedgerStorageError):
    """A place's hash is not that of its entry, which nobody has published yet. Hashes in hex."""

    index: int
    row_hash: str
    entry_hash: str

    def __str__(self) -> str:
        return (
            f"the ledger row at index {self.index} has the leaf hash {self.row_hash}, its entry has {self.entry_hash}: "
            "a row was altered before it was published. Nothing is signed: call an auditor"
        )


@dataclass(eq=False)
class EntriesUncovered(LedgerStorageError):
    """No signed checkpoint came to cover these entries in time; `waiting` is how many of them none does."""

    waiting: int

    def __str__(self) -> str:
        return f"{self.waiting} ledger entries have no place yet: see that the sequencer works, and try again"
