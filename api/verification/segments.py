"""Each act of segments is as its last entry states it. What has no entry was never of an act, and stands alone."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from operator import attrgetter

from sqlalchemy import select
from sqlalchemy.orm import Session

from api.verification.audit import BATCH, Audit
from ingest.metadata.contiguity import ALONE
from ingest.metadata.segments import PLACED, digest_act, place_of_row
from integrity.errors import EvidenceError
from integrity.ledger_entry import LedgerEntry, parse_entry
from storage.catalog.ledger import LedgerEntryRow
from storage.catalog.recordings import RecordingSegment


def audit_segments(audit: Audit) -> int:
    """Look at every act, and at every recording that stands alone; how many recordings there were."""
    count = 0
    for acts, stated in _acts(audit):
        for first, rows in acts:
            _check_act(audit, first, rows, stated.get(str(first)))
            count += len(rows)
        audit.progress("segments", count, 0)
    return count


Acts = list[tuple[uuid.UUID, Sequence[RecordingSegment]]]


def _acts(audit: Audit) -> Iterator[tuple[Acts, Mapping[str, LedgerEntry]]]:
    """In batches, each with the last entry of every act, both as of one instant."""
    first_id, last = RecordingSegment.first_recording_id, None
    while True:
        distinct = select(first_id).distinct().order_by(first_id).limit(BATCH)
        with audit.archive.database.reading(snapshot=True) as session:
            firsts = session.scalars(distinct if last is None else distinct.where(first_id > last)).all()
            if not firsts:
                return
            rows = session.scalars(
                select(RecordingSegment).where(first_id.in_(firsts)).order_by(first_id, RecordingSegment.ordinal)
            ).all()
            stated = _stated(session, firsts)
            session.expunge_all()
        last = firsts[-1]
        yield [(first, list(act)) for first, act in groupby(rows, attrgetter("first_recording_id"))], stated


def _stated(session: Session, firsts: Sequence[uuid.UUID]) -> dict[str, LedgerEntry]:
    statement = (
        select(LedgerEntryRow.entry)
        .where(LedgerEntryRow.action == PLACED, LedgerEntryRow.subject_id.in_([str(each) for each in firsts]))
        .order_by(LedgerEntryRow.serial)
    )
    stated = {}
    for content in session.scalars(statement):
        try:
            entry = parse_entry(content)
        except EvidenceError:  # the audit of the ledger has named it
            continue
        stated[entry.subject_id] = entry
    return stated


def _check_act(audit: Audit, first: uuid.UUID, rows: Sequence[RecordingSegment], entry: LedgerEntry | None) -> None:
    subject = f"recording_segment of the act {first}"
    if entry is None:
        if not _stands_alone(first, rows):
            audit.findings.add("row_unaccounted", subject, f"an entry {PLACED}", "none")
        return
    expected = {"unit_id": {entry.unit_id}, "count": entry.data.get("count"), "segments": entry.data.get("sha256")}
    found = {
        "unit_id": {row.unit_id for row in rows},
        "count": len(rows),
        "segments": digest_act([place_of_row(row) for row in rows]),
    }
    for name, value in expected.items():
        if found[name] != value:
            audit.findings.add("row_differs", f"{subject}: {name}", value, found[name])


def _stands_alone(first: uuid.UUID, rows: Sequence[RecordingSegment]) -> bool:
    kept = [(row.recording_id, row.ordinal, row.segment_count, row.gap_seconds, row.basis) for row in rows]
    return kept == [(first, 1, 1, None, ALONE)]
