"""Answers to what is asked about a recording: rows of their own beside the claims, an entry for each.

One answer may be given for many recordings at once. Each is looked at by the facts of now: what was answered or has
changed meanwhile, and what the answer cannot be true of, is left out and named, or refused when nothing is left.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TypeVar

from sqlalchemy import select
from sqlalchemy.orm import Session

from casework.elements.candidates import CLOCK_OFFSET, OWN_WORD, Nearest, find_nearest
from casework.elements.clock_offsets import ClockOffset, by_offset
from casework.elements.errors import (
    CandidateGone,
    NotYourRecording,
    QuestionChanged,
    ReasonNeeded,
    ValueUnusable,
)
from casework.elements.facts import Facts, gather_facts, latest_start, place_value
from casework.elements.judgements import judge_at_once
from casework.elements.judging import Judgement, judge_recording
from casework.elements.policies import fetch_policies
from casework.linking.by_hand import answer_question, correct_by_hand
from casework.linking.errors import InSeveralCases
from casework.linking.looks import DeviceTime, ask_for_another_look, looks_together
from casework.permission import require
from casework.recordings.answered import LINKS_BY
from casework.recordings.places import place_of_value
from casework.units import line_of
from casework.wording import known_word, required_text
from retention.errors import OutsideUnit, UnknownSubject
from retention.own_units import is_own, own_units
from storage.catalog.casework import Case
from storage.catalog.devices import Device
from storage.catalog.elements import ELEMENTS, ElementAnswer
from storage.catalog.organisation import Person
from storage.catalog.recordings import Recording
from storage.ledger.append import Actor, Change, record_changes

MOST_AT_ONCE = 1000
LeftOut = QuestionChanged | CandidateGone | InSeveralCases | ValueUnusable
OTHER_OF = {"officer": "device", "device": "officer"}
"""Where these two contradict, either may be what is wrong: asked about one, the other may be answered."""
RowT = TypeVar("RowT", Person, Device, Case)


@dataclass(frozen=True)
class Choice:
    """What somebody says: `element` is `value`, by whatever basis it is a candidate of each recording; the basis
    OWN_WORD says it without leaning on one. Without a value but with a `basis`: what each recording's own nearest
    candidate of that basis says. With neither: it cannot be had, and `reason` says why.

    With `offset`, of the time alone, neither value nor basis: each recording's own clock is put right by it."""

    element: str
    value: str | None = None
    basis: str | None = None
    reason: str | None = None
    offset: ClockOffset | None = None


@dataclass(frozen=True)
class Answered:
    """Which recordings were answered, and which were left out, each with why."""

    done: tuple[uuid.UUID, ...]
    left_out: Mapping[uuid.UUID, LeftOut]


def answer_questions(
    session: Session,
    by: Person,
    asked: str,
    questions: Mapping[uuid.UUID, str],
    choice: Choice,
    now: datetime,
    *,
    others: Mapping[uuid.UUID, str] | None = None,
) -> Answered:
    """Answer what is asked about one element of these recordings, each named with the fingerprint that was seen.

    `others` are fingerprints too: of the device where the officer was asked about and the device is the answer, and the
    other way round; no other pair is taken. The same way an answer is corrected: the fingerprint is of what stands.
    Raises the first reason, of LeftOut, when none is left to answer; ValueUnusable, ReasonNeeded,
    NotYourRecording, RoleNotAllowed, WordUnknown, TextUnusable, UnknownSubject, OutsideUnit.
    """
    require(by, "answer_elements")
    known_word("element", asked, ELEMENTS)
    known_word("element", choice.element, ELEMENTS)
    if choice.element not in (asked, OTHER_OF.get(asked)):
        raise ValueUnusable(choice.element, "not_asked")
    reason = None if choice.reason is None or not choice.reason.strip() else required_text("reason", choice.reason)
    choice = replace(choice, reason=reason, value=_known_value(session, by, choice, now))
    _check_offset(choice, now)
    judged = _judge_now(session, by, sorted(questions))
    left_out: dict[uuid.UUID, LeftOut] = {}
    current = _unchanged(judged, asked, questions, left_out)
    if choice.element != asked:
        # What is written has to be what was seen as well: it may have been answered while the question stood.
        current = _unchanged(current, choice.element, others or {}, left_out)
    chosen = _choose(session, judged, current, asked, choice, left_out)
    with looks_together(session):
        _answer(session, by, chosen, choice, now)
        if choice.element in LINKS_BY:
            _ask_linker(session, choice, chosen)
    done = tuple(each.facts.recording.id for each, _ in chosen)
    if not done and left_out:
        raise next(iter(left_out.values()))
    judge_at_once(session, done)
    return Answered(done, left_out)


def list_answers(session: Session, recording_id: uuid.UUID) -> tuple[ElementAnswer, ...]:
    """Every answer about a recording, by element, the one that counts last."""
    rows = select(ElementAnswer).where(ElementAnswer.recording_id == recording_id)
    return tuple(session.scalars(rows.order_by(ElementAnswer.element, ElementAnswer.ordinal)))


