"""Another look: how recordings that the linker has judged become due a second time, by new facts alone.

Whoever enters such a fact calls `ask_for_another_look` in the transaction of that fact, and names what it may touch:
recordings, a device for some time, or a unit's time. A look too many changes nothing: over the same facts the linker
finds the same. Nor can looks and linking go on for ever: what the linker does is no fact to itself.
"""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final, Literal

import structlog
from sqlalchemy import ColumnElement, Select, and_, func, or_, select, update
from sqlalchemy.orm import Session

from casework.elements.again import ask_for_another_judgement_where
from casework.intervals import LONGEST_RECORDING, Interval, merge
from casework.linking.locks import hold_linking
from casework.recordings.answered import answered_about, answered_to_be
from casework.recordings.clocks import CLOCK_OFF_BY_MOST
from casework.units import unit_tree
from storage.catalog.casework import LinkingDone
from storage.catalog.recordings import Recording
from storage.measures import shifted

LINKED: Final = "linked"
QUESTION: Final = "question"
NO_CASE: Final = "no_case"
NO_DATA: Final = "no_data"
BY_PERSON: Final = "by_person"
AGAIN: Final = "again"
OF_THE_LINKER: Final = (LINKED, QUESTION, NO_CASE, NO_DATA)

Because = Literal["assignment", "register", "segments", "sidecar", "person", "answer", "room"]
"""Which kind of fact is new; it goes into the log."""

log = structlog.get_logger()


@dataclass(frozen=True)
class DeviceTime:
    """A device by its code, in a unit and in all below it, from `start` until `end` (None: till now)."""

    unit_id: uuid.UUID
    code: str
    start: datetime
    end: datetime | None = None


@dataclass(frozen=True)
class UnitTime:
    """Whatever one unit recorded from `start` until `end`."""

    unit_id: uuid.UUID
    start: datetime
    end: datetime


@dataclass
class Looks:
    """What is to be looked at again, gathered over the parts of one deed."""

    recordings: set[uuid.UUID] = field(default_factory=set)
    devices: set[DeviceTime] = field(default_factory=set)
    times: set[UnitTime] = field(default_factory=set)
    because: set[str] = field(default_factory=set)

    def forget(self) -> None:
        """Of a trial nothing is left."""
        for each in (self.recordings, self.devices, self.times, self.because):
            each.clear()


def ask_for_another_look(
    session: Session,
    *,
    because: Because,
    recordings: Collection[uuid.UUID] = (),
    device: DeviceTime | None = None,
    time: UnitTime | None = None,
) -> None:
    """Make the recordings due again that this new fact may touch: those named, and those of the device, or of the time.

    Never those about which a person has spoken. Call it last: it waits for the linkers of the units concerned, and they
    for the end of the transaction. In a deed of many parts wrap these in `looks_together`.
    """
    gathered: Looks | None = session.info.get(_GATHERED)
    looks = gathered or Looks()
    looks.because.add(because)
    looks.recordings.update(recordings)
    looks.devices.update(() if device is None else (device,))
    looks.times.update(() if time is None else (time,))
    if gathered is None:
        _ask(session, looks)


@contextmanager
def looks_together(session: Session) -> Iterator[Looks]:
    """Ask once, at the end of the block, for all that is asked for within it; for nothing where it raises.

    Each asking holds up the linkers of a unit until the transaction ends, and two deeds that asked for units in
    different orders would block each other.
    """
    if _GATHERED in session.info:  # Within another one, which asks.
        yield session.info[_GATHERED]
        return
    looks = session.info[_GATHERED] = Looks()
    try:
        yield looks
    finally:
        del session.info[_GATHERED]
    _ask(session, looks)


