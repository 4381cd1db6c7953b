"""The nearest candidates of what is asked: found anew whenever they are shown or chosen, never stored."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import ColumnElement, and_, func, or_, select
from sqlalchemy.orm import Session

from casework.elements.facts import Facts, latest_start, place_value
from casework.recordings.clocks import SAME_DOCKING, Docking, docking_of
from casework.register.holding import Named, fetch_holdings_of, find_devices, had_during
from storage.catalog.casework import CaseAssignment
from storage.catalog.devices import Device
from storage.catalog.organisation import Person
from storage.catalog.recordings import Recording
from storage.claims import stated_time
from storage.measures import shifted

OWN_WORD: Final = "own_word"
CLOCK_OFFSET: Final = "clock_offset"
BASES: Final = (
    "register_holder",
    "issued_device",
    "same_card",
    "claim",
    "answered",
    "received_again",
    "station",
    "register",
    "clock_gps_time",
    "clock_started_at",
    "clock_clock",
    "sidecar",
    "scene",
    "neighbour",
    "act_of_stage",
    "act",
    "linker",
    CLOCK_OFFSET,
    OWN_WORD,
)
"""What a candidate is one by. `own_word` is what somebody says beyond them, and `clock_offset`
what comes of what a clock says when somebody has said how far it was off."""
Card = tuple[uuid.UUID, uuid.UUID, str | None]
"""Of a unit and a station, as that station names it."""
NEAR_IN_TIME: Final = timedelta(minutes=30)


@dataclass(frozen=True)
class Nearest:
    """`element` would be `value`, by `basis`. `label` is a name or number; `facts` are whole numbers and instants for
    the words. Of a case: the linker's `score` and `reasons`."""

    element: str
    value: str
    basis: str
    label: str
    facts: dict[str, Any] = field(default_factory=dict)
    score: int | None = None
    reasons: tuple[dict[str, Any], ...] = ()


def find_nearest(session: Session, facts: Sequence[Facts], element: str) -> dict[uuid.UUID, tuple[Nearest, ...]]:
    """By recording, the nearest first, none twice. Where officer and device contradict there are candidates of both."""
    by_officer = _issued_devices(session, facts) if element in ("officer", "device") else {}
    of_cards = _devices_of_cards(session, facts) if element == "device" else {}
    scenes = _scenes(session, facts) if element == "place" else {}
    neighbours = _neighbours(session, facts) if element == "place" else {}
    found = {}
    for each in facts:
        nearest: list[Nearest] = []
        if element == "officer":
            nearest = [*_officers(each), *by_officer.get(each.recording.id, ())]
        elif element == "device":
            issued = by_officer.get(each.recording.id, ())
            nearest = [*issued, *of_cards.get(each.recording.id, ()), *_device_as_named(each)]
        elif element == "unit":
            nearest = _units(each)
        elif element == "time":
            nearest = _times(each)
        elif element == "place":
            nearest = [*_places(each), *scenes.get(each.recording.id, ()), *neighbours.get(each.recording.id, ())]
        elif element == "act":
            nearest = _acts(each)
        elif element == "case":
            nearest = _cases(each)
        found[each.recording.id] = _once(nearest)
    return found


def _once(nearest: Sequence[Nearest]) -> tuple[Nearest, ...]:
    kept: dict[tuple[str, str], Nearest] = {}
    for each in nearest:
        kept.setdefault((each.element, each.value), each)
    return tuple(kept.values())


def _officers(facts: Facts) -> list[Nearest]:
    found = [
        Nearest(
            "officer",
            str(each.person.id),
            "register_holder",
            _shown(each.person.name, each.person.badge_number),
            {"from": each.start, "to": each.end},
        )
        for each in facts.holders
    ]
    if facts.officer is not None:
        person = facts.officer
        basis = _named_by(facts, "officer")
        found.append(Nearest("officer", str(person.id), basis, _shown(person.name, person.badge_number)))
    people = [each for each in facts.meant_again if isinstance(each, Person)]
    shown = [(str(each.id), _shown(each.name, each.badge_number)) for each in people]
    return [*found, *(Nearest("officer", value, "received_again", label) for value, label in shown)]


def _device_as_named(facts: Facts) -> list[Nearest]:
    device = facts.device
    named = [] if device is None else [Nearest("device", str(device.id), _named_by(facts, "device"), device.code)]
    again = [each for each in facts.meant_again if isinstance(each, Device)]
    return [*named, *(Nearest("device", str(each.id), "received_again", each.code) for each in again)]