def _judge_now(session: Session, by: Person, recording_ids: Sequence[uuid.UUID]) -> list[Judgement]:
    """As they are now, and nobody else's to change. An officer answers for his own, a supervisor for the unit's."""
    statement = select(Recording.id, Recording.unit_id).where(Recording.id.in_(recording_ids)).order_by(Recording.id)
    units = dict(session.execute(statement.with_for_update(key_share=True)).all())
    for recording_id in recording_ids:
        if recording_id not in units:
            raise UnknownSubject("recording", recording_id)
        if not is_own(by, units[recording_id]):
            raise OutsideUnit("recording", recording_id)
    judged = [judge_recording(facts) for facts in gather_facts(session, recording_ids)]
    for each in judged:
        if by.role != "supervisor" and (each.asked is None or each.asked.id != by.id):
            raise NotYourRecording(each.facts.recording.id)
    return judged


def _unchanged(
    judged: Sequence[Judgement],
    element: str,
    seen: Mapping[uuid.UUID, str],
    left_out: dict[uuid.UUID, LeftOut],
) -> list[Judgement]:
    """Those of which the element is as it was seen."""
    current = []
    for each in judged:
        recording_id = each.facts.recording.id
        if each.elements[element].fingerprint == seen.get(recording_id):
            current.append(each)
        else:
            left_out[recording_id] = QuestionChanged(recording_id, element)
    return current


def _choose(
    session: Session,
    judged: Sequence[Judgement],
    current: Sequence[Judgement],
    asked: str,
    choice: Choice,
    left_out: dict[uuid.UUID, LeftOut],
) -> list[tuple[Judgement, Nearest | None]]:
    """Each that is `current` with the candidate that the choice means; None for what is said beyond them, or cannot be
    had. Which is the newest of a clock is said of all that were `judged`."""
    if choice.offset is None:
        nearest = find_nearest(session, [each.facts for each in current], asked)
    else:
        nearest = by_offset([each.facts for each in judged], choice.offset)
    chosen: list[tuple[Judgement, Nearest | None]] = []
    for each in current:
        recording_id = each.facts.recording.id
        if choice.element == "case" and each.facts.question is None and len(each.facts.linked) > 1:
            left_out[recording_id] = InSeveralCases(recording_id)
            continue
        found = next((one for one in nearest[recording_id] if _means(choice, one)), None)
        if found is None and choice.offset is not None:
            left_out[recording_id] = ValueUnusable("time", "no_clock")
            continue
        if found is None and choice.basis not in (None, OWN_WORD):
            left_out[recording_id] = CandidateGone(recording_id, choice.element)
            continue
        if choice.element == "unit" and choice.value not in (None, str(each.facts.recording.unit_id)):
            left_out[recording_id] = ValueUnusable("unit", "only_own")
            continue
        if choice.reason is None and (found is None or choice.offset is not None):
            raise ReasonNeeded(choice.element, found is None and choice.value is None)
        value = choice.value if found is None else found.value
        if choice.element == "time" and value and datetime.fromisoformat(value) > latest_start(each.facts.recording):
            left_out[recording_id] = ValueUnusable("time", "after_receipt")
            continue
        chosen.append((each, found))
    return chosen


def _means(choice: Choice, nearest: Nearest) -> bool:
    if nearest.element != choice.element or choice.basis == OWN_WORD:
        return False
    if choice.offset is not None:
        return nearest.basis == CLOCK_OFFSET
    # One value may be near by another basis in each of many recordings: the answer is the value.
    return nearest.basis == choice.basis if choice.value is None else nearest.value == choice.value


def _answer(
    session: Session, by: Person, chosen: Sequence[tuple[Judgement, Nearest | None]], choice: Choice, now: datetime
) -> None:
    rows = []
    for judged, nearest in chosen:
        value = choice.value if nearest is None else nearest.value
        if choice.element != "case" or not _answer_case(session, by, judged.facts, choice, value, nearest):
            basis = OWN_WORD if nearest is None else nearest.basis
            rows.append(_answer_row(by, judged, choice, value, basis, now))
    session.add_all(rows)
    session.flush()
    record_changes(session, Actor.person(by.id), [_change_of(row) for row in rows])


def _answer_row(
    by: Person, judged: Judgement, choice: Choice, value: str | None, basis: str, now: datetime
) -> ElementAnswer:
    recording = judged.facts.recording
    return ElementAnswer(
        id=uuid.uuid4(),
        unit_id=recording.unit_id,
        recording_id=recording.id,
        element=choice.element,
        ordinal=judged.elements[choice.element].answers + 1,
        value=value,
        basis=basis,
        settles=_settled(judged, choice.element, value),
        reason=choice.reason,
        answered_by=by.id,
        answered_at=now,
    )


def _change_of(row: ElementAnswer) -> Change:
    data = {
        "answer_id": str(row.id),
        "element": row.element,
        "ordinal": row.ordinal,
        "basis": row.basis,
        "settles": row.settled_codes,
    }
    said = {"value": row.value, "reason": row.reason, "settled_marks": row.settled_marks or None}
    private = {name: text for name, text in said.items() if text is not None}
    return Change("recording.element_answered", "recording", str(row.recording_id), row.unit_id, data, private)


