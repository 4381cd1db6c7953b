"""How complete the recordings of a case's acts are: footage, acts and explanations on one time line, act by act.

The engine (casework/completeness/engine.py) judges; what its verdict means for closing, the act's own rule says.
"""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from casework.checklists.checklist_file import ActRule
from casework.checklists.checklists import fetch_rulings
from casework.completeness.engine import (
    Completeness,
    Demand,
    Explanation,
    Label,
    State,
    Verdict,
    judge_completeness,
    judge_laid,
)
from casework.completeness.shortfall import shortfall
from casework.completeness.spans import Span
from casework.procedure.acts import ActNow, acts_of_case
from casework.procedure.contacts import contacts_of_cases, duties_missing
from casework.procedure.errors import CaseIncomplete, OpenAct
from casework.procedure.explanations import explanations_of
from casework.procedure.footage import CaseFootage, footage_of_cases, instant, microseconds
from casework.procedure.judged import JudgedAct, Stretch
from casework.rooms.devices import codes_of_acts
from casework.service.manners import LEAVING
from casework.service.proof import proven_services
from storage.catalog.procedure import ActExplanation

_MILLION = 1_000_000


def judge_case(session: Session, case_id: uuid.UUID, now: datetime) -> tuple[JudgedAct, ...]:
    """Every act that stands, by when it began."""
    return judge_acts(session, acts_of_case(session, case_id), now)


def judge_acts(session: Session, acts: Sequence[ActNow], now: datetime) -> tuple[JudgedAct, ...]:
    """In their order, whichever cases they are of: as many queries for many as for one."""
    if not acts:
        return ()
    footage = footage_of_cases(session, {each.act.case_id for each in acts})
    explanations: dict[uuid.UUID, list[ActExplanation]] = defaultdict(list)
    for row in explanations_of(session, [each.act.id for each in acts]):
        explanations[row.act_id].append(row)
    kept = [(each.said.kind, [uuid.UUID(str(checklist)) for checklist in each.said.checklists]) for each in acts]
    rulings = fetch_rulings(session, kept)
    of_rooms = codes_of_acts(session, [each.act.id for each in acts])
    judged = tuple(
        judge_act(act, ruling.rule, footage[act.act.case_id], explanations[act.act.id], now, of_rooms.get(act.act.id))
        for act, ruling in zip(acts, rulings, strict=True)
    )
    return _with_services(session, _with_duties(session, judged))


def _with_duties(session: Session, judged: Sequence[JudgedAct]) -> tuple[JudgedAct, ...]:
    owing = {each.act.act.case_id for each in judged if each.rule.duties}
    contacts = contacts_of_cases(session, owing) if owing else {}
    return tuple(
        replace(
            each,
            duties_missing=duties_missing(
                each.act, each.rule.duties, contacts.get(each.act.act.case_id, ()), each.until
            ),
        )
        for each in judged
    )


def _with_services(session: Session, judged: Sequence[JudgedAct]) -> tuple[JudgedAct, ...]:
    """What was left was served by a service that is proven, in that act or later in another way."""
    left = {each.act.act.case_id for each in judged if each.rule.code == LEAVING}
    proven = proven_services(session, left) if left else {}
    return tuple(
        replace(
            each,
            unserved=each.rule.code == LEAVING
            and not any(
                service.served_at >= each.act.said.starts_at for service in proven.get(each.act.act.case_id, ())
            ),
        )
        for each in judged
    )


def refuse_incomplete(session: Session, case_id: uuid.UUID, now: datetime) -> tuple[JudgedAct, ...]:
    """The acts of a case that may be closed; the caller has its row locked. Raises CaseIncomplete."""
    judged = judge_case(session, case_id, now)
    forbidding = tuple(open_act(each, state) for each in judged if (state := each.forbids_closing) is not None)
    if forbidding:
        raise CaseIncomplete(case_id, forbidding)
    return judged


