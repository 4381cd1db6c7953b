"""Entries that say a stored object is lost, and that it is whole again: one of each in turn, whoever finds it."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from storage.catalog.ledger import LedgerEntryRow
from storage.ledger.append import Actor, Change, record_change


def lost_action(kind: str) -> str:
    """The action that says that the object of a row of the table `kind` is lost."""
    return f"{kind}.object_lost"


def restored_action(kind: str) -> str:
    return f"{kind}.object_restored"


@dataclass(frozen=True)
class StoredSubject:
    """Whose object it is: a row of the table `kind`. `unit_id` is the row's own, whatever its unit was merged into."""

    kind: str
    id: uuid.UUID
    unit_id: uuid.UUID

    @property
    def lost(self) -> str:
        return lost_action(self.kind)

    @property
    def restored(self) -> str:
        return restored_action(self.kind)


def enter_lost(session: Session, actor: Actor, subject: StoredSubject, found: str, said: Mapping[str, Any]) -> bool:
    """Enter that the object was found so; once, however often it is found. Whether it was entered now."""
    _wait_for_others(session, subject)
    if is_entered_lost(session, subject):
        return False
    data = {"found": found, **said}
    record_change(session, actor, Change(subject.lost, subject.kind, str(subject.id), subject.unit_id, data))
    return True


def enter_restored(session: Session, actor: Actor, subject: StoredSubject, said: Mapping[str, Any]) -> bool:
    """Enter that the object was read and is what was sealed, where an entry says that it is lost; whether one did."""
    if not is_entered_lost(session, subject):
        return False
    _wait_for_others(session, subject)
    if not is_entered_lost(session, subject):
        return False
    record_change(session, actor, Change(subject.restored, subject.kind, str(subject.id), subject.unit_id, dict(said)))
    return True


def is_entered_lost(session: Session, subject: StoredSubject) -> bool:
    """Whether it was entered that the object is lost, and not yet that it is restored."""
    return bool(entered_lost(session, (subject,)))


def entered_lost(session: Session, subjects: Sequence[StoredSubject]) -> set[uuid.UUID]:
    """Of which of them it stands entered that the object is lost."""
    actions = {action for each in subjects for action in (each.lost, each.restored)}
    ids = [str(each.id) for each in subjects]
    told = (
        select(LedgerEntryRow.subject_id, LedgerEntryRow.action)
        .where(LedgerEntryRow.subject_id.in_(ids), LedgerEntryRow.action.in_(actions))
        .order_by(LedgerEntryRow.serial)
    )
    last: dict[str, str] = {}
    for subject_id, action in session.execute(told):
        last[subject_id] = action
    return {each.id for each in subjects if last.get(str(each.id)) == each.lost}


def _wait_for_others(session: Session, subject: StoredSubject) -> None:
    """Two who find the same at once enter it once: the later one asks again, when the first is through.

    No lock of the subject's row: a station that asks for its receipt does not see it.
    """
    session.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(f"object of {subject.id}", 0))))
