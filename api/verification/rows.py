"""Rows that decide who sees what, against the ledger: none without its entries, none that says something else.

Whoever holds the database's password can insert a grant; he cannot sign the entry that would have come with it. That
what the ledger says was made is still there, the audit of the ledger sees (api/verification/logged.py).
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Sequence
from datetime import date, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from api.verification.archiving_accounts import check_retention_classes
from api.verification.audit import Audit
from api.verification.file_review_accounts import check_draws
from api.verification.kept_facts import kept_fact
from api.verification.openings import Openings, find_openings, opens
from api.verification.order import LEEWAY
from api.verification.publication_accounts import check_ended_publications
from api.verification.pushes import check_pushes
from api.verification.return_accounts import check_return_figures
from api.verification.service_accounts import check_served_decisions
from api.verification.steps import Account, Moment, Pledge, Subject
from api.verification.subjects import ALL_SUBJECTS
from api.verification.unit_accounts import check_merged_units
from casework.units import lines_of
from integrity.errors import EvidenceError
from integrity.fields import format_instant
from integrity.ledger_entry import LedgerEntry, parse_entry
from storage.beyond_calendar import DateBeyond, InstantBeyond
from storage.catalog.devices import OfficerCertificate
from storage.catalog.ledger import LedgerEntryRow

_AT_A_TIME = 500


def audit_rows(audit: Audit) -> int:
    """Look at every row that the ledger accounts for; how many there were."""
    count = 0
    for subject in ALL_SUBJECTS:
        with audit.archive.database.reading(snapshot=True) as session:
            account = Account(subject)
            for entry in _entries(session, subject):
                account.take(entry)
            count += _check_table(audit, session, account)
    _check_jurisdictions(audit)
    check_retention_classes(audit)
    check_served_decisions(audit)
    check_draws(audit)
    check_return_figures(audit)
    check_pushes(audit)
    check_merged_units(audit)
    check_ended_publications(audit)
    return count


def _check_jurisdictions(audit: Audit) -> None:
    """Where a certificate's number counts follows from its unit: elsewhere a second one could bear it."""
    with audit.archive.database.reading(snapshot=True) as session:
        columns = OfficerCertificate.id, OfficerCertificate.unit_id, OfficerCertificate.jurisdiction_id
        rows = session.execute(select(*columns)).all()
        lines = lines_of(session, {row.unit_id for row in rows})
        for row in rows:
            topmost = lines.get(row.unit_id, (row.unit_id,))[-1]
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
    for rows in session.scalars(select(model).execution_options(yield_per=_AT_A_TIME)).partitions():
        count += len(rows)
        check_rows(audit, session, rows, account)
        if account.subject.key is not None:
            found.update(account.subject.key_of(row) for row in rows)
    for missing in sorted(account.rows.keys() - found) if account.subject.key is not None else ():
        audit.findings.add("logged_row_missing", f"{table} {missing}", "a row, says the ledger", "none")
    return count


def name_contradictions(audit: Audit, account: Account) -> None:
    for which, expected, found in account.contradictions:
        audit.findings.add("row_differs", f"{account.subject.model.__tablename__} {which}", expected, found)


def check_rows(audit: Audit, session: Session, rows: Sequence[object], account: Account) -> None:
    """Hold each row against what its entries make of it."""
    made = [account.rows.get(account.subject.key_of(row)) for row in rows]
    pledges = {fact.entry_id for facts in made if facts for fact in facts.values() if isinstance(fact, Pledge)}
    openings = find_openings(session, pledges) if pledges else {}
    for row, facts in zip(rows, made, strict=True):
        subject = f"{account.subject.model.__tablename__} {account.subject.key_of(row)}"
        if facts is None:
            made_by = next(step.action for step in account.subject.steps if step.makes)
            audit.findings.add("row_unaccounted", subject, f"an entry {made_by}", "none")
            continue
        for name, fact in facts.items():
            _check_fact(audit, f"{subject}: {name}", fact, kept_fact(row, name), openings)


def _check_fact(audit: Audit, subject: str, fact: object, kept: object, openings: Openings) -> None:
    code = "row_differs"
    if isinstance(fact, Moment):
        fact = kept if _is_of(kept, fact) else fact.at
    elif isinstance(fact, Pledge):
        opening = openings.get((fact.entry_id, fact.name))
        if opening is None:
            fact, code = f"what opens {fact.commitment}", "row_unproven"
        else:
            fact = opening.value if opens(opening, fact.commitment) else f"what opens {fact.commitment}"
    kept, fact = as_entered(kept), as_entered(fact)
    if kept != fact:
        audit.findings.add(code, subject, fact, "nothing" if kept is None else kept)


def _is_of(kept: object, moment: Moment) -> bool:
    """Both were read off the clock while one transaction lasted: by the database, by the caller, for the entry."""
    return isinstance(kept, datetime) and abs(kept - moment.at) <= LEEWAY


def as_entered(value: object) -> object:
    """As an entry states it."""
    if isinstance(value, uuid.UUID | InstantBeyond | DateBeyond):
        return str(value)
    if isinstance(value, datetime):
        return format_instant(value)
    if isinstance(value, date):
        return value.isoformat()
    return value.hex() if isinstance(value, bytes) else value
