"""Each upload stands where its entries have led it, and what it said of a file that was sealed before is as it was
entered. What has no entry: docs/verifying.md.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from sqlalchemy import and_, or_, select
from sqlalchemy.orm import Session

from api.verification.audit import Audit
from api.verification.repeats import AGAIN, check_no_others, check_repeats
from api.verification.rows import check_rows, name_contradictions
from api.verification.steps import Account, Facts, Step, Subject, made_at, unit_of
from integrity.errors import EvidenceError
from integrity.fields import format_instant
from integrity.ledger_entry import LedgerEntry, parse_entry
from storage.catalog.ledger import LedgerEntryRow
from storage.catalog.recordings import CustodyAttempt
from storage.catalog.uploads import Upload

SEALED = "recording.sealed"


def _created(entry: LedgerEntry) -> Facts:
    deferred = "reserved_length" in entry.data
    length = entry.data.get("reserved_length" if deferred else "declared_length")
    begun: Facts = {"unit_id": unit_of(entry), "station_id": entry.actor_id, "state": "open", "finished_at": None}
    begun |= made_at(entry)
    said: Facts = {"declared_length": length, "length_deferred": deferred}
    return {
        **begun,
        **said,
        "claimed_sha256": entry.data.get("claimed_sha256"),
        "recording_id": None,
        "failure_code": None,
    }


def _length_declared(entry: LedgerEntry) -> Facts:
    return {"declared_length": entry.data.get("length"), "length_deferred": False}


def _finished(entry: LedgerEntry) -> Facts:
    return {"state": "finished", "finished_at": format_instant(entry.occurred_at)}


def _failed(entry: LedgerEntry) -> Facts:
    return {"failure_code": entry.data.get("code")}


def _sealed(entry: LedgerEntry) -> Facts:
    return {"state": "sealed", "recording_id": entry.subject_id, "failure_code": None}


def _received_again(entry: LedgerEntry) -> Facts:
    return {"state": "sealed", "recording_id": entry.data.get("recording"), "failure_code": None}


def _now(state: str) -> Facts:
    return {"state": state}


UPLOADS = Subject(
    Upload,
    (
        Step("upload.created", _created, makes=True),
        Step("upload.length_declared", _length_declared),
        Step("upload.finished", _finished),
        Step("upload.expired", lambda _: _now("expired")),
        Step("upload.terminated", lambda _: _now("terminated")),
        Step("upload.failed", _failed),
        # What is sealed stays so, and has no receipt while its stored object is lost.
        Step("upload.failed", lambda _: _now("failed"), only=("state", "finished")),
        Step("upload.retried", lambda _: {"failure_code": None}),
        Step("upload.retried", lambda _: _now("finished"), only=("state", "failed")),
        Step("upload.released", lambda _: _now("terminated")),
        Step(SEALED, _sealed, "upload"),
        Step(AGAIN, _received_again),
        Step("receipt.issued", lambda _: {"state": "receipted", "failure_code": None}),
    ),
)
_ACTIONS = frozenset(step.action for step in UPLOADS.steps) - {SEALED}


def audit_uploads(audit: Audit) -> int:
    """Look at every upload; how many there were."""
    count = 0
    for rows, _ in audit.pages(select(Upload), Upload.id, lambda session, rows: _check(audit, session, rows)):
        count += len(rows)
        audit.progress("uploads", count, 0)
    check_no_others(audit)
    return count


def _check(audit: Audit, session: Session, rows: Sequence[Upload]) -> None:
    account = Account(UPLOADS)
    entries = _entries_about(session, rows)
    for entry in entries:
        account.take(entry)
    name_contradictions(audit, account)
    check_rows(audit, session, rows, account)
    check_repeats(audit, session, rows, entries)


def _entries_about(session: Session, rows: Sequence[Upload]) -> list[LedgerEntry]:
    """In order; what seals one is entered under its recording, which row or attempt names."""
    ids = {row.id for row in rows}
    attempts = session.scalars(select(CustodyAttempt.recording_id).where(CustodyAttempt.upload_id.in_(ids)))
    recordings = {str(each) for each in (*attempts, *(row.recording_id for row in rows)) if each is not None}
    about = and_(LedgerEntryRow.action.in_(_ACTIONS), LedgerEntryRow.subject_id.in_(ids))
    sealed = and_(LedgerEntryRow.action == SEALED, LedgerEntryRow.subject_id.in_(recordings))
    statement = select(LedgerEntryRow.entry).where(or_(about, sealed)).order_by(LedgerEntryRow.serial)
    entries = []
    for content in session.scalars(statement):
        try:
            entry = parse_entry(content)
        except EvidenceError:  # the audit of the ledger has named it
            continue
        if entry.action != SEALED or entry.data.get("upload") in ids:
            entries.append(entry)
    return entries


def check_sealed(audit: Audit, entries: Iterable[LedgerEntry]) -> None:
    """The upload that each sealing names has its recording: also when neither row nor attempt leads there any more."""
    named = {str(entry.data.get("upload")): entry.subject_id for entry in entries if entry.action == SEALED}
    if not named:
        return
    with audit.archive.database.reading() as session:
        statement = select(Upload.id, Upload.recording_id).where(Upload.id.in_(named))
        found = {row.id: row.recording_id for row in session.execute(statement)}
    for upload_id, recording_id in named.items():
        kept = found.get(upload_id)
        if str(kept) != recording_id:
            audit.findings.add("upload_differs", f"upload {upload_id}: recording_id", recording_id, kept)
