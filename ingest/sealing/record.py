"""The sealed row, and what a file that is sealed already gets instead of one."""

from __future__ import annotations

import hashlib
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime

import structlog
from sqlalchemy import ARRAY, Uuid, any_, func, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from ingest.media.findings import Findings
from ingest.metadata.claims import Claims, KeptTrack
from ingest.sealing.attempt import Attempt
from ingest.sealing.best_claims import best_claims
from ingest.sealing.due import CUSTODY, DueUpload, require_lease
from ingest.sealing.errors import AttemptHeldElsewhere
from ingest.sealing.parts import Custody
from ingest.sealing.received_again import received_again
from ingest.sealing.steps import step
from ingest.sealing.stored import SealedBefore, end_alarm
from integrity.canonical import canonical_json
from integrity.digest import Digest
from integrity.dsse import Envelope
from integrity.manifest import RecordingManifest
from integrity.timestamp import TimestampToken
from retention.classes import CLASS_AT_SEALING
from storage.catalog.recordings import ALWAYS_DUE, CustodyAttempt, MediaJob, PositionTrack, Recording
from storage.catalog.uploads import Upload
from storage.database import Database
from storage.ledger.append import Change, record_change

log = structlog.get_logger()


class SameFileSealed(Exception):
    """These bytes are a recording of this unit already: no second copy, a second receipt."""

    def __init__(self, recording_id: uuid.UUID) -> None:
        super().__init__(f"sealed already as recording {recording_id}")
        self.recording_id = recording_id


@dataclass(frozen=True)
class SealedFacts:
    """What was signed, and what the tools said of the file."""

    manifest: RecordingManifest
    findings: Findings
    claims: Claims
    envelope: Envelope
    token: TimestampToken


def refuse_second_copy(unit_id: uuid.UUID, recording_id: uuid.UUID, sha256: Digest, database: Database) -> None:
    """Raises SameFileSealed when another recording of this unit has these bytes, or one of a unit that was merged into
    it: a station that went over may send again what it sent before. Other units are not looked at."""
    own = func.array_append(func.units_carried_by(unit_id), unit_id, type_=ARRAY(Uuid()))
    with database.reading() as session:
        found = session.scalars(
            select(Recording.id).where(Recording.unit_id == any_(own), Recording.sha256 == sha256.value)
        ).first()
    if found is not None and found != recording_id:
        raise SameFileSealed(found)


@step
def record_sealing(upload: DueUpload, attempt: Attempt, facts: SealedFacts, custody: Custody) -> None:
    """The recording's row, its entry, its media jobs and the upload's state: one transaction.

    Raises SameFileSealed when another worker sealed the same bytes first, AttemptHeldElsewhere when the lease was lost.
    Recording it twice is the same as once.
    """
    try:
        with custody.database.transaction() as session:
            _insert_sealed(session, upload, attempt, facts)
        log.info("recording.sealed", recording=str(attempt.recording_id), media_state=facts.manifest.media_state)
    except IntegrityError:
        refuse_second_copy(upload.unit_id, attempt.recording_id, facts.manifest.digests.sha256, custody.database)
        with custody.database.reading() as session:
            if session.get(Recording, attempt.recording_id) is None:
                raise


def _insert_sealed(session: Session, upload: DueUpload, attempt: Attempt, facts: SealedFacts) -> None:
    manifest_bytes, token = facts.envelope.to_bytes(), facts.token
    data = {
        "manifest_sha256": hashlib.sha256(manifest_bytes).hexdigest(),
        "token_sha256": hashlib.sha256(token.der).hexdigest(),
        "key_epoch": facts.manifest.key_epoch,
        "media_state": facts.manifest.media_state,
        "retention_class": CLASS_AT_SEALING,
        "station": str(upload.station_id),
        "upload": upload.id,
    }
    entry = record_change(
        session, CUSTODY, Change("recording.sealed", "recording", str(attempt.recording_id), upload.unit_id, data)
    )
    session.flush()
    session.add(_recording_row(upload, attempt, facts, manifest_bytes, entry.id))
    session.flush()
    session.add_all(_track_row(attempt, upload.unit_id, track) for track in facts.claims.tracks)
    kinds = (*(("recovery",) if facts.findings.may_be_recovered else ()), *ALWAYS_DUE)
    session.add_all(MediaJob(recording_id=attempt.recording_id, unit_id=upload.unit_id, kind=kind) for kind in kinds)
    _mark_sealed(session, upload, attempt.recording_id)


