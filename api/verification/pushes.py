"""Whether the city's platform has by now what it should have, and whether the attempts fit the ledger and the rules.

An attempt has no entry: it says what is left to do. What came of one has, and the rules put a minute at least between
two; so an attempt that nobody made shows, and so does a message that somebody put off.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime

from sqlalchemy import exists, select
from sqlalchemy.orm import Session, aliased

from api.verification.audit import Audit
from api.verification.order import LEEWAY
from casework.publication.pushing import FIRST_WAIT, GATE_WAIT, LONGEST_ASKED, OVERDUE_AFTER
from integrity.errors import EvidenceError
from integrity.fields import format_instant
from integrity.ledger_entry import parse_entry
from storage.catalog.ledger import LedgerEntryRow
from storage.catalog.publication import PublicationPush, PublicationStep

_CAME_OF_ONE = ("publication.pushed", "publication.push_refused")
_SENT_AGAIN = "publication.push_retried"


def check_pushes(audit: Audit) -> None:
    """Name each message that is overdue, and each whose attempts cannot have been as its row says.

    Where no address is set and nothing was ever sent, messages wait, and none is overdue.
    """
    now = datetime.now(UTC)
    with audit.archive.database.reading(snapshot=True) as session:
        came, again = _entered(session)
        is_on = audit.archive.settings.push_url is not None
        is_on = is_on or session.scalar(select(exists().where(PublicationPush.attempts > 0))) is True
        later = aliased(PublicationPush)
        overtaken = exists().where(
            later.publication_id == PublicationPush.publication_id, later.ordinal > PublicationPush.ordinal
        )
        rows = select(PublicationPush, PublicationStep.taken_at, overtaken)
        rows = rows.join(PublicationStep, PublicationStep.id == PublicationPush.step_id)
        for row, taken_at, is_overtaken in session.execute(rows.order_by(PublicationPush.id)):
            key = str(row.step_id)
            _check_attempts(audit, row, taken_at, came[key], again[key], now)
            if is_on and row.accepted_at is None and row.refused_at is None and not is_overtaken:
                _check_overdue(audit, row, taken_at, now)


def _check_overdue(audit: Audit, row: PublicationPush, taken_at: datetime, now: datetime) -> None:
    by = taken_at + OVERDUE_AFTER
    if by < now:
        found = f"{row.attempts} attempts, {row.problem or 'no answer'}"
        audit.findings.add("push_overdue", _named(row), f"taken by the platform until {format_instant(by)}", found)


def _check_attempts(
    audit: Audit, row: PublicationPush, taken_at: datetime, came: int, again: int, now: datetime
) -> None:
    last = taken_at if row.attempted_at is None else row.attempted_at
    most = 0 if row.attempted_at is None else 1 + again + max(0, (last - taken_at) // FIRST_WAIT)
    if not came <= row.attempts <= most:
        audit.findings.add("push_unaccounted", f"{_named(row)}: attempts", f"{came} to {most}", row.attempts)
    if not taken_at - LEEWAY <= last <= now + LEEWAY:
        span = f"between {format_instant(taken_at)} and {format_instant(now)}"
        audit.findings.add("push_unaccounted", f"{_named(row)}: attempted_at", span, format_instant(last))
    until = max(last + LONGEST_ASKED, now + GATE_WAIT + LEEWAY)
    if row.due_at > until:
        expected = f"at most {format_instant(until)}"
        audit.findings.add("push_unaccounted", f"{_named(row)}: due_at", expected, format_instant(row.due_at))


def _entered(session: Session) -> tuple[Mapping[str, int], Mapping[str, int]]:
    """By step: how many attempts have an entry of what came of them, and how often a person had it sent again."""
    came: Counter[str] = Counter()
    again: Counter[str] = Counter()
    said = select(LedgerEntryRow.entry).where(LedgerEntryRow.action.in_((*_CAME_OF_ONE, _SENT_AGAIN)))
    for content in session.scalars(said.execution_options(yield_per=500)):
        try:
            entry = parse_entry(content)
        except EvidenceError:  # The audit of the ledger has named it.
            continue
        (again if entry.action == _SENT_AGAIN else came)[str(entry.data.get("step_id"))] += 1
    return came, again


def _named(row: PublicationPush) -> str:
    return f"publication_push {row.step_id}"
