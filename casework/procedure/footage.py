"""The recordings of a case as the engine takes them: when each was made, by which clock, and how far that may be off.

What people answered goes before what files claim, as everywhere (casework/recordings/answered.py). Nothing is worked
out here that the linker does not go by as well: casework/linking/observation.py. Of what is damaged only what is there
counts: present.py.
"""

from __future__ import annotations

import uuid
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session, defer

from casework.completeness.engine import Clock, Footage
from casework.intervals import length_of
from casework.linking.observation import find_moment
from casework.linking.scoring import Moment
from casework.linking.surroundings import Surroundings, fetch_answered_to_be, fetch_known
from casework.procedure.present import Present, fetch_damage, present_of
from casework.recordings.answered import Seen, see
from storage.catalog.casework import CaseLink
from storage.catalog.recordings import Recording

NO_DEVICE: Final = "?"
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)


@dataclass(frozen=True)
class Run:
    """A piece of a recording, from its beginning; not `by_clock`: nobody knows how long after the one before it.
    `held`: of a piece with holes, how much of it there is at most; None of one that is whole."""

    offset: timedelta
    length: timedelta
    by_clock: bool = True
    held: timedelta | None = None

    @property
    def end(self) -> timedelta:
        return self.offset + self.length

    def between(self, first: timedelta, last: timedelta) -> Run | None:
        """What of it lies between these two; None where nothing does."""
        start, end = max(self.offset, first), min(self.end, last)
        return replace(self, offset=start, length=end - start) if start < end else None


@dataclass(frozen=True)
class CaseFootage:
    """One recording. `starts_at` is the best estimate of its beginning, `uncertainty` either way, `basis` whose word
    that is; all None: nothing says when it was made. `length` is nothing for a still, and as far as there is something
    of what is damaged. `runs` are what it holds between the jumps of its own clock: one, mostly
    (ingest/metadata/stream_clock.py); `pieces` are the same by the stamps of its device. `present`: what its damage
    leaves of it; None where nothing is known against it."""

    recording: Recording
    device: str | None
    starts_at: datetime | None
    length: timedelta
    uncertainty: timedelta | None
    basis: str | None
    runs: tuple[Run, ...]
    pieces: tuple[Footage, ...]
    present: Present | None = None

    @property
    def is_still(self) -> bool:
        return self.recording.findings.get("kind") == "still"

    @property
    def shows_something(self) -> bool:
        """Whether there is a picture, or time with picture or sound: in a log, or what does not decode, is none."""
        return bool(self.length) or (self.is_still and self.present is None)

    def may_touch(self, start: datetime, end: datetime) -> bool:
        """Whether it may have been made, for some error of its clock, between these two."""
        if self.starts_at is None or self.uncertainty is None:
            return self.shows_something
        return self.starts_at - self.uncertainty < end and self.starts_at + self.length + self.uncertainty >= start

    def surely_touches(self, start: datetime, end: datetime) -> bool:
        """… for every error."""
        if self.starts_at is None or self.uncertainty is None:
            return False
        return any(
            self.starts_at + run.offset + self.uncertainty < end
            and self.starts_at + run.offset + run.length - self.uncertainty >= start
            for run in self.runs
            if run.by_clock and run.held is None
        )


def footage_of_cases(session: Session, case_ids: Collection[uuid.UUID]) -> dict[uuid.UUID, tuple[CaseFootage, ...]]:
    """What stands in each of these cases, by when it was made; what has no time comes last."""
    statement = (
        select(CaseLink.case_id, Recording)
        .join(Recording, Recording.id == CaseLink.recording_id)
        .where(CaseLink.case_id.in_(case_ids), CaseLink.ended_at.is_(None))
        .options(defer(Recording.manifest), defer(Recording.token))
        .order_by(Recording.started_at, Recording.received_at, Recording.id)
    )
    rows = session.execute(statement).all()
    found: dict[uuid.UUID, list[CaseFootage]] = {case_id: [] for case_id in case_ids}
    for row, footage in zip(rows, as_footage(session, [row.Recording for row in rows]), strict=True):
        found[row.case_id].append(footage)
    return {case_id: tuple(footage) for case_id, footage in found.items()}