def _named_by(facts: Facts, element: str) -> str:
    answer = facts.answer(element)
    return "claim" if answer is None or answer.value is None else "answered"


def _issued_devices(session: Session, facts: Sequence[Facts]) -> dict[uuid.UUID, list[Nearest]]:
    """The devices that the named officer had then, other than the one that is named."""
    asked = [each for each in facts if each.officer is not None and each.span is not None]
    if not asked:
        return {}
    times = [(each.span.earliest, each.span.last) for each in asked if each.span]
    held = fetch_holdings_of(session, {each.officer.id for each in asked if each.officer}, times)
    found: dict[uuid.UUID, list[Nearest]] = {}
    for each in asked:
        assert each.officer is not None
        assert each.span is not None
        found[each.recording.id] = [
            Nearest("device", str(had.device.id), "issued_device", had.device.code, {"from": had.start, "to": had.end})
            for had in had_during(held[each.officer.id], each.span.earliest, each.span.last)
            if each.device is None or had.device.id != each.device.id
        ]
    return found


def _devices_of_cards(session: Session, facts: Sequence[Facts]) -> dict[uuid.UUID, list[Nearest]]:
    """Of a file that names no device: those that others name which came off the same card, put in that same time."""
    asked = [each for each in facts if each.card is not None and each.device is None and not each.recording.device]
    if not asked:
        return {}
    named = _named_on_cards(session, asked)
    devices = find_devices(session, {name for of_card in named.values() for name in of_card})
    return {
        each.recording.id: [
            Nearest("device", str(devices[name].id), "same_card", devices[name].code)
            for name, came in named[_card_of(each.recording)].items()
            if name in devices and any(docking.is_one_with(each.docking) for docking in came)
        ]
        for each in asked
    }


def _named_on_cards(session: Session, asked: Sequence[Facts]) -> dict[Card, dict[Named, list[Docking]]]:
    """By card each device that its files name, and how those came. One query for all cards."""
    off_cards: dict[Card, list[Recording]] = defaultdict(list)
    for each in asked:
        off_cards[_card_of(each.recording)].append(each.recording)
    named: dict[Card, dict[Named, list[Docking]]] = {card: {} for card in off_cards}
    columns = (Recording.unit_id, Recording.device, Recording.station_id, Recording.received_at, Recording.claims)
    off_any = or_(*(_came_off(card, off_it) for card, off_it in off_cards.items()))
    rows = select(*columns).where(off_any, Recording.device.is_not(None))
    for unit_id, code, station_id, received_at, claims in session.execute(rows):
        docking = docking_of(station_id, received_at, claims)
        of_card = named.get((unit_id, station_id, docking.group), {})
        of_card.setdefault((unit_id, str(code)), []).append(docking)
    return named


def _came_off(card: Card, off_it: Sequence[Recording]) -> ColumnElement[bool]:
    """About when these did. By when it was sealed: for that there is an index."""
    first, last = min(row.received_at for row in off_it), max(row.sealed_at for row in off_it)
    sealed = Recording.sealed_at.between(shifted(first, -SAME_DOCKING), shifted(last, SAME_DOCKING))
    unit_id, station_id, name = card
    group = func.jsonb_build_array(func.jsonb_build_object("kind", "group", "value", name, "source", "station"))
    same = (Recording.unit_id == unit_id, Recording.station_id == station_id)
    return and_(*same, sealed, Recording.claims.op("@>")(group))


def _card_of(recording: Recording) -> Card:
    docking = docking_of(recording.station_id, recording.received_at, recording.claims)
    return recording.unit_id, recording.station_id, docking.group


def _units(facts: Facts) -> list[Nearest]:
    return [Nearest("unit", str(facts.recording.unit_id), "station", "")]


def _times(facts: Facts) -> list[Nearest]:
    """What was answered before; then what each clock says: the satellites, what is claimed, the file's own."""
    found = []
    answer = facts.answer("time")
    if answer is not None and answer.value is not None:
        at = datetime.fromisoformat(answer.value)
        found.append(Nearest("time", answer.value, "answered", "", {"at": at}))
    for kind in ("gps_time", "started_at", "clock"):
        for claim in facts.recording.claims:
            time = stated_time(claim.get("value")) if claim.get("kind") == kind else None
            if time is not None and time <= latest_start(facts.recording):
                value = time.isoformat()
                found.append(Nearest("time", value, f"clock_{kind}", "", {"at": time, "source": claim.get("source")}))
    for again in facts.again:
        if "time" in again.differs and again.started_at and again.started_at <= latest_start(facts.recording):
            said = {"at": again.started_at, "source": again.started_at_source}
            found.append(Nearest("time", again.started_at.isoformat(), "received_again", "", said))
    return found


