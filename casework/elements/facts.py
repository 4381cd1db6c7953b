"""Everything a batch of recordings is judged by, fetched at once: claims, answers, register, links, policy of the day.

A batch of a hundred costs the same dozen queries as one recording.
"""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from itertools import chain
from typing import Any, Final

from sqlalchemy import or_, select
from sqlalchemy.orm import Session, defer

from casework.elements.policies import Demands, demands_on, fetch_policies
from casework.intervals import either_way, length_of
from casework.recordings.answered import GIVEN_WITHIN, latest_answers, start_of
from casework.recordings.clocks import SATELLITES, Docking, docking_of
from casework.recordings.places_of_logs import Place, fetch_places_of_logs
from casework.recordings.said_again import fetch_said_again
from casework.register.holding import Holding, fetch_holdings, had_during, nearest
from casework.rooms.devices import InRoom, Used, fetch_rooms_of, fetch_uses
from casework.units import lines_of
from integrity.local_time import chinese_day
from storage.catalog.casework import CaseLink, LinkingDone, LinkQuestion
from storage.catalog.devices import Device, OfficerCertificate
from storage.catalog.elements import ElementAnswer
from storage.catalog.organisation import Person
from storage.catalog.recordings import ReceivedAgain, Recording
from storage.catalog.rooms import Room
from storage.measures import shifted

LATE: Final = timedelta(minutes=10)
"""How much later than its receipt a recording may say it began: clocks differ (docs/metadata.md)."""


@dataclass(frozen=True)
class Span:
    """When a recording was made: it began not before `earliest`, and was over by `over`. `middle` is its own, were it
    made just when the best estimate says.
    """

    earliest: datetime
    over: datetime
    middle: datetime

    @property
    def last(self) -> datetime:
        """The latest instant at which it may have been recording: neither here nor in the database is one finer."""
        return shifted(self.over, -timedelta.resolution)

    @property
    def days(self) -> tuple[date, date]:
        """The first and the last Chinese day on which it may have been made."""
        return chinese_day(self.earliest), chinese_day(self.last)


@dataclass(frozen=True)
class Facts:
    """What is known of one recording. `line`: its unit, then those above. `made_on`: the day by its time, else of its
    receipt; `day`: the one whose rules judge it; `without_rules`: the day of its time, where no rule demanded anything
    then, so that the day of receipt judges. `device` and `officer`: whom an answer, else the claim, names in the
    register; `elsewhere`: a unit outside the line has the device. `rooms`: in which it was then, `room_officers`:
    who used them, says the register of rooms. `linked`: case and stage. `again`: what was said otherwise when its bytes
    came again; `meant_again`: the devices and people whom that names in the register. `placed_by_logs`: where the logs
    beside it begin, as degrees of WGS 84; `elsewhere_by_logs`: those of them that are of another place than its own."""

    recording: Recording
    line: tuple[uuid.UUID, ...]
    made_on: date
    day: date
    without_rules: date | None
    span: Span | None
    demands: Demands
    answers: Mapping[str, ElementAnswer] = field(default_factory=dict)
    device: Device | None = None
    elsewhere: Device | None = None
    holders: tuple[Holding, ...] = ()
    rooms: tuple[Room, ...] = ()
    room_officers: tuple[Person, ...] = ()
    officer: Person | None = None
    certified: Mapping[uuid.UUID, bool] = field(default_factory=dict)
    linked: tuple[tuple[uuid.UUID, str], ...] = ()
    question: LinkQuestion | None = None
    outcome: str | None = None
    case_refused: bool = False
    again: tuple[ReceivedAgain, ...] = ()
    meant_again: tuple[Device | Person, ...] = ()
    placed_by_logs: tuple[Place, ...] = ()
    elsewhere_by_logs: tuple[Place, ...] = ()

    @property
    def docking(self) -> Docking:
        return docking_of(self.recording.station_id, self.recording.received_at, self.recording.claims)

    @property
    def card(self) -> str | None:
        """What its station calls the card or folder that it came off, as it was put in that time."""
        return self.docking.group

    def answer(self, element: str) -> ElementAnswer | None:
        return self.answers.get(element)

    def claim(self, kind: str) -> Mapping[str, Any] | None:
        return next((claim for claim in self.recording.claims if claim.get("kind") == kind), None)


def gather_facts(session: Session, recording_ids: Sequence[uuid.UUID]) -> list[Facts]:
    """In the order of the ids; each must be there."""
    slim = defer(Recording.manifest), defer(Recording.token), defer(Recording.findings)
    statement = select(Recording).where(Recording.id.in_(recording_ids)).options(*slim)
    rows = {row.id: row for row in session.scalars(statement.execution_options(populate_existing=True))}
    recordings = [rows[recording_id] for recording_id in recording_ids]
    return _Batch(session, recordings).facts()


