"""How complete the recordings of a case's acts are: footage, acts and explanations on one time line, act by act.

The engine (casework/completeness/engine.py) judges; what its verdict means for closing, the act's own rule says.
"""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
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
from casework.procedure.errors import CaseIncomplete, OpenAct
from casework.procedure.explanations import explanations_of
from casework.procedure.footage import CaseFootage, footage_of_cases, instant, microseconds
from storage.catalog.procedure import ActExplanation

_MILLION = 1_000_000


@dataclass(frozen=True)
class Stretch:
    """A part of an act, in true time. `explained_by`: explanations that stand for it, or wait to be confirmed."""

    starts_at: datetime
    ends_at: datetime
    state: State
    label: Label
    explained_by: tuple[uuid.UUID, ...]


@dataclass(frozen=True)
class JudgedAct:
    """An act with what its recordings come to. `until`: its end, or now while it is under way.

    `recordings` may have been made during it; `uncounted` are those among them that name no device, where several
    devices are demanded: nothing says that they are of another one. No `stretches` where no recording is asked for.
    """

    act: ActNow
    rule: ActRule
    until: datetime
    verdict: Verdict
    stretches: tuple[Stretch, ...]
    recordings: tuple[CaseFootage, ...]
    uncounted: tuple[CaseFootage, ...]
    explanations: tuple[ActExplanation, ...]
    short_by: timedelta = timedelta(0)
    """What of it is neither recorded nor explained in any case, though nobody can say where: all footage that may have
    been made during it is not long enough."""

    @property
    def under_way(self) -> bool:
        return self.act.said.ends_at is None

    @property
    def forbids_closing(self) -> str | None:
        """under_way, missing, short or doubtful; None: the case may be closed as far as this act goes."""
        if self.under_way:
            return "under_way"
        if self.verdict == "incomplete" and not self.rule.closes_with_gap:
            return "missing"
        if self.short_by and not self.rule.closes_with_gap:
            return "short"
        if self.verdict == "doubtful" and not self.rule.closes_in_doubt:
            return "doubtful"
        return None

    @property
    def waits(self) -> bool:
        """Somebody has something to do about it: what forbids closing, what is missing, what is to be confirmed.
        Clocks that leave a doubt, where the rule lets it be, ask nothing of anybody."""
        missing = bool(self.short_by) or any(each.state == "missing" for each in self.open_stretches)
        return self.forbids_closing is not None or missing or bool(self.to_confirm)

    @property
    def to_confirm(self) -> tuple[ActExplanation, ...]:
        """Explanations that a superior has to decide on."""
        if self.rule.written_reason:
            return ()
        return tuple(each for each in self.explanations if each.state == "pending")

    @property
    def open_stretches(self) -> tuple[Stretch, ...]:
        """What is not covered and not explained, as far as it was confirmed where that is needed."""
        return tuple(each for each in self.stretches if each.state != "covered" and each.label != "confirmed")


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
    return tuple(
        judge_act(act, ruling.rule, footage[act.act.case_id], explanations[act.act.id], now)
        for act, ruling in zip(acts, rulings, strict=True)
    )


def refuse_incomplete(session: Session, case_id: uuid.UUID, now: datetime) -> tuple[JudgedAct, ...]:
    """The acts of a case that may be closed; the caller has its row locked. Raises CaseIncomplete."""
    judged = judge_case(session, case_id, now)
    forbidding = tuple(open_act(each, state) for each in judged if (state := each.forbids_closing) is not None)
    if forbidding:
        raise CaseIncomplete(case_id, forbidding)
    return judged


def judge_act(
    act: ActNow, rule: ActRule, footage: Sequence[CaseFootage], explanations: Sequence[ActExplanation], now: datetime
) -> JudgedAct:
    start, until = act.said.starts_at, act.said.ends_at or now
    near = tuple(each for each in footage if each.may_touch(start, until))
    uncounted = tuple(each for each in near if each.device is None) if rule.devices > 1 else ()
    standing = [each for each in explanations if each.state in ("pending", "confirmed")]
    span = microseconds(start), microseconds(until)
    counted = [each for each in near if each not in uncounted]
    found = _judge(span, rule, counted, standing)
    stretches = tuple(_stretch(each.span, each.state, each.label, standing) for each in found.stretches)
    short_by = _short_by(span, rule, counted, standing) if found.verdict == "doubtful" else timedelta(0)
    return JudgedAct(act, rule, until, found.verdict, stretches, near, uncounted, tuple(explanations), short_by)


def _judge(span: Span, rule: ActRule, near: Sequence[CaseFootage], standing: Sequence[ActExplanation]) -> Completeness:
    if rule.recording == "none" or span[0] >= span[1]:
        return Completeness("complete", ())
    explained = _explained(standing, rule)
    if rule.recording == "some":
        films = [each for each in near if each.is_still or each.length]
        start, end = instant(span[0]), instant(span[1])
        sure = (span,) if any(each.surely_touches(start, end) for each in films) else ()
        return judge_laid(span, sure, (span,) if films else (), explained)
    return judge_completeness(_demand(span, rule), [each.footage for each in near], explained)


def _short_by(
    span: Span, rule: ActRule, counted: Sequence[CaseFootage], standing: Sequence[ActExplanation]
) -> timedelta:
    if rule.recording != "whole":
        return timedelta(0)
    footage = [each.footage for each in counted]
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
    return OpenAct(judged.act.act.id, judged.rule.name_zh, judged.rule.name_en, state, spans, judged.short_by)
