"""Sealing: the road from a finished upload's staged bytes to the signed receipt that lets a station wipe its device.

`seal_upload` may be killed at any line and run again: the attempt is committed before the first ciphertext byte, the
object before the row, the row before the lock, the lock before the receipt, and each step that stores something looks
for that before making it. What was signed and timestamped, but not yet in the row, is signed and timestamped again. No
transaction is open while bytes move or an authority is waited for.
"""

from __future__ import annotations

from pathlib import Path

import structlog
from sqlalchemy.exc import SQLAlchemyError

from ingest.media.errors import MediaError
from ingest.media.findings import Findings, not_understood
from ingest.metadata.claims import Claims
from ingest.sealing.attempt import Attempt, begin_attempt, fix_plaintext
from ingest.sealing.beside import begun_beside
from ingest.sealing.best_claims import state_best, state_unjudged
from ingest.sealing.claims import claims_by_kind, claims_of_station, withhold_unstatable
from ingest.sealing.contents_claim import state_contents
from ingest.sealing.due import DueUpload
from ingest.sealing.errors import (
    PlaintextChanged,
    StagedFileMissing,
    StagedLengthDiffers,
    StoredBytesDiffer,
    TimestampDelayed,
)
from ingest.sealing.keeping import lock_in_store
from ingest.sealing.parts import Custody
from ingest.sealing.receipts import IssuedReceipt, issue_receipt
from ingest.sealing.record import SameFileSealed, SealedFacts, record_repeat, record_sealing, refuse_second_copy
from ingest.sealing.steps import step
from ingest.sealing.stored import keep_stored_copy, restore_if_said_to_be_lost, restore_stored_copy
from integrity.digest import ContentDigests
from integrity.dsse import Envelope
from integrity.epoch_keys import EpochSigner
from integrity.errors import TimestampError
from integrity.manifest import RecordingManifest
from integrity.manifest import sign_manifest as sign_statement
from integrity.timestamp import TimestampToken, verify_timestamp
from storage.errors import ObjectExists, ObjectMissing, ReadBackMismatch, SourceChanged, SourceSizeDiffers
from storage.ledger.own_store import require_own_store
from storage.sealing import SealedObject, read_back, write_sealed

log = structlog.get_logger()


def seal_upload(upload: DueUpload, custody: Custody) -> IssuedReceipt:
    """Seal one finished upload, exactly once. Raises CustodyStopped (a person must look) or CustodyDelayed.

    Raises StoreLacksLedger before anything is stored where the store is not this archive's.
    """
    if upload.was_sealed_before:
        restore_if_said_to_be_lost(upload, custody)
    else:
        seal_staged(upload, custody)
    try:
        lock_in_store(upload, custody)
    except ObjectMissing:  # It went since it was looked at.
        restore_stored_copy(upload, custody)
        lock_in_store(upload, custody)
    return issue_receipt(upload, custody)


def seal_staged(upload: DueUpload, custody: Custody) -> None:
    """On return the upload is a recording, and its object was read back from the medium: a new one, or one that had
    these bytes before."""
    require_own_store(custody.database, custody.store)
    staged = verify_upload(upload, custody)
    # Tools take as long to look at a file as it takes to be stored, and what they find is not asked for before.
    with begun_beside(lambda: probe(upload, staged, custody)) as findings:
        attempt = begin_attempt(upload, custody)
        try:
            sealed = digest_and_store_encrypted(upload, staged, attempt, custody)
            read_back_and_compare(upload, attempt, sealed, custody)
            claims = claims_of(upload, findings(), custody)
            signer = custody.manifest_signer()
            manifest = state_manifest(upload, attempt, findings(), claims, sealed, signer.epoch)
            envelope = sign_manifest(manifest, signer)
            token = timestamp_signature(upload, envelope, custody)
            record_sealing(upload, attempt, SealedFacts(manifest, findings(), claims, envelope, token), custody)
        except SameFileSealed as same:
            before = keep_stored_copy(upload, staged, same.recording_id, custody)
            record_repeat(upload, attempt, before, claims_of(upload, findings(), custody), custody)


@step
def verify_upload(upload: DueUpload, custody: Custody) -> Path:
    """The staged file is there, as long as was acknowledged. A claimed SHA-256 is compared below, once it is known."""
    path = custody.staged_path(upload.id)
    try:
        found_bytes = path.stat().st_size
    except FileNotFoundError as error:
        raise StagedFileMissing(upload.id, path) from error
    if found_bytes != upload.declared_length:
        raise StagedLengthDiffers(upload.id, upload.declared_length, found_bytes)
    return path