def as_footage(session: Session, recordings: Sequence[Recording]) -> list[CaseFootage]:
    """In their order, whichever cases they stand in, if any."""
    if not recordings:
        return []
    seen = see(session, recordings)
    around = _clocks_around(session, seen)
    damage = fetch_damage(session, [each.id for each in seen])
    return [_as_footage(each, find_moment(each, around), present_of(each.row, damage.get(each.id))) for each in seen]


def microseconds(moment: datetime) -> int:
    """On the engine's axis: since 1970."""
    return (moment - _EPOCH) // _MICROSECOND


def instant(value: int) -> datetime:
    return _EPOCH + value * _MICROSECOND


def _clocks_around(session: Session, seen: Sequence[Seen]) -> Surroundings:
    """Of the surroundings what says how far clocks were off."""
    known = fetch_known(session, seen, fetch_answered_to_be(session, seen))
    return Surroundings(known=known, neighbours={}, act_cases={}, decided={})


def _runs_of(recording: Recording, present: Present | None) -> tuple[Run, ...]:
    """One as long as the recording, unless its clock was found to jump or it was found damaged; none where it shows
    nothing. Of a still the one without length."""
    said = recording.findings.get("runs") or ()
    runs = [Run(length_of(run["offset_seconds"]), length_of(run["seconds"]), run["by_clock"]) for run in said]
    runs = runs or [Run(timedelta(0), length_of(recording.duration_seconds))]
    return tuple(runs if present is None else _left_of(runs, present))


def _left_of(runs: Sequence[Run], present: Present) -> Iterator[Run]:
    """What is whole of each, and what has holes."""
    whole, until = length_of(present.surely), length_of(present.until)
    most = length_of(present.at_most) - whole
    for run in runs:
        if part := run.between(timedelta(0), whole):
            yield part
        if torn := run.between(whole, until):
            yield replace(torn, held=min(torn.length, most))


def _as_footage(seen: Seen, moment: Moment | None, present: Present | None) -> CaseFootage:
    device, runs = seen.device, _runs_of(seen.row, present)
    length = length_of(seen.row.duration_seconds)
    if present is not None:
        length = max((run.end for run in runs), default=timedelta(0))
    if moment is None:
        pieces = tuple(_piece(device, run, timedelta(0), None) for run in runs)
        return CaseFootage(seen.row, device, None, length, None, None, runs, pieces, present)
    uncertainty = (moment.latest - moment.earliest) / 2
    start = moment.earliest + uncertainty
    offset = timedelta(seconds=moment.offset_seconds or 0)
    clock = Clock(offset // _MICROSECOND, uncertainty // _MICROSECOND, _clock_name(seen, moment))
    stamped = start + offset - _EPOCH
    pieces = tuple(_piece(device, run, stamped + run.offset, clock if run.by_clock else None) for run in runs)
    return CaseFootage(seen.row, device, start, length, uncertainty, moment.basis, runs, pieces, present)


def _piece(device: str | None, run: Run, stamped: timedelta, clock: Clock | None) -> Footage:
    """`stamped`: when it begins by its device's clock, since 1970."""
    first, last = stamped // _MICROSECOND, (stamped + run.length) // _MICROSECOND
    held = None if run.held is None else run.held // _MICROSECOND
    return Footage(device or NO_DEVICE, (first, last), clock, held)


def _clock_name(seen: Seen, moment: Moment) -> str:
    """A recorder's own clock is one for all its files of a source that came by one station. What satellites or people
    say of one file is no clock of another."""
    if moment.basis in ("answered", "satellites"):
        return f"{moment.basis} {seen.id}"
    return f"{moment.basis} {seen.row.started_at_source} {seen.row.station_id}"