def span_of(recording: Recording, answer: ElementAnswer | None) -> Span | None:
    """By the answer, to the minute; else by the best estimate and how far that may be off. However far that is, it
    began before it was received: who had the device since, did not record it.
    """
    start, give_or_take = start_of(answer), GIVEN_WITHIN
    if start is None:
        start, give_or_take = recording.started_at, either_way(recording.started_at_uncertainty_seconds)
    if start is None:
        return None
    length = max(length_of(recording.duration_seconds), timedelta(seconds=1))
    latest = max(start, min(shifted(start, give_or_take), latest_start(recording)))
    return Span(shifted(start, -give_or_take), shifted(latest, length), shifted(start, length / 2))


def latest_start(recording: Recording) -> datetime:
    """Later than that it cannot have begun: it had been received."""
    return shifted(recording.received_at, LATE)


class _Batch:
    """The queries, each once for all recordings."""

    def __init__(self, session: Session, recordings: Sequence[Recording]) -> None:
        self.session = session
        self.recordings = recordings
        self.ids = [row.id for row in recordings]
        self.lines = lines_of(session, {row.unit_id for row in recordings})
        self.policies = fetch_policies(session)
        self.answers = latest_answers(session, self.ids)
        self.again = fetch_said_again(session, self.ids)
        self.logs = fetch_places_of_logs(session, recordings)
        self.devices = self._devices()
        self.spans = {row.id: span_of(row, self.answers.get(row.id, {}).get("time")) for row in recordings}
        times = [(span.earliest, span.last) for span in self.spans.values() if span is not None]
        self.holdings = fetch_holdings(session, {row.id for row in self.devices}, times)
        self.in_rooms = fetch_rooms_of(session, {row.id for row in self.devices}, times)
        rooms = {each.room.id for found in self.in_rooms.values() for each in found}
        self.uses = fetch_uses(session, rooms, times)
        self.people = self._people()
        self.certificates = self._certificates()
        self.links, self.questions, self.refused, self.outcomes = self._linking()

    def facts(self) -> list[Facts]:
        return [self._facts_of(row) for row in self.recordings]

    def _facts_of(self, row: Recording) -> Facts:
        answers, line = self.answers.get(row.id, {}), self.lines[row.unit_id]
        span = self.spans[row.id]
        made_on = chinese_day(row.received_at if span is None else span.middle)
        days = (made_on, made_on) if span is None else span.days
        day, demands = self._day_of_rules(row, line, made_on)
        device, elsewhere = self._device_of(row, answers.get("device"))
        holders = (
            () if device is None or span is None else had_during(self.holdings[device.id], span.earliest, span.last)
        )
        rooms, room_officers = self._rooms_of(device, span)
        officer = self._officer_of(row, answers.get("officer"))
        named = {holding.person.id for holding in holders} | ({officer.id} if officer else set())
        return Facts(
            recording=row,
            line=line,
            made_on=made_on,
            day=day,
            without_rules=None if day == made_on else made_on,
            span=span,
            demands=demands,
            answers=answers,
            device=device,
            elsewhere=elsewhere,
            holders=holders,
            rooms=rooms,
            room_officers=room_officers,
            officer=officer,
            certified={each: self._is_certified(each, *days) for each in named if self.certificates[each]},
            linked=tuple(self.links[row.id]),
            question=self.questions.get(row.id),
            outcome=self.outcomes.get(row.id),
            case_refused=row.id in self.refused,
            again=tuple(self.again.get(row.id, ())),
            meant_again=tuple(self._meant_again(row)),
            placed_by_logs=self.logs[row.id].begin,
            elsewhere_by_logs=self.logs[row.id].elsewhere,
        )

    def _day_of_rules(self, row: Recording, line: tuple[uuid.UUID, ...], made_on: date) -> tuple[date, Demands]:
        """A clock that was reset, or a mistaken answer, frees nothing from the rules: then the receipt counts."""
        for day in (made_on, chinese_day(row.received_at)):
            demands = demands_on(self.policies, line, day)
            if demands.anything:
                return day, demands
        return made_on, demands_on(self.policies, line, made_on)

    def _named_ids(self, element: str) -> set[uuid.UUID]:
        answers = (answers.get(element) for answers in self.answers.values())
        return {uuid.UUID(answer.value) for answer in answers if answer is not None and answer.value is not None}

    def _said(self) -> Iterator[Recording | ReceivedAgain]:
        """By whoever sent a file, first or again."""
        yield from self.recordings
        yield from chain.from_iterable(self.again.values())

    def _meant_again(self, row: Recording) -> Iterator[Device | Person]:
        line = self.lines[row.unit_id]
        for again in self.again.get(row.id, ()):
            device = nearest([each for each in self.devices if again.device and each.code == again.device], line)
            if device is not None and "device" in again.differs:
                yield device
            officer = self._of_badge(again.officer, line)
            if officer is not None and "officer" in again.differs:
                yield officer

    def _devices(self) -> list[Device]:
        codes = {row.device for row in self._said() if row.device}
        named = or_(Device.code.in_(codes), Device.id.in_(self._named_ids("device")))
        return list(self.session.scalars(select(Device).where(named).order_by(Device.created_at, Device.id)))

    def _people(self) -> list[Person]:
        badges = {row.officer for row in self._said() if row.officer}
        named = or_(Person.badge_number.in_(badges), Person.id.in_(self._named_ids("officer")))
        return list(self.session.scalars(select(Person).where(named).order_by(Person.created_at, Person.id)))

    def _certificates(self) -> dict[uuid.UUID, list[OfficerCertificate]]:
        found: dict[uuid.UUID, list[OfficerCertificate]] = defaultdict(list)
        ids = {row.id for row in self.people}
        ids |= {each.person.id for holdings in self.holdings.values() for each in holdings}
        counting = OfficerCertificate.person_id.in_(ids), OfficerCertificate.voided_at.is_(None)
        for row in self.session.scalars(select(OfficerCertificate).where(*counting)):
            found[row.person_id].append(row)
        return found

    def _linking(self) -> tuple[Any, dict[uuid.UUID, LinkQuestion], set[uuid.UUID], dict[uuid.UUID, str]]:
        links: dict[uuid.UUID, list[tuple[uuid.UUID, str]]] = defaultdict(list)
        live = select(CaseLink).where(CaseLink.recording_id.in_(self.ids), CaseLink.ended_at.is_(None))
        for link in self.session.scalars(live.order_by(CaseLink.created_at, CaseLink.id)):
            links[link.recording_id].append((link.case_id, link.stage))
        questions, refused = {}, set()
        asked = select(LinkQuestion).where(LinkQuestion.recording_id.in_(self.ids)).order_by(LinkQuestion.created_at)
        for question in self.session.scalars(asked.execution_options(populate_existing=True)):
            if question.answered_at is None:
                questions[question.recording_id] = question
            elif question.answered_by is not None and question.chosen_case_id is None:
                refused.add(question.recording_id)
        done = select(LinkingDone.recording_id, LinkingDone.outcome).where(LinkingDone.recording_id.in_(self.ids))
        return links, questions, refused, dict(self.session.execute(done).all())

    def _device_of(self, row: Recording, answer: ElementAnswer | None) -> tuple[Device | None, Device | None]:
        """In the register of the line, the nearest unit first; and in one beside it."""
        if answer is not None and answer.value is not None:
            return next((each for each in self.devices if str(each.id) == answer.value), None), None
        named = [each for each in self.devices if each.code == row.device]
        own = nearest(named, self.lines[row.unit_id])
        return (None, next(iter(named), None)) if own is None else (own, None)

    def _rooms_of(self, device: Device | None, span: Span | None) -> tuple[tuple[Room, ...], tuple[Person, ...]]:
        """Where the device was while it may have recorded, and who used these rooms then, each once."""
        if device is None or span is None:
            return (), ()
        here = [each for each in self.in_rooms[device.id] if _meets(each, span)]
        used = [use for each in here for use in self.uses[each.room.id] if _meets(use, span)]
        rooms = {each.room.id: each.room for each in here}
        officers = {person.id: person for use in used for person in use.officers}
        return tuple(rooms.values()), tuple(officers.values())

    def _officer_of(self, row: Recording, answer: ElementAnswer | None) -> Person | None:
        """Who is meant by the badge number: of the recording's unit first, then of those above, then of any."""
        if answer is not None and answer.value is not None:
            return next((each for each in self.people if str(each.id) == answer.value), None)
        return self._of_badge(row.officer, self.lines[row.unit_id])

    def _of_badge(self, badge: str | None, line: tuple[uuid.UUID, ...]) -> Person | None:
        named = [each for each in self.people if badge and each.badge_number == badge]
        return min(
            named,
            key=lambda each: line.index(each.unit_id) if each.unit_id in line else len(line),
            default=None,
        )

    def _is_certified(self, person_id: uuid.UUID, first: date, last: date) -> bool:
        """On any of these days: on which of them it was recorded, nobody knows."""
        return any(
            row.valid_from <= last and (row.last_day is None or first <= row.last_day)
            for row in self.certificates[person_id]
        )


def _meets(each: InRoom | Used, span: Span) -> bool:
    return each.start <= span.last and (each.end is None or each.end > span.earliest)


def by_satellites(claim: Mapping[str, Any]) -> bool:
    """A word of theirs on the time; what was withheld is none, nor is a place."""
    return claim.get("kind") == SATELLITES or (claim.get("kind") == "clock" and claim.get("source") == "exif:gps")


def place_value(latitude: float | None, longitude: float | None) -> str:
    """As an answer keeps a place: degrees of WGS 84, to a tenth of a metre."""
    return f"{latitude:.6f},{longitude:.6f}"
