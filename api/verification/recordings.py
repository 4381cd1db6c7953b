"""Each recording: row, signed manifest, time stamp, ledger entry, retention, key and stored bytes say the same."""

from __future__ import annotations

import dataclasses
import hashlib
import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import partial
from itertools import pairwise
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from api.verification.audit import Audit, check_object
from api.verification.kept_facts import kept_fact
from api.verification.order import LEEWAY
from ingest.alarms import lost_action, restored_action
from ingest.metadata.claims import Claim, Claims
from ingest.metadata.sidecars import ATTACHED, WITHHELD, place_of
from ingest.sealing.best_claims import best_claims
from integrity.canonical import Json
from integrity.dsse import Envelope
from integrity.epoch_keys import public_keys, require_epoch
from integrity.errors import EvidenceError
from integrity.ledger_entry import LedgerEntry, parse_entry
from integrity.manifest import RecordingManifest, open_manifest
from integrity.timestamp import verify_timestamp
from retention.classes import CLASS_AT_SEALING, retain_until_at_sealing
from storage.catalog.ledger import LedgerEntryRow, LedgerSequence
from storage.catalog.recordings import PositionTrack, Recording
from storage.errors import DecryptionFailed, ObjectStoreError
from storage.key_errors import KeyStoreError
from storage.sealed_object import AtRest, open_sealed

LOST, RESTORED = lost_action("recording"), restored_action("recording")
JUST_NOW, PATIENCE_SECONDS = timedelta(minutes=1), 5.0
PIECE_BYTES = 1 << 20
SEALED, LENGTHENED = "recording.sealed", "retention.lengthened"


def audit_recordings(audit: Audit) -> int:
    """Look at every recording; how many there were."""
    with audit.archive.database.reading() as session:
        total = session.scalar(select(func.count()).select_from(Recording)) or 0
    count = 0
    for rows, around in audit.pages(select(Recording), Recording.id, _look_around):
        for _ in audit.each(rows, partial(_check_recording, around)):
            count += 1
            audit.progress("recordings", count, max(total, count))
    return count


@dataclass(frozen=True)
class _Around:
    """Of some recordings: entries of sealings that have a place, by their id; last lengthening and first sidecar
    by recording; where each of their tracks begins, by recording, what it was read from, and source; and what was
    entered of their stored objects, in order, by recording.
    """

    sealed: Mapping[uuid.UUID, LedgerEntry]
    lengthened: Mapping[str, LedgerEntry]
    attached: Mapping[str, LedgerEntry]
    tracks: Mapping[tuple[str, str, str], Sequence[Any]]
    alarms: Mapping[str, Sequence[str]]


def _look_around(session: Session, rows: Sequence[Recording]) -> _Around:
    ids = [row.id for row in rows]
    subjects = [str(each) for each in ids]
    entries = (
        select(LedgerEntryRow)
        .join(LedgerSequence, LedgerSequence.entry_id == LedgerEntryRow.id)
        .order_by(LedgerSequence.index)
    )
    sealed = entries.where(LedgerEntryRow.id.in_([row.sealed_entry_id for row in rows]))
    about = select(LedgerEntryRow).where(LedgerEntryRow.subject_id.in_(subjects))
    lengthened = about.where(LedgerEntryRow.action == LENGTHENED).order_by(LedgerEntryRow.serial)
    attached = about.where(LedgerEntryRow.action == ATTACHED).order_by(LedgerEntryRow.serial.desc())
    track = (PositionTrack.recording_id, PositionTrack.read_from, PositionTrack.source, PositionTrack.points[0])
    tracks = session.execute(select(*track).where(PositionTrack.recording_id.in_(ids)))
    alarms: dict[str, list[str]] = {}
    told = about.where(LedgerEntryRow.action.in_((LOST, RESTORED))).order_by(LedgerEntryRow.serial)
    for entry in session.scalars(told):
        alarms.setdefault(entry.subject_id, []).append(entry.action)
    return _Around(
        {row.id: entry for row, entry in _parsed(session.scalars(sealed).all())},
        {row.subject_id: entry for row, entry in _parsed(session.scalars(lengthened).all())},
        {row.subject_id: entry for row, entry in _parsed(session.scalars(attached).all())},
        {(str(at), str(read_from), source): first for at, read_from, source, first in tracks},
        alarms,
    )


def _parsed(rows: Sequence[LedgerEntryRow]) -> Iterator[tuple[LedgerEntryRow, LedgerEntry]]:
    for row in rows:
        try:
            yield row, parse_entry(row.entry)
        except EvidenceError:  # the audit of the ledger has named it
            continue


