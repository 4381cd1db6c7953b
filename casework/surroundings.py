"""Everything a batch of recordings is judged by, fetched at once: neighbours, register, roster, and what was decided.

A look at one recording would cost a dozen queries; a look at a hundred costs the same dozen.
"""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import TIMESTAMP, Text, Uuid, and_, column, false, or_, select, text, values
from sqlalchemy.dialects.postgresql import Range
from sqlalchemy.orm import InstrumentedAttribute, Session

from casework.acts import fetch_act_cases, fetch_person_cases
from casework.clocks import FARTHEST, SAME_SHIFT, SATELLITES, Known, docking_of, own_clock, own_clocks
from casework.scoring import Place, Work
from casework.shifts import Fit
from casework.windows import Window, merge
from storage.catalog.casework import Case, CaseAssignment, CaseLink, LinkingDone, LinkQuestion
from storage.catalog.devices import Device, DeviceIssue
from storage.catalog.organisation import Person, Unit
from storage.catalog.recordings import Recording
from storage.measures import shifted

HIGHEST_TREE = 20
_OF_RECORDING = LinkingDone.recording_id == Recording.id
_LOOKED_AT = LinkingDone.recording_id.is_not(None)
_IS_FILM = Recording.media_state != "unreadable"
_TIMED_BY_SATELLITES = text("""recording.claims @> '[{"kind": "gps_time"}]'""")

Named = tuple[uuid.UUID, str]
"""A unit, and a device as that unit's recordings name it."""


@dataclass(frozen=True)
class Neighbour:
    """A recording of a device: what is believed of its start, and how far. No time: its clock's could not be true."""

    id: uuid.UUID
    station_id: uuid.UUID
    officer: str | None
    started_at: datetime | None
    received_at: datetime
    uncertainty_seconds: float | None
    duration_seconds: float | None
    by_satellites: bool
    looked_at: bool
    """By the linker, before: what is new may change what was made of the others."""
    person_cases: frozenset[uuid.UUID] = frozenset()
    """Where persons have put it."""


@dataclass(frozen=True)
class Held:
    """A device with an officer, says the register, until just before `end` (None: still)."""

    badge: str | None
    start: datetime
    end: datetime | None


@dataclass(frozen=True)
class Decided:
    """What was made of one recording before."""

    outcome: str | None
    links: tuple[CaseLink, ...]
    question: LinkQuestion | None
    by_person: bool


@dataclass
class Surroundings:
    """`issues` has no key for a device that no register knows; `fits` remembers what was worked out of a shift."""

    known: Mapping[Named, list[Known]]
    neighbours: Mapping[Named, list[Neighbour]]
    act_cases: Mapping[uuid.UUID, frozenset[uuid.UUID]]
    decided: Mapping[uuid.UUID, Decided]
    issues: Mapping[Named, list[Held]] = field(default_factory=dict)
    works: Mapping[uuid.UUID, list[Work]] = field(default_factory=dict)
    fits: dict[frozenset[uuid.UUID], Fit] = field(default_factory=dict)


def look_around(
    session: Session, recordings: Sequence[Recording], reach: Callable[[Recording, Surroundings], Window | None]
) -> Surroundings:
    """`reach` says, once clocks and neighbours are known, in which time a recording's assignments are looked for."""
    around = Surroundings(
        known=fetch_known(session, recordings),
        neighbours=fetch_neighbours(session, recordings),
        act_cases=fetch_act_cases(session, [row.id for row in recordings]),
        decided=fetch_decided(session, recordings),
    )
    windows = [(row, window) for row in recordings if (window := reach(row, around)) is not None]
    around.issues = fetch_issues(session, {(row.unit_id, row.device) for row in recordings if row.device})
    around.works = fetch_works(session, windows)
    return around


