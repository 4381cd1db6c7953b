"""Ledger entries as rows: all of a unit's tree, and those that make up one recording's chain of custody."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from api.http.paging import listed
from api.http.reading.names import names_in
from api.http.reading.scope import is_at_the_top
from api.http.schema.base import Listed
from api.http.schema.recordings import EntryItem
from casework.units import unit_tree
from integrity.canonical import parse_strict
from integrity.errors import EvidenceError
from integrity.fields import format_instant
from integrity.ledger_entry import parse_entry
from retention.errors import CursorInvalid
from retention.paging import Cursor, page_rows, take_page
from storage.catalog.ledger import LedgerEntryRow, LedgerOpening, LedgerSequence
from storage.catalog.organisation import Person
from storage.catalog.recordings import Receipt
from storage.catalog.uploads import Upload

UNREADABLE = "entry.unreadable"

EntryRow = tuple[LedgerEntryRow, LedgerSequence | None]


@dataclass(frozen=True)
class EntryFilter:
    """What the list is narrowed to; None does not narrow."""

    action: str | None = None
    subject_id: str | None = None
    unit_id: uuid.UUID | None = None


def list_entries(
    session: Session, person: Person, wanted: EntryFilter, after: Cursor | None, limit: int
) -> Listed[EntryItem]:
    """Entries that have their place, of the person's unit and those below it, the latest first.

    What belongs to no unit is shown at the top of the tree.
    """
    place, row = LedgerSequence, LedgerEntryRow
    statement = select(row, place).join(place, place.entry_id == row.id).where(_in_scope(session, person, wanted))
    equal = {row.action: wanted.action, row.subject_id: wanted.subject_id}
    statement = statement.where(*(column == value for column, value in equal.items() if value is not None))
    if after is not None:
        statement = statement.where(place.index < _number(after))
    rows: Sequence[Any] = session.execute(statement.order_by(place.index.desc()).limit(page_rows(limit) + 1)).all()
    page = take_page(rows, limit, lambda pair: Cursor(pair[0].occurred_at, str(pair[1].index)))
    return listed(page, lambda pairs: entry_items(session, pairs, with_openings=person.role == "auditor"))


def list_chain(session: Session, recording_id: uuid.UUID, after: Cursor | None, limit: int) -> Listed[EntryItem]:
    """A recording's chain of custody: the entries about it and about the uploads it came by, as they were written."""
    receipts = select(Receipt.upload_id).where(Receipt.recording_id == recording_id)
    uploads = select(Upload.id).where(Upload.recording_id == recording_id)
    subjects = {str(recording_id), *session.scalars(receipts), *session.scalars(uploads)}
    place, row = LedgerSequence, LedgerEntryRow
    statement = select(row, place).outerjoin(place, place.entry_id == row.id).where(row.subject_id.in_(subjects))
    if after is not None:
        statement = statement.where(row.serial > _number(after))
    rows: Sequence[Any] = session.execute(statement.order_by(row.serial).limit(page_rows(limit) + 1)).all()
    page = take_page(rows, limit, lambda pair: Cursor(pair[0].occurred_at, str(pair[0].serial)))
    return listed(page, lambda pairs: entry_items(session, pairs, with_openings=True))


def entry_items(session: Session, pairs: Sequence[EntryRow], *, with_openings: bool) -> list[EntryItem]:
    """Entries as they were hashed, with names and openings beside them."""
    documents: list[Any] = [_document(row) for row, _ in pairs]
    openings = _openings(session, [row.id for row, _ in pairs]) if with_openings else {}
    items = []
    for (row, place), document in zip(pairs, documents, strict=True):
        items.append(
            EntryItem(
                index=None if place is None else place.index,
                entry_id=row.id,
                leaf_hash=None if place is None else place.leaf_hash.hex(),
                entry=document,
                names={},
                openings=openings.get(row.id, {}),
            )
        )
    names = names_in(session, documents)
    return [item.model_copy(update={"names": _names_of(item.entry, names)}) for item in items]


def _document(row: LedgerEntryRow) -> Any:
    """The entry; where its bytes are none, what its row says, in the form of one, so that the others stay readable.

    No entry has the action `entry.unreadable`: what is shown under it was never entered, and an audit names it.
    """
    try:
        parse_entry(row.entry)
        return parse_strict(row.entry)
    except EvidenceError:
        return {
            "v": 0,
            "id": str(row.id),
            "occurred_at": format_instant(row.occurred_at),
            "action": UNREADABLE,
            "actor": {"kind": "unknown", "id": None},
            "unit_id": None if row.unit_id is None else str(row.unit_id),
            "subject": {"kind": "unknown", "id": row.subject_id},
            "data": {"bytes": row.entry.hex()},
        }


def _names_of(document: Any, names: dict[str, str]) -> dict[str, str]:
    text = str(document)
    return {found: name for found, name in names.items() if found in text}


def _in_scope(session: Session, person: Person, wanted: EntryFilter) -> Any:
    tree = unit_tree(person.unit_id)
    inside = LedgerEntryRow.unit_id.in_(select(tree.c.id))
    if wanted.unit_id is not None:
        return inside & (LedgerEntryRow.unit_id == wanted.unit_id)
    return or_(inside, LedgerEntryRow.unit_id.is_(None)) if is_at_the_top(session, person) else inside


def _openings(session: Session, entry_ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, dict[str, str]]:
    openings: dict[uuid.UUID, dict[str, str]] = {}
    statement = select(LedgerOpening).where(LedgerOpening.entry_id.in_(entry_ids))
    for row in session.scalars(statement):
        openings.setdefault(row.entry_id, {})[row.name] = row.value
    return openings


def _number(cursor: Cursor) -> int:
    if not (cursor.key.isascii() and cursor.key.isdigit() and len(cursor.key) < 19):
        raise CursorInvalid(cursor.to_text())
    return int(cursor.key)
