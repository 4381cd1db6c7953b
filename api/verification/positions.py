"""Each track of positions: its rows are those whose digest a signed manifest states. Which is missing: recordings.py.

A track of a sidecar stands at another recording as well: an entry says since when."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Sequence

from sqlalchemy import select

from api.verification.audit import Audit
from ingest.metadata.sidecars import ATTACHED
from ingest.metadata.track_facts import digest_rows, rows_of
from integrity.errors import EvidenceError
from integrity.ledger_entry import LedgerEntry, parse_entry
from storage.catalog.ledger import LedgerEntryRow
from storage.catalog.recordings import PositionTrack, Recording

Attachment = tuple[str, str, str, str]
_AT_A_TIME = 500


def audit_positions(audit: Audit) -> int:
    """Look at every track; how many there were. Whether claims in rows are those that were signed: recordings.py."""
    count = 0
    for tracks in audit.rows(select(PositionTrack), PositionTrack.id):
        claimed, entered = _claimed(audit, tracks), _entered(audit, tracks)
        for track in tracks:
            _check_track(audit, track, claimed.get(track.read_from, {}))
            if track.read_from != track.recording_id and attachment_of(track) not in entered:
                subject = f"recording {track.recording_id}: positions ({track.source})"
                audit.findings.add("row_unaccounted", subject, f"an entry {ATTACHED}", "none")
            count += 1
    _find_detached(audit)
    return count


def attachment_of(track: PositionTrack) -> Attachment:
    return str(track.recording_id), str(track.read_from), track.source, track.sha256.hex()


def attachment_stated(entry: LedgerEntry) -> Attachment:
    said = entry.data
    return entry.subject_id, str(said.get("sidecar")), str(said.get("source")), str(said.get("track_sha256"))


def _entered(audit: Audit, tracks: Sequence[PositionTrack]) -> set[Attachment]:
    """What the ledger says was attached to the recordings of these tracks."""
    subjects = {str(track.recording_id) for track in tracks if track.read_from != track.recording_id}
    return set(_attachments(audit, subjects)) if subjects else set()


def _attachments(audit: Audit, subjects: set[str] | None = None) -> Iterator[Attachment]:
    """Of all recordings where none is named. What cannot be read the audit of the ledger has named."""
    statement = select(LedgerEntryRow.entry).where(LedgerEntryRow.action == ATTACHED)
    if subjects is not None:
        statement = statement.where(LedgerEntryRow.subject_id.in_(subjects))
    with audit.archive.database.reading() as session:
        for content in session.scalars(statement.execution_options(yield_per=_AT_A_TIME)):
            try:
                yield attachment_stated(parse_entry(content))
            except EvidenceError:
                continue


def _find_detached(audit: Audit) -> None:
    """A track that was attached stays."""
    with audit.archive.database.reading() as session:
        for recording_id, sidecar_id, source, digest in _attachments(audit):
            row = session.scalars(
                select(PositionTrack.id).where(
                    PositionTrack.recording_id == uuid.UUID(recording_id),
                    PositionTrack.read_from == uuid.UUID(sidecar_id),
                    PositionTrack.source == source,
                )
            ).first()
            if row is None:
                subject = f"recording {recording_id}: positions ({source})"
                audit.findings.add("positions_differ", subject, digest, "none")


def _claimed(audit: Audit, tracks: Sequence[PositionTrack]) -> dict[uuid.UUID, dict[str, str]]:
    """By recording and source, the digests that the claims state."""
    ids = {track.read_from for track in tracks}
    with audit.archive.database.reading() as session:
        rows = session.execute(select(Recording.id, Recording.claims).where(Recording.id.in_(ids))).all()
    return {
        row.id: {claim["source"]: claim["value"]["sha256"] for claim in row.claims if claim["kind"] == "track"}
        for row in rows
    }


def _check_track(audit: Audit, track: PositionTrack, claimed: dict[str, str]) -> None:
    subject = f"recording {track.recording_id}: positions ({track.source})"
    stated, kept = claimed.get(f"track:{track.source}"), digest_rows(rows_of(track.points)).hex()
    if not stated == kept == track.sha256.hex() or track.point_count != len(track.points):
        audit.findings.add("positions_differ", subject, stated, kept)
