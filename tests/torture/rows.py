"""What the database says of the files that were docked: read once, and held against them apart from it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import psycopg

ENDED = ("receipted", "expired", "terminated")
Content = tuple[str, str]
"""Unit code and SHA-256: what one recording is of."""


class Named(Protocol):
    """A file that was docked."""

    @property
    def name(self) -> str: ...


class Findings(Protocol):
    """Where what is found is told, each in words."""

    lost: list[str]
    doubled: list[str]
    wrong: list[str]


@dataclass(frozen=True)
class RecordingRow:
    """A recording with how many of each stand in the database: `sealed`, `again` and `issued` are ledger entries."""

    recording_id: str
    content: Content
    receipts: int
    repeats: int
    sealed: int
    again: int
    issued: int
    uploads: int


@dataclass(frozen=True)
class ArchiveRows:
    """`without_end`: what was begun and has not come to its end, in words."""

    recordings: Sequence[RecordingRow] = ()
    without_end: Sequence[str] = field(default_factory=tuple)


def read_rows(connection: psycopg.Connection[Any]) -> ArchiveRows:
    recordings = [
        RecordingRow(str(recording_id), (str(code), str(digest)), *map(int, counted))
        for code, digest, recording_id, *counted in connection.execute(_RECORDINGS).fetchall()
    ]
    left = [f"{what}: {row}" for what, question in _ENDS.items() for row in connection.execute(question).fetchall()]
    return ArchiveRows(recordings, left)


def judge_read_rows(rows: ArchiveRows, docked: Mapping[Content, Sequence[Named]], found: Findings) -> None:
    """A recording a content, its receipts and entries, and an end to whatever was begun."""
    _judge_recordings(rows.recordings, docked, found)
    for row in rows.recordings:
        _judge_counts(row, len(docked.get(row.content, ())), found)
    found.wrong += rows.without_end


def _judge_recordings(rows: Sequence[RecordingRow], docked: Mapping[Content, Sequence[Named]], found: Findings) -> None:
    recordings = Counter(row.content for row in rows)
    for content, files in docked.items():
        if not recordings[content]:
            found.lost += [f"{file.name}, wiped from its card, is no recording" for file in files]
    for content, count in recordings.items():
        if content not in docked:
            found.wrong.append(f"recording of bytes that nobody docked: {content}")
        if count > 1:
            found.doubled.append(f"{count} recordings of {content}")


def _judge_counts(row: RecordingRow, copies: int, found: Findings) -> None:
    """One receipt a docked file, one entry a receipt; a content is sealed once, and each further file is a repeat."""
    counted = {
        "receipts": (row.receipts, copies),
        "repeats": (row.repeats, copies - 1),
        "recording.sealed": (row.sealed, 1),
        "recording.received_again": (row.again, copies - 1),
        "receipt.issued": (row.issued, copies),
        "uploads": (row.uploads, copies),
    }
    for what, (number, expected) in counted.items():
        if number > expected:
            found.doubled.append(f"recording {row.recording_id}: {number} {what}, {expected} docked")
        elif number < expected:
            found.lost.append(f"recording {row.recording_id}: {number} {what}, {expected} docked")


_RECORDINGS = """
    SELECT unit.code, encode(r.sha256, 'hex'), r.id,
        (SELECT count(*) FROM receipt c WHERE c.recording_id = r.id),
        (SELECT count(*) FROM receipt c WHERE c.recording_id = r.id AND c.repeat),
        (SELECT count(*) FROM ledger_entry e WHERE e.action = 'recording.sealed' AND e.subject_id = r.id::text),
        (SELECT count(*) FROM ledger_entry e JOIN upload u ON u.id = e.subject_id
            WHERE e.action = 'recording.received_again' AND u.recording_id = r.id),
        (SELECT count(*) FROM ledger_entry e JOIN upload u ON u.id = e.subject_id
            WHERE e.action = 'receipt.issued' AND u.recording_id = r.id),
        (SELECT count(*) FROM upload u WHERE u.recording_id = r.id)
    FROM recording r JOIN unit ON unit.id = r.unit_id
"""
_ENDS = {
    "upload without an end": f"SELECT id, state, failure_detail FROM upload WHERE state NOT IN {ENDED}",
    "attempt without an end": """SELECT a.recording_id, u.state FROM custody_attempt a
        JOIN upload u ON u.id = a.upload_id WHERE u.state <> 'receipted'""",
    "copy that was not made": """SELECT recording_id, kind, state, outcome FROM media_job
        WHERE state IN ('due', 'failed')""",
    "lease that nobody gave back": """SELECT id FROM upload WHERE leased_by IS NOT NULL
        UNION ALL SELECT id::text FROM media_job WHERE leased_by IS NOT NULL""",
    "entry without a place": """SELECT id, action FROM ledger_entry e
        WHERE NOT EXISTS (SELECT FROM ledger_sequence s WHERE s.entry_id = e.id)""",
}
