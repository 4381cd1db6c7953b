"""Acts (执法行为) of a case, and explanations of what was not recorded of them."""

from __future__ import annotations

import uuid
from datetime import UTC, date, datetime
from typing import Annotated

from fastapi import Query

from api.http.api_router import api_router
from api.http.deeds import doing, looking
from api.http.paging import Wanted, listed
from api.http.reading.completeness import describe_completeness, gap_items
from api.http.reading.procedure import act_kind_item, describe_act, describe_acts, describe_explanation
from api.http.schema.base import Listed, Reason
from api.http.schema.procedure import (
    ActCorrection,
    ActEnd,
    ActItem,
    ActKindItem,
    CaseCompleteness,
    Decision,
    ExplanationItem,
    GapItem,
    NewAct,
    NewExplanation,
)
from api.http.sessions import SignedIn, TheArchive
from casework.cases import find_cleared_case
from casework.checklists.checklists import checklists_on, kinds_of
from casework.procedure.acts import acts_of_case, add_act, correct_act, end_act, withdraw_act
from casework.procedure.explanations import decide_explanation, explain_gap, withdraw_explanation
from casework.procedure.gaps import list_gaps
from casework.procedure.stating import Stated
from integrity.local_time import chinese_day

router = api_router(tags=["procedure"])


@router.get("/act-kinds", summary="音像记录事项清单 / Kinds of acts, and which recordings they need")
def show_kinds(
    viewer: SignedIn,
    archive: TheArchive,
    on: Annotated[date | None, Query(description="该日有效的清单，默认今天 / of that day, else of today")] = None,
) -> Listed[ActKindItem]:
    with looking(archive, viewer) as session:
        held = checklists_on(session, viewer.person.unit_id, on or chinese_day(datetime.now(UTC)))
        return Listed(items=[act_kind_item(rule) for rule in kinds_of(held)])


@router.get("/cases/{case_id}/acts", summary="案件的执法行为 / Acts of a case")
def show_acts(case_id: uuid.UUID, viewer: SignedIn, archive: TheArchive) -> Listed[ActItem]:
    """Those that stand, by when they began."""
    with looking(archive, viewer) as session:
        case = find_cleared_case(session, viewer.person, case_id)
        return Listed(items=describe_acts(session, [each.act for each in acts_of_case(session, case.id)]))


@router.get("/cases/{case_id}/completeness", summary="记录完整性 / Which minutes of the acts were recorded")
def show_completeness(case_id: uuid.UUID, viewer: SignedIn, archive: TheArchive) -> CaseCompleteness:
    """By the recordings that stand in the case, as far as their clocks can be trusted, and by what was explained."""
    with looking(archive, viewer) as session:
        case = find_cleared_case(session, viewer.person, case_id)
        return describe_completeness(session, case.id, datetime.now(UTC))


@router.get("/gaps", summary="记录缺口 / What is missing now in open cases")
def show_gaps(
    viewer: SignedIn,
    archive: TheArchive,
    page: Wanted,
    mine: Annotated[bool, Query(description="仅本人参加或登记的 / only acts of one's own")] = False,
    on: Annotated[date | None, Query(description="仅该日的 / only those of that day")] = None,
) -> Listed[GapItem]:
    """Acts that forbid closing, lack minutes, or wait for a confirmation. A page may be empty and have a next."""
    with looking(archive, viewer) as session:
        now = datetime.now(UTC)
        gaps = list_gaps(session, viewer.person, now, mine=mine, day=on, after=page.after, limit=page.limit)
        return listed(gaps, lambda rows: gap_items(session, rows))


@router.post("/cases/{case_id}/acts", summary="登记执法行为 / Enter an act", status_code=201)
def make_act(case_id: uuid.UUID, form: NewAct, viewer: SignedIn, archive: TheArchive) -> ActItem:
    """The checklists that hold on the day it began rule it for good."""
    with doing(archive, viewer) as session:
        made = add_act(session, viewer.person, case_id, _stated(form), datetime.now(UTC))
        return describe_act(session, made.act)


@router.post("/acts/{act_id}/end", summary="登记执法行为结束 / Say when an act ended")
def finish_act(act_id: uuid.UUID, form: ActEnd, viewer: SignedIn, archive: TheArchive) -> ActItem:
    with doing(archive, viewer) as session:
        return describe_act(session, end_act(session, viewer.person, act_id, form.ends_at, datetime.now(UTC)).act)


@router.post("/acts/{act_id}/corrections", summary="更正执法行为 / Correct an act", status_code=201)
def change_act(act_id: uuid.UUID, form: ActCorrection, viewer: SignedIn, archive: TheArchive) -> ActItem:
    """What was said before stays as its history."""
    with doing(archive, viewer) as session:
        now = datetime.now(UTC)
        corrected = correct_act(session, viewer.person, act_id, _stated(form), form.reason, now)
        return describe_act(session, corrected.act)


@router.post("/acts/{act_id}/withdraw", summary="撤回执法行为 / Withdraw an act")
def take_act_back(act_id: uuid.UUID, form: Reason, viewer: SignedIn, archive: TheArchive) -> ActItem:
    """It did not take place, or is another case's: a supervisor says so. It stays on record as withdrawn."""
    with doing(archive, viewer) as session:
        return describe_act(session, withdraw_act(session, viewer.person, act_id, form.reason))


@router.post("/acts/{act_id}/explanations", summary="说明未记录的时段 / Explain a gap", status_code=201)
def make_explanation(act_id: uuid.UUID, form: NewExplanation, viewer: SignedIn, archive: TheArchive) -> ExplanationItem:
    """In the name of whoever is signed in."""
    with doing(archive, viewer) as session:
        row = explain_gap(
            session,
            viewer.person,
            act_id,
            starts_at=form.starts_at,
            ends_at=form.ends_at,
            reason=form.reason,
            now=datetime.now(UTC),
        )
        return describe_explanation(session, row)


@router.post("/explanations/{explanation_id}/decision", summary="确认说明 / Confirm or refuse an explanation")
def decide(explanation_id: uuid.UUID, form: Decision, viewer: SignedIn, archive: TheArchive) -> ExplanationItem:
    """By a supervisor who neither gave it nor took part in the act."""
    with doing(archive, viewer) as session:
        person = viewer.person
        row = decide_explanation(session, person, explanation_id, confirmed=form.confirmed, reason=form.reason)
        return describe_explanation(session, row)


@router.post("/explanations/{explanation_id}/withdraw", summary="撤回说明 / Take an explanation back")
def take_explanation_back(
    explanation_id: uuid.UUID, form: Reason, viewer: SignedIn, archive: TheArchive
) -> ExplanationItem:
    with doing(archive, viewer) as session:
        return describe_explanation(session, withdraw_explanation(session, viewer.person, explanation_id, form.reason))


def _stated(form: NewAct) -> Stated:
    officers = (form.officer_id, form.second_officer_id)
    named = tuple(each for each in officers if each is not None)
    return Stated(form.kind, form.starts_at, form.ends_at, form.place, named)
