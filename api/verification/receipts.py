"""Each receipt: signed, in the ledger, and in agreement with the upload and the recording it speaks of."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Sequence

from sqlalchemy import func, select

from api.verification.audit import Audit
from integrity.checkpoint import parse_note
from integrity.dsse import Envelope
from integrity.epoch_keys import public_keys
from integrity.errors import EvidenceError
from integrity.ledger_entry import LedgerEntry, parse_entry
from integrity.receipt import Receipt, open_receipt
from storage.catalog.ledger import LedgerEntryRow
from storage.catalog.recordings import Receipt as ReceiptRow
from storage.catalog.recordings import Recording
from storage.catalog.uploads import Upload
from storage.ledger.files import checkpoint_name

ISSUED = "receipt.issued"


def audit_receipts(audit: Audit) -> int:
    """Look at every receipt, and for uploads that should have one; how many receipts there were."""
    with audit.archive.database.reading() as session:
        total = session.scalar(select(func.count()).select_from(ReceiptRow)) or 0
    count = 0
    for rows in audit.rows(select(ReceiptRow), ReceiptRow.upload_id):
        uploads, recordings, logged = _uploads(audit, rows), _recordings(audit, rows), _logged(audit, rows)
        for row in rows:
            receipt = _open(audit, row)
            if receipt is not None:
                _check(audit, receipt, uploads.get(row.upload_id), recordings.get(row.recording_id))
            _check_issue(audit, row, logged.get(row.upload_id))
            count += 1
            audit.progress("receipts", count, max(total, count))
    _check_uploads(audit)
    return count


def _open(audit: Audit, row: ReceiptRow) -> Receipt | None:
    """What the receipt says, once signature, proof and checkpoint hold; that must be one this ledger still has."""
    subject = f"receipt {row.upload_id}"
    try:
        receipt = open_receipt(row.envelope, public_keys(audit.trust.receipt_keys), audit.trust.ledger_vkey, subject)
    except EvidenceError as error:
        audit.findings.add("receipt_invalid", subject, None, error)
        return None
    # Signed by us, and yet not in the store: the ledger was cut back to before it.
    size = parse_note(receipt.checkpoint.encode())[0].size
    name = checkpoint_name(size)
    if audit.archive.store.stat(name) is None:
        audit.findings.add("checkpoint_missing", name, f"a checkpoint, as {subject} shows", "none")
        return receipt
    with audit.archive.store.open(name) as reader:
        if reader.read_span(0, reader.size_bytes) != receipt.checkpoint.encode():
            audit.findings.add("receipt_differs", f"{subject}: checkpoint", receipt.checkpoint, "another")
    return receipt


def _check_issue(audit: Audit, row: ReceiptRow, issued: LedgerEntry | None) -> None:
    """Its entry names it; and by then no other key had taken the place of the one that signed it."""
    subject, digest = f"receipt {row.upload_id}", hashlib.sha256(row.envelope).hexdigest()
    said = None if issued is None else str(issued.data.get("receipt_sha256"))
    if said != digest:
        audit.findings.add("receipt_differs", subject, said, digest)
    for key_id in _signers(row.envelope):
        if issued is not None and audit.was_replaced(key_id, issued.occurred_at):
            replaced = audit.replaced_at[key_id]
            audit.findings.add("receipt_invalid", subject, f"entered before {replaced}", issued.occurred_at)


def _signers(envelope: bytes) -> tuple[str, ...]:
    try:
        return tuple(each.key_id for each in Envelope.parse(envelope).signatures)
    except EvidenceError:  # named where it was opened
        return ()


def _check(audit: Audit, receipt: Receipt, upload: Upload | None, recording: Recording | None) -> None:
    subject = f"receipt {receipt.upload_id}"
    if upload is None or recording is None:
        audit.findings.add("receipt_differs", subject, "an upload and a recording", "none")
        return
    expected: dict[str, object] = {
        "upload_id": upload.id,
        "station_id": upload.station_id,
        "declared_length": upload.declared_length,
        "recording_id": recording.id,
        "recording of the upload": upload.recording_id,
        "state": "receipted",
        "sha256": recording.sha256,
        "sm3": recording.sm3,
        "manifest_sha256": recording.manifest_sha256,
        "token_time": recording.token_time,
    }
    found: dict[str, object] = {
        "upload_id": receipt.upload_id,
        "station_id": receipt.station_id,
        "declared_length": receipt.size_bytes,
        "recording_id": receipt.recording_id,
        "recording of the upload": receipt.recording_id,
        "state": upload.state,
        "sha256": receipt.sha256.value,
        "sm3": receipt.sm3.value,
        "manifest_sha256": receipt.manifest_sha256.value,
        "token_time": receipt.token_time,
    }
    for name, value in expected.items():
        if found[name] != value:
            audit.findings.add("receipt_differs", f"{subject}: {name}", found[name], value)


def _uploads(audit: Audit, rows: Sequence[ReceiptRow]) -> dict[str, Upload]:
    with audit.archive.database.reading() as session:
        found = session.scalars(select(Upload).where(Upload.id.in_([row.upload_id for row in rows]))).all()
        session.expunge_all()
    return {row.id: row for row in found}


def _recordings(audit: Audit, rows: Sequence[ReceiptRow]) -> dict[uuid.UUID, Recording]:
    with audit.archive.database.reading() as session:
        found = session.scalars(select(Recording).where(Recording.id.in_({row.recording_id for row in rows}))).all()
        session.expunge_all()
    return {row.id: row for row in found}


def _logged(audit: Audit, rows: Sequence[ReceiptRow]) -> dict[str, LedgerEntry]:
    """What was entered when each receipt was issued, by upload."""
    statement = select(LedgerEntryRow.entry).where(
        LedgerEntryRow.action == ISSUED, LedgerEntryRow.subject_id.in_([row.upload_id for row in rows])
    )
    logged: dict[str, LedgerEntry] = {}
    with audit.archive.database.reading() as session:
        for content in session.scalars(statement):
            try:
                entry = parse_entry(content)
            except EvidenceError:  # the audit of the ledger has named it
                continue
            logged[entry.subject_id] = entry
    return logged


def _check_uploads(audit: Audit) -> None:
    """An upload that counts as receipted has its receipt, and one that counts as sealed its recording."""
    has_receipt = select(ReceiptRow.upload_id).where(ReceiptRow.upload_id == Upload.id).exists()
    has_recording = select(Recording.id).where(Recording.id == Upload.recording_id).exists()
    without_receipt = select(Upload).where(Upload.state == "receipted", ~has_receipt)
    without_recording = select(Upload).where(Upload.state.in_(("sealed", "receipted")), ~has_recording)
    for code, statement in (("receipt_missing", without_receipt), ("upload_differs", without_recording)):
        for rows in audit.rows(statement, Upload.id):
            for row in rows:
                audit.findings.add(code, f"upload {row.id}", row.state, row.recording_id)