def _check_recording(around: _Around, audit: Audit, row: Recording) -> None:
    manifest = _open_manifest(audit, row)
    if manifest is not None:
        _compare(audit, row, _stated(manifest), _kept(row))
        _check_claims(audit, row, manifest.claims, around)
        _check_signer(audit, row, around.sealed.get(row.sealed_entry_id))
    _check_token(audit, row)
    _check_sealing(audit, row, around.sealed.get(row.sealed_entry_id))
    _check_retention(audit, row, around.lengthened.get(str(row.id)))
    # What was signed counts, not what the row says now.
    name, size = row.object_name, row.ciphertext_size_bytes
    was_lost = _was_lost(audit, row, around.alarms.get(str(row.id), ()))
    sha256, read = row.ciphertext_sha256, audit.reads(row.id) or was_lost
    if manifest is not None:
        name, size = manifest.object_name, manifest.ciphertext_size_bytes
        sha256 = manifest.ciphertext_sha256.value
    intact = check_object(audit, name, size, sha256, read=read)
    at_rest = replace(AtRest.of(row), object_name=name, size_bytes=size)
    _check_key(audit, at_rest, min(1, row.size_bytes) if intact and read else None)


def _was_lost(audit: Audit, row: Recording, alarms: Sequence[str]) -> bool:
    """Whether an alarm about its object stands: then all of it is read. None is ended that was not raised."""
    for before, after in pairwise((RESTORED, *alarms)):
        if before == after:
            wanted = LOST if after == RESTORED else RESTORED
            audit.findings.add("object_entries_differ", f"recording {row.id}: stored object", wanted, after)
    return bool(alarms) and alarms[-1] == LOST


def _open_manifest(audit: Audit, row: Recording) -> RecordingManifest | None:
    subject = f"recording {row.id}"
    found = hashlib.sha256(row.manifest).digest()
    if found != row.manifest_sha256:
        audit.findings.add("recording_differs", f"{subject}: manifest_sha256", found, row.manifest_sha256)
    try:
        manifest = open_manifest(row.manifest, public_keys(audit.trust.manifest_keys), subject)
        for signature in Envelope.parse(row.manifest).signatures:
            require_epoch(audit.trust.manifest_keys, signature.key_id, manifest.key_epoch, subject)
    except EvidenceError as error:
        audit.findings.add("manifest_invalid", subject, None, error)
        return None
    return manifest


def _check_signer(audit: Audit, row: Recording, sealed: LedgerEntry | None) -> None:
    """A former key is destroyed: what it signs all the same, a thief signs."""
    for signature in Envelope.parse(row.manifest).signatures:
        if sealed is not None and audit.was_replaced(signature.key_id, sealed.occurred_at):
            replaced = audit.replaced_at[signature.key_id]
            audit.findings.add(
                "manifest_invalid", f"recording {row.id}", f"entered before {replaced}", sealed.occurred_at
            )


def _stated(manifest: RecordingManifest) -> dict[str, object]:
    return {
        "id": manifest.recording_id,
        "unit_id": manifest.unit_id,
        "original_name": manifest.original_name,
        "size_bytes": manifest.digests.size_bytes,
        "sha256": manifest.digests.sha256.value,
        "sm3": manifest.digests.sm3.value,
        "chunk_root": manifest.digests.chunk_root,
        "object_name": manifest.object_name,
        "object_version": manifest.object_version,
        "ciphertext_size_bytes": manifest.ciphertext_size_bytes,
        "ciphertext_sha256": manifest.ciphertext_sha256.value,
        "media_state": manifest.media_state,
        "received_at": manifest.received_at,
    }


def _kept(row: Recording) -> dict[str, object]:
    return {
        "id": row.id,
        "unit_id": row.unit_id,
        "original_name": row.original_name,
        "size_bytes": row.size_bytes,
        "sha256": row.sha256,
        "sm3": row.sm3,
        "chunk_root": row.chunk_root,
        "object_name": row.object_name,
        "object_version": row.object_version,
        "ciphertext_size_bytes": row.ciphertext_size_bytes,
        "ciphertext_sha256": row.ciphertext_sha256,
        "media_state": row.media_state,
        "received_at": row.received_at,
    }


def _check_claims(audit: Audit, row: Recording, stated: Mapping[str, Json], around: _Around) -> None:
    """Cases are found by device, officer and time: whoever changes them in the row moves a recording elsewhere."""
    if kept_fact(row, "claims_by_kind") != stated:
        audit.findings.add("recording_differs", f"recording {row.id}: claims", "those of its manifest", "others")
    said = Claims(tuple(_claims(stated)))
    best = best_claims(said)
    expected = dataclasses.asdict(best)
    if best.place_source is None:
        expected |= _place_of_sidecar(row, around)
    _compare(audit, row, expected, {name: getattr(row, name) for name in expected})
    _check_contents(audit, row, said)
    for claim in said.of("track"):
        source = claim.source.removeprefix("track:")
        if (str(row.id), str(row.id), source) not in around.tracks:
            audit.findings.add("positions_differ", f"recording {row.id}: positions ({source})", "a track", "none")


def _check_contents(audit: Audit, row: Recording, said: Claims) -> None:
    """Its length decides which minutes of an act are covered, its kind what it is shown as."""
    stated = next(iter(said.of("contents")), None)
    if stated is None or isinstance(stated.value, str):
        return  # of a release that stated none
    contents = kept_fact(row, "contents")
    kept = contents if isinstance(contents, Mapping) else {}
    for name in sorted({*stated.value, *kept}):
        if kept.get(name) != stated.value.get(name):
            subject = f"recording {row.id}: findings: {name}"
            audit.findings.add("recording_differs", subject, stated.value.get(name), kept.get(name))
    length = {"duration_seconds": stated.value.get("seconds")}
    _compare(audit, row, length, {"duration_seconds": row.duration_seconds})


