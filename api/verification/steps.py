"""How an account of rows is told: entries are steps, each makes a row of a table or changes facts of one.

What a step has only committed to, such as names and reasons, is opened by what lies beside the ledger; when it happened
is the entry's own time.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from api.verification.openings import commitments_of
from integrity.canonical import Json
from integrity.ledger_entry import LedgerEntry
from storage.catalog.base import Base

Facts = dict[str, "Json | Pledge | Moment"]


@dataclass(frozen=True)
class Pledge:
    """A fact that an entry does not state, but has committed to: beside the ledger lies what opens it."""

    entry_id: uuid.UUID
    name: str
    commitment: str


@dataclass(frozen=True)
class Moment:
    """An instant that an entry does not state, because it is its own: row and entry were written in one transaction."""

    at: datetime


@dataclass(frozen=True)
class Step:
    """What an action does to a row, which it names in `named_in` of its data, or as its subject.

    `moves` is the fact that goes `from` one value `to` another, so that no step can be left out unseen. `only`: a fact
    that has to be so, or nothing changes. `named_by` names a row that no id is entered of.
    """

    action: str
    says: Callable[[LedgerEntry], Facts]
    named_in: str | None = None
    makes: bool = False
    moves: str | None = None
    only: tuple[str, Json] | None = None
    named_by: Callable[[LedgerEntry], str] | None = None

    def row_id(self, entry: LedgerEntry) -> str:
        if self.named_by is not None:
            return self.named_by(entry)
        return str(entry.subject_id if self.named_in is None else entry.data.get(self.named_in))

    def changes(self, known: Facts) -> bool:
        return self.only is None or known.get(self.only[0]) == self.only[1]


@dataclass(frozen=True)
class Subject:
    """A table whose rows the ledger accounts for, each under its `id`, or under what `key` makes of it.

    A row that was made under an id and is gone is missed by the audit of the ledger (api/verification/logged.py).
    """

    model: type[Base]
    steps: Sequence[Step]
    key: Callable[[Any], str] | None = None

    def key_of(self, row: Any) -> str:
        return str(row.id) if self.key is None else self.key(row)


@dataclass
class Account:
    """The rows of one table as the entries make them, taken in order; `contradictions` are the ledger's own."""

    subject: Subject
    rows: dict[str, Facts] = field(default_factory=dict)
    contradictions: list[tuple[str, object, object]] = field(default_factory=list)

    def take(self, entry: LedgerEntry) -> None:
        for step in self.subject.steps:
            if step.action == entry.action:
                self._take(step, step.row_id(entry), entry)

    def _take(self, step: Step, row_id: str, entry: LedgerEntry) -> None:
        known = self.rows.get(row_id)
        if step.makes and known is not None:
            self.contradictions.append((row_id, f"{step.action} once", f"again in entry {entry.id}"))
        elif step.makes:
            self.rows[row_id] = step.says(entry)
        elif known is None:
            self.contradictions.append((row_id, "made by an entry", f"{step.action} without one in entry {entry.id}"))
        else:
            if step.moves is not None and known.get(step.moves) != entry.data.get("from"):
                self.contradictions.append((f"{row_id}: {step.moves}", known.get(step.moves), entry.data.get("from")))
            if step.changes(known):
                known |= step.says(entry)


def as_stated(entry: LedgerEntry, *names: str) -> Facts:
    return {name: entry.data[name] for name in names if name in entry.data}


def pledged(entry: LedgerEntry, *names: str, **kept_as: str) -> Facts:
    """What the entry has committed to of these; `kept_as` gives the column of one that it calls otherwise."""
    commitments = commitments_of(entry)
    columns = {name: name for name in names} | kept_as
    return {
        column: Pledge(entry.id, name, str(commitments[name]))
        for column, name in columns.items()
        if name in commitments
    }


def made_at(entry: LedgerEntry, column: str = "created_at") -> Facts:
    return {column: Moment(entry.occurred_at)}


def unit_of(entry: LedgerEntry) -> Json:
    return None if entry.unit_id is None else str(entry.unit_id)


def ended(flag: str, by: str | None = None, reason: str | None = None) -> Callable[[LedgerEntry], Facts]:
    """When, by whom, and why, as far as the row has columns for it."""

    def says(entry: LedgerEntry) -> Facts:
        who: Facts = {} if by is None else {by: entry.actor_id}
        return {
            flag: Moment(entry.occurred_at),
            **who,
            **({} if reason is None else pledged(entry, **{reason: "reason"})),
        }

    return says
