"""Making a recording's renditions: decrypt for the sandbox, probe, render, seal, record.

The plaintext lies in a private folder for as long as the tools look at it, and nowhere else; there is room for it
before it is unpacked. A rendition that fails is tried a few times and then marked; the original and its receipt do not
depend on it.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import structlog
from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from ingest.lease import given_back
from ingest.media.errors import RenditionFailed
from ingest.media.findings import Findings
from ingest.media.probe import PROBE_LIMITS, probe_media
from ingest.media.recovery import KIND as RECOVERY
from ingest.media.recovery import Reference, make_recovery, read_reference
from ingest.media.renditions import (
    NothingToShow,
    Outcome,
    RenditionMade,
    copy_proxy,
    make_poster,
    make_proxy,
    make_sprite,
)
from ingest.media.runner import MediaRunner
from ingest.media.stops import Blame, Stop
from ingest.media.whole import decode_whole
from ingest.rendering.decoding import NOTHING_TO_DECODE, needs_no_decoding, record_decoding
from ingest.rendering.due import DECODE, QUICK, DueRenditions, hand_over, settle
from ingest.rendering.ending import NotInTime, record_failure
from ingest.rendering.exhausted import Broken, LimitBroken, end_over_limit, find_broken_limit
from ingest.rendering.facts import digest_of_facts
from ingest.rendering.lanes import takes_long
from ingest.rendering.references import references_for
from ingest.rendering.shown import Shown, look_at, show_recovered
from ingest.rendering.storing import store_copy
from ingest.rendering.workshop import MEDIA, Rendering, decrypt, work_on
from storage.catalog.recordings import DECODING, MediaJob, Rendition
from storage.ledger.append import Change, record_change
from storage.sealed_object import AtRest

log = structlog.get_logger()
Maker = Callable[[Path, Findings, Path, MediaRunner], Outcome]
# In the order in which they are waited for; and what breaks a limit mostly does so in the proxy, in a moment.
MAKERS: dict[str, Maker] = {"poster": make_poster, "proxy": make_proxy, "sprite": make_sprite}
# Beside a plaintext there has to be room for one of these, which may be as large.
LARGE_COPIES = (RECOVERY, "proxy")


def make_due_renditions(due: DueRenditions, rendering: Rendering) -> None:
    """Make every rendition the recording owes in this lane. Each is recorded by itself, so a crash costs at most one.

    What turns out to take long is handed over; and once the file has broken a limit, in whatever lane, nothing more is
    tried."""
    if due.lane == DECODE and (reason := needs_no_decoding(rendering.database, due.recording_id)) is not None:
        settle(rendering.database, due, DECODING, reason)
        return
    broken = find_broken_limit(rendering.database, due.recording_id)
    if broken is not None:
        end_over_limit(due, broken, rendering)
        return
    room_bytes = due.size_bytes * (2 if set(due.kinds) & set(LARGE_COPIES) else 1)
    try:
        work_on(due, room_bytes, partial(make_in, due), rendering)
    except LimitBroken as broken_here:
        end_over_limit(due, broken_here.broken, rendering)


def make_in(due: DueRenditions, folder: Path, rendering: Rendering) -> None:
    """Raises NotInTime where the machine was in the way, NotYet where what is left of the original has to be recovered
    first, and LimitBroken."""
    media = decrypt_original(due, rendering, folder / "original")
    original = Shown(media, due.photograph) if due.photograph else look_at(media, rendering)
    if due.lane == DECODE:
        look_at_whole(due, original, rendering)
        return
    quick = due.lane == QUICK
    kinds = [kind for kind in (RECOVERY, *MAKERS) if kind in due.kinds]
    kinds = [kind for kind in kinds if not (quick and takes_long(kind, original.found))]
    shown = original if not kinds else recover(due, original, folder, rendering)
    for kind in (kind for kind in kinds if kind in MAKERS):
        out = folder / kind
        out.mkdir(mode=0o700)
        make = copy_proxy if quick and kind == "proxy" else MAKERS[kind]
        outcome = make_rendition(due, kind, partial(copy_of, shown, make, out, rendering.runner), rendering)
        if outcome is None and quick:
            break
    if quick:
        hand_over(rendering.database, due)


def look_at_whole(due: DueRenditions, original: Shown, rendering: Rendering) -> None:
    """What has lost its index no decoder is given: its recovery says what is left."""
    if original.found.main is None:
        settle(rendering.database, due, DECODING, NOTHING_TO_DECODE)
        return
    try:
        decoded = decode_whole(original.media, original.found, rendering.runner)
    except RenditionFailed as error:
        record_failure(rendering.database, due, error, rendering.room, MediaJob.kind == DECODING)
        return
    record_decoding(rendering.database, due, decoded, DECODING, rendering.runner)


def copy_of(shown: Shown, make: Maker, out: Path, runner: MediaRunner) -> Outcome:
    return shown.mark(make(shown.media, shown.found, out, runner))


def recover(due: DueRenditions, original: Shown, folder: Path, rendering: Rendering) -> Shown:
    """Make the recovery copy where it is due. What plays by itself goes on being shown by itself; of what does not,
    what was recovered, now or before. Raises NotInTime and NotYet."""
    if RECOVERY in due.kinds:
        out = folder / RECOVERY
        out.mkdir(mode=0o700)
        outcome = make_rendition(due, RECOVERY, partial(recovery_of, due, original, out, rendering), rendering)
        if original.found.is_shown_by_its_recovery and isinstance(outcome, RenditionMade):
            return look_at(outcome.path, rendering, recovered=True)
    return show_recovered(due, original, folder / "recovered", rendering)


def recovery_of(due: DueRenditions, original: Shown, out: Path, rendering: Rendering) -> Outcome:
    references = read_references(due, out.parent, rendering) if original.found.lost_its_index else ()
    return make_recovery(original.media, original.found, out, rendering.runner, references)


def read_references(due: DueRenditions, folder: Path, rendering: Rendering) -> tuple[Reference, ...]:
    """Each is decrypted, looked at in the sandbox, and removed again before the next. Raises NotInTime: that there is
    no reference would be concluded from nothing."""
    runner, found = rendering.runner, []
    with rendering.database.reading() as session:
        rows = references_for(session, due.recording_id)
    for row in rows:
        path = decrypt(AtRest.of(row), row.size_bytes, rendering, folder / "reference")
        seen = probe_media(path, runner, runner.patient(PROBE_LIMITS))
        if seen.was_not_probed_in_time:
            raise NotInTime("a recording that may help with its recovery was not looked at in time")
        reference = read_reference(path, str(row.id), seen, runner)
        path.unlink()
        found += [] if reference is None else [reference]
    return tuple(found)


def make_rendition(due: DueRenditions, kind: str, make: Callable[[], Outcome], rendering: Rendering) -> Outcome | None:
    """The outcome, recorded; None where it failed, which was recorded as well. Raises NoRoomToWork and LimitBroken."""
    try:
        outcome = make()
    except RenditionFailed as error:
        log.warning("rendition.failed", recording=str(due.recording_id), kind=kind, reason=error.reason)
        if error.reason == Stop.COPY_REFUSED:
            return NothingToShow(kind, error.reason)  # Here and now; whoever encodes makes it.
        blame = record_failure(rendering.database, due, error, rendering.room, MediaJob.kind == kind)
        if blame is Blame.FILE and (stop := Stop.of(error.reason)) is not None:
            raise LimitBroken(Broken(kind, stop)) from error
        return None
    if isinstance(outcome, NothingToShow):
        settle(rendering.database, due, kind, outcome.reason)
    else:
        store_copy(RenditionPlace(due, kind, uuid.uuid4()), outcome, rendering)
        if outcome.decoded is not None:
            record_decoding(rendering.database, due, outcome.decoded, outcome.name, rendering.runner)
    return outcome


def decrypt_original(due: DueRenditions, rendering: Rendering, path: Path) -> Path:
    at_rest = AtRest(due.recording_id, due.object_name, due.ciphertext_size_bytes, due.wrapped_key)
    return decrypt(at_rest, due.size_bytes, rendering, path)


@dataclass(frozen=True)
class RenditionPlace:
    """Where a rendition is stored (storing.py)."""

    due: DueRenditions
    name: str
    copy_id: uuid.UUID

    @property
    def prefix(self) -> str:
        return f"renditions/{self.due.recording_id}/{self.name}-"

    @property
    def which(self) -> tuple[ColumnElement[bool], ...]:
        return (MediaJob.kind == self.name,)

    def known(self, session: Session) -> set[str]:
        of_recording = Rendition.recording_id == self.due.recording_id
        return set(session.scalars(select(Rendition.object_name).where(of_recording)))

    def record(self, session: Session, made: RenditionMade, columns: Mapping[str, Any]) -> None:
        due = self.due
        done = {"state": "done", "finished_at": func.now(), "outcome": None, **given_back()}
        due.lease.write(session, *self.which, **done)
        its = {"id": self.copy_id, "recording_id": due.recording_id, "unit_id": due.unit_id, "name": self.name}
        facts = dict(made.facts)
        session.add(Rendition(**its, **columns, facts=facts))
        data = {
            "rendition": str(self.copy_id),
            "kind": self.name,
            "sha256": columns["sha256"].hex(),
            "facts_sha256": digest_of_facts(facts),
        }
        change = Change("rendition.made", "recording", str(due.recording_id), due.unit_id, data)
        record_change(session, MEDIA, change)
