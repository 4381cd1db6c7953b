"""How complete the recordings of a case are, as an answer says it."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy.orm import Session

from api.http.reading.procedure import Names, act_kind_item, explanation_item, explanation_names
from api.http.schema.base import CaseRef
from api.http.schema.procedure import ActRecordingItem, CaseCompleteness, GapItem, JudgedActItem, StretchItem
from casework.procedure.footage import CaseFootage
from casework.procedure.gaps import Gap
from casework.procedure.judged import JudgedAct, Stretch
from casework.procedure.judgement import judge_case


def describe_completeness(session: Session, case_id: uuid.UUID, now: datetime) -> CaseCompleteness:
    judged = judge_case(session, case_id, now)
    names = explanation_names(session, [row for each in judged for row in each.explanations])
    return CaseCompleteness(
        case_id=case_id,
        judged_at=now,
        closes=all(each.forbids_closing is None for each in judged),
        acts=[judged_item(each, names) for each in judged],
    )


def gap_items(session: Session, gaps: Sequence[Gap]) -> list[GapItem]:
    names = explanation_names(session, [row for gap in gaps for row in gap.judged.explanations])
    return [
        GapItem(
            case=CaseRef(id=gap.case.id, number=gap.case.number, title=gap.case.title),
            act=judged_item(gap.judged, names),
        )
        for gap in gaps
    ]


def judged_item(judged: JudgedAct, names: Names) -> JudgedActItem:
    said = judged.act.said
    return JudgedActItem(
        act_id=said.act_id,
        kind=said.kind,
        starts_at=said.starts_at,
        ends_at=said.ends_at,
        rule=act_kind_item(judged.rule),
        verdict=judged.verdict,
        forbids_closing=judged.forbids_closing,
        short_by_s=judged.short_by.total_seconds(),
        duties_missing=list(judged.duties_missing),
        stretches=[stretch_item(each, said.starts_at) for each in judged.stretches],
        recordings=[_recording_item(each, each not in judged.uncounted) for each in judged.recordings],
        explanations=[explanation_item(row, names) for row in judged.explanations],
    )


def stretch_item(stretch: Stretch, start: datetime) -> StretchItem:
    return StretchItem(
        starts_at=stretch.starts_at,
        ends_at=stretch.ends_at,
        from_s=(stretch.starts_at - start).total_seconds(),
        to_s=(stretch.ends_at - start).total_seconds(),
        state=stretch.state,
        label=stretch.label,
        explanations=list(stretch.explained_by),
    )


def _recording_item(footage: CaseFootage, counted: bool) -> ActRecordingItem:
    start = footage.starts_at
    return ActRecordingItem(
        recording_id=footage.recording.id,
        original_name=footage.recording.original_name,
        device=footage.device,
        starts_at=start,
        ends_at=None if start is None else start + footage.length,
        uncertainty_seconds=None if footage.uncertainty is None else footage.uncertainty.total_seconds(),
        basis=footage.basis,
        counted=counted,
        left=None if footage.present is None else footage.present.word,
    )