def fetch_known(session: Session, recordings: Sequence[Recording]) -> dict[Named, list[Known]]:
    """Recordings of the same devices whose true time is known. A log beside a film is none: its name is all it has of
    the recorder's clock, and anybody can write one."""
    wanted = []
    for row in recordings:
        word = own_clock(row.claims) if row.device else None
        if word is not None:
            wanted.append((row, word.time))
    asked = _asked(wanted, FARTHEST, "known")
    if asked is None:
        return {}
    statement = (
        select(
            Recording.unit_id,
            Recording.device,
            Recording.station_id,
            Recording.received_at,
            Recording.started_at,
            Recording.claims,
            _LOOKED_AT,
        )
        .join(asked, _of_device_in_time(asked, Recording.started_at))
        .outerjoin(LinkingDone, _OF_RECORDING)
        .where(_TIMED_BY_SATELLITES, _IS_FILM)
    )
    found: dict[Named, list[Known]] = defaultdict(list)
    for unit_id, device, station_id, received_at, started_at, claims, looked_at in session.execute(statement):
        words = own_clocks(claims)
        if words and device is not None and started_at is not None:
            docking = docking_of(station_id, received_at, claims)
            found[unit_id, device].append(Known(words, started_at, docking, looked_at))
    return found


def fetch_neighbours(session: Session, recordings: Sequence[Recording]) -> dict[Named, list[Neighbour]]:
    """Of the same devices and shifts; and what was received at that time and has no believable time."""
    made = _asked([(row, row.started_at) for row in recordings if row.device and row.started_at], SAME_SHIFT, "made")
    came = _asked([(row, row.received_at) for row in recordings if row.device], SAME_SHIFT, "came")
    columns: tuple[Any, ...] = (
        Recording.unit_id,
        Recording.device,
        Recording.id,
        Recording.station_id,
        Recording.officer,
        Recording.started_at,
        Recording.received_at,
        Recording.started_at_uncertainty_seconds,
        Recording.duration_seconds,
        Recording.claims.contains([{"kind": SATELLITES}]),
        _LOOKED_AT,
    )
    timeless = and_(Recording.started_at.is_(None), _of_device_in_time(came, Recording.received_at))
    found: dict[uuid.UUID, tuple[Named, Neighbour]] = {}
    for asked, joined in ((made, _of_device_in_time(made, Recording.started_at)), (came, timeless)):
        if asked is not None:
            for row in session.execute(
                select(*columns).join(asked, joined).outerjoin(LinkingDone, _OF_RECORDING).where(_IS_FILM)
            ):
                found[row[2]] = (row[0], str(row[1])), Neighbour(*row[2:])
    put = fetch_person_cases(session, list(found))
    by_device: dict[Named, list[Neighbour]] = defaultdict(list)
    for named, neighbour in found.values():
        by_device[named].append(replace(neighbour, person_cases=put.get(neighbour.id, frozenset())))
    return by_device


def fetch_decided(session: Session, recordings: Sequence[Recording]) -> dict[uuid.UUID, Decided]:
    ids = [row.id for row in recordings]
    looked = select(LinkingDone.recording_id, LinkingDone.outcome).where(LinkingDone.recording_id.in_(ids))
    outcomes = dict(session.execute(looked).all())
    links, questions = defaultdict(list), defaultdict(list)
    by_time = (CaseLink.created_at, CaseLink.id)
    for link in session.scalars(select(CaseLink).where(CaseLink.recording_id.in_(ids)).order_by(*by_time)):
        links[link.recording_id].append(link)
    for question in session.scalars(select(LinkQuestion).where(LinkQuestion.recording_id.in_(ids))):
        questions[question.recording_id].append(question)
    return {
        recording_id: Decided(
            outcome=outcomes.get(recording_id),
            links=tuple(link for link in links[recording_id] if link.ended_at is None),
            question=next((each for each in questions[recording_id] if each.answered_at is None), None),
            by_person=any(link.made_by == "person" or link.ended_by is not None for link in links[recording_id])
            or any(each.answered_by is not None for each in questions[recording_id]),
        )
        for recording_id in ids
    }


