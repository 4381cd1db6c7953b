"""What a recording has, lacks and contradicts, element by element. Pure: no row is read or written here.

A contradiction is asked about whether or not the element is demanded; what is missing only where a policy demands it.
"""

from __future__ import annotations

import hashlib
import json
import uuid
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from casework.elements.facts import Facts, by_satellites, latest_start, place_value
from casework.linking.looks import AGAIN
from casework.linking.observation import HOPELESS
from retention.own_units import is_own
from storage.catalog.elements import ELEMENTS
from storage.catalog.organisation import Person
from storage.catalog.recordings import ReceivedAgain
from storage.claims import stated_time

CLAIMED_SECONDS: Final = 300.0
"""How far a claimed time may be off and still agree: docs/metadata.md."""
SAID_BY_PEOPLE: Final = ("station", "name:")
CODES: Final = (
    "missing",
    "unit_differs",
    "device_unknown",
    "device_retired",
    "officer_unknown",
    "device_with_another",
    "device_with_nobody",
    "certificate_expired",
    "time_after_receipt",
    "time_contradicts",
    "time_uncertain",
    "no_rules_then",
    "place_contradicts",
    "act_unknown",
    "said_otherwise",
    "several_cases",
    "weak_case",
)


@dataclass(frozen=True)
class Fault:
    """One thing that is wrong: `parties` are what stands against what, so that another of the same code is another."""

    code: str
    parties: tuple[str, ...] = ()

    @property
    def mark(self) -> str:
        """What an answer settles: the code, and a digest of the parties. A code alone settles nothing."""
        said = json.dumps([self.code, *self.parties]).encode()
        return f"{self.code}:{hashlib.sha256(said).hexdigest()[:32]}"


MISSING: Final = Fault("missing")


@dataclass(frozen=True)
class Element:
    """`state`: present, missing, contradictory, explained (by a person's reason), pending (the linker has yet to look)
    or not_demanded. `source`: whose word `value` is. `faults`: what is wrong; `open`: somebody has to say something."""

    name: str
    state: str
    value: str | None = None
    source: str | None = None
    faults: tuple[Fault, ...] = ()
    open: bool = False
    demanded_by: tuple[uuid.UUID, ...] = ()
    answers: int = 0

    @property
    def codes(self) -> tuple[str, ...]:
        return tuple(fault.code for fault in self.faults)

    @property
    def marks(self) -> tuple[str, ...]:
        return tuple(fault.mark for fault in self.faults)

    @property
    def fingerprint(self) -> str:
        """Names what exactly is asked, or stands: who answers something else is told so."""
        said = [self.name, self.state, self.value, sorted(self.marks), self.answers]
        return hashlib.sha256(json.dumps(said).encode()).hexdigest()[:32]

    def as_json(self) -> dict[str, Any]:
        return {
            "state": self.state,
            "value": self.value,
            "source": self.source,
            "codes": list(self.codes),
            "open": self.open,
            "demanded_by": [str(policy_id) for policy_id in self.demanded_by],
            "fingerprint": self.fingerprint,
        }


@dataclass(frozen=True)
class Judgement:
    """`asked`: whose recording it is; None: nobody's that could answer, so the supervisors of the unit are asked."""

    facts: Facts
    elements: Mapping[str, Element]
    asked: Person | None

    @property
    def questions(self) -> tuple[Element, ...]:
        return tuple(element for element in self.elements.values() if element.open)


def judge_recording(facts: Facts) -> Judgement:
    """Never raises for what claims and answers hold."""
    act = _act(facts)
    found = {
        "unit": _unit(facts),
        "officer": _officer(facts),
        "device": _device(facts),
        "time": _time(facts),
        "place": _place(facts),
        "act": act,
        "case": _case(facts),
    }
    judged = {name: _settle(facts, found[name], act.value) for name in ELEMENTS}
    return Judgement(facts, judged, _asked(facts))


def _settle(facts: Facts, element: Element, act: str | None) -> Element:
    """With what is demanded, and what a person has said of it before."""
    demanded = tuple(policy.id for policy in facts.demands.demand(element.name, act))
    answer = facts.answer(element.name)
    settled = set() if answer is None else set(answer.settles)
    explained = answer is not None and answer.value is None and element.name != "case"
    state, unsettled = element.state, [fault for fault in element.faults if fault.mark not in settled]
    if explained:
        # That there is none, is explained; what contradicts, only as far as it was seen then.
        unsettled = [fault for fault in unsettled if fault != MISSING]
        state = "contradictory" if unsettled else "explained"
    elif state == "missing" and not demanded and set(element.faults) <= {MISSING}:
        state, unsettled = "not_demanded", []
    return Element(
        element.name,
        state,
        element.value,
        element.source,
        element.faults if state != "not_demanded" else (),
        bool(unsettled) and state != "pending",
        demanded,
        0 if answer is None else answer.ordinal,
    )


