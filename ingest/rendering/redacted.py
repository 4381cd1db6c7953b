"""Making a redacted copy on a media worker: decrypt, cover and mark in the sandbox, seal, record."""

from __future__ import annotations

import uuid
from dataclasses import replace
from pathlib import Path

import structlog
from sqlalchemy import func

from ingest.errors import NoRoomToWork, RenditionFailed
from ingest.lease import given_back
from ingest.media.marking import as_pam, draw_mark
from ingest.media.probe import PROBE_LIMITS, probe_media
from ingest.media.redaction import make_redacted
from ingest.media.renditions import NothingToShow, Outcome, RenditionMade
from ingest.rendering.blame import Blame, blame_for
from ingest.rendering.due import MOST_DEADLINES, NO_ROOM
from ingest.rendering.made import lock_month, made_columns
from ingest.rendering.make import OF_RECOVERY
from ingest.rendering.redacted_due import DueCopy, defer_copy, give_up_copy, put_off_copy
from ingest.rendering.workshop import MEDIA, Rendering, decrypt, private_folder, with_patience
from storage.ledger.append import Change, record_change
from storage.sealed_object import aad_of
from storage.sealing import SealedObject, SealingPlan, read_back, write_sealed

log = structlog.get_logger()


class NotLookedAtInTime(Exception):
    """The machine had other things to do than to look at the file: no fault of the file's."""


def make_due_copy(due: DueCopy, rendering: Rendering) -> None:
    """Make it, seal it, record it; or say why not. The original is only read."""
    try:
        rendering.room.require(2 * due.size_bytes)
        with private_folder(rendering.work_folder.path) as folder:
            make_and_store(folder, due, with_patience(rendering, due.deferrals))
    except NoRoomToWork as error:
        log.warning("copy.no_room", copy=str(due.copy_id), needed=error.needed_bytes, free=error.free_bytes)
        defer_copy(rendering.database, due, f"{NO_ROOM}: {error}")
    except NotLookedAtInTime:
        defer_copy(rendering.database, due, "deadline: it was not looked at in time")


def make_and_store(folder: Path, due: DueCopy, rendering: Rendering) -> None:
    try:
        outcome = make_in(folder, due, rendering)
    except RenditionFailed as error:
        log.warning("copy.failed", copy=str(due.copy_id), reason=error.reason)
        record_failure(due, error, rendering)
        return
    if isinstance(outcome, NothingToShow):
        give_up_copy(rendering.database, due, outcome.reason)
    else:
        store_copy(due, outcome, rendering)


def make_in(folder: Path, due: DueCopy, rendering: Rendering) -> Outcome:
    """Of what was recovered, where the original has lost its index."""
    runner, out = rendering.runner, folder / "redacted"
    out.mkdir(mode=0o700)
    media = decrypt(due.original, due.size_bytes, rendering, folder / "original")
    found = probe_media(media, runner, runner.patient(PROBE_LIMITS))
    if found.was_not_probed_in_time and due.deferrals < MOST_DEADLINES:
        raise NotLookedAtInTime
    recovered = found.lost_its_index and due.recovered is not None
    if recovered and due.recovered is not None:
        media.unlink()
        at_rest, size_bytes = due.recovered
        media = decrypt(at_rest, size_bytes, rendering, folder / "recovered")
        found = probe_media(media, runner, runner.patient(PROBE_LIMITS))
    made = make_redacted(media, found, due.hidden, as_pam(draw_mark(due.mark)), out, runner)
    if recovered and isinstance(made, RenditionMade):
        return replace(made, settings=(OF_RECOVERY, *made.settings))
    return made


def record_failure(due: DueCopy, error: RenditionFailed, rendering: Rendering) -> None:
    """Given up, put off, or tried again. Raises NoRoomToWork."""
    said = f"{error.reason}: {error.stderr_tail}"
    act = {Blame.FILE: give_up_copy, Blame.MACHINE: defer_copy, Blame.UNKNOWN: put_off_copy}
    act[blame_for(error, due.deferrals, rendering.room)](rendering.database, due, said)


def store_copy(due: DueCopy, made: RenditionMade, rendering: Rendering) -> None:
    """Seal it under a key of its own, read it back, then record it with its entry and its job's end."""
    rendering.room.require(made.size_bytes)
    if not remove_orphans(due, rendering):
        log.warning("copy.made_elsewhere", copy=str(due.copy_id))
        return
    plan = SealingPlan.fresh(f"{due.folder}{uuid.uuid4().hex}", aad_of(due.copy_id))
    sealed = write_sealed(made.path, rendering.store, plan)
    read_back(rendering.store, plan, sealed)
    if not record_copy(due, made, plan, sealed, rendering):
        log.warning("copy.made_elsewhere", copy=str(due.copy_id))
        rendering.store.delete(plan.object_name)


def remove_orphans(due: DueCopy, rendering: Rendering) -> bool:
    """Objects of a run that crashed before it recorded them: nobody refers to them. False, and nothing removed, when
    the lease was lost: what lies there may be what another worker has made since."""
    with rendering.database.transaction() as session:
        if not due.lease.is_held(session):
            return False
        for orphan in rendering.store.list(due.folder):
            rendering.store.delete(orphan)
    return True


def record_copy(
    due: DueCopy, made: RenditionMade, plan: SealingPlan, sealed: SealedObject, rendering: Rendering
) -> bool:
    """One transaction. False, and nothing written, when the lease was lost. Locks as `record_rendition` does."""
    with rendering.database.transaction() as session:
        month = lock_month(session, due.recording_id)
        wrapped = rendering.key_store.wrap_data_key(due.unit_id, month, plan.data_key)
        done = {"state": "done", "outcome": None, "made_at": func.now(), **given_back()}
        written = due.lease.write(session, **done, **made_columns(made, sealed, wrapped, due.sha256))
        if written:
            data = made_facts(due, made, sealed)
            record_change(session, MEDIA, Change("copy.made", "recording", str(due.recording_id), due.unit_id, data))
        return written


def made_facts(due: DueCopy, made: RenditionMade, sealed: SealedObject) -> dict[str, str]:
    """What its entry says: which list, of which original, by which tool, and what came of it."""
    return {
        "copy_id": str(due.copy_id),
        "redaction_id": str(due.redaction_id),
        "sha256": sealed.digests.sha256.hex,
        "parent_sha256": due.sha256.hex(),
        "tool": made.tool,
        "tool_version": made.tool_version,
    }
