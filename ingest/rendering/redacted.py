"""Making a redacted copy on a media worker: decrypt, cover and mark in the sandbox, seal, record."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import structlog
from sqlalchemy import ColumnElement, func
from sqlalchemy.orm import Session

from ingest.lease import given_back
from ingest.media.errors import RenditionFailed
from ingest.media.marking import as_pam, draw_mark
from ingest.media.redaction import make_redacted
from ingest.media.renditions import NothingToShow, Outcome, RenditionMade
from ingest.rendering.ending import give_up, record_failure
from ingest.rendering.redacted_due import DueCopy
from ingest.rendering.shown import look_at, show_recovered
from ingest.rendering.storing import store_copy
from ingest.rendering.workshop import MEDIA, Rendering, decrypt, work_on
from storage.ledger.append import Change, record_change

log = structlog.get_logger()


def make_due_copy(due: DueCopy, rendering: Rendering) -> None:
    """Make it, seal it, record it; or say why not. The original is only read."""
    work_on(due, 2 * due.size_bytes, partial(make_and_store, due), rendering)


def make_and_store(due: DueCopy, folder: Path, rendering: Rendering) -> None:
    try:
        outcome = make_in(due, folder, rendering)
    except RenditionFailed as error:
        log.warning("copy.failed", copy=str(due.copy_id), reason=error.reason)
        record_failure(rendering.database, due, error, rendering.room)
        return
    if isinstance(outcome, NothingToShow):
        give_up(rendering.database, due, outcome.reason)
    else:
        store_copy(RedactedPlace(due), outcome, rendering)


def make_in(due: DueCopy, folder: Path, rendering: Rendering) -> Outcome:
    """Of what was recovered, where the original has lost its index. Raises NotYet and NotInTime."""
    out = folder / "redacted"
    out.mkdir(mode=0o700)
    original = decrypt(due.original, due.size_bytes, rendering, folder / "original")
    shown = look_at(original, rendering)
    shown = show_recovered(due, shown, folder / "recovered", rendering)
    mark = as_pam(draw_mark(due.mark))
    return shown.mark(make_redacted(shown.media, shown.found, due.hidden, mark, out, rendering.runner))


@dataclass(frozen=True)
class RedactedPlace:
    """Where a redacted copy is stored (storing.py)."""

    due: DueCopy

    @property
    def copy_id(self) -> uuid.UUID:
        return self.due.copy_id

    @property
    def prefix(self) -> str:
        return self.due.folder

    @property
    def which(self) -> tuple[ColumnElement[bool], ...]:
        return ()

    def known(self, session: Session) -> set[str]:
        """None: while it is due its row names no object."""
        return set()

    def record(self, session: Session, made: RenditionMade, columns: Mapping[str, Any]) -> None:
        due = self.due
        done = {"state": "done", "outcome": None, "made_at": func.now(), **given_back()}
        due.lease.write(session, **done, **columns)
        # What its entry says: which list, of which original, by which tool, and what came of it.
        data = {
            "copy_id": str(due.copy_id),
            "redaction_id": str(due.redaction_id),
            "sha256": columns["sha256"].hex(),
            "parent_sha256": due.sha256.hex(),
            "tool": made.tool,
            "tool_version": made.tool_version,
        }
        record_change(session, MEDIA, Change("copy.made", "recording", str(due.recording_id), due.unit_id, data))