@step
def probe(upload: DueUpload, staged: Path, custody: Custody) -> Findings:
    """What the tools make of it, in the sandbox. Unreadable is a finding: the file is sealed all the same.

    MediaError and OSError are failures of our own, which a later run may not meet; the file brought about the rest. As
    many are looked at at once as the machine has memory for, whatever they are made to take.
    """
    try:
        with custody.looking.taken(upload.station_id):
            return custody.probe(staged)
    except (MediaError, OSError):
        raise
    except Exception as error:
        log.exception("custody.probe_failed", upload=upload.id, error=type(error).__name__)
        return not_understood(error)


@step
def claims_of(upload: DueUpload, findings: Findings, custody: Custody) -> Claims:
    """What is claimed, and what is best believed of it: the same of a file that is new and of one that comes again."""
    said = gather_claims(upload, findings, custody)
    return state_contents(judge_claims(upload, said, findings), findings)


def gather_claims(upload: DueUpload, findings: Findings, custody: Custody) -> Claims:
    """What is claimed about the file; the station's word alone where the file's own could not be read."""
    try:
        return custody.read_claims(upload, findings)
    except (MediaError, OSError, SQLAlchemyError):  # the register is asked whether it knows a device
        raise
    except Exception as error:
        log.exception("custody.claims_failed", upload=upload.id, error=type(error).__name__)
    try:
        return withhold_unstatable(claims_of_station(upload.claims))
    except (ValueError, OverflowError):  # A time at the end of the calendar, moved by its zone.
        return Claims()


def judge_claims(upload: DueUpload, said: Claims, findings: Findings) -> Claims:
    """The claims and the best word on when and where; none where judging fails. No claim ever stops a sealing."""
    try:
        return state_best(said, upload.finished_at, findings.duration_seconds)
    except Exception as error:
        log.exception("custody.judging_failed", upload=upload.id, error=type(error).__name__)
        return state_unjudged(said)


@step
def digest_and_store_encrypted(upload: DueUpload, staged: Path, attempt: Attempt, custody: Custody) -> SealedObject:
    """One pass: SHA-256, SM3, chunk leaves, encryption, store. Nothing is visible before the digest is fixed.

    A repeat reads the file once more first: were it another plaintext, not one block of it may meet the same nonce.
    """

    def fix_before_visible(digests: ContentDigests) -> None:
        fix_plaintext(upload, attempt, digests, custody)
        refuse_second_copy(upload.unit_id, attempt.recording_id, digests.sha256, custody.database)

    try:
        return write_sealed(
            staged,
            custody.store,
            attempt.plan,
            declared_bytes=upload.declared_length,
            known_sha256=attempt.plaintext_sha256,
            on_digested=fix_before_visible,
        )
    except SourceSizeDiffers as error:
        raise StagedLengthDiffers(upload.id, error.declared_bytes, error.found_bytes) from error
    except ObjectExists as error:
        raise StoredBytesDiffer(upload.id, error.name, "other bytes under its name") from error
    except SourceChanged as error:
        raise PlaintextChanged(upload.id, error.expected, error.found) from error


@step
def read_back_and_compare(upload: DueUpload, attempt: Attempt, sealed: SealedObject, custody: Custody) -> None:
    """Read the stored bytes from the medium, decrypt, compare. Anything else than what was read stops with an alarm."""
    try:
        read_back(custody.store, attempt.plan, sealed)
    except ReadBackMismatch as error:
        raise StoredBytesDiffer(upload.id, error.object_name, error.what) from error


@step
def state_manifest(
    upload: DueUpload, attempt: Attempt, findings: Findings, claims: Claims, sealed: SealedObject, key_epoch: int
) -> RecordingManifest:
    """The statement about this recording, fixed once."""
    return RecordingManifest(
        recording_id=attempt.recording_id,
        unit_id=upload.unit_id,
        original_name=upload.filename,
        digests=sealed.digests,
        ciphertext_size_bytes=sealed.stored.size_bytes,
        ciphertext_sha256=sealed.ciphertext_sha256,
        object_name=sealed.stored.name,
        object_version=sealed.stored.version_id,
        media_state=findings.state,
        claims=claims_by_kind(claims),
        received_at=upload.finished_at,
        key_epoch=key_epoch,
    )


@step
def sign_manifest(manifest: RecordingManifest, signer: EpochSigner) -> Envelope:
    return sign_statement(manifest.to_bytes(), signer.key)


@step
def timestamp_signature(upload: DueUpload, envelope: Envelope, custody: Custody) -> TimestampToken:
    """A token over the whole DSSE file, so that it bounds the signature's age and not only the content's.

    One that verifiers could not use, of an authority that is not pinned, is as good as none: it is asked for again.
    """
    data = envelope.to_bytes()
    try:
        return verify_timestamp(custody.request_token(data).der, data, custody.timestamp_trust)
    except TimestampError as error:
        raise TimestampDelayed(upload.id, "the time-stamping authority", str(error)) from error
