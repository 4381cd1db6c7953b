"""Redactions and redacted copies as answers."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy.orm import Session

from api.http.reading.names import people_named
from api.http.schema.base import PersonRef
from api.http.schema.redaction import BoxForm, CheckItem, CopyItem, MuteForm, RedactionItem
from casework.retrieval.copies import state_of, tells_how_it_went, told_copies
from casework.retrieval.redaction import checks_of, digest_spans, latest_redactions
from storage.catalog.organisation import Person
from storage.catalog.redaction import RedactedCopy, Redaction


def redaction_items(session: Session, rows: Sequence[Redaction]) -> list[RedactionItem]:
    checks = checks_of(session, rows)
    names = people_named(session, *(row.stated_by for row in rows), *(each.checked_by for each in checks.values()))
    return [
        RedactionItem(
            id=row.id,
            recording_id=row.recording_id,
            ordinal=row.ordinal,
            boxes=[BoxForm(**box) for box in row.boxes],
            mutes=[MuteForm(**mute) for mute in row.mutes],
            spans_sha256=digest_spans(row),
            reason=row.reason,
            stated_by=PersonRef.of(row.stated_by, names),
            stated_at=row.stated_at,
            check=None
            if (check := checks.get(row.id)) is None
            else CheckItem(
                id=check.id,
                verdict=check.verdict,
                reason=check.reason,
                checked_by=PersonRef.of(check.checked_by, names),
                checked_at=check.checked_at,
            ),
        )
        for row in rows
    ]


def copy_items(session: Session, person: Person, rows: Sequence[RedactedCopy], now: datetime) -> list[CopyItem]:
    """Without those that a class of secrecy keeps from the person."""
    rows = told_copies(session, person, rows)
    names = people_named(session, *(row.asked_by for row in rows))
    latest = latest_redactions(session, (row.recording_id for row in rows))
    states = {row.id: state_of(row, latest[row.recording_id]) for row in rows}
    return [
        CopyItem(
            id=row.id,
            recording_id=row.recording_id,
            redaction_id=row.redaction_id,
            grant_id=row.grant_id,
            state=states[row.id],
            being_made=is_being_made(row, now),
            outcome=row.outcome if tells_how_it_went(row, person) else None,
            asked_by=PersonRef.of(row.asked_by, names),
            asked_at=row.asked_at,
            made_at=row.made_at,
            media_type=row.media_type,
            size_bytes=row.size_bytes,
            sha256=None if row.sha256 is None else row.sha256.hex(),
            parent_sha256=None if row.parent_sha256 is None else row.parent_sha256.hex(),
            tool=row.tool,
            tool_version=row.tool_version,
            settings=row.settings if tells_how_it_went(row, person) else None,
            file=f"/api/v1/copies/{row.id}/file" if states[row.id] == "done" and row.asked_by == person.id else None,
        )
        for row in rows
    ]


def is_being_made(row: RedactedCopy, now: datetime) -> bool:
    """Whether a worker has it at this moment, as far as the row knows."""
    return row.state == "due" and row.leased_by is not None and row.leased_until is not None and row.leased_until > now