def _recording_row(
    upload: DueUpload, attempt: Attempt, facts: SealedFacts, manifest_bytes: bytes, entry_id: uuid.UUID
) -> Recording:
    manifest, findings, best = facts.manifest, facts.findings, best_claims(facts.claims)
    return Recording(
        id=attempt.recording_id,
        unit_id=upload.unit_id,
        station_id=upload.station_id,
        original_name=manifest.original_name,
        size_bytes=manifest.digests.size_bytes,
        sha256=manifest.digests.sha256.value,
        sm3=manifest.digests.sm3.value,
        chunk_root=manifest.digests.chunk_root,
        object_name=manifest.object_name,
        object_version=manifest.object_version,
        ciphertext_size_bytes=manifest.ciphertext_size_bytes,
        ciphertext_sha256=manifest.ciphertext_sha256.value,
        kek_id=attempt.wrapped_key.kek_id,
        wrapped_data_key=attempt.wrapped_key.wrapped,
        media_state=manifest.media_state,
        findings=findings.as_facts(),
        claims=[claim.as_facts() for claim in facts.claims.stated],
        device=best.device,
        officer=best.officer,
        started_at=best.started_at,
        started_at_source=best.started_at_source,
        started_at_uncertainty_seconds=best.started_at_uncertainty_seconds,
        latitude=best.latitude,
        longitude=best.longitude,
        place_source=best.place_source,
        duration_seconds=findings.duration_seconds,
        received_at=upload.finished_at,
        sealed_at=datetime.now(UTC),
        manifest=manifest_bytes,
        manifest_sha256=hashlib.sha256(manifest_bytes).digest(),
        token=facts.token.der,
        token_time=facts.token.gen_time,
        sealed_entry_id=entry_id,
        retention_class=CLASS_AT_SEALING,
        retain_until=attempt.retain_until,
    )


def _track_row(attempt: Attempt, unit_id: uuid.UUID, track: KeptTrack) -> PositionTrack:
    return PositionTrack(
        recording_id=attempt.recording_id,
        read_from=attempt.recording_id,
        unit_id=unit_id,
        source=track.source,
        point_count=len(track.points),
        points=[list(row) for row in track.points],
        sha256=track.sha256,
    )


@step
def record_repeat(upload: DueUpload, attempt: Attempt, before: SealedBefore, said: Claims, custody: Custody) -> None:
    """The same file again: the same recording, what was said of it this time, an entry of both, and a receipt of its
    own to come.

    Only for a recording whose stored object was looked at (ingest/sealing/stored.py). Raises AttemptHeldElsewhere when
    the lease was lost: then nothing was removed or written.
    """
    # Two workers that sealed the same bytes at once: the one that came second has an object nobody refers to. It goes
    # first: after the commit nobody would come by here again, and a crash in between would leave it for ever.
    if custody.store.stat(attempt.plan.object_name) is not None:
        _remove_own_object(upload, attempt, custody)
    with custody.database.transaction() as session:
        again = received_again(session, upload, before.recording_id, said)
        data = {
            "recording": str(before.recording_id),
            "station": str(upload.station_id),
            "differs": again.differs,
        }
        private = {"name": again.original_name, "claims": canonical_json(again.claims, "claims").decode()}
        _mark_sealed(session, upload, before.recording_id)
        own = update(CustodyAttempt).where(CustodyAttempt.upload_id == upload.id)
        session.execute(own.values(superseded_at=func.now()))  # What it had made goes with it: given_up.py.
        end_alarm(session, before.recording_id, before.unit_id, upload.id)
        session.add(again)
        change = Change("recording.received_again", "upload", upload.id, upload.unit_id, data, private)
        record_change(session, CUSTODY, change)


def _remove_own_object(upload: DueUpload, attempt: Attempt, custody: Custody) -> None:
    """While the lease holds, and nobody can take it: whoever has the upload by now makes this very object, by the same
    attempt, and may have recorded it. For the time of one deletion nobody waits but who wants this upload.
    """
    with custody.database.transaction() as session:
        require_lease(session, upload)
        custody.store.delete(attempt.plan.object_name)


def _mark_sealed(session: Session, upload: DueUpload, recording_id: uuid.UUID) -> None:
    sealed = {"state": "sealed", "recording_id": recording_id, "failure_code": None, "failure_detail": None}
    if not upload.lease.write(session, Upload.state == "finished", **sealed):
        raise AttemptHeldElsewhere(upload.id)
