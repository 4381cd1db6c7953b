"""Making a recording's renditions: decrypt for the sandbox, probe, render, seal, record.

The plaintext lies in a private folder for as long as the tools look at it, and nowhere else; there is room for it
before it is unpacked. A rendition that fails is tried a few times and then marked; the original and its receipt do not
depend on it.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import structlog
from sqlalchemy import func, select

from ingest.errors import NoRoomToWork, RenditionFailed
from ingest.lease import given_back
from ingest.media.findings import Findings
from ingest.media.probe import PROBE_LIMITS, probe_media
from ingest.media.recovery import KIND as RECOVERY
from ingest.media.recovery import Reference, make_recovery, read_reference
from ingest.media.renditions import (
    COPY_REFUSED,
    NothingToShow,
    Outcome,
    RenditionMade,
    copy_proxy,
    make_poster,
    make_proxy,
    make_sprite,
)
from ingest.media.runner import MediaRunner
from ingest.media.whole import decode_whole
from ingest.rendering.blame import Blame, blame_for
from ingest.rendering.decoding import NOTHING_TO_DECODE, needs_no_decoding, record_decoding
from ingest.rendering.due import (
    DECODE,
    MOST_DEADLINES,
    NO_ROOM,
    QUICK,
    DueRenditions,
    defer,
    give_up,
    hand_over,
    put_off,
    settle,
)
from ingest.rendering.lanes import takes_long
from ingest.rendering.made import lock_month, made_columns
from ingest.rendering.references import references_for
from ingest.rendering.workshop import MEDIA, Rendering, decrypt, private_folder, with_patience
from storage.catalog.recordings import DECODING, MediaJob, Rendition
from storage.keystore import WrappedKey
from storage.ledger.append import Change, record_change
from storage.sealed_object import AtRest, aad_of
from storage.sealing import SealedObject, SealingPlan, read_back, write_sealed

log = structlog.get_logger()
Maker = Callable[[Path, Findings, Path, MediaRunner], Outcome]
MAKERS: dict[str, Maker] = {"poster": make_poster, "sprite": make_sprite, "proxy": make_proxy}
# Beside a plaintext there has to be room for one of these, which may be as large.
LARGE_COPIES = (RECOVERY, "proxy")
# A recovered film's copies are made of the recovery copy; their settings say so first.
OF_RECOVERY = "of=recovery"


def make_due_renditions(due: DueRenditions, rendering: Rendering) -> None:
    """Make every rendition the recording owes in this lane. Each is recorded by itself, so a crash costs at most one.

    What turns out to take long is handed over; and once the file has broken a limit here, so is all the rest of it."""
    if due.lane == DECODE and (reason := needs_no_decoding(rendering.database, due.recording_id)) is not None:
        settle(rendering.database, due, DECODING, reason)
        return
    try:
        rendering.room.require(due.size_bytes * (2 if set(due.kinds) & set(LARGE_COPIES) else 1))
        with private_folder(rendering.work_folder.path) as folder:
            make_in(folder, due, with_patience(rendering, due.deferrals))
    except NoRoomToWork as error:
        log.warning("media.no_room", recording=str(due.recording_id), needed=error.needed_bytes, free=error.free_bytes)
        defer(rendering.database, due, due.kinds, f"{NO_ROOM}: {error}")


def make_in(folder: Path, due: DueRenditions, rendering: Rendering) -> None:
    media = decrypt_original(due, rendering, folder / "original")
    found = probe_media(media, rendering.runner, rendering.runner.patient(PROBE_LIMITS))
    if found.was_not_probed_in_time and due.deferrals < MOST_DEADLINES:
        defer(rendering.database, due, due.kinds, "deadline: it was not looked at in time")
        return
    if due.lane == DECODE:
        look_at_whole(due, media, found, rendering)
        return
    quick = due.lane == QUICK
    kinds = [kind for kind in (RECOVERY, *MAKERS) if kind in due.kinds and not (quick and takes_long(kind, found))]
    shown = Shown(media, found, quick)
    if RECOVERY in kinds or (kinds and found.lost_its_index):
        shown = recover(due, shown, folder / RECOVERY, rendering)
    for kind in (kind for kind in kinds if kind in MAKERS):
        out = folder / kind
        out.mkdir(mode=0o700)
        outcome = make_rendition(due, kind, partial(shown.copy, kind, out, rendering.runner), rendering)
        if outcome is None and quick:
            break
    if quick:
        hand_over(rendering.database, due)


def look_at_whole(due: DueRenditions, media: Path, found: Findings, rendering: Rendering) -> None:
    """What has lost its index no decoder is given: its recovery says what is left."""
    if found.main is None:
        settle(rendering.database, due, DECODING, NOTHING_TO_DECODE)
        return
    try:
        decoded = decode_whole(media, found, rendering.runner)
    except RenditionFailed as error:
        record_failure(due, DECODING, error, rendering)
        return
    record_decoding(rendering.database, due, decoded, DECODING, rendering.runner)


@dataclass(frozen=True)
class Shown:
    """What copies are made of: the original, or, of one that no player opens, what was recovered of it."""

    media: Path
    found: Findings
    quick: bool = False
    recovered: bool = False

    def copy(self, kind: str, out: Path, runner: MediaRunner) -> Outcome:
        make = copy_proxy if self.quick and kind == "proxy" else MAKERS[kind]
        outcome = make(self.media, self.found, out, runner)
        if self.recovered and isinstance(outcome, RenditionMade):
            return replace(outcome, settings=(OF_RECOVERY, *outcome.settings), decoded=None)
        return outcome


def recover(due: DueRenditions, original: Shown, out: Path, rendering: Rendering) -> Shown:
    """Make the recovery copy, and record it where it is due. What plays by itself goes on being shown by itself."""
    out.mkdir(mode=0o700)

    def attempt() -> Outcome:
        references = read_references(due, out.parent, rendering) if original.found.lost_its_index else ()
        return make_recovery(original.media, original.found, out, rendering.runner, references)

    outcome = make_rendition(due, RECOVERY, attempt, rendering) if RECOVERY in due.kinds else attempt()
    if not original.found.lost_its_index or not isinstance(outcome, RenditionMade):
        return original
    return Shown(outcome.path, probe_media(outcome.path, rendering.runner), recovered=True)


def read_references(due: DueRenditions, folder: Path, rendering: Rendering) -> tuple[Reference, ...]:
    """Each is decrypted, looked at in the sandbox, and removed again before the next."""
    with rendering.database.reading() as session:
        rows = references_for(session, due.recording_id)
    found = []
    for row in rows:
        path = folder / "reference"
        key = WrappedKey(row.kek_id, row.wrapped_data_key)
        decrypt(AtRest(row.id, row.object_name, row.ciphertext_size_bytes, key), row.size_bytes, rendering, path)
        reference = read_reference(path, str(row.id), probe_media(path, rendering.runner), rendering.runner)
        path.unlink()
        found += [] if reference is None else [reference]
    return tuple(found)


def make_rendition(due: DueRenditions, kind: str, make: Callable[[], Outcome], rendering: Rendering) -> Outcome | None:
    """The outcome, recorded; None where it failed, which was recorded as well. Raises NoRoomToWork."""
    try:
        outcome = make()
    except RenditionFailed as error:
        log.warning("rendition.failed", recording=str(due.recording_id), kind=kind, reason=error.reason)
        record_failure(due, kind, error, rendering)
        return None
    if isinstance(outcome, NothingToShow):
        settle(rendering.database, due, kind, outcome.reason)
    else:
        store_rendition(due, outcome, rendering)
        if outcome.decoded is not None:
            record_decoding(rendering.database, due, outcome.decoded, outcome.name, rendering.runner)
    return outcome


def record_failure(due: DueRenditions, kind: str, error: RenditionFailed, rendering: Rendering) -> None:
    """Given up, put off, or tried again. Raises NoRoomToWork."""
    said = f"{error.reason}: {error.stderr_tail}"
    blame = blame_for(error, due.deferrals, rendering.room)
    if blame == Blame.FILE:
        give_up(rendering.database, due, kind, said)
    elif blame == Blame.MACHINE:
        defer(rendering.database, due, (kind,), said)
    elif error.reason != COPY_REFUSED:
        put_off(rendering.database, due, kind, said)


def decrypt_original(due: DueRenditions, rendering: Rendering, path: Path) -> Path:
    at_rest = AtRest(due.recording_id, due.object_name, due.ciphertext_size_bytes, due.wrapped_key)
    return decrypt(at_rest, due.size_bytes, rendering, path)


def store_rendition(due: DueRenditions, made: RenditionMade, rendering: Rendering) -> None:
    """Seal a rendition under a key of its own, read it back, then record it with its entry and its job's end."""
    rendering.room.require(made.size_bytes)
    rendition_id = uuid.uuid4()
    if not remove_orphans(due, made.name, rendering):
        log.warning("rendition.made_elsewhere", recording=str(due.recording_id), kind=made.name)
        return
    plan = SealingPlan.fresh(f"{renditions_of(due)}{made.name}-{rendition_id.hex}", aad_of(rendition_id))
    sealed = write_sealed(made.path, rendering.store, plan)
    read_back(rendering.store, plan, sealed)
    if not record_rendition(due, made, rendition_id, plan, sealed, rendering):
        log.warning("rendition.made_elsewhere", recording=str(due.recording_id), kind=made.name)
        rendering.store.delete(plan.object_name)