def _of(name: str, value: str | None, source: str | None, faults: Iterable[Fault] = ()) -> Element:
    faults = tuple(faults)
    if value is None:
        return Element(name, "missing", faults=faults or (MISSING,))
    return Element(name, "contradictory" if faults else "present", value, source, faults)


def _unit(facts: Facts) -> Element:
    answer, unit_id = facts.answer("unit"), str(facts.recording.unit_id)
    source = "station"
    if answer is not None and answer.value is not None:
        unit_id, source = answer.value, "answer"
    elsewhere = facts.elsewhere
    faults = [] if elsewhere is None else [Fault("unit_differs", (unit_id, str(elsewhere.id), str(elsewhere.unit_id)))]
    return _of("unit", unit_id, source, faults)


def _device(facts: Facts) -> Element:
    answer, code = facts.answer("device"), facts.recording.device or None
    source = "claim"
    if answer is not None and answer.value is not None:
        code, source = (facts.device.code if facts.device is not None else answer.value), "answer"
    faults = []
    if code is not None and facts.device is None and facts.elsewhere is None:
        faults.append(Fault("device_unknown", (code,)))
    retired = None if facts.device is None else facts.device.retired_at
    if facts.device is not None and retired is not None and facts.span and facts.span.earliest >= retired:
        faults.append(Fault("device_retired", (str(facts.device.id), _instant(retired), _made_on(facts))))
    said = [each.device for each in _said_again(facts, "device")]
    return _of("device", code, source, [*faults, *_otherwise(code, said)])


def _officer(facts: Facts) -> Element:
    """The words of all who sent it, one against the other; the first's word is held against the register besides."""
    found = _officer_by_first_word(facts)
    known = (facts.officer, *(each.person for each in facts.holders), *facts.room_officers)
    badge = next((each.badge_number for each in known if each is not None and str(each.id) == found.value), None)
    other = _otherwise(
        badge or facts.recording.officer or None, [each.officer for each in _said_again(facts, "officer")]
    )
    if not other:
        return found
    return _of("officer", found.value, found.source, [*(each for each in found.faults if each != MISSING), *other])


def _officer_by_first_word(facts: Facts) -> Element:
    answer, officer, claimed = facts.answer("officer"), facts.officer, facts.recording.officer or None
    source = "claim"
    if answer is not None and answer.value is not None:
        source = "answer"
    elif claimed is None and len(holders := {each.person.id: each.person for each in facts.holders}) == 1:
        # The file names nobody, and the register knows of one alone who had the device.
        (officer,), source = holders.values(), "register"
    elif claimed is None and facts.rooms:
        return _officer_of_room(facts)
    if officer is None:
        return _of("officer", claimed, source, [Fault("officer_unknown", (claimed,))] if claimed else [])
    faults = [] if source == "register" else _held_by_others(facts, officer)
    if facts.certified.get(officer.id) is False:
        faults.append(Fault("certificate_expired", (str(officer.id), _made_on(facts))))
    return _of("officer", str(officer.id), source, faults)


def _officer_of_room(facts: Facts) -> Element:
    """A recorder that is fixed in a room is nobody's: who used the room then. Of a time at which nobody did nothing is
    asked of an officer; that a session lacks its case is said where rooms are used."""
    officer = next(iter(facts.room_officers), None)
    return Element("officer", "present", None if officer is None else str(officer.id), "room")


def _held_by_others(facts: Facts, officer: Person) -> list[Fault]:
    had = {*(each.person.id for each in facts.holders), *(each.id for each in facts.room_officers)}
    if facts.device is None or facts.span is None or officer.id in had or (facts.rooms and not facts.holders):
        return []
    pair = (str(officer.id), str(facts.device.id), _made_on(facts))
    if not facts.holders:
        return [Fault("device_with_nobody", pair)]
    # Not until when: a device that is returned in the end was with that person then all the same.
    held = sorted(f"{each.person.id} {_instant(each.start)}" for each in facts.holders)
    return [Fault("device_with_another", (*pair, *held))]


def _time(facts: Facts) -> Element:
    """Whoever's word it is, it is held against the satellites, the receipt and the days on which there were rules."""
    answer, row = facts.answer("time"), facts.recording
    time, source = row.started_at, row.started_at_source
    if answer is not None and answer.value is not None:
        time, source = datetime.fromisoformat(answer.value), "answer"
    again = _said_again(facts, "time")
    other = _otherwise(
        None if time is None else _instant(time), [_instant(each.started_at) for each in again if each.started_at]
    )
    if time is None:
        told = any(stated_time(claim.get("value")) is not None for claim in row.claims)
        return _of("time", None, None, [*([Fault("time_after_receipt")] if told else []), *other])
    value, faults = _instant(time), other
    if time > latest_start(row):
        faults.append(Fault("time_after_receipt", (value,)))
    if source != "answer" and (row.started_at_uncertainty_seconds or 0) > HOPELESS.total_seconds():
        faults.append(Fault("time_uncertain", (value,)))
    if (_answer_contradicts if source == "answer" else _clocks_contradict)(facts, time):
        faults.append(Fault("time_contradicts", (value,)))
    if facts.without_rules is not None:
        faults.append(Fault("no_rules_then", (value,)))
    return _of("time", value, source, faults)


