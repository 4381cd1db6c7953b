"""Each track of positions: its rows are those whose digest a signed manifest states, and none is missing."""

from __future__ import annotations

import uuid
from collections.abc import Sequence

from sqlalchemy import exists, select

from api.verification.audit import Audit
from ingest.metadata.track_facts import digest_rows, rows_of
from storage.catalog.recordings import PositionTrack, Recording


def audit_positions(audit: Audit) -> int:
    """Look at every track; how many there were. Whether claims in rows are those that were signed: recordings.py."""
    count = 0
    for tracks in audit.rows(select(PositionTrack), PositionTrack.id):
        claimed = _claimed(audit, tracks)
        for track in tracks:
            _check_track(audit, track, claimed.get(track.read_from, {}))
            count += 1
    _find_missing(audit)
    return count


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


def _find_missing(audit: Audit) -> None:
    own = exists().where(PositionTrack.recording_id == Recording.id, PositionTrack.read_from == Recording.id)
    statement = select(Recording.id).where(Recording.claims.contains([{"kind": "track"}]), ~own)
    with audit.archive.database.reading() as session:
        for recording_id in session.scalars(statement):
            audit.findings.add("positions_differ", f"recording {recording_id}: positions", "a track", "none")
