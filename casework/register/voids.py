"""Who voided an issue of a device, and why: the row says that it was and when, the ledger by whom, its opening why.

The reason stands in the opening alone, which is under row security as the register is not.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from integrity.errors import EvidenceError
from integrity.ledger_entry import parse_entry
from storage.catalog.devices import DeviceIssue
from storage.catalog.ledger import LedgerEntryRow, LedgerOpening
from storage.catalog.organisation import Person

ISSUE_VOIDED = "device.issue_voided"


@dataclass(frozen=True)
class Voiding:
    """`by` None: the operator at the machine. `reason` None: not for whoever asks."""

    by: Person | None
    reason: str | None


def voidings_of(session: Session, issues: Sequence[DeviceIssue]) -> Mapping[uuid.UUID, Voiding]:
    """By issue, of those that were voided; one query, and none where none was."""
    devices = {str(each.device_id) for each in issues if each.voided_at is not None}
    if not devices:
        return {}
    wanted = {str(each.id): each.id for each in issues}
    entry, opening = LedgerEntryRow, LedgerOpening
    statement = (
        select(entry.entry, opening.value)
        .outerjoin(opening, (opening.entry_id == entry.id) & (opening.name == "reason"))
        .where(entry.action == ISSUE_VOIDED, entry.subject_id.in_(devices))
        .order_by(entry.serial)
    )
    said = [(_read(octets), reason) for octets, reason in session.execute(statement)]
    people = _people(session, [person_id for (_, person_id), _ in said])
    return {
        wanted[issue_id]: Voiding(people.get(person_id), reason)
        for (issue_id, person_id), reason in said
        if issue_id in wanted
    }


def _read(octets: bytes) -> tuple[str, uuid.UUID | None]:
    """Which issue, and by which person. One that cannot be read is of none: whoever verifies is told of it."""
    try:
        entry = parse_entry(octets)
    except EvidenceError:
        return "", None
    person = uuid.UUID(entry.actor_id) if entry.actor_kind == "person" and entry.actor_id else None
    return str(entry.data.get("issue_id")), person


def _people(session: Session, ids: Sequence[uuid.UUID | None]) -> Mapping[uuid.UUID | None, Person]:
    wanted = {each for each in ids if each is not None}
    rows = session.scalars(select(Person).where(Person.id.in_(wanted))) if wanted else ()
    return {row.id: row for row in rows}