def _answer_contradicts(facts: Facts, time: datetime) -> bool:
    """What a person says is farther from every word of the satellites than it may be."""
    said = (stated_time(claim.get("value")) for claim in facts.recording.claims if by_satellites(claim))
    words = [word for word in said if word is not None]
    return bool(words) and all(abs(word - time) > timedelta(seconds=CLAIMED_SECONDS) for word in words)


def _clocks_contradict(facts: Facts, time: datetime) -> bool:
    """Clocks of one standing were found apart when the recording was sealed; or what people and names say is farther
    from the satellites than both may be off."""
    row = facts.recording
    best = facts.claim("best_start")
    if best is not None and "clocks_contradict" in (best.get("notes") or ()):
        return True
    if not any(by_satellites(claim) for claim in row.claims):
        return False
    apart = timedelta(seconds=CLAIMED_SECONDS + (row.started_at_uncertainty_seconds or 0.0))
    said = (
        stated_time(claim.get("value"))
        for claim in row.claims
        if claim.get("kind") == "started_at" and str(claim.get("source", "")).startswith(SAID_BY_PEOPLE)
    )
    return any(abs(word - time) > apart for word in said if word is not None)


def _place(facts: Facts) -> Element:
    answer, row = facts.answer("place"), facts.recording
    faults = _places_contradict(facts)
    if answer is not None and answer.value is not None:
        return _of("place", answer.value, "answer", faults)
    if row.latitude is None or row.longitude is None:
        return _of("place", None, None, faults)
    return _of("place", place_value(row.latitude, row.longitude), row.place_source, faults)


def _places_contradict(facts: Facts) -> list[Fault]:
    """Its own bytes name two places, and then whatever a log beside it says; or such a log is of a place elsewhere."""
    withheld = (claim.get("value") for claim in facts.recording.claims if claim.get("kind") == "withheld")
    own = [
        str(said.get("raw"))
        for said in withheld
        if isinstance(said, Mapping) and said.get("reason") == "places_contradict"
    ]
    logs = facts.placed_by_logs if own else facts.elsewhere_by_logs
    said = [*own, *sorted({place_value(*place) for place in logs})]
    return [Fault("place_contradicts", tuple(said))] if said else []


def _act(facts: Facts) -> Element:
    answer, claim, acts = facts.answer("act"), facts.claim("act"), facts.demands.acts
    value, source = (None if claim is None else str(claim.get("value") or "") or None), "claim"
    if answer is not None and answer.value is not None:
        value, source = answer.value, "answer"
    unknown = value is not None and bool(acts) and value not in acts
    faults = [Fault("act_unknown", (str(value),))] if unknown else []
    return _of("act", value, source, [*faults, *_otherwise(value, [each.act for each in _said_again(facts, "act")])])


def _case(facts: Facts) -> Element:
    answer, question = facts.answer("case"), facts.question
    if question is not None:
        code = "several_cases" if len(question.candidates) > 1 else "weak_case"
        fault = Fault(code, (str(question.id), *sorted(str(each["case_id"]) for each in question.candidates)))
        return _of("case", str(facts.linked[0][0]) if facts.linked else None, "link", [fault])
    if facts.linked:
        return _of("case", str(facts.linked[0][0]), "link")
    if facts.outcome in (None, AGAIN):
        return Element("case", "pending")
    if facts.case_refused or (answer is not None and answer.value is None):
        return Element("case", "explained", source="answer")
    return _of("case", None, None)


def _said_again(facts: Facts, element: str) -> Iterator[ReceivedAgain]:
    """Who answered has seen what had come by then, and said which is right."""
    answer = facts.answer(element)
    return (
        each
        for each in facts.again
        if element in each.differs and (answer is None or each.recorded_at > answer.answered_at)
    )


def _otherwise(value: str | None, said: Iterable[str | None]) -> list[Fault]:
    """One fault for all that was said otherwise: the same word, come once more, is nothing new."""
    words = sorted({word for word in said if word is not None and word != value})
    return [Fault("said_otherwise", (value or "", *words))] if words else []


def _made_on(facts: Facts) -> str:
    """The day by its time: of what the register says, another day is another matter."""
    return facts.made_on.isoformat()


def _instant(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat()


def _asked(facts: Facts) -> Person | None:
    """The officer, where the recording's unit is his own and he can still sign in; else the one who had the device, or
    who was named when it came again."""
    again = [each for each in facts.meant_again if isinstance(each, Person)]
    may = [facts.officer, *(each.person for each in facts.holders), *facts.room_officers, *again]
    unit_id = facts.recording.unit_id
    return next((each for each in may if each is not None and each.active and is_own(each, unit_id)), None)
