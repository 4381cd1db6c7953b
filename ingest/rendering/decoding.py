"""The look at a whole recording: made once, at leisure, and entered."""

from __future__ import annotations

import uuid
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Final

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from ingest.lease import given_back
from ingest.media.findings import was_not_probed_in_time
from ingest.media.runner import MediaRunner
from ingest.media.whole import Decoded
from ingest.rendering.due import DueRenditions
from ingest.rendering.workshop import MEDIA
from storage.catalog.recordings import DECODING, MediaJob, Recording, WholeDecoding
from storage.database import Database
from storage.ledger.append import Change, record_change

DECODED: Final = "recording.decoded"
SETTLED_AT_ONCE: Final = "decoded_at_once"
NOTHING_TO_DECODE: Final = "nothing_to_decode"


def needs_no_decoding(database: Database, recording_id: uuid.UUID) -> str | None:
    """Why a recording is not looked at again, None where it is: a photograph was decoded whole when it came, and what
    nobody can open cannot be decoded either. What nobody had the time to open then is looked at now."""
    with database.reading() as session:
        row = session.get_one(Recording, recording_id)
        if row.media_state == "intact":
            return SETTLED_AT_ONCE
        unseen = row.findings.get("kind") == "none" and not was_not_probed_in_time(row.findings)
        return NOTHING_TO_DECODE if unseen else None


def record_decoding(database: Database, due: DueRenditions, decoded: Decoded, way: str, runner: MediaRunner) -> bool:
    """The row, its entry and the job's end, in one transaction. False where another was first."""
    with database.transaction() as session:
        # Recordings are locked before their jobs, by all.
        session.execute(select(Recording.id).where(Recording.id == due.recording_id).with_for_update(key_share=True))
        if not end_job(session, due, way):
            return False
        tool = runner.tools.ffmpeg
        row = WholeDecoding(
            id=uuid.uuid4(),
            recording_id=due.recording_id,
            unit_id=due.unit_id,
            way=way,
            tool=tool.name,
            tool_version=tool.version,
            decoded_at=datetime.now(UTC),
            **asdict(decoded),
        )
        session.add(row)
        data = {"decoding_id": str(row.id), "way": way, "tool": tool.name, "tool_version": tool.version}
        data |= asdict(decoded)
        record_change(session, MEDIA, Change(DECODED, "recording", str(due.recording_id), due.unit_id, data))
        return True


def end_job(session: Session, due: DueRenditions, way: str) -> bool:
    """By whoever has leased it; or, whoever has it, when an encoder has come to know meanwhile."""
    done = {"state": "done", "outcome": None, "finished_at": func.now(), **given_back()}
    if way == DECODING:
        return due.lease.write(session, MediaJob.kind == DECODING, **done)
    job = MediaJob.recording_id == due.recording_id, MediaJob.kind == DECODING, MediaJob.state == "due"
    return bool(session.scalars(update(MediaJob).where(*job).values(**done).returning(MediaJob.id)).all())
