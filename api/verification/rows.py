"""Rows that decide who sees what, against the ledger: none without its entries, none that says something else.

Whoever holds the database's password can insert a grant; he cannot sign the entry that would have come with it. That
what the ledger says was made is still there, the audit of the ledger sees (api/verification/logged.py).
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from datetime import datetime

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from api.verification.accounts import SUBJECTS, Account, Subject, kept_fact
from api.verification.audit import Audit
from integrity.errors import EvidenceError
from integrity.fields import format_instant
from integrity.ledger_entry import LedgerEntry, parse_entry
from storage.catalog.ledger import LedgerEntryRow

_AT_A_TIME = 500
# A change and its entry commit together: in one snapshot each is there with the other, however busy the archive is.
_ONE_SNAPSHOT = text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")


def audit_rows(audit: Audit) -> int:
    """Look at every row that the ledger accounts for; how many there were."""
    count = 0
    for subject in SUBJECTS:
        with audit.archive.database.reading() as session:
            session.execute(_ONE_SNAPSHOT)
            account = Account(subject)
            for entry in _entries(session, subject):
                account.take(entry)
            count += _check_table(audit, session, account)
    return count


def _entries(session: Session, subject: Subject) -> Iterator[LedgerEntry]:
    """As they were written. What cannot be read, or is not what the ledger holds, the audit of the ledger has named."""
    actions = [step.action for step in subject.steps]
    statement = select(LedgerEntryRow.entry).where(LedgerEntryRow.action.in_(actions)).order_by(LedgerEntryRow.serial)
    for content in session.scalars(statement.execution_options(yield_per=_AT_A_TIME)):
        try:
            yield parse_entry(content)
        except EvidenceError:
            continue


def _check_table(audit: Audit, session: Session, account: Account) -> int:
    model = account.subject.model
    table = model.__tablename__
    for which, expected, found in account.contradictions:
        audit.findings.add("row_differs", f"{table} {which}", expected, found)
    count = 0
    for row in session.scalars(select(model).execution_options(yield_per=_AT_A_TIME)):
        count += 1
        _check(audit, f"{table} {kept_fact(row, 'id')}", row, account)
    return count


def _check(audit: Audit, subject: str, row: object, account: Account) -> None:
    expected = account.rows.get(str(kept_fact(row, "id")))
    if expected is None:
        made_by = next(step.action for step in account.subject.steps if step.makes)
        audit.findings.add("row_unaccounted", subject, f"an entry {made_by}", "none")
        return
    for name, value in expected.items():
        kept = _as_stated(kept_fact(row, name))
        if kept != value:
            audit.findings.add("row_differs", f"{subject}: {name}", value, "nothing" if kept is None else kept)


def _as_stated(value: object) -> object:
    """As an entry states it."""
    if isinstance(value, uuid.UUID):
        return str(value)
    if isinstance(value, datetime):
        return format_instant(value)
    return value.hex() if isinstance(value, bytes) else value
