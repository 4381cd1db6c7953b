"""Everything a batch of recordings is judged by, fetched at once: neighbours, register, roster, and what was decided.

A look at one recording would cost a dozen queries; a look at a hundred costs the same dozen.
"""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import (
    ARRAY,
    TIMESTAMP,
    Text,
    Uuid,
    and_,
    cast,
    column,
    false,
    func,
    literal,
    literal_column,
    or_,
    select,
    text,
)
from sqlalchemy.dialects.postgresql import Range
from sqlalchemy.orm import InstrumentedAttribute, Session

from casework.intervals import Interval, merge
from casework.linking.neighbour import Neighbour
from casework.linking.same_act import fetch_act_cases, fetch_person_cases
from casework.linking.scoring import Work
from casework.linking.shifts import BREAK_SECONDS, Fit
from casework.linking.tag_zones import put_into_zones
from casework.recordings.answered import NOTHING, Seen, fetch_said
from casework.recordings.clocks import (
    CLOCK_OFF_BY_MOST,
    ONE_OFFSET_SECONDS,
    SAME_SHIFT,
    SATELLITES,
    Known,
    docking_of,
    own_clock,
    own_clocks,
)
from casework.recordings.places import place_of
from casework.register.holding import Holding, Named, fetch_holdings, find_devices
from casework.rooms.works import fetch_room_works
from storage.catalog.casework import Case, CaseAssignment, CaseLink, LinkingDone, LinkQuestion
from storage.catalog.devices import Device
from storage.catalog.elements import ElementAnswer
from storage.catalog.recordings import Recording
from storage.measures import shifted

_OF_RECORDING = LinkingDone.recording_id == Recording.id
_LOOKED_AT = LinkingDone.recording_id.is_not(None)
_IS_FILM = Recording.media_state != "unreadable"
_SATELLITES_SPOKE = text("""recording.claims @> '[{"kind": "gps_time"}]'""")
"""As the partial index has it. Whether they are believed is another question."""
_TIMED_BY_SATELLITES = and_(
    Recording.claims.op("@>")(
        func.jsonb_build_array(
            func.jsonb_build_object(
                literal_column("'kind'"),
                literal_column(f"'{SATELLITES}'"),
                literal_column("'source'"),
                Recording.started_at_source,
            )
        )
    ),
    func.coalesce(Recording.started_at_uncertainty_seconds, 0) <= ONE_OFFSET_SECONDS,
)
"""timed_by_satellites, in SQL."""

_CLOCKS: Any = literal_column("""'$[*] ? (@.kind == "started_at" || @.kind == "clock")'::jsonpath""")
"""What own_clocks reads of the claims."""

_ASKED: tuple[tuple[str, Any], ...] = (
    ("unit_id", Uuid()),
    ("device", Text()),
    ("first", TIMESTAMP(timezone=True)),
    ("last", TIMESTAMP(timezone=True)),
)
_OF_NEIGHBOURS: tuple[Any, ...] = (
    Recording.unit_id,
    Recording.device,
    Recording.id,
    Recording.station_id,
    Recording.officer,
    Recording.started_at,
    Recording.received_at,
    Recording.started_at_uncertainty_seconds,
    Recording.duration_seconds,
    _TIMED_BY_SATELLITES,
    _LOOKED_AT,
    func.jsonb_path_query_array(Recording.claims, _CLOCKS),
)


@dataclass(frozen=True)
class Decided:
    """What was made of one recording before."""

    outcome: str | None
    links: tuple[CaseLink, ...]
    question: LinkQuestion | None
    by_person: bool


@dataclass
class Surroundings:
    """`issues` has no key for a device that no register knows; `fits` remembers what was worked out of a shift.

    `answered_to_be`: recordings that answers say are of one of these devices.
    """

    known: Mapping[Named, list[Known]]
    neighbours: Mapping[Named, list[Neighbour]]
    act_cases: Mapping[uuid.UUID, frozenset[uuid.UUID]]
    decided: Mapping[uuid.UUID, Decided]
    answered_to_be: Sequence[uuid.UUID] = ()
    issues: Mapping[Named, Sequence[Holding]] = field(default_factory=dict)
    works: Mapping[uuid.UUID, list[Work]] = field(default_factory=dict)
    fits: dict[frozenset[uuid.UUID], Fit] = field(default_factory=dict)


