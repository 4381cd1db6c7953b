"""A decision is issued (作出决定): by leave of the gate, and of a signature that no database checks."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import UTC, datetime

from sqlalchemy.orm import Session

from casework.deadlines.events import enter_event
from casework.deadlines.versions import TERMS
from casework.errors import RoleNotAllowed
from casework.notices.standing import days_that_run
from casework.permission import require
from casework.review.decisions import lock_draft
from casework.review.errors import GateShut
from casework.review.gate import at_the_gate
from casework.review.passes import refuse_forged_pass
from integrity.epoch_keys import EpochKey
from integrity.local_time import chinese_day
from retention.permission import require_role
from storage.catalog.casework import Case
from storage.catalog.decisions import DecisionIssue
from storage.catalog.organisation import Person
from storage.ledger.append import Actor, Change, record_change

ON_THE_SPOT = ("simple_penalty", "routine_check", "random_check")
"""Procedures in which the officer decides (casework/stage_machines.py); elsewhere the head, here a supervisor."""


def issue_decision(
    session: Session,
    by: Person,
    decision_id: uuid.UUID,
    keys: Sequence[EpochKey],
    now: datetime,
    *,
    version_id: uuid.UUID | None = None,
) -> DecisionIssue:
    """The decision is made, as it says now, today. Its service and publication begin to run.

    `version_id`: the version that was read. `keys`: those that reviews of this archive are signed with.
    Raises GateShut with why, PassForged, DecisionSettled, CaseClosed, RoleNotAllowed, UnknownSubject, OutsideUnit.
    """
    require(by, "draft_decisions")
    # Before the case's row: as in entering an event, whoever loads rules waits for us, and we for him.
    TERMS.let_none_load(session)
    decision, version = lock_draft(session, by, decision_id, version_id)
    case = session.get_one(Case, decision.case_id)
    if case.procedure not in ON_THE_SPOT:
        require_role(by, "issue_decisions", ("supervisor",), RoleNotAllowed)
    refuse_forged_pass(session, version, keys)
    if running := days_that_run(session, version, chinese_day(now)):
        raise GateShut(case.id, running)
    issue = DecisionIssue(
        id=uuid.uuid4(),
        unit_id=decision.unit_id,
        case_id=decision.case_id,
        decision_id=decision.id,
        version_id=version.id,
        issued_by=by.id,
        issued_at=datetime.now(UTC),
        issued_on=chinese_day(now),
        scope=[],
    )
    with at_the_gate(session, case.id):
        session.add(issue)
    session.refresh(issue)
    _record_issue(session, by, issue)
    if version.kind == "penalty":
        enter_event(session, by, case.id, "penalty_decided", issue.issued_on, now, decision_id=decision.id)
    return issue


def _record_issue(session: Session, by: Person, issue: DecisionIssue) -> None:
    data = {
        "case_id": str(issue.case_id),
        "issue_id": str(issue.id),
        "version_id": str(issue.version_id),
        "review_id": None if issue.review_id is None else str(issue.review_id),
        "issued_on": issue.issued_on.isoformat(),
        "scope": issue.scope,
    }
    change = Change("decision.issued", "decision", str(issue.decision_id), issue.unit_id, data)
    record_change(session, Actor.person(by.id), change)
