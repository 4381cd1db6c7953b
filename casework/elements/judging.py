"""What a recording has, lacks and contradicts, element by element. Pure: no row is read or written here.

A contradiction is asked about whether or not the element is demanded; what is missing only where a policy demands it.
"""

from __future__ import annotations

import hashlib
import json
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from casework.elements.facts import Facts, by_satellites, place_value, timed_by
from casework.looks import AGAIN
from casework.observation import HOPELESS
from storage.catalog.elements import ELEMENTS
from storage.catalog.organisation import Person

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
    "act_unknown",
    "several_cases",
    "weak_case",
)


@dataclass(frozen=True)
class Element:
    """`state`: present, missing, contradictory, explained (by a person's reason), pending (the linker has yet to look)
    or not_demanded. `source`: whose word `value` is. `codes`: what is wrong; `open`: somebody has to say something."""

    name: str
    state: str
    value: str | None = None
    source: str | None = None
    codes: tuple[str, ...] = ()
    open: bool = False
    demanded_by: tuple[uuid.UUID, ...] = ()
    answers: int = 0

    @property
    def fingerprint(self) -> str:
        """Names what exactly is asked, or stands: who answers something else is told so."""
        said = [self.name, self.state, self.value, sorted(self.codes), self.answers]
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
    explained = answer is not None and answer.value is None
    state, unsettled = element.state, [code for code in element.codes if code not in settled]
    if explained and element.name != "case":
        state = "explained"
        # What is explained is everything that was wrong then; what came since is asked about.
        unsettled = [code for code in unsettled if code != "missing"]
    elif state == "missing" and not demanded and not (set(element.codes) - {"missing"}):
        state, unsettled = "not_demanded", []
    return Element(
        element.name,
        "contradictory" if unsettled and state == "explained" else state,
        element.value,
        element.source,
        element.codes if state != "not_demanded" else (),
        bool(unsettled) and state != "pending",
        demanded,
        0 if answer is None else answer.ordinal,
    )


def _of(name: str, value: str | None, source: str | None, codes: Iterable[str] = ()) -> Element:
    codes = tuple(codes)
    if value is None:
        return Element(name, "missing", codes=codes or ("missing",))
    return Element(name, "contradictory" if codes else "present", value, source, codes)


def _unit(facts: Facts) -> Element:
    answer = facts.answer("unit")
    if answer is not None and answer.value is not None:
        return _of("unit", answer.value, "answer")
    codes = ["unit_differs"] if facts.elsewhere is not None else []
    return _of("unit", str(facts.recording.unit_id), "station", codes)


def _device(facts: Facts) -> Element:
    answer, code = facts.answer("device"), facts.recording.device or None
    source = "claim"
    if answer is not None and answer.value is not None:
        code, source = (facts.device.code if facts.device is not None else answer.value), "answer"
    codes = []
    if code is not None and facts.device is None and facts.elsewhere is None:
        codes.append("device_unknown")
    retired = None if facts.device is None else facts.device.retired_at
    if retired is not None and facts.span is not None and facts.span.earliest >= retired:
        codes.append("device_retired")
    return _of("device", code, source, codes)


def _officer(facts: Facts) -> Element:
    answer, officer, claimed = facts.answer("officer"), facts.officer, facts.recording.officer or None
    source = "claim"
    if answer is not None and answer.value is not None:
        source = "answer"
    elif claimed is None and len(holders := {each.person.id: each.person for each in facts.holders}) == 1:
        # The file names nobody, and the register knows of one alone who had the device.
        (officer,), source = holders.values(), "register"
    if officer is None:
        return _of("officer", claimed, source, ["officer_unknown"] if claimed else [])
    codes = []
    if facts.device is not None and facts.span is not None and source != "register":
        if not facts.holders:
            codes.append("device_with_nobody")
        elif officer.id not in {each.person.id for each in facts.holders}:
            codes.append("device_with_another")
    if facts.certified.get(officer.id) is False:
        codes.append("certificate_expired")
    return _of("officer", str(officer.id), source, codes)


def _time(facts: Facts) -> Element:
    answer, row = facts.answer("time"), facts.recording
    if answer is not None and answer.value is not None:
        return _of("time", answer.value, "answer")
    if row.started_at is None:
        told = any(timed_by(claim) is not None for claim in row.claims)
        return _of("time", None, None, ["time_after_receipt"] if told else [])
    codes = []
    if (row.started_at_uncertainty_seconds or 0) > HOPELESS.total_seconds():
        codes.append("time_uncertain")
    if _clocks_contradict(facts):
        codes.append("time_contradicts")
    return _of("time", row.started_at.isoformat(), row.started_at_source, codes)


def _clocks_contradict(facts: Facts) -> bool:
    """Clocks of one standing were found apart when the recording was sealed; or what people and names say is farther
    from the satellites than both may be off."""
    row = facts.recording
    best = facts.claim("best_start")
    if best is not None and "clocks_contradict" in (best.get("notes") or ()):
        return True
    if row.started_at is None or not any(by_satellites(claim) for claim in row.claims):
        return False
    apart = timedelta(seconds=CLAIMED_SECONDS + (row.started_at_uncertainty_seconds or 0.0))
    said = (
        timed_by(claim)
        for claim in row.claims
        if claim.get("kind") == "started_at" and str(claim.get("source", "")).startswith(SAID_BY_PEOPLE)
    )
    return any(abs(time - row.started_at) > apart for time in said if time is not None)


def _place(facts: Facts) -> Element:
    answer, row = facts.answer("place"), facts.recording
    if answer is not None and answer.value is not None:
        return _of("place", answer.value, "answer")
    if row.latitude is None or row.longitude is None:
        return _of("place", None, None)
    return _of("place", place_value(row.latitude, row.longitude), row.place_source)


def _act(facts: Facts) -> Element:
    answer, claim, acts = facts.answer("act"), facts.claim("act"), facts.demands.acts
    if answer is not None and answer.value is not None:
        return _of("act", answer.value, "answer", [] if answer.value in acts or not acts else ["act_unknown"])
    value = None if claim is None else str(claim.get("value") or "") or None
    unknown = value is not None and bool(acts) and value not in acts
    return _of("act", value, "claim", ["act_unknown"] if unknown else [])


def _case(facts: Facts) -> Element:
    answer = facts.answer("case")
    if facts.question is not None:
        code = "several_cases" if len(facts.question.candidates) > 1 else "weak_case"
        if facts.linked:
            return _of("case", str(facts.linked[0][0]), "link", [code])
        return _of("case", None, None, [code])
    if facts.linked:
        return _of("case", str(facts.linked[0][0]), "link")
    if facts.outcome in (None, AGAIN):
        return Element("case", "pending")
    if facts.case_refused or (answer is not None and answer.value is None):
        return Element("case", "explained", source="answer")
    return _of("case", None, None)


def _asked(facts: Facts) -> Person | None:
    """The officer, where he is of the recording's unit and can still sign in; else the one who had the device."""
    may = [facts.officer, *(each.person for each in facts.holders)]
    unit_id = facts.recording.unit_id
    return next((each for each in may if each is not None and each.active and each.unit_id == unit_id), None)
