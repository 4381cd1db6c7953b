"""Receipts: signed only for bytes that were stored, read back, compared and given their place in the ledger."""

from __future__ import annotations

import hashlib
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from ingest.lease import given_back
from ingest.sealing.due import CUSTODY, DueUpload
from ingest.sealing.errors import AttemptHeldElsewhere, ReceiptNotDue
from ingest.sealing.parts import Custody
from ingest.sealing.steps import step
from integrity.digest import Digest
from integrity.receipt import Receipt, sign_receipt
from storage.catalog.ledger import LedgerEntryRow
from storage.catalog.recordings import Receipt as ReceiptRow
from storage.catalog.recordings import Recording
from storage.catalog.uploads import Upload
from storage.ledger.append import Change, record_change
from storage.ledger.reading import InclusionEvidence


@dataclass(frozen=True)
class IssuedReceipt:
    """`envelope` is the DSSE file as the station gets it; `repeat`: the file was sealed before."""

    upload_id: str
    recording_id: uuid.UUID
    envelope: bytes
    repeat: bool


@step
def issue_receipt(upload: DueUpload, custody: Custody) -> IssuedReceipt:
    """The upload's receipt, made once. Raises ReceiptNotDue while its entry has no place in a signed checkpoint."""
    with custody.database.reading() as session:
        if (issued := find_receipt(session, upload.id)) is not None:
            return issued
        recording, entry_id, repeat = _what_was_recorded(session, upload)
    evidence = custody.ledger.await_inclusion(entry_id, custody.receipt_patience_seconds)
    if evidence is None:
        raise ReceiptNotDue(upload.id)
    receipt = _state_receipt(upload, recording, evidence, repeat)
    envelope = sign_receipt(receipt, custody.receipt_key()).to_bytes()
    return _store_receipt(IssuedReceipt(upload.id, recording.id, envelope, repeat), upload, custody)


def find_receipt(session: Session, upload_id: str) -> IssuedReceipt | None:
    """The receipt of an upload, or None as long as there is none."""
    row = session.get(ReceiptRow, upload_id)
    return None if row is None else IssuedReceipt(row.upload_id, row.recording_id, row.envelope, row.repeat)


def _what_was_recorded(session: Session, upload: DueUpload) -> tuple[Recording, uuid.UUID, bool]:
    recording = session.scalars(
        select(Recording).join(Upload, Upload.recording_id == Recording.id).where(Upload.id == upload.id)
    ).one()
    again = session.scalars(
        select(LedgerEntryRow.id).where(
            LedgerEntryRow.subject_id == upload.id, LedgerEntryRow.action == "recording.received_again"
        )
    ).first()
    return recording, again or recording.sealed_entry_id, again is not None


def _state_receipt(upload: DueUpload, recording: Recording, evidence: InclusionEvidence, repeat: bool) -> Receipt:
    return Receipt(
        upload_id=upload.id,
        station_id=upload.station_id,
        recording_id=recording.id,
        original_name=upload.filename,
        size_bytes=recording.size_bytes,
        sha256=Digest("sha256", recording.sha256),
        sm3=Digest("sm3", recording.sm3),
        manifest_sha256=Digest("sha256", recording.manifest_sha256),
        token_time=recording.token_time,
        ledger_index=evidence.index,
        leaf_hash=evidence.leaf_hash,
        inclusion_proof=evidence.proof,
        checkpoint=evidence.note,
        issued_at=datetime.now(UTC),
        repeat=repeat,
    )


def _store_receipt(issued: IssuedReceipt, upload: DueUpload, custody: Custody) -> IssuedReceipt:
    """Insert row, entry and state together; whoever comes second gets the first one's receipt."""
    with custody.database.transaction() as session:
        inserted = session.scalars(
            insert(ReceiptRow)
            .values(
                upload_id=issued.upload_id,
                recording_id=issued.recording_id,
                unit_id=upload.unit_id,
                envelope=issued.envelope,
                repeat=issued.repeat,
                issued_at=datetime.now(UTC),
            )
            .on_conflict_do_nothing()
            .returning(ReceiptRow.upload_id)
        ).first()
        if inserted is None:
            return find_receipt(session, issued.upload_id) or issued
        receipted = {"state": "receipted", "failure_code": None, "failure_detail": None}
        if not upload.lease.write(session, **receipted, **given_back()):
            raise AttemptHeldElsewhere(upload.id)
        data = {"recording": str(issued.recording_id), "receipt_sha256": hashlib.sha256(issued.envelope).hexdigest()}
        record_change(session, CUSTODY, Change("receipt.issued", "upload", upload.id, upload.unit_id, data))
    return issued