def _places(facts: Facts) -> list[Nearest]:
    """What stands by its own word, or each that its own bytes say where they contradict; and what logs beside it do."""
    row = facts.recording
    own = [(row.latitude, row.longitude)] if row.latitude is not None else _places_claimed(row)
    return [
        *(Nearest("place", place_value(*place), "claim", "") for place in own),
        *(Nearest("place", place_value(*place), "sidecar", "") for place in facts.placed_by_logs),
    ]


def _places_claimed(row: Recording) -> list[tuple[float, float]]:
    believed = (each for each in row.claims if each.get("kind") == "location" and each.get("confidence") != "doubtful")
    said = (each["value"] for each in believed if isinstance(each.get("value"), Mapping))
    return [(float(value["latitude"]), float(value["longitude"])) for value in said]


def _scenes(session: Session, facts: Sequence[Facts]) -> dict[uuid.UUID, list[Nearest]]:
    """The places of the assignments of the cases it stands in."""
    cases = {case_id for each in facts for case_id, _ in each.linked}
    stated = select(CaseAssignment).where(
        CaseAssignment.case_id.in_(cases), CaseAssignment.latitude.is_not(None), CaseAssignment.withdrawn_at.is_(None)
    )
    by_case = defaultdict(list)
    for row in session.scalars(stated.order_by(CaseAssignment.span)):
        by_case[row.case_id].append(row)
    return {
        each.recording.id: [
            Nearest("place", place_value(row.latitude, row.longitude), "scene", "", {"officer": row.officer})
            for case_id, _ in each.linked
            for row in by_case[case_id]
        ]
        for each in facts
    }


def _neighbours(session: Session, facts: Sequence[Facts]) -> dict[uuid.UUID, list[Nearest]]:
    """Where the same device was shortly before or after."""
    asked = [each for each in facts if each.recording.device and each.recording.started_at is not None]
    near = [
        (Recording.unit_id == each.recording.unit_id)
        & (Recording.device == each.recording.device)
        & Recording.started_at.between(
            shifted(_start(each.recording), -NEAR_IN_TIME), shifted(_start(each.recording), NEAR_IN_TIME)
        )
        for each in asked
    ]
    if not near:
        return {}
    columns = (Recording.unit_id, Recording.device, Recording.started_at, Recording.latitude, Recording.longitude)
    rows = session.execute(select(*columns).where(or_(*near), Recording.latitude.is_not(None))).all()
    found: dict[uuid.UUID, list[Nearest]] = {}
    for each in asked:
        mine = each.recording
        apart = sorted(
            (abs(row.started_at - _start(mine)), row)
            for row in rows
            if (row.unit_id, row.device) == (mine.unit_id, mine.device)
        )
        found[mine.id] = [
            Nearest(
                "place",
                place_value(row.latitude, row.longitude),
                "neighbour",
                "",
                {"minutes": round(distance.total_seconds() / 60)},
            )
            for distance, row in apart[:3]
            if distance <= NEAR_IN_TIME
        ]
    return found


def _acts(facts: Facts) -> list[Nearest]:
    stages = {stage for _, stage in facts.linked}
    acts = sorted(facts.demands.acts.values(), key=lambda act: act.stage not in stages)
    return [
        Nearest(
            "act",
            act.code,
            "act_of_stage" if act.stage in stages else "act",
            "",
            {"zh": act.name_zh, "en": act.name_en, "stage": act.stage},
        )
        for act in acts
    ]


def _cases(facts: Facts) -> list[Nearest]:
    if facts.question is None:
        return []
    return [
        Nearest(
            "case",
            str(each["case_id"]),
            "linker",
            "",
            {"stage": each["stage"], "matched": list(each.get("matched", ()))},
            each.get("score"),
            tuple(each.get("reasons", ())),
        )
        for each in facts.question.candidates
    ]


def _start(recording: Recording) -> datetime:
    assert recording.started_at is not None
    return recording.started_at


def _shown(name: str, badge: str | None) -> str:
    return name if badge is None else f"{name}（{badge}）"
