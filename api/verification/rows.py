"""Rows that decide who sees what, against the ledger: none without its entries, none that says something else.

Whoever holds the database's password can insert a grant; he cannot sign the entry that would have come with it. That
what the ledger says was made is still there, the audit of the ledger sees (api/verification/logged.py).
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from datetime import date, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from api.verification.accounts import SUBJECTS, Account, Pledge, Subject, kept_fact
from api.verification.audit import ONE_SNAPSHOT, Audit
from api.verification.element_accounts import ELEMENT_SUBJECTS
from api.verification.register_accounts import REGISTER_SUBJECTS
from integrity.errors import EvidenceError
from integrity.fields import format_instant
from integrity.ledger_entry import LedgerEntry, commit_value, parse_entry
from storage.catalog.devices import OfficerCertificate
from storage.catalog.ledger import LedgerEntryRow, LedgerOpening
from storage.catalog.organisation import Unit

_AT_A_TIME = 500


def audit_rows(audit: Audit) -> int:
    """Look at every row that the ledger accounts for; how many there were."""
    count = 0
    for subject in (*SUBJECTS, *REGISTER_SUBJECTS, *ELEMENT_SUBJECTS):
        with audit.archive.database.reading() as session:
            session.execute(ONE_SNAPSHOT)
            account = Account(subject)
            for entry in _entries(session, subject):
                account.take(entry)
            count += _check_table(audit, session, account)
    _check_jurisdictions(audit)
    return count


def _check_jurisdictions(audit: Audit) -> None:
    """Where a certificate's number counts follows from its unit: elsewhere a second one could bear it."""
    with audit.archive.database.reading() as session:
        session.execute(ONE_SNAPSHOT)
        above = {row.id: row.parent_id for row in session.execute(select(Unit.id, Unit.parent_id))}
        rows = session.execute(
            select(OfficerCertificate.id, OfficerCertificate.unit_id, OfficerCertificate.jurisdiction_id)
        )
        for row in rows:
            topmost, seen = row.unit_id, set[uuid.UUID]()
            while (parent := above.get(topmost)) is not None and parent not in seen:
                seen.add(topmost)
                topmost = parent
            if topmost != row.jurisdiction_id:
                subject = f"officer_certificate {row.id}: jurisdiction_id"
                audit.findings.add("row_differs", subject, topmost, row.jurisdiction_id)


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
    table, count = model.__tablename__, 0
    name_contradictions(audit, account)
    found: set[str] = set()
    for row in session.scalars(select(model).execution_options(yield_per=_AT_A_TIME)):
        count += 1
        check_row(audit, session, row, account)
        if account.subject.key is not None:
            found.add(account.subject.key_of(row))
    for missing in sorted(account.rows.keys() - found) if account.subject.key is not None else ():
        audit.findings.add("logged_row_missing", f"{table} {missing}", "a row, says the ledger", "none")
    return count


def name_contradictions(audit: Audit, account: Account) -> None:
    for which, expected, found in account.contradictions:
        audit.findings.add("row_differs", f"{account.subject.model.__tablename__} {which}", expected, found)


def check_row(audit: Audit, session: Session, row: object, account: Account) -> None:
    """Hold one row against what its entries make of it."""
    key = account.subject.key_of(row)
    subject, expected = f"{account.subject.model.__tablename__} {key}", account.rows.get(key)
    if expected is None:
        made_by = next(step.action for step in account.subject.steps if step.makes)
        audit.findings.add("row_unaccounted", subject, f"an entry {made_by}", "none")
        return
    for name, fact in expected.items():
        kept = _as_stated(kept_fact(row, name))
        value = _opened(session, fact, kept) if isinstance(fact, Pledge) else fact
        if kept != value:
            audit.findings.add("row_differs", f"{subject}: {name}", value, "nothing" if kept is None else kept)


def _opened(session: Session, pledge: Pledge, kept: object) -> object:
    """What the entry committed to; where its opening was destroyed, as it may be, nothing speaks against the row."""
    opening = session.get(LedgerOpening, (pledge.entry_id, pledge.name))
    if opening is None:
        return kept
    if commit_value(opening.salt, opening.value) != pledge.commitment:
        return f"what opens {pledge.commitment}"
    return opening.value


def _as_stated(value: object) -> object:
    """As an entry states it."""
    if isinstance(value, uuid.UUID):
        return str(value)
    if isinstance(value, datetime):
        return format_instant(value)
    if isinstance(value, date):
        return value.isoformat()
    return value.hex() if isinstance(value, bytes) else value
