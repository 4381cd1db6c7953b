"""What the store holds of what was sealed: looked at before custody rests a receipt on it, made anew where it is lost.

A row vouches for nothing: the disk under the objects may have been lost, or restored older than the database. The order
makes every crash harmless: alarm → the object, in one moment → read back → entry. Why so:
docs/decisions/0018-a-repeat-looks-at-the-object.md.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from pathlib import Path

import structlog
from sqlalchemy import select
from sqlalchemy.orm import Session

from ingest.alarms import StoredSubject, enter_lost, enter_restored, is_entered_lost
from ingest.objects.believing import require_standing
from ingest.sealing.due import CUSTODY, DueUpload, require_lease
from ingest.sealing.errors import LostBeforeReceipt, StoredBytesDiffer, StoredCopyLost
from ingest.sealing.parts import Custody
from ingest.sealing.steps import step
from integrity.dsse import Envelope
from integrity.errors import EvidenceError
from integrity.manifest import RecordingManifest, parse_manifest
from storage.catalog.object_looks import DIFFERS, MISSING, UNREADABLE
from storage.catalog.recordings import CustodyAttempt, Recording
from storage.catalog.uploads import Upload
from storage.database import Database
from storage.errors import CiphertextDiffers, ObjectMissing, ReadBackMismatch, SourceChanged, StoreUnavailable
from storage.key_errors import KeyMissing, UnwrapFailed
from storage.keystore import WrappedKey
from storage.objects.protocol import ObjectStore, StoredObject
from storage.sealed_object import aad_of
from storage.sealing import SealedObject, SealingPlan, read_back, write_sealed

UNREADABLE_AFTER_ATTEMPTS = 3
"""A store that is away for a moment is no lost object: so often an upload is put off before it counts as one."""

log = structlog.get_logger()


@dataclass(frozen=True)
class SealedBefore:
    """A recording as its signed manifest states it, and the plan that makes just these bytes."""

    recording_id: uuid.UUID
    unit_id: uuid.UUID
    sealed: SealedObject
    plan: SealingPlan


@step
def keep_stored_copy(upload: DueUpload, staged: Path, recording_id: uuid.UUID, custody: Custody) -> SealedBefore:
    """On return the recording's object is there, read from the medium and what was signed; what that is.

    Where it was not, an entry says so and it was made anew from the staged bytes; that it is whole again is entered
    with the repeat. Raises StoredCopyLost, StoredBytesDiffer, AttemptHeldElsewhere, and what the store raises: the
    staged bytes stay then.
    """
    before = find_sealed_before(upload, recording_id, custody)
    found = _look_at(upload, before, custody.store)
    if found is not None:
        require_standing(custody.database, custody.store)
        with custody.database.transaction() as session:
            require_lease(session, upload)
            raise_alarm(session, before.recording_id, before.unit_id, upload.id, found)
        try:
            make_anew(upload, staged, before, custody)
        except SourceChanged as error:
            raise StoredCopyLost(upload.id, before.recording_id, str(error)) from error
    return before


@step
def restore_if_said_to_be_lost(upload: DueUpload, custody: Custody) -> None:
    """For an upload whose recording has its row: where the ledger says that its object is lost, it is made anew.
    That an object lies there proves nothing then: an earlier run may have been killed before it had read it back.

    Raises what `restore_stored_copy` does.
    """
    recording_id, unit_id = _sealed_as(upload, custody.database)
    with custody.database.reading() as session:
        is_lost = is_entered_lost(session, StoredSubject("recording", recording_id, unit_id))
    if is_lost:
        restore_stored_copy(upload, custody)


@step
def restore_stored_copy(upload: DueUpload, custody: Custody) -> None:
    """On return the object of what this upload was sealed as is there, read from the medium and what was signed.

    For one that was lost between row and receipt. First the alarm, also where nothing leads to the object any more;
    then it is made anew from what is staged, which stays until the receipt; then an entry says that it is whole again.
    Another's alarm is ended so too. Raises LostBeforeReceipt where the staged bytes are lost as well, StoredCopyLost
    where the bytes are there and do not help, and what keep_stored_copy raises.
    """
    require_standing(custody.database, custody.store)  # Otherwise nothing is lost: its disk is not mounted.
    recording_id, unit_id = _sealed_as(upload, custody.database)
    with custody.database.transaction() as session:
        require_lease(session, upload)
        raise_alarm(session, recording_id, unit_id, upload.id, MISSING)
    before = find_sealed_before(upload, recording_id, custody)
    if _look_at(upload, before, custody.store) is not None:
        try:
            make_anew(upload, _staged_still(upload, recording_id, custody), before, custody)
        except SourceChanged as error:
            raise LostBeforeReceipt(upload.id, recording_id, "other bytes are staged by now") from error
    with custody.database.transaction() as session:
        require_lease(session, upload)
        end_alarm(session, recording_id, unit_id, upload.id)


def _sealed_as(upload: DueUpload, database: Database) -> tuple[uuid.UUID, uuid.UUID]:
    """The upload's recording, and its unit: the upload may be of a unit that its own was merged into."""
    found = select(Recording.id, Recording.unit_id).join(Upload, Upload.recording_id == Recording.id)
    with database.reading() as session:
        row = session.execute(found.where(Upload.id == upload.id)).one()
    return row.id, row.unit_id


