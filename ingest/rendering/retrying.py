"""Copies that were given up are tried again when a person says so: once a better ffmpeg is installed, or the machine
has time again. By itself nothing is, since a repeat would cost the same and end the same way.

Of a recording with one such job everything becomes due that is not made: what was not tried because of it, and what had
nothing to show without it. What is made is never made again.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, and_, exists, func, or_, select, update
from sqlalchemy.orm import Session, aliased

from ingest.media import findings as code
from ingest.rendering.due import due_again
from storage.catalog.recordings import DECODING, MediaJob, Recording, WholeDecoding
from storage.ledger.append import Actor, Change, record_changes

RETRIED = "copies.retried"
MOST_AT_ONCE = 200
"""Recordings in a transaction, each of which gets an entry."""
NOT_DECODED = "not_decoded"


@dataclass(frozen=True)
class GivenUp:
    """`outcome`: why, as the job says it; of a look at a whole recording, why nobody could say."""

    recording_id: uuid.UUID
    original_name: str
    kind: str
    outcome: str
    finished_at: datetime | None


@dataclass(frozen=True)
class Retried:
    recording_id: uuid.UUID
    unit_id: uuid.UUID
    kinds: tuple[str, ...]


def list_given_up(session: Session, limit: int) -> Sequence[GivenUp]:
    """The latest first."""
    why = select(WholeDecoding.reason).where(WholeDecoding.recording_id == MediaJob.recording_id)
    latest = why.order_by(WholeDecoding.decoded_at.desc()).limit(1).scalar_subquery()
    said = func.coalesce(MediaJob.outcome, latest, "").label("outcome")
    columns = MediaJob.recording_id, Recording.original_name, MediaJob.kind, said, MediaJob.finished_at
    rows = select(*columns).join(Recording, Recording.id == MediaJob.recording_id).where(_is_given_up())
    return [GivenUp(*row) for row in session.execute(rows.order_by(MediaJob.finished_at.desc()).limit(limit))]


def find_given_up(session: Session, before: datetime, limit: int = MOST_AT_ONCE) -> Sequence[uuid.UUID]:
    """Recordings with something that was given up before then: what fails anew meanwhile is not met again."""
    chosen = select(MediaJob.recording_id).where(_is_given_up(), MediaJob.finished_at < before)
    return session.scalars(chosen.distinct().order_by(MediaJob.recording_id).limit(limit)).all()


def retry_copies(session: Session, by: Actor, recording_ids: Iterable[uuid.UUID]) -> list[Retried]:
    """What became due, of each recording of which something did; its entry is in the same transaction."""
    chosen = sorted(recording_ids)
    # Recordings are locked before their jobs, by all.
    locked = select(Recording.id).where(Recording.id.in_(chosen)).order_by(Recording.id)
    session.execute(locked.with_for_update(key_share=True))
    ended = or_(MediaJob.state.in_(("failed", "nothing")), _is_undecided())
    again = update(MediaJob).where(MediaJob.recording_id.in_(chosen), ended).values(**due_again())
    kinds: dict[tuple[uuid.UUID, uuid.UUID], list[str]] = {}
    for recording_id, unit_id, kind in session.execute(
        again.returning(MediaJob.recording_id, MediaJob.unit_id, MediaJob.kind)
    ):
        kinds.setdefault((recording_id, unit_id), []).append(kind)
    retried = [Retried(*key, tuple(sorted(found))) for key, found in sorted(kinds.items())]
    record_changes(session, by, [_change(each) for each in retried])
    return retried


def _change(retried: Retried) -> Change:
    data = {"kinds": list(retried.kinds)}
    return Change(RETRIED, "recording", str(retried.recording_id), retried.unit_id, data)


def _is_given_up() -> ColumnElement[bool]:
    return or_(MediaJob.state == "failed", _had_no_decoder(), _is_undecided())


def _had_no_decoder() -> ColumnElement[bool]:
    """Nothing came out of a file of which the first look said so, or whoever looked last."""
    row = aliased(Recording)
    said = row.findings.contains({"reasons": [{"code": code.NO_DECODER}]})
    known = exists().where(row.id == MediaJob.recording_id, said)
    outcome = MediaJob.outcome
    silent = or_(outcome == code.NO_DECODER, and_(outcome == code.NO_DECODABLE_FRAME, known))
    return and_(MediaJob.state == "nothing", silent)


def _is_undecided() -> ColumnElement[bool]:
    """Of the job of looking at a whole recording: all that came of it is that nobody can say."""
    looked = WholeDecoding.recording_id == MediaJob.recording_id
    return and_(
        MediaJob.kind == DECODING,
        MediaJob.state == "done",
        exists().where(looked, WholeDecoding.state == NOT_DECODED),
        ~exists().where(looked, WholeDecoding.state != NOT_DECODED),
    )