def judge_act(
    act: ActNow,
    rule: ActRule,
    footage: Sequence[CaseFootage],
    explanations: Sequence[ActExplanation],
    now: datetime,
    devices: frozenset[str] | None = None,
) -> JudgedAct:
    """`devices`: those of the room in which it went on, whose footage alone counts; None: it went on in none."""
    start, until = act.said.starts_at, act.said.ends_at or now
    # What closes a hole at the act's edge may lie outside the act, by as much as the hole is long.
    hole = timedelta(seconds=rule.allowed_gap_seconds)
    beside = tuple(each for each in footage if each.may_touch(start - hole, until + hole))
    near = tuple(each for each in beside if each.may_touch(start, until))
    uncounted = tuple(each for each in beside if not _counts(each, rule, devices))
    standing = [each for each in explanations if each.state in ("pending", "confirmed")]
    span = microseconds(start), microseconds(until)
    counted = [each for each in beside if each not in uncounted]
    found = _judge(span, rule, counted, standing)
    stretches = tuple(_stretch(each.span, each.state, each.label, standing) for each in found.stretches)
    short_by = _short_by(span, rule, counted, standing) if found.verdict == "doubtful" else timedelta(0)
    in_room = None if devices is None else len(devices)
    return JudgedAct(
        act, rule, until, found.verdict, stretches, near, uncounted, tuple(explanations), short_by, in_room
    )


def judge_footage(
    start: datetime, until: datetime, rule: ActRule, footage: Sequence[CaseFootage]
) -> tuple[Verdict, tuple[Stretch, ...]]:
    """What footage comes to, all of which counts, where nothing was explained."""
    found = _judge((microseconds(start), microseconds(until)), rule, footage, ())
    return found.verdict, tuple(_stretch(each.span, each.state, each.label, ()) for each in found.stretches)


def _counts(footage: CaseFootage, rule: ActRule, devices: frozenset[str] | None) -> bool:
    if devices is not None:
        return footage.device in devices
    return footage.device is not None or rule.devices == 1


def _judge(span: Span, rule: ActRule, near: Sequence[CaseFootage], standing: Sequence[ActExplanation]) -> Completeness:
    if rule.recording == "none" or span[0] >= span[1]:
        return Completeness("complete", ())
    explained = _explained(standing, rule)
    if rule.recording == "some":
        films = [each for each in near if each.shows_something]
        start, end = instant(span[0]), instant(span[1])
        sure = (span,) if any(each.surely_touches(start, end) for each in films) else ()
        return judge_laid(span, sure, (span,) if films else (), explained)
    return judge_completeness(_demand(span, rule), [piece for each in near for piece in each.pieces], explained)


def _short_by(
    span: Span, rule: ActRule, counted: Sequence[CaseFootage], standing: Sequence[ActExplanation]
) -> timedelta:
    if rule.recording != "whole":
        return timedelta(0)
    # What lies outside holds nothing of the act: it closes a hole at most.
    inside = [each.may_touch(instant(span[0]), instant(span[1])) for each in counted]
    footage = [
        piece if here else replace(piece, stamped=(0, 0))
        for each, here in zip(counted, inside, strict=True)
        for piece in each.pieces
    ]
    return timedelta(microseconds=shortfall(_demand(span, rule), footage, _explained(standing, rule)))


def _demand(span: Span, rule: ActRule) -> Demand:
    return Demand(span, rule.devices, rule.allowed_gap_seconds * _MILLION)


def _explained(standing: Sequence[ActExplanation], rule: ActRule) -> list[Explanation]:
    return [Explanation(_span_of(each), _stands(each, rule)) for each in standing]


def _stands(explanation: ActExplanation, rule: ActRule) -> bool:
    """A written reason, where the law takes one instead of a recording, needs nobody's confirmation."""
    return explanation.state == "confirmed" or (rule.written_reason and explanation.state == "pending")


def _stretch(span: Span, state: State, label: Label, standing: Sequence[ActExplanation]) -> Stretch:
    by = tuple(each.id for each in standing if label != "none" and _overlap(_span_of(each), span))
    return Stretch(instant(span[0]), instant(span[1]), state, label, by)


def _overlap(one: Span, other: Span) -> bool:
    return one[0] < other[1] and other[0] < one[1]


def _span_of(explanation: ActExplanation) -> Span:
    start, end = explanation.span.lower, explanation.span.upper
    assert start is not None
    assert end is not None
    return microseconds(start), microseconds(end)


def open_act(judged: JudgedAct, state: str) -> OpenAct:
    """An act with the minutes that are in this state: a word of JudgedAct.forbids_closing."""
    looked_for = "doubtful" if state == "short" else state
    spans = tuple((each.starts_at, each.ends_at) for each in judged.open_stretches if each.state == looked_for)
    names = judged.rule.name_zh, judged.rule.name_en
    return OpenAct(judged.act.act.id, *names, state, spans, judged.short_by, judged.duties_missing)