def look_around(
    session: Session, recordings: Sequence[Seen], reach: Callable[[Seen, Surroundings], Interval | None]
) -> Surroundings:
    """`reach` says, once clocks and neighbours are known, in which time a recording's assignments are looked for."""
    answered_to_be = fetch_answered_to_be(session, recordings)
    around = Surroundings(
        known=fetch_known(session, recordings, answered_to_be),
        neighbours=fetch_neighbours(session, recordings, answered_to_be),
        act_cases=fetch_act_cases(session, [row.id for row in recordings]),
        decided=fetch_decided(session, recordings),
        answered_to_be=answered_to_be,
    )
    windows = [(row, window) for row in recordings if (window := reach(row, around)) is not None]
    named = {(row.unit_id, row.device) for row in recordings if row.device}
    around.issues = fetch_issues(session, named, [*_shifts_of(around), *(window for _, window in windows)])
    around.works = fetch_works(session, windows)
    return around


def fetch_answered_to_be(session: Session, recordings: Sequence[Seen]) -> tuple[uuid.UUID, ...]:
    """What any answer says is of the same devices, though its file may not, and came or was made at about that time."""
    wanted = [
        ((row.unit_id, row.device), at)
        for row in recordings
        if row.device
        for at in (row.row.started_at, row.row.received_at)
        if at is not None
    ]
    asked = _asked(wanted, CLOCK_OFF_BY_MOST, "answered")
    if asked is None:
        return ()
    about = [time.between(asked.c.first, asked.c.last) for time in (Recording.started_at, Recording.received_at)]
    said = and_(
        ElementAnswer.unit_id == asked.c.unit_id,
        ElementAnswer.element == "device",
        ElementAnswer.value.collate("C") == cast(Device.id, Text).collate("C"),
    )
    statement = (
        select(Recording.id)
        .select_from(asked)
        .join(Device, Device.code == asked.c.device)
        .join(ElementAnswer, said)
        .join(Recording, Recording.id == ElementAnswer.recording_id)
    )
    return tuple(session.scalars(statement.where(or_(*about)).distinct()))


def fetch_known(
    session: Session, recordings: Sequence[Seen], answered_to_be: Sequence[uuid.UUID] = ()
) -> dict[Named, list[Known]]:
    """Recordings of the same devices, as answered, whose true time is known. A log beside a film is none: its name is
    all it has of the recorder's clock, and anybody can write one."""
    words = [(row, own_clock(row.row.claims)) for row in recordings if row.device]
    wanted = [((row.unit_id, str(row.device)), word.time) for row, word in words if word is not None]
    asked = _asked(wanted, CLOCK_OFF_BY_MOST, "known")
    if asked is None:
        return {}
    columns = (
        Recording.id,
        Recording.unit_id,
        Recording.device,
        Recording.station_id,
        Recording.received_at,
        Recording.started_at,
        Recording.claims,
        _LOOKED_AT,
    )
    of_devices = [select(*columns).join(asked, _of_device_in_time(asked, Recording.started_at))]
    if answered_to_be:
        of_devices.append(select(*columns).where(Recording.id.in_(answered_to_be)))
    rows = {}
    for statement in of_devices:
        films = statement.outerjoin(LinkingDone, _OF_RECORDING).where(_SATELLITES_SPOKE, _TIMED_BY_SATELLITES, _IS_FILM)
        rows.update({row.id: row for row in session.execute(films)})
    said = fetch_said(session, list(rows))
    found: dict[Named, list[Known]] = defaultdict(list)
    for recording_id, unit_id, claimed, station_id, received_at, started_at, claims, looked_at in rows.values():
        clocks, device = own_clocks(claims), said.get(recording_id, NOTHING).device_or(claimed)
        if clocks and device is not None and started_at is not None:
            docking = docking_of(station_id, received_at, claims)
            found[unit_id, device].append(Known(clocks, started_at, docking, looked_at))
    return found