def _settled(judged: Judgement, element: str, value: str | None) -> list[str]:
    """Whoever confirms what stands, or says that it cannot be had, has seen what speaks against it. What speaks against
    another value, nobody has seen yet: it is asked about when it comes to light."""
    before, device = judged.elements[element], judged.facts.device
    stands = before.value
    if element == "device":
        stands = None if device is None else str(device.id)
    return list(before.marks) if value is None or value == stands else []


def _ask_linker(session: Session, choice: Choice, chosen: Sequence[tuple[Judgement, Nearest | None]]) -> None:
    """It goes by answers: about these it has to think again and, where the device is another, about both its shifts."""
    rows = [each.facts.recording for each, _ in chosen]
    ask_for_another_look(session, because="answer", recordings=[row.id for row in rows])
    if choice.element != "device":
        return
    values = {value for _, nearest in chosen if (value := choice.value if nearest is None else nearest.value)}
    after = set(session.scalars(select(Device.code).where(Device.id.in_([uuid.UUID(value) for value in values]))))
    for each, _ in chosen:
        row, before = each.facts.recording, each.facts.device
        at = row.started_at or row.received_at
        for code in after | {row.device if before is None else before.code}:
            if code:
                ask_for_another_look(session, because="answer", device=DeviceTime(row.unit_id, code, at, at))


def _answer_case(
    session: Session, by: Person, facts: Facts, choice: Choice, value: str | None, nearest: Nearest | None
) -> bool:
    """A case is answered by a link, or by the answer to the linker's question, which keep the reason. False where no
    such row does: it stays where it stands, or belongs to no case though nobody had asked."""
    case_id = None if value is None else uuid.UUID(value)
    if facts.question is not None:
        stage = None if nearest is None else str(nearest.facts["stage"])
        answer_question(session, by, facts.question.id, case_id, stage, choice.reason)
        return True
    link = correct_by_hand(session, by, recording_id=facts.recording.id, case_id=case_id, reason=str(choice.reason))
    return link is not None and link.case_id not in {linked for linked, _ in facts.linked}


def _check_offset(choice: Choice, now: datetime) -> None:
    """One of the two says how far the clock was off, and nothing else says the time."""
    offset = choice.offset
    if offset is None:
        return
    if choice.element != "time" or choice.value is not None or choice.basis is not None:
        raise ValueUnusable(choice.element, "not_asked")
    if (offset.ahead is None) == (offset.newest_at is None):
        raise ValueUnusable("time", "no_offset_given")
    if offset.newest_at is not None:
        _known_time(offset.newest_at.isoformat(), now)


def _known_value(session: Session, by: Person, choice: Choice, now: datetime) -> str | None:
    """In the one form that is kept. Raises ValueUnusable for what names nothing, or nothing of this unit's."""
    value = choice.value
    if value is None:
        return None
    if choice.element == "officer":
        person = _row_named(session, Person, value)
        line = line_of(session, by.unit_id)
        known = person is not None and (person.unit_id in line or by.unit_id in line_of(session, person.unit_id))
        return _require(known, value, choice.element, "no_such_officer")
    if choice.element == "device":
        device = _row_named(session, Device, value)
        known = device is not None and device.unit_id in _own_and_above(session, by)
        return _require(known, value, choice.element, "no_such_device")
    if choice.element == "case":
        case = _row_named(session, Case, value)
        return _require(case is not None and is_own(by, case.unit_id), value, choice.element, "no_such_case")
    if choice.element == "unit":
        return value  # that it is the recording's own, `_choose` says
    if choice.element == "place":
        place = place_of_value(value)
        if place is None:
            raise ValueUnusable(choice.element, "no_place")
        return place_value(place.latitude, place.longitude)
    return _known_time(value, now) if choice.element == "time" else _known_act(session, by, value)


def _known_time(value: str, now: datetime) -> str:
    try:
        moment = datetime.fromisoformat(value)
    except ValueError as error:
        raise ValueUnusable("time", "no_time_given") from error
    if moment.tzinfo is None or not datetime(1990, 1, 1, tzinfo=UTC) <= moment <= now:
        raise ValueUnusable("time", "no_time_given")
    return moment.astimezone(UTC).isoformat()


def _known_act(session: Session, by: Person, value: str) -> str:
    """Of any version that holds for the unit on any day; that it is one of its own day's, judging says."""
    line = _own_and_above(session, by)
    policies = (each for each in fetch_policies(session) if each.unit_id is None or each.unit_id in line)
    known = any(act.code == value for policy in policies for act in policy.rules.acts)
    return _require(known, value, "act", "no_such_act")


def _own_and_above(session: Session, by: Person) -> set[uuid.UUID]:
    """Whose devices and rules are the person's to name: a merged unit's are still its own."""
    return {*own_units(by), *line_of(session, by.unit_id)}


def _row_named(session: Session, table: type[RowT], value: str) -> RowT | None:
    try:
        return session.get(table, uuid.UUID(value))
    except ValueError:
        return None


def _require(known: bool, value: str, element: str, problem: str) -> str:
    if not known:
        raise ValueUnusable(element, problem)
    return value