def renditions_of(due: DueRenditions) -> str:
    return f"renditions/{due.recording_id}/"


def remove_orphans(due: DueRenditions, name: str, rendering: Rendering) -> bool:
    """Objects of an earlier run that crashed before it recorded them: nobody refers to them, nobody can. False, and
    nothing removed, when the lease was lost: what lies there may be what another worker has made since."""
    with rendering.database.transaction() as session:
        if not due.lease.is_held(session, MediaJob.kind == name):
            return False
        of_recording = Rendition.recording_id == due.recording_id
        known = set(session.scalars(select(Rendition.object_name).where(of_recording)))
        for orphan in set(rendering.store.list(f"{renditions_of(due)}{name}-")) - known:
            rendering.store.delete(orphan)
    return True


def record_rendition(
    due: DueRenditions,
    made: RenditionMade,
    rendition_id: uuid.UUID,
    plan: SealingPlan,
    sealed: SealedObject,
    rendering: Rendering,
) -> bool:
    """The job's end, the row and its entry: one transaction. False, and nothing written, when the lease was lost.

    The data key is wrapped only here, under the month that `lock_month` says.
    """
    with rendering.database.transaction() as session:
        month = lock_month(session, due.recording_id)
        done = {"state": "done", "finished_at": func.now(), "outcome": None, **given_back()}
        if not due.lease.write(session, MediaJob.kind == made.name, **done):
            return False
        wrapped = rendering.key_store.wrap_data_key(due.unit_id, month, plan.data_key)
        its = {"id": rendition_id, "recording_id": due.recording_id, "unit_id": due.unit_id, "name": made.name}
        session.add(Rendition(**its, **made_columns(made, sealed, wrapped, due.sha256)))
        data = {"rendition": str(rendition_id), "kind": made.name, "sha256": sealed.digests.sha256.hex}
        change = Change("rendition.made", "recording", str(due.recording_id), due.unit_id, data)
        record_change(session, MEDIA, change)
        return True