def fetch_neighbours(
    session: Session, recordings: Sequence[Seen], answered_to_be: Sequence[uuid.UUID] = ()
) -> dict[Named, list[Neighbour]]:
    """Of the same devices, as answered, and shifts; and what was received at that time and has no believable time."""
    of_a_device = [((row.unit_id, row.device), row.row) for row in recordings if row.device]
    made = _asked([(named, row.started_at) for named, row in of_a_device if row.started_at], SAME_SHIFT, "made")
    came = _asked([(named, row.received_at) for named, row in of_a_device], SAME_SHIFT, "came")
    timeless = and_(Recording.started_at.is_(None), _of_device_in_time(came, Recording.received_at))
    wanted = [
        select(*_OF_NEIGHBOURS).join(asked, joined)
        for asked, joined in ((made, _of_device_in_time(made, Recording.started_at)), (came, timeless))
        if asked is not None
    ]
    if answered_to_be:
        wanted.append(select(*_OF_NEIGHBOURS).where(Recording.id.in_(answered_to_be)))
    found: dict[uuid.UUID, tuple[uuid.UUID, str | None, Neighbour]] = {}
    for statement in wanted:
        for row in session.execute(statement.outerjoin(LinkingDone, _OF_RECORDING).where(_IS_FILM)):
            unit_id, device, *of_it, clocks = row
            found[row[2]] = unit_id, device, replace(Neighbour(*of_it), words=own_clocks(clocks))
    put, said = fetch_person_cases(session, list(found)), fetch_said(session, list(found))
    by_device: dict[Named, list[Neighbour]] = defaultdict(list)
    for unit_id, claimed, neighbour in found.values():
        answered = said.get(neighbour.id, NOTHING)
        device, officer = answered.device_or(claimed), answered.officer_or(neighbour.officer)
        if device is not None:
            cases = put.get(neighbour.id, frozenset())
            by_device[unit_id, device].append(replace(neighbour, officer=officer, person_cases=cases))
    return {named: put_into_zones(neighbours) for named, neighbours in by_device.items()}


def fetch_decided(session: Session, recordings: Sequence[Seen]) -> dict[uuid.UUID, Decided]:
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


def fetch_issues(
    session: Session, named: Collection[Named], within: Iterable[Interval]
) -> dict[Named, Sequence[Holding]]:
    devices = find_devices(session, named)
    held = fetch_holdings(session, {device.id for device in devices.values()}, within)
    return {name: held[device.id] for name, device in devices.items()}


def fetch_works(session: Session, windows: Sequence[tuple[Seen, Interval]]) -> dict[uuid.UUID, list[Work]]:
    """The assignments of each unit that touch any of these times, of open cases and closed ones; sessions in its rooms
    are assignments of what is in them."""
    found: dict[uuid.UUID, list[Work]] = defaultdict(list)
    by_unit: dict[uuid.UUID, list[Interval]] = defaultdict(list)
    for row, window in windows:
        by_unit[row.unit_id].append(window)
    for unit_id, wanted in by_unit.items():
        touching = or_(*(CaseAssignment.span.overlaps(Range(*window, bounds="[]")) for window in merge(wanted)))
        statement = (
            select(CaseAssignment, Case.closed_at)
            .join(Case, Case.id == CaseAssignment.case_id)
            .where(CaseAssignment.unit_id == unit_id, CaseAssignment.withdrawn_at.is_(None), touching)
            .order_by(CaseAssignment.case_id, CaseAssignment.id)
        )
        found[unit_id] = [as_work(row, closed_at is not None) for row, closed_at in session.execute(statement)]
        found[unit_id] += fetch_room_works(session, unit_id, wanted)
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


def _shifts_of(around: Surroundings) -> Iterator[Interval]:
    """The times whose duties a shift is laid beside: from each of its recordings to the longest break after it."""
    starts = (each.started_at for neighbours in around.neighbours.values() for each in neighbours)
    for start in starts:
        if start is not None:
            yield start, shifted(start, timedelta(seconds=BREAK_SECONDS))


def _asked(wanted: Sequence[tuple[Named, datetime]], either_way: timedelta, table: str) -> Any:
    """The devices and times that are asked for, as a table: one index look-up each. None for nothing.

    Out of arrays: a statement with VALUES in it is put into words anew each time, which takes longer than to answer it.
    """
    spans: dict[Named, list[Interval]] = defaultdict(list)
    for named, at in wanted:
        spans[named].append((shifted(at, -either_way), shifted(at, either_way)))
    rows = [(*name, *window) for name, windows in spans.items() for window in merge(windows)]
    if not rows:
        return None
    arrays = [literal(list(each), ARRAY(kind)) for each, (_, kind) in zip(zip(*rows, strict=True), _ASKED, strict=True)]
    columns = [column(name, kind) for name, kind in _ASKED]
    return func.unnest(*arrays).table_valued(*columns).render_derived(name=table)


def _of_device_in_time(asked: Any, time: InstrumentedAttribute[Any]) -> Any:
    if asked is None:
        return false()
    return and_(
        Recording.unit_id == asked.c.unit_id,
        Recording.device == asked.c.device,
        time.between(asked.c.first, asked.c.last),
    )