def _staged_still(upload: DueUpload, recording_id: uuid.UUID, custody: Custody) -> Path:
    staged = custody.staged_path(upload.id)
    try:
        found_bytes = staged.stat().st_size
    except FileNotFoundError as error:
        raise LostBeforeReceipt(upload.id, recording_id, f"{staged} is gone") from error
    if found_bytes != upload.declared_length:
        why = f"{staged} has {found_bytes} of {upload.declared_length} bytes"
        raise LostBeforeReceipt(upload.id, recording_id, why)
    return staged


def find_sealed_before(upload: DueUpload, recording_id: uuid.UUID, custody: Custody) -> SealedBefore:
    """What was sealed, by its manifest. Raises StoredCopyLost where row and attempt no longer lead to it."""
    with custody.database.reading() as session:
        recording = session.get_one(Recording, recording_id)
        attempt = session.get(CustodyAttempt, recording_id)
    try:
        manifest = parse_manifest(Envelope.parse(recording.manifest).payload)
    except EvidenceError as error:
        raise StoredCopyLost(upload.id, recording_id, str(error)) from error
    if attempt is None or manifest.digests.sha256.value != recording.sha256:
        why = "its attempt is gone" if attempt is None else "its row is not what its manifest states"
        raise StoredCopyLost(upload.id, recording_id, why)
    plan = _plan(upload, recording, attempt, manifest, custody)
    stored = StoredObject(manifest.object_name, manifest.ciphertext_size_bytes, manifest.object_version)
    sealed = SealedObject(manifest.digests, stored, manifest.ciphertext_sha256)
    return SealedBefore(recording_id, recording.unit_id, sealed, plan)


def _plan(
    upload: DueUpload, recording: Recording, attempt: CustodyAttempt, manifest: RecordingManifest, custody: Custody
) -> SealingPlan:
    """The recording's row has the key as it is wrapped now, the attempt the rest."""
    try:
        data_key = custody.key_store.unwrap_data_key(WrappedKey(recording.kek_id, recording.wrapped_data_key))
    except (KeyMissing, UnwrapFailed) as error:
        raise StoredCopyLost(upload.id, recording.id, str(error)) from error
    return SealingPlan(
        object_name=manifest.object_name,
        data_key=data_key,
        salt=attempt.salt,
        nonce_prefix=attempt.nonce_prefix,
        aad=aad_of(recording.id),
    )


def _look_at(upload: DueUpload, before: SealedBefore, store: ObjectStore) -> str | None:
    """How the object is lost; None where every byte of it is what was sealed."""
    try:
        read_back(store, before.plan, before.sealed)
    except ObjectMissing:
        return MISSING
    except ReadBackMismatch:
        return DIFFERS
    except StoreUnavailable:
        if upload.attempts < UNREADABLE_AFTER_ATTEMPTS:
            raise
        return UNREADABLE
    return None


def make_anew(upload: DueUpload, staged: Path, before: SealedBefore, custody: Custody) -> None:
    """The same plaintext under the same plan: the same ciphertext, in the lost one's place, and read back.

    Nothing is put there that is not what was signed. Raises StoredCopyLost, StoredBytesDiffer, and SourceChanged where
    other bytes are staged than were sealed.
    """
    sealed = before.sealed
    try:
        write_sealed(
            staged,
            custody.store,
            before.plan,
            declared_bytes=upload.declared_length,
            known_sha256=sealed.digests.sha256,
            mends_sha256=sealed.ciphertext_sha256,
        )
        read_back(custody.store, before.plan, sealed)
    except CiphertextDiffers as error:
        raise StoredCopyLost(upload.id, before.recording_id, str(error)) from error
    except ReadBackMismatch as error:
        raise StoredBytesDiffer(upload.id, error.object_name, error.what) from error


def raise_alarm(session: Session, recording_id: uuid.UUID, unit_id: uuid.UUID, upload_id: str, found: str) -> None:
    """Enter that the object was found so, while `upload_id` was looked after; once, however often it is found."""
    log.error("recording.object_lost", recording=str(recording_id), upload=upload_id, found=found)
    enter_lost(session, CUSTODY, StoredSubject("recording", recording_id, unit_id), found, {"upload": upload_id})


def end_alarm(session: Session, recording_id: uuid.UUID, unit_id: uuid.UUID, upload_id: str) -> None:
    """Enter that the object was read and is what was sealed, where somebody, whom a crash may have ended, said that it
    is lost. `unit_id` is the recording's, as in the alarm: the upload may be of a unit that its own was merged into."""
    enter_restored(session, CUSTODY, StoredSubject("recording", recording_id, unit_id), {"upload": upload_id})
