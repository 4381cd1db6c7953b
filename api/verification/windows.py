"""Windows (播放窗口) against the entries that opened them: who was shown what, when, and what of it was an original.

There are as many as anybody ever watched: a few hundred at a time are held against the ledger, by their entries.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from typing import Final

from sqlalchemy import and_, or_, select
from sqlalchemy.orm import Session

from api.verification.audit import Audit
from api.verification.rows import check_rows, name_contradictions
from api.verification.steps import Account, Facts, Step, Subject, as_stated, made_at, unit_of
from api.verification.viewing_draws import Shown, check_viewing_draws
from integrity.errors import EvidenceError
from integrity.fields import parse_uuid
from integrity.ledger_entry import LedgerEntry, parse_entry
from storage.catalog.access import Grant, PlaybackWindow
from storage.catalog.ledger import LedgerEntryRow
from storage.catalog.recordings import Recording

_AT_A_TIME: Final = 500
_OPENED: Final = "playback.window_opened"


def _opened(entry: LedgerEntry) -> Facts:
    span = as_stated(entry, "grant_id", "object_name", "first_byte", "last_byte", "opened_at", "expires_at")
    to: Facts = {"unit_id": unit_of(entry), "person_id": entry.actor_id, "recording_id": entry.subject_id}
    return {**to, **span, **made_at(entry, "opened")}


_SUBJECT: Final = Subject(PlaybackWindow, (Step(_OPENED, _opened, "window_id", makes=True),))


def audit_windows(audit: Audit) -> int:
    """Look at every window, and draw anew what is drawn of each month's; how many windows there were."""
    with audit.archive.database.reading(snapshot=True) as session:
        shown, accounted = Shown(), set[bytes]()
        for entries in _entries(session):
            for entry in entries:
                shown.take(entry)
            accounted |= _check(audit, session, entries)
        count = _check_unaccounted(audit, session, accounted)
        _check_originals(audit, session)
        check_viewing_draws(audit, session, shown)
    return count


def _check(audit: Audit, session: Session, entries: list[LedgerEntry]) -> set[bytes]:
    """The rows of these entries; the ids that they account for. That one is gone the audit of the ledger has named."""
    account = Account(_SUBJECT)
    for entry in entries:
        account.take(entry)
    name_contradictions(audit, account)
    ids = {each for each in map(_id_of, account.rows) if each is not None}
    rows = session.scalars(select(PlaybackWindow).where(PlaybackWindow.id.in_(ids))).all()
    check_rows(audit, session, rows, account)
    session.expunge_all()
    return {each.bytes for each in ids}


def _check_unaccounted(audit: Audit, session: Session, accounted: set[bytes]) -> int:
    count = 0
    for window_id in session.scalars(select(PlaybackWindow.id).execution_options(yield_per=_AT_A_TIME)):
        count += 1
        if window_id.bytes not in accounted:
            audit.findings.add("row_unaccounted", f"playback_window {window_id}", f"an entry {_OPENED}", "none")
    return count


def _check_originals(audit: Audit, session: Session) -> None:
    """What the database refuses whoever inserts, looked at again: its owner can take the guard away."""
    window = PlaybackWindow
    consented = and_(Grant.person_id == window.person_id, Grant.kind == "copy", Grant.unredacted)
    statement = (
        select(window.id, window.grant_id)
        .join(Recording, Recording.object_name == window.object_name)
        .outerjoin(Grant, Grant.id == window.grant_id)
        .where(or_(Grant.id.is_(None), ~consented))
        .order_by(window.id)
    )
    for window_id, grant_id in session.execute(statement.execution_options(yield_per=_AT_A_TIME)):
        expected = "a grant to copy to whoever was shown it, with consent to originals"
        audit.findings.add("original_unconsented", f"playback_window {window_id}", expected, f"grant {grant_id}")


def _entries(session: Session) -> Iterator[list[LedgerEntry]]:
    """As they were written. What cannot be read, or is not what the ledger holds, the audit of the ledger has named."""
    statement = select(LedgerEntryRow.entry).where(LedgerEntryRow.action == _OPENED).order_by(LedgerEntryRow.serial)
    for contents in session.scalars(statement.execution_options(yield_per=_AT_A_TIME)).partitions():
        yield [entry for entry in map(_parsed, contents) if entry is not None]


def _parsed(content: bytes) -> LedgerEntry | None:
    try:
        return parse_entry(content)
    except EvidenceError:
        return None


def _id_of(named: str) -> uuid.UUID | None:
    try:
        return parse_uuid(named, "window_id")
    except EvidenceError:
        return None