def _place_of_sidecar(row: Recording, around: _Around) -> dict[str, Any]:
    """Where the first track begins that came to it from another recording; positions.py looks at the tracks."""
    entry = around.attached.get(str(row.id))
    source = None if entry is None else str(entry.data.get("source"))
    first = None if entry is None else around.tracks.get((str(row.id), str(entry.data.get("sidecar")), str(source)))
    if first is None or entry is None or entry.data.get("place") == WITHHELD:
        return {}
    latitude, longitude = place_of(first)
    return {"latitude": latitude, "longitude": longitude, "place_source": f"sidecar:{source}"}


def _claims(stated: Mapping[str, Any]) -> Iterator[Claim]:
    for kind, claims in stated.items():
        for facts in claims:
            yield Claim(kind, facts["value"], facts["source"], facts["confidence"], tuple(facts["notes"]))  # type: ignore[arg-type]


def _check_token(audit: Audit, row: Recording) -> None:
    subject = f"recording {row.id}"
    try:
        token = verify_timestamp(row.token, row.manifest, audit.trust.timestamp_trust, subject)
    except EvidenceError as error:
        audit.findings.add("token_invalid", subject, None, error)
        return
    _compare(audit, row, {"token_time": token.gen_time}, {"token_time": row.token_time})


def _check_sealing(audit: Audit, row: Recording, sealed: LedgerEntry | None) -> None:
    subject = f"recording {row.id}"
    if sealed is None and _gets_place(audit, row):
        return  # sealed a moment ago: whoever audits next will see its entry
    if sealed is None:
        audit.findings.add("sealing_entry_unplaced", subject, None, row.sealed_entry_id)
        return
    expected: dict[str, object] = {
        "action": SEALED,
        "subject": str(row.id),
        "unit": row.unit_id,
        "manifest_sha256": hashlib.sha256(row.manifest).hexdigest(),
        "token_sha256": hashlib.sha256(row.token).hexdigest(),
        "station": str(row.station_id),
    }
    named = ("manifest_sha256", "token_sha256", "station")
    found: dict[str, object] = {
        "action": sealed.action,
        "subject": sealed.subject_id,
        "unit": sealed.unit_id,
        **{name: sealed.data.get(name) for name in named},
    }
    if abs(row.sealed_at - sealed.occurred_at) > LEEWAY:
        expected["sealed_at"], found["sealed_at"] = row.sealed_at, sealed.occurred_at
    for name, value in expected.items():
        if found[name] != value:
            audit.findings.add("sealing_entry_differs", f"{subject}: {name}", found[name], value)


def _gets_place(audit: Audit, row: Recording) -> bool:
    if row.sealed_at <= audit.now() - JUST_NOW:
        return False
    if not audit.stands:
        return audit.archive.ledger.await_inclusion(row.sealed_entry_id, PATIENCE_SECONDS) is not None
    with audit.archive.database.reading() as session:
        entry = session.get(LedgerEntryRow, row.sealed_entry_id)
        return entry is not None and entry.action == SEALED and entry.subject_id == str(row.id)


def _check_retention(audit: Audit, row: Recording, lengthened: LedgerEntry | None) -> None:
    """Whoever shortens it in the row lets evidence be disposed of early."""
    expected: tuple[object, object]
    if lengthened is None:
        expected = CLASS_AT_SEALING, retain_until_at_sealing(row.received_at)
    else:
        until = lengthened.data.get("retain_until")
        expected = lengthened.data.get("to"), None if until is None else date.fromisoformat(str(until))
    found = row.retention_class, row.retain_until
    if found != expected:
        wanted, kept = (f"{code} until {until or 'ever'}" for code, until in (expected, found))
        audit.findings.add("retention_differs", f"recording {row.id}", wanted, kept)


def _check_key(audit: Audit, at_rest: AtRest, some_bytes: int | None) -> None:
    """The data key opens, and opens this very object. A recording without its key is as good as gone."""
    key_store = audit.archive.key_store
    try:
        if some_bytes is None:
            key_store.unwrap_data_key(at_rest.wrapped_key)
            return
        with open_sealed(audit.archive.everywhere, key_store, at_rest) as plaintext:
            for _ in plaintext.pieces(0, some_bytes, PIECE_BYTES):
                pass
    except (KeyStoreError, DecryptionFailed, ObjectStoreError) as error:
        audit.findings.add("key_unusable", f"recording {at_rest.id}", None, error)


def _compare(audit: Audit, row: Recording, expected: Mapping[str, object], found: Mapping[str, object]) -> None:
    for name, value in expected.items():
        if found[name] != value:
            audit.findings.add("recording_differs", f"recording {row.id}: {name}", value, found[name])
