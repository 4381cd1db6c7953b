"""The ledger whole: every file re-hashed up to the signed root, every row held against the files.

Three places hold each entry: its row, its bundle, and its hash in a tile. Where one differs from the other two it is
named; whether the two are right, the signed root says.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import TypeAlias

from sqlalchemy import func, select

from api.verification.audit import Audit
from api.verification.files import FileAudit
from api.verification.logged import check_logged
from api.verification.openings import check_openings
from api.verification.order import TimeOrder
from api.verification.rows import as_entered
from api.verification.uploads import check_sealed
from integrity.checkpoint import Checkpoint, open_checkpoint
from integrity.errors import EvidenceError, MalformedEvidence
from integrity.ledger_entry import LedgerEntry, parse_entry
from integrity.merkle import MerkleAccumulator, leaf_hash
from integrity.tiles import TILE_WIDTH, bundle_path, decode_bundle, hashes_of_tile, tile_path
from storage.catalog.ledger import LedgerCheckpoint, LedgerEntryRow, LedgerSequence
from storage.ledger.files import CHECKPOINTS, checkpoint_name

PATIENCE = timedelta(minutes=1)
"""An entry that has no place for so long is not just being given one."""

EntryRow: TypeAlias = tuple[LedgerSequence, LedgerEntryRow]


def audit_ledger(audit: Audit) -> Checkpoint | None:
    """The checkpoint up to which everything was looked at; None when there is none that can be believed."""
    _check_checkpoint_rows(audit)
    latest = _latest_checkpoint(audit)
    if latest is None:
        return None
    tree, sizes = MerkleAccumulator(), _signed_roots(audit, latest.size)
    files = FileAudit(audit.findings, audit.archive.ledger_files.fetch)
    order, signed = TimeOrder(audit.findings), next(sizes, None)
    for start in range(0, latest.size, TILE_WIDTH):
        width = min(TILE_WIDTH, latest.size - start)
        group = _read_group(audit, start, width)
        entries, parsed = group.agree(audit, order)
        for position, leaf in enumerate(group.leaves):
            tree.append_leaf_hash(leaf)
            while signed is not None and signed.size <= tree.size:
                _compare_root(audit, signed, tree)
                files.note_size(signed.size)
                signed = next(sizes, None)
            files.append(start + position, leaf, entries[position])
        check_logged(audit, parsed)
        check_openings(audit, parsed)
        check_sealed(audit, parsed)
        audit.progress("ledger", start + width, latest.size)
    files.finish()
    order.finish()
    _check_waiting(audit)
    return latest


@dataclass
class _Group:
    """What each place holds of up to 256 entries; None where it holds nothing that can be read."""

    start: int
    tile: Sequence[bytes | None]
    bundle: Sequence[bytes | None]
    rows: Sequence[EntryRow | None]
    leaves: list[bytes]

    def agree(self, audit: Audit, order: TimeOrder) -> tuple[list[bytes | None], list[LedgerEntry]]:
        """Settle each leaf by majority, name the rows that differ, and give the entries that fit their leaves."""
        entries: list[bytes | None] = []
        parsed: list[LedgerEntry] = []
        for position, (hashed, bundled, row) in enumerate(zip(self.tile, self.bundle, self.rows, strict=True)):
            stored = None if row is None else row[1].entry
            leaf, entry = _settle(hashed, bundled, stored)
            self.leaves.append(leaf)
            entries.append(entry)
            said = _parsed(entry)
            if said is not None:
                parsed.append(said)
                order.take(self.start + position, said.occurred_at)
            _check_row(audit, self.start + position, leaf, row, said)
        return entries, parsed


def _settle(hashed: bytes | None, bundled: bytes | None, stored: bytes | None) -> tuple[bytes, bytes | None]:
    """The leaf hash that two of the three places agree on, else the tile's, the bundle's, the row's; and its entry."""
    by_leaf = {leaf_hash(entry): entry for entry in (stored, bundled) if entry is not None}
    named = [hashed, *(None if entry is None else leaf_hash(entry) for entry in (bundled, stored))]
    known = [each for each in named if each is not None]
    leaf = max(known, key=known.count) if known else bytes(32)
    return leaf, by_leaf.get(leaf)


def _read_group(audit: Audit, start: int, width: int) -> _Group:
    number = start // TILE_WIDTH
    return _Group(
        start,
        _tile_hashes(audit, number, width),
        _bundle_entries(audit, number, width),
        _rows(audit, start, width),
        [],
    )


def _tile_hashes(audit: Audit, number: int, width: int) -> Sequence[bytes | None]:
    data = audit.archive.ledger_files.fetch(tile_path(0, number, width))
    try:
        return [None] * width if data is None else list(hashes_of_tile(data, width))
    except MalformedEvidence:  # named when the file is held against what it should be
        return [None] * width


def _bundle_entries(audit: Audit, number: int, width: int) -> Sequence[bytes | None]:
    data = audit.archive.ledger_files.fetch(bundle_path(number, width))
    try:
        return [None] * width if data is None else list(decode_bundle(data, width))
    except MalformedEvidence:
        return [None] * width


