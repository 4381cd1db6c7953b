"""Writing an entry in the transaction of the change it records."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from sqlalchemy.orm import Session

from integrity.ledger_entry import LedgerEntry, commit_value, new_salt
from storage.catalog.ledger import LedgerEntryRow, LedgerOpening


@dataclass(frozen=True)
class Actor:
    """Who did it: a person, a station, or a process of the system itself."""

    kind: str
    id: str

    @classmethod
    def person(cls, person_id: uuid.UUID) -> Actor:
        return cls("person", str(person_id))

    @classmethod
    def station(cls, station_id: uuid.UUID) -> Actor:
        return cls("station", str(station_id))

    @classmethod
    def system(cls, process: str) -> Actor:
        """`process` is a word of ours (`custody`, `housekeeping`), never a host's name."""
        return cls("system", process)


@dataclass(frozen=True)
class Change:
    """What happened to what. `data` holds ids, codes and digests only; names and free text go into `private`."""

    action: str
    subject_kind: str
    subject_id: str
    unit_id: uuid.UUID | None
    data: Mapping[str, Any] = field(default_factory=dict)
    private: Mapping[str, str] = field(default_factory=dict)


def record_change(session: Session, actor: Actor, change: Change) -> LedgerEntry:
    """Append the entry of a change to the caller's transaction; both commit, or neither does.

    Each `private` value appears in the entry as a salted commitment; its opening is a row beside the ledger, which can
    be destroyed without touching the entry. Raises integrity's EntryTooLarge over 65,535 bytes.
    """
    (entry,) = record_changes(session, actor, [change])
    return entry


def record_changes(session: Session, actor: Actor, changes: Sequence[Change]) -> list[LedgerEntry]:
    """As `record_change`, of what one deed changed in many places: an entry each, in this order, in two statements."""
    recorded = [_committed(actor, change) for change in changes]
    for entry, _ in recorded:
        append_entry(session, entry)
    openings = [opening for _, of_entry in recorded for opening in of_entry]
    if openings:
        session.flush()
        session.add_all(openings)
    return [entry for entry, _ in recorded]


def _committed(actor: Actor, change: Change) -> tuple[LedgerEntry, list[LedgerOpening]]:
    if change.private and change.unit_id is None:
        raise ValueError(f"{change.action}: private values belong to a unit, and this change names none")
    salts = {name: new_salt() for name in change.private}
    commitments = {name: commit_value(salts[name], value) for name, value in change.private.items()}
    entry = make_entry(actor, change, {"commitments": commitments} if commitments else {})
    return entry, [
        LedgerOpening(entry_id=entry.id, name=name, unit_id=change.unit_id, salt=salts[name], value=value)
        for name, value in change.private.items()
    ]


def make_entry(actor: Actor, change: Change, more_data: Mapping[str, Any] | None = None) -> LedgerEntry:
    """The entry of a change as of now, for whoever inserts it in a statement of his own. Raises ValueError where
    private values come without their commitments: they would be lost without a word."""
    if change.private and not (more_data or {}).get("commitments"):
        raise ValueError(f"{change.action}: private values without commitments")
    return LedgerEntry(
        id=uuid.uuid4(),
        occurred_at=datetime.now(UTC),
        action=change.action,
        actor_kind=actor.kind,
        actor_id=actor.id,
        unit_id=change.unit_id,
        subject_kind=change.subject_kind,
        subject_id=change.subject_id,
        data={**change.data, **(more_data or {})},
    )


def append_entry(session: Session, entry: LedgerEntry) -> None:
    """Insert the entry's bytes verbatim, without an index; the sequencer gives it one after the commit."""
    session.add(
        LedgerEntryRow(
            id=entry.id,
            unit_id=entry.unit_id,
            action=entry.action,
            subject_id=entry.subject_id,
            entry=entry.to_bytes(),
            occurred_at=entry.occurred_at,
        )
    )