def fetch_issues(session: Session, named: Iterable[Named]) -> dict[Named, list[Held]]:
    """The unit's own register is asked first, then those above it, the nearest first."""
    wanted = set(named)
    if not wanted:
        return {}
    above = _units_above(session, {unit_id for unit_id, _ in wanted})
    registered = {
        (unit_id, code): device_id
        for device_id, unit_id, code in session.execute(
            select(Device.id, Device.unit_id, Device.code)
            .where(Device.code.in_({code for _, code in wanted}))
            .where(Device.unit_id.in_({each for line in above.values() for each in line}))
        )
    }
    devices: dict[Named, uuid.UUID] = {}
    for unit_id, code in wanted:
        nearest = (registered[each, code] for each in above.get(unit_id, ()) if (each, code) in registered)
        device_id = next(nearest, None)
        if device_id is not None:
            devices[unit_id, code] = device_id
    held: dict[uuid.UUID, list[Held]] = defaultdict(list)
    statement = (
        select(DeviceIssue.device_id, Person.badge_number, DeviceIssue.span)
        .join(Person, Person.id == DeviceIssue.person_id)
        .where(DeviceIssue.device_id.in_(set(devices.values())), DeviceIssue.voided_at.is_(None))
    )
    for device_id, badge, span in session.execute(statement):
        if span.lower is not None:
            held[device_id].append(Held(badge, span.lower, span.upper))
    return {name: held[device_id] for name, device_id in devices.items()}


def fetch_works(session: Session, windows: Sequence[tuple[Recording, Window]]) -> dict[uuid.UUID, list[Work]]:
    """The assignments of each unit that touch any of these times, of open cases and closed ones."""
    found: dict[uuid.UUID, list[Work]] = defaultdict(list)
    by_unit: dict[uuid.UUID, list[Window]] = defaultdict(list)
    for row, window in windows:
        by_unit[row.unit_id].append(window)
    for unit_id, wanted in by_unit.items():
        touching = or_(*(CaseAssignment.span.overlaps(Range(*window, bounds="[]")) for window in merge(wanted)))
        statement = (
            select(CaseAssignment, Case.closed_at)
            .join(Case, Case.id == CaseAssignment.case_id)
            .where(CaseAssignment.unit_id == unit_id, touching)
            .order_by(CaseAssignment.case_id, CaseAssignment.id)
        )
        found[unit_id] = [as_work(row, closed_at is not None) for row, closed_at in session.execute(statement)]
    return found


def as_work(row: CaseAssignment, closed: bool) -> Work:
    start, end = row.span.lower, row.span.upper
    return Work(
        id=row.id,
        case_id=row.case_id,
        stage=row.stage,
        start=start or datetime.min.replace(tzinfo=UTC),
        end=end or datetime.max.replace(tzinfo=UTC),
        officer=row.officer,
        device=row.device,
        place=place_of(row.latitude, row.longitude),
        closed=closed,
    )


def place_of(latitude: float | None, longitude: float | None) -> Place | None:
    return None if latitude is None or longitude is None else Place(latitude, longitude)


def _asked(wanted: Sequence[tuple[Recording, datetime]], either_way: timedelta, name: str) -> Any:
    """The devices and times that are asked for, as a table: one index look-up each. None for nothing."""
    columns = (column("unit_id", Uuid), column("device", Text))
    times = (column("first", TIMESTAMP(timezone=True)), column("last", TIMESTAMP(timezone=True)))
    spans: dict[Named, list[Window]] = defaultdict(list)
    for row, at in wanted:
        spans[row.unit_id, str(row.device)].append((shifted(at, -either_way), shifted(at, either_way)))
    rows = [(*named, *window) for named, windows in spans.items() for window in merge(windows)]
    return values(*columns, *times, name=name).data(rows) if rows else None


def _of_device_in_time(asked: Any, time: InstrumentedAttribute[Any]) -> Any:
    if asked is None:
        return false()
    return and_(
        Recording.unit_id == asked.c.unit_id,
        Recording.device == asked.c.device,
        time.between(asked.c.first, asked.c.last),
    )


def _units_above(session: Session, units: Iterable[uuid.UUID]) -> dict[uuid.UUID, list[uuid.UUID]]:
    """Each unit itself, then its parent, and so on up. A ring of parents, should there ever be one, ends the walk."""
    parents = dict(session.execute(select(Unit.id, Unit.parent_id)).all())
    lines = {}
    for unit_id in units:
        line: list[uuid.UUID] = []
        at: uuid.UUID | None = unit_id
        while at is not None and at in parents and len(line) < HIGHEST_TREE:
            line.append(at)
            at = parents[at]
        lines[unit_id] = line
    return lines