def _rows(audit: Audit, start: int, width: int) -> Sequence[EntryRow | None]:
    statement = (
        select(LedgerSequence, LedgerEntryRow)
        .outerjoin(LedgerEntryRow, LedgerEntryRow.id == LedgerSequence.entry_id)
        .where(LedgerSequence.index >= start, LedgerSequence.index < start + width)
    )
    found: dict[int, EntryRow] = {}
    with audit.archive.database.reading() as session:
        for place, row in session.execute(statement):
            if row is not None:
                found[place.index] = (place, row)
        session.expunge_all()
    return [found.get(index) for index in range(start, start + width)]


def _check_row(audit: Audit, index: int, leaf: bytes, row: EntryRow | None, entry: LedgerEntry | None) -> None:
    subject = f"ledger entry {index}"
    if row is None:
        audit.findings.add("entry_row_missing", subject, leaf)
        return
    place, stored = row
    if leaf_hash(stored.entry) != leaf:
        audit.findings.add("entry_row_differs", subject, leaf, leaf_hash(stored.entry))
        return
    if place.leaf_hash != leaf:
        audit.findings.add("entry_row_differs", f"{subject}: leaf_hash", leaf, place.leaf_hash)
    if entry is None:
        audit.findings.add("entry_unreadable", subject, "a ledger entry", "bytes that are none")
        return
    said = (entry.id, entry.action, entry.subject_id, entry.unit_id, entry.occurred_at)
    kept = (stored.id, stored.action, stored.subject_id, stored.unit_id, stored.occurred_at)
    for name, expected, found in zip(("id", "action", "subject_id", "unit_id", "occurred_at"), said, kept, strict=True):
        if expected != found:
            audit.findings.add("entry_row_differs", f"{subject}: {name}", expected, found)


def _parsed(entry: bytes | None) -> LedgerEntry | None:
    try:
        return None if entry is None else parse_entry(entry)
    except EvidenceError:
        return None


def _latest_checkpoint(audit: Audit) -> Checkpoint | None:
    """The longest that can be believed. Those above it that cannot be are named."""
    name = max(audit.archive.store.list(CHECKPOINTS), default=None)
    while name is not None:
        checkpoint, unusable = _open(audit, name), name
        if checkpoint is not None:
            return checkpoint
        audit.findings.add("checkpoint_invalid", unusable)
        name = max((each for each in audit.archive.store.list(CHECKPOINTS) if each < unusable), default=None)
    audit.findings.add("checkpoint_missing", CHECKPOINTS)
    return None


def _signed_roots(audit: Audit, size: int) -> Iterator[Checkpoint]:
    """Every checkpoint up to `size`, each once its signature holds, in order."""
    for name in audit.archive.store.list(CHECKPOINTS):
        if name > checkpoint_name(size):
            return
        checkpoint = _open(audit, name)
        if checkpoint is None:
            audit.findings.add("checkpoint_invalid", name)
        else:
            yield checkpoint


def _open(audit: Audit, name: str) -> Checkpoint | None:
    with audit.archive.store.open(name) as reader:
        note = reader.read_span(0, reader.size_bytes)
    try:
        checkpoint = open_checkpoint(note, audit.trust.ledger_vkey)
    except EvidenceError:
        return None
    return checkpoint if name == checkpoint_name(checkpoint.size) else None


def _compare_root(audit: Audit, signed: Checkpoint, tree: MerkleAccumulator) -> None:
    if signed.root != tree.root():
        audit.findings.add("root_differs", f"checkpoint {signed.size}", signed.root, tree.root())


def _check_checkpoint_rows(audit: Audit) -> None:
    """A checkpoint that has a row has its file, and both say the same. The file alone may be there after a crash."""
    for rows in audit.rows(select(LedgerCheckpoint), LedgerCheckpoint.size):
        for row in rows:
            name = checkpoint_name(row.size)
            note = _note(audit, name)
            if note is None:
                audit.findings.add("checkpoint_missing", name)
            elif note != row.note:
                audit.findings.add("checkpoint_differs", name)


def _note(audit: Audit, name: str) -> bytes | None:
    if audit.archive.store.stat(name) is None:
        return None
    with audit.archive.store.open(name) as reader:
        return reader.read_span(0, reader.size_bytes)


def _check_waiting(audit: Audit) -> None:
    unplaced = ~select(LedgerSequence.index).where(LedgerSequence.entry_id == LedgerEntryRow.id).exists()
    statement = select(func.count(), func.min(LedgerEntryRow.occurred_at)).where(
        unplaced, LedgerEntryRow.occurred_at < audit.now() - PATIENCE
    )
    with audit.archive.database.reading() as session:
        waiting, since = session.execute(statement).one()
    if waiting:
        audit.findings.add("entries_waiting", "ledger", 0, f"{waiting} since {as_entered(since)}")
