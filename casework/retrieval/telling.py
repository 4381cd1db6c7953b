"""What a case's package says of redaction, for people: the entries that prove it are in the package, too."""

from __future__ import annotations

import uuid
from collections.abc import Iterable

from sqlalchemy import select
from sqlalchemy.orm import Session

from casework.retrieval.redaction import checks_of, digest_spans
from integrity.canonical import Json
from integrity.fields import format_instant
from storage.catalog.redaction import RedactedCopy, Redaction


def redactions_told(session: Session, recording_ids: Iterable[uuid.UUID]) -> list[Json]:
    """Everything that was stated of these recordings, and what a second person said of it. Names are not told: entries
    hold ids, and so does this."""
    rows = select(Redaction).where(Redaction.recording_id.in_(set(recording_ids)))
    stated = session.scalars(rows.order_by(Redaction.recording_id, Redaction.ordinal)).all()
    checks = checks_of(session, stated)
    told: list[Json] = []
    for row in stated:
        check = checks.get(row.id)
        told.append(
            {
                "id": str(row.id),
                "recording_id": str(row.recording_id),
                "ordinal": row.ordinal,
                "boxes": row.boxes,
                "mutes": row.mutes,
                "spans_sha256": digest_spans(row),
                "stated_by": str(row.stated_by),
                "stated_at": format_instant(row.stated_at),
                "verdict": None if check is None else check.verdict,
                "checked_by": None if check is None else str(check.checked_by),
                "checked_at": None if check is None else format_instant(check.checked_at),
            }
        )
    return told


def copies_told(session: Session, case_id: uuid.UUID) -> list[Json]:
    """The redacted copies that were made: of which original, by which list, for whom, with what; and their digests."""
    rows = select(RedactedCopy).where(RedactedCopy.case_id == case_id, RedactedCopy.state == "done")
    return [
        {
            "id": str(row.id),
            "recording_id": str(row.recording_id),
            "redaction_id": str(row.redaction_id),
            "grant_id": str(row.grant_id),
            "asked_by": str(row.asked_by),
            "made_at": None if row.made_at is None else format_instant(row.made_at),
            "media_type": row.media_type,
            "sha256": None if row.sha256 is None else row.sha256.hex(),
            "parent_sha256": None if row.parent_sha256 is None else row.parent_sha256.hex(),
            "tool": row.tool,
            "tool_version": row.tool_version,
        }
        for row in session.scalars(rows.order_by(RedactedCopy.asked_at, RedactedCopy.id))
    ]
