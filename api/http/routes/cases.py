"""Cases: opened, led through their stages, assigned, closed; and what happened in them."""

from __future__ import annotations

import uuid
from typing import Annotated

from fastapi import Query

from api.http.api_router import api_router
from api.http.deeds import doing, looking
from api.http.paging import Wanted, listed
from api.http.reading.assignments import assignment_items
from api.http.reading.cases import case_items, describe_case, timeline_items
from api.http.reading.links import link_items
from api.http.schema.base import Listed, Reason, ShortText
from api.http.schema.cases import (
    AssignmentCorrection,
    AssignmentItem,
    CaseDetail,
    CaseItem,
    Closing,
    NewAssignment,
    NewCase,
    NewLink,
    NewProcedure,
    NextStage,
    TimelineItem,
)
from api.http.schema.recordings import LinkItem
from api.http.sessions import SignedIn, TheArchive
from casework.case_procedures import state_procedure
from casework.cases import (
    assign,
    correct_assignment,
    find_case,
    find_cases_by_number,
    list_cases,
    open_case,
    withdraw_assignment,
)
from casework.closing import close_case
from casework.elements.judgements import judge_if_it_can_be
from casework.linking.by_hand import link_by_hand, unlink
from casework.stages import enter_stage
from casework.timeline import case_timeline
from retention.own_units import own_units
from retention.paging import Page

router = api_router(tags=["cases"])


@router.post("/cases", summary="立案登记 / Open a case", status_code=201)
def make_case(form: NewCase, viewer: SignedIn, archive: TheArchive) -> CaseItem:
    with doing(archive, viewer) as session:
        named = {"number": form.number, "title": form.title}
        case = open_case(session, viewer.person, **named, kind=form.kind, procedure=form.procedure)
        session.refresh(case)
        return case_items(session, [case])[0]


@router.get("/cases", summary="案件列表 / List cases")
def show_cases(
    viewer: SignedIn,
    archive: TheArchive,
    page: Wanted,
    open_only: Annotated[bool, Query(description="仅未结案 / only those not closed")] = False,
    number: Annotated[ShortText | None, Query(description="案号 / the case number, exactly")] = None,
) -> Listed[CaseItem]:
    with looking(archive, viewer) as session:
        units = own_units(viewer.person)
        if number is not None:
            found = find_cases_by_number(session, units, number)
            return listed(Page(found, None), lambda rows: case_items(session, rows))
        cases = list_cases(session, units, open_only=open_only, after=page.after, limit=page.limit)
        return listed(cases, lambda rows: case_items(session, rows))


@router.get("/cases/{case_id}", summary="一个案件 / One case")
def show_case(case_id: uuid.UUID, viewer: SignedIn, archive: TheArchive) -> CaseDetail:
    with looking(archive, viewer) as session:
        return describe_case(session, find_case(session, viewer.person, case_id), viewer.person)


@router.get("/cases/{case_id}/timeline", summary="案件时间线 / The case from beginning to end")
def show_timeline(case_id: uuid.UUID, viewer: SignedIn, archive: TheArchive, page: Wanted) -> Listed[TimelineItem]:
    """Stages, recordings, requests, grants, views and exports, the earliest first."""
    with looking(archive, viewer) as session:
        items = case_timeline(session, viewer.person, case_id, after=page.after, limit=page.limit)
        return listed(items, lambda rows: timeline_items(session, rows))


@router.post("/cases/{case_id}/stages", summary="进入环节 / Enter a stage", status_code=201)
def make_stage(case_id: uuid.UUID, form: NextStage, viewer: SignedIn, archive: TheArchive) -> CaseDetail:
    """The next one of the case's procedure; or one that it was in, for a supervisor who gives a reason."""
    with doing(archive, viewer) as session:
        enter_stage(session, viewer.person, case_id, form.stage, form.reason)
        return describe_case(session, find_case(session, viewer.person, case_id), viewer.person)


@router.post("/cases/{case_id}/procedure", summary="确定或变更程序 / State the procedure")
def make_procedure(case_id: uuid.UUID, form: NewProcedure, viewer: SignedIn, archive: TheArchive) -> CaseItem:
    """Of a case that was opened without one, once; or from simple to ordinary, from ordinary to a hearing."""
    with doing(archive, viewer) as session:
        return case_items(session, [state_procedure(session, viewer.person, case_id, form.procedure, form.reason)])[0]


@router.post("/cases/{case_id}/close", summary="结案 / Close the case")
def close(case_id: uuid.UUID, form: Closing, viewer: SignedIn, archive: TheArchive) -> CaseItem:
    with doing(archive, viewer) as session:
        return case_items(session, [close_case(session, viewer.person, case_id, form.reason)])[0]


@router.post("/cases/{case_id}/assignments", summary="登记执法人员和设备 / Say who was at work", status_code=201)
def make_assignment(case_id: uuid.UUID, form: NewAssignment, viewer: SignedIn, archive: TheArchive) -> AssignmentItem:
    """Recordings of that device or officer and time then find their case by themselves."""
    with doing(archive, viewer) as session:
        row = assign(session, viewer.person, case_id, **form.model_dump())
        return assignment_items(session, [row])[0]


@router.post("/assignments/{assignment_id}/corrections", summary="更正指派 / Correct an assignment", status_code=201)
def correct(
    assignment_id: uuid.UUID, form: AssignmentCorrection, viewer: SignedIn, archive: TheArchive
) -> AssignmentItem:
    """The new one; the old one stays on record as withdrawn and replaced. The linker looks at both times again."""
    with doing(archive, viewer) as session:
        row = correct_assignment(session, viewer.person, assignment_id, **form.model_dump())
        return assignment_items(session, [row])[0]


@router.post("/assignments/{assignment_id}/withdraw", summary="撤回指派 / Withdraw an assignment")
def withdraw(assignment_id: uuid.UUID, form: Reason, viewer: SignedIn, archive: TheArchive) -> AssignmentItem:
    """It stays on record, with who withdrew it and why. The linker asks about what it had drawn into the case."""
    with doing(archive, viewer) as session:
        row = withdraw_assignment(session, viewer.person, assignment_id, form.reason)
        return assignment_items(session, [row])[0]


@router.post("/cases/{case_id}/links", summary="关联案件 / Put a recording into the case", status_code=201)
def make_link(case_id: uuid.UUID, form: NewLink, viewer: SignedIn, archive: TheArchive) -> LinkItem:
    """What is judged of the recording follows in the same transaction: nobody reads that it is in no case still."""
    with doing(archive, viewer) as session:
        link = link_by_hand(
            session,
            viewer.person,
            recording_id=form.recording_id,
            case_id=case_id,
            stage=form.stage,
            reason=form.reason,
        )
        session.flush()
        session.refresh(link)
        judge_if_it_can_be(session, [link.recording_id])
        return link_items(session, [link])[0]


@router.delete("/links/{link_id}", summary="移出案件 / Take a recording out of its case")
def end_link(link_id: uuid.UUID, form: Reason, viewer: SignedIn, archive: TheArchive) -> LinkItem:
    """The link stays on record as ended, with who ended it and why."""
    with doing(archive, viewer) as session:
        link = unlink(session, viewer.person, link_id, form.reason)
        judge_if_it_can_be(session, [link.recording_id])
        return link_items(session, [link])[0]
