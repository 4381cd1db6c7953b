"""What copies are made of: the original, or, of one that no player opens, what was recovered of it."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from ingest.media.findings import Findings
from ingest.media.probe import PROBE_LIMITS, probe_media
from ingest.media.recovery import KIND as RECOVERY
from ingest.media.renditions import Outcome, RenditionMade
from ingest.rendering.ending import NotInTime, NotYet, Owed
from ingest.rendering.workshop import Rendering, decrypt
from storage.catalog.recordings import MediaJob, Rendition
from storage.database import Database
from storage.sealed_object import AtRest

OF_RECOVERY: Final = "of=recovery"
"""What the settings of a copy say first that was made of a recovery copy."""


@dataclass(frozen=True)
class Shown:
    media: Path
    found: Findings
    recovered: bool = False

    def mark(self, outcome: Outcome) -> Outcome:
        """What was made of a recovery copy says so, and nothing of how the original decodes."""
        if self.recovered and isinstance(outcome, RenditionMade):
            return replace(outcome, settings=(OF_RECOVERY, *outcome.settings), decoded=None)
        return outcome


def look_at(media: Path, rendering: Rendering, *, recovered: bool = False) -> Shown:
    """Raises NotInTime where the machine had other things to do than to look at it: that says nothing of the file, and
    nothing is concluded from it."""
    found = probe_media(media, rendering.runner, rendering.runner.patient(PROBE_LIMITS))
    if found.was_not_probed_in_time:
        raise NotInTime("it was not looked at in time")
    return Shown(media, found, recovered)


def show_recovered(due: Owed, original: Shown, path: Path, rendering: Rendering) -> Shown:
    """What was recovered of an original without its index, or that nothing reads to its end, unpacked to `path` in its
    place; the original where nothing could be, or where it plays by itself.

    Raises NotInTime, and NotYet while it may still be recovered: that nothing can be made of the original itself would
    be final."""
    if not original.found.is_shown_by_its_recovery:
        return original
    state, saved = find_recovery(rendering.database, due.recording_id)
    if saved is not None:
        original.media.unlink()
        media = decrypt(AtRest.of(saved), saved.size_bytes, rendering, path)
        return look_at(media, rendering, recovered=True)
    if state is None:
        owe_recovery(rendering.database, due)
    if state in (None, "due"):
        raise NotYet("recovery: what is left of it is recovered first")
    return original


def find_recovery(database: Database, recording_id: uuid.UUID) -> tuple[str | None, Rendition | None]:
    """The state of its job, and the copy that was made."""
    job = select(MediaJob.state).where(MediaJob.recording_id == recording_id, MediaJob.kind == RECOVERY)
    row = select(Rendition).where(Rendition.recording_id == recording_id, Rendition.name == RECOVERY)
    with database.reading() as session:
        return session.scalar(job), session.scalars(row).first()


def owe_recovery(database: Database, due: Owed) -> None:
    """Of a file that was not looked at in time when it came, so that nobody knew that it has no index."""
    values = {"id": uuid.uuid4(), "recording_id": due.recording_id, "unit_id": due.unit_id, "kind": RECOVERY}
    with database.transaction() as session:
        session.execute(insert(MediaJob).values(**values).on_conflict_do_nothing())
