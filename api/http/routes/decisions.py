"""Decisions of a case (拟作出的决定): drafted, changed, submitted for review, issued. Served: service.py."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime

from api.http.api_router import api_router
from api.http.deeds import doing, looking
from api.http.reading.decisions import describe_case_decisions, describe_decision
from api.http.schema.base import Reason
from api.http.schema.decisions import (
    CaseDecisions,
    ChangedDecision,
    DecisionItem,
    NewIssue,
    NewSubmission,
    SaidDecision,
)
from api.http.sessions import SignedIn, TheArchive
from api.review_keys import review_keys
from casework.cases import find_cleared_case
from casework.review.decisions import Said, change_decision, draft_decision, withdraw_decision
from casework.review.issuing import issue_decision
from casework.review.submitting import submit_decision, withdraw_submission

router = api_router(tags=["decisions"])


def _said(form: SaidDecision) -> Said:
    plain = {name: getattr(form, name) for name in SaidDecision.model_fields}
    return Said(**{**plain, "measures": tuple(form.measures), "facts": tuple(form.facts)})


@router.get("/cases/{case_id}/decisions", summary="案件的决定 / Decisions of a case")
def show_decisions(case_id: uuid.UUID, viewer: SignedIn, archive: TheArchive) -> CaseDecisions:
    """Every version, why it needs a review, every opinion, and why it may not be issued now."""
    with looking(archive, viewer) as session:
        return describe_case_decisions(session, find_cleared_case(session, viewer.person, case_id))


@router.post("/cases/{case_id}/decisions", summary="拟定决定 / Draft a decision", status_code=201)
def make_decision(case_id: uuid.UUID, form: SaidDecision, viewer: SignedIn, archive: TheArchive) -> DecisionItem:
    with doing(archive, viewer) as session:
        version = draft_decision(session, viewer.person, case_id, _said(form))
        return describe_decision(session, version.decision_id)


@router.post("/decisions/{decision_id}/versions", summary="修改决定 / Change a decision", status_code=201)
def make_version(decision_id: uuid.UUID, form: ChangedDecision, viewer: SignedIn, archive: TheArchive) -> DecisionItem:
    """What was said stays; a pass of the former version does not count for this one."""
    with doing(archive, viewer) as session:
        change_decision(session, viewer.person, decision_id, _said(form), form.reason, former=form.former)
        return describe_decision(session, decision_id)


@router.post("/decisions/{decision_id}/withdraw", summary="撤回决定 / Withdraw a decision")
def take_decision_back(decision_id: uuid.UUID, form: Reason, viewer: SignedIn, archive: TheArchive) -> DecisionItem:
    with doing(archive, viewer) as session:
        withdraw_decision(session, viewer.person, decision_id, form.reason)
        return describe_decision(session, decision_id)


@router.post("/decisions/{decision_id}/submissions", summary="送法制审核 / Submit for review", status_code=201)
def make_submission(decision_id: uuid.UUID, form: NewSubmission, viewer: SignedIn, archive: TheArchive) -> DecisionItem:
    """Whoever submits attests that the material is true, accurate and complete."""
    with doing(archive, viewer) as session:
        submit_decision(session, viewer.person, decision_id, **form.model_dump())
        return describe_decision(session, decision_id)


@router.post("/submissions/{submission_id}/withdraw", summary="撤回送审 / Withdraw a submission")
def take_submission_back(submission_id: uuid.UUID, form: Reason, viewer: SignedIn, archive: TheArchive) -> DecisionItem:
    with doing(archive, viewer) as session:
        row = withdraw_submission(session, viewer.person, submission_id, form.reason)
        return describe_decision(session, row.decision_id)


@router.post("/decisions/{decision_id}/issue", summary="作出决定 / Issue a decision", status_code=201)
def make_issue(decision_id: uuid.UUID, form: NewIssue, viewer: SignedIn, archive: TheArchive) -> DecisionItem:
    """Refused with 409 `gate` where it needs a review, and none that stands lets it pass."""
    with doing(archive, viewer) as session:
        keys = review_keys(archive.keyring)
        issue_decision(session, viewer.person, decision_id, keys, datetime.now(UTC), version_id=form.version_id)
        return describe_decision(session, decision_id)
