"""Which recordings still owe a rendition, and who has leased them. The database knows, as with uploads.

Three lanes, so that nobody waits for what takes hours: `quick` for pictures and copies, `slow` for what is encoded or
salvaged, `decode` for looking at a whole file. A worker takes from one lane. In each, units take turns: the one that
was served longest ago comes first, however much another has brought.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, case, exists, func, select, update
from sqlalchemy.orm import Session, aliased

from ingest.lease import Lease, given_back, is_free, taken_by
from ingest.media.findings import Findings, photograph_of_facts
from ingest.rendering.ending import LONGEST_OUTCOME, NO_ROOM
from storage.catalog.recordings import DECODING, MediaJob, Recording
from storage.database import Database
from storage.keystore import WrappedKey

QUICK, SLOW, DECODE = "quick", "slow", "decode"


@dataclass(frozen=True)
class DueRenditions:
    """One recording with every rendition it still owes in one lane, leased by `worker`.

    `deferrals`: how often they were put off for no fault of the file's, `deadlines` how often of these they missed one.
    `photograph`: what was found in it when it came, where looking at it again would find the same."""

    recording_id: uuid.UUID
    unit_id: uuid.UUID
    kinds: tuple[str, ...]
    object_name: str
    ciphertext_size_bytes: int
    size_bytes: int
    sha256: bytes
    wrapped_key: WrappedKey
    worker: str
    lane: str = QUICK
    deferrals: int = 0
    deadlines: int = 0
    photograph: Findings | None = None

    @property
    def lease(self) -> Lease[MediaJob]:
        its = MediaJob.recording_id == self.recording_id, MediaJob.kind.in_(self.kinds), MediaJob.lane == self.lane
        due = and_(*its, MediaJob.state == "due")
        return Lease(MediaJob, due, self.worker, f"renditions of {self.recording_id}")

    def enter_failure(self, session: Session) -> None:
        """Nothing: that a recording has no copy to play is no deed of anybody's."""


def lease_due_renditions(database: Database, worker: str, lane: str = QUICK) -> DueRenditions | None:
    """Lease a recording's due renditions of one lane, of the unit whose turn it is; None when nothing is due."""
    with database.transaction() as session:
        for unit_id in units_in_turn(session, lane):
            jobs = lock_oldest(session, unit_id, lane)
            if jobs:
                return take(session, jobs, worker)
    return None


def count_waiting_for_room(session: Session) -> int:
    """Copies that a full disk keeps from being made, redacted ones too."""
    beginning = f"{NO_ROOM}:"
    return _count_jobs(session, MediaJob.outcome.startswith(beginning)) + _count_redacted(session, beginning)


def count_due(session: Session) -> int:
    """Copies that are to be made, redacted ones too."""
    return _count_jobs(session) + _count_redacted(session, None)


def _count_jobs(session: Session, *conditions: ColumnElement[bool]) -> int:
    due = select(func.count()).select_from(MediaJob).where(MediaJob.state == "due", *conditions)
    return session.scalar(due) or 0


def _count_redacted(session: Session, outcome_begins: str | None) -> int:
    """By a function of the database: whoever counts them, for /metrics, is not signed in."""
    return session.scalar(select(func.redacted_copies_due(outcome_begins))) or 0


def units_in_turn(session: Session, lane: str) -> Sequence[uuid.UUID]:
    """Those with something due, whom nobody worked for longest first."""
    waiting = due_in(lane).with_only_columns(MediaJob.unit_id).distinct().subquery()
    served = aliased(MediaJob)
    last = select(func.max(served.taken_at)).where(served.unit_id == waiting.c.unit_id, served.lane == lane)
    turn = select(waiting.c.unit_id).order_by(last.scalar_subquery().asc().nulls_first(), waiting.c.unit_id)
    return session.scalars(turn).all()


def due_in(lane: str) -> Select[MediaJob]:
    """A recording is not decoded for its own sake while a copy is due that may have to be encoded."""
    due = select(MediaJob).where(MediaJob.state == "due", MediaJob.lane == lane, is_free(MediaJob))
    if lane != DECODE:
        return due
    copy = aliased(MediaJob)
    still_due = copy.recording_id == MediaJob.recording_id, copy.kind.in_(("proxy", "recovery")), copy.state == "due"
    return due.where(~exists().where(*still_due))


def lock_oldest(session: Session, unit_id: uuid.UUID, lane: str) -> Sequence[MediaJob]:
    """All due jobs of the recording that waited longest.

    A row that another worker is just leasing is left to it: two that wait for each other's rows would never end."""
    free = due_in(lane).where(MediaJob.unit_id == unit_id).with_for_update(skip_locked=True)
    first = session.scalars(free.order_by(MediaJob.created_at).limit(1)).first()
    return () if first is None else session.scalars(free.where(MediaJob.recording_id == first.recording_id)).all()


def take(session: Session, jobs: Sequence[MediaJob], worker: str) -> DueRenditions:
    leased = {"attempts": MediaJob.attempts + 1, "taken_at": func.clock_timestamp(), **taken_by(worker)}
    session.execute(update(MediaJob).where(MediaJob.id.in_([job.id for job in jobs])).values(**leased))
    recording = session.get_one(Recording, jobs[0].recording_id)
    return DueRenditions(
        recording_id=recording.id,
        unit_id=recording.unit_id,
        kinds=tuple(sorted(job.kind for job in jobs)),
        object_name=recording.object_name,
        ciphertext_size_bytes=recording.ciphertext_size_bytes,
        size_bytes=recording.size_bytes,
        sha256=recording.sha256,
        wrapped_key=WrappedKey(recording.kek_id, recording.wrapped_data_key),
        worker=worker,
        lane=jobs[0].lane,
        deferrals=max(job.deferrals for job in jobs),
        deadlines=max(job.deadlines for job in jobs),
        photograph=photograph_of_facts(recording.findings),
    )


def due_again() -> dict[str, Any]:
    """The columns of a job that a person has made once more, as if it had never been tried; behind what waits now."""
    return {
        "state": "due",
        "lane": case((MediaJob.kind == DECODING, DECODE), else_=QUICK),
        "attempts": 0,
        "deferrals": 0,
        "deadlines": 0,
        "outcome": None,
        "created_at": func.now(),
        "finished_at": None,
        "retried_at": func.now(),
        **given_back(),
    }


def settle(database: Database, due: DueRenditions, kind: str, reason: str) -> None:
    """A job's end without a rendition: there is nothing to show."""
    ended = {"state": "nothing", "outcome": reason[:LONGEST_OUTCOME], "finished_at": func.now(), **given_back()}
    with database.transaction() as session:
        due.lease.write(session, MediaJob.kind == kind, **ended)


def hand_over(database: Database, due: DueRenditions) -> None:
    """What is left takes too long for this lane: whoever works slowly makes it. No attempt was spent on it."""
    later = {"lane": SLOW, "attempts": MediaJob.attempts - 1, **given_back()}
    with database.transaction() as session:
        due.lease.write(session, **later)