def mark(session: Session, recordings: Select[uuid.UUID]) -> int:
    """Those of them that the linker has looked at are due again; how many. The caller holds off who must not miss it.

    Waits for nobody who has such a row: a person who is answering makes the look needless, and two linkers keep apart
    by device.
    """
    looked_at = select(LinkingDone.recording_id).where(
        LinkingDone.recording_id.in_(recordings), LinkingDone.outcome.in_(OF_THE_LINKER)
    )
    marked: Sequence[uuid.UUID] = session.scalars(looked_at.with_for_update(skip_locked=True)).all()
    if marked:
        again = update(LinkingDone).where(LinkingDone.recording_id.in_(marked))
        session.execute(again.values(outcome=AGAIN, looked_at=func.now()))
    return len(marked)


_GATHERED: Final = "casework.linking.looks"


def _ask(session: Session, looks: Looks) -> None:
    wanted = [
        *_of_recordings(session, looks.recordings),
        *_of_devices(session, looks.devices),
        *_of_times(looks.times),
    ]
    hold_linking(session, {unit_id for unit_id, _ in wanted})
    touched = sum(mark(session, select(Recording.id).where(condition)) for _, condition in wanted)
    for _, condition in wanted:
        ask_for_another_judgement_where(session, condition)
    if touched:
        log.info("linking.another_look", because=sorted(looks.because), recordings=touched)


Touched = tuple[uuid.UUID, ColumnElement[bool]]


def _of_recordings(session: Session, recordings: Collection[uuid.UUID]) -> Iterator[Touched]:
    named = Recording.id.in_(recordings)
    for unit_id in session.scalars(select(Recording.unit_id).distinct().where(named)) if recordings else ():
        yield unit_id, and_(named, Recording.unit_id == unit_id)


def _of_devices(session: Session, devices: Collection[DeviceTime]) -> Iterator[Touched]:
    """By unit: a bureau may keep one register for all below it, and no other unit's linking is any business of it."""
    spans: dict[tuple[uuid.UUID, str], list[Interval]] = defaultdict(list)
    for each in devices:
        end = datetime.max.replace(tzinfo=UTC) if each.end is None else each.end
        spans[each.unit_id, each.code].append((each.start, end))
    below = {top: session.scalars(select(unit_tree(top).c.id)).all() for top in {top for top, _ in spans}}
    for (top, code), windows in sorted(spans.items()):
        for of_device in _as_claimed_or_answered(below[top], code, merge(windows)):
            touched = select(Recording.unit_id).distinct().where(Recording.unit_id.in_(below[top]), of_device)
            for unit_id in session.scalars(touched):
                yield unit_id, and_(Recording.unit_id == unit_id, of_device)


def _as_claimed_or_answered(
    units: Sequence[uuid.UUID], code: str, windows: Sequence[Interval]
) -> Iterator[ColumnElement[bool]]:
    """One by one: each is found by another index. Of what was answered too many rather than too few."""
    yield and_(Recording.device == code, or_(*(_made_about(*window) for window in windows)))
    yield Recording.id.in_(answered_to_be(units, code))
    yield and_(Recording.device == code, Recording.id.in_(answered_about(units, windows)))


def _of_times(times: Collection[UnitTime]) -> Iterator[Touched]:
    spans: dict[uuid.UUID, list[Interval]] = defaultdict(list)
    for each in times:
        spans[each.unit_id].append((each.start, each.end))
    for unit_id, windows in sorted(spans.items()):
        merged = merge(windows)
        yield unit_id, and_(Recording.unit_id == unit_id, or_(*(_made_about(*window) for window in merged)))
        yield unit_id, Recording.id.in_(answered_about({unit_id}, merged))


def _made_about(start: datetime, end: datetime) -> ColumnElement[bool]:
    """As far off as a clock may be: what fits one recording also clears, or raises, a doubt about its shift's clock."""
    seconds = func.least(func.greatest(Recording.duration_seconds, 0), LONGEST_RECORDING.total_seconds())
    ends_at = Recording.started_at + func.make_interval(0, 0, 0, 0, 0, 0, seconds)
    return and_(
        Recording.started_at < shifted(end, CLOCK_OFF_BY_MOST),
        Recording.started_at >= shifted(start, -CLOCK_OFF_BY_MOST - LONGEST_RECORDING),
        func.coalesce(ends_at, Recording.started_at) >= shifted(start, -CLOCK_OFF_BY_MOST),
    )
