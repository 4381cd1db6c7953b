"""Serving (送达) as people state it: what was served, how, with its proof; withdrawn with a reason.

Every service of every document is stated here, and what makes a decision known leaves by the gate (leave.py).
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from casework.archived import refuse_archived
from casework.deadlines.versions import TERMS
from casework.permission import require
from casework.procedure.acts import ActNow, statements_of
from casework.register.calendar import is_usable
from casework.review.gate import at_the_gate
from casework.rows import unique
from casework.secrecy import refuse_uncleared
from casework.service.errors import ServiceRepeated, ServiceTimeUnusable, ServiceUnproven, ServiceWithdrawn
from casework.service.leave import Leaving, ask_leave, find_leaving
from casework.service.manners import MANNERS, WRITTEN, counted
from casework.service.papers import is_receipt
from casework.service.proof import act_problem, pictures
from casework.service.terms import begin_term, end_term, refuse_counting
from casework.wording import known_word, optional_name, optional_text, required_name, required_text
from integrity.epoch_keys import EpochKey
from integrity.fields import format_instant
from integrity.local_time import chinese_day
from retention.subjects import row_in_unit
from storage.catalog.casework import Case, CaseLink
from storage.catalog.organisation import Person
from storage.catalog.procedure import CaseAct
from storage.catalog.recordings import Recording
from storage.catalog.service import SERVICE_METHODS, CaseService
from storage.ledger.append import Actor, Change, record_change


@dataclass(frozen=True)
class Served:
    """What somebody says of a service. What is served is a document of the archive's, a decision, or both, or the
    number of a paper; which of the rest is needed, the manner says (manners.py). `witnesses` are names."""

    method: str
    served_at: datetime
    addressee: str
    document_number: str | None = None
    document_id: uuid.UUID | None = None
    decision_id: uuid.UUID | None = None
    receiver: str | None = None
    place: str | None = None
    carrier: str | None = None
    ground: str | None = None
    witnesses: str | None = None
    act_id: uuid.UUID | None = None
    recording_id: uuid.UUID | None = None
    receipt_id: uuid.UUID | None = None


def state_service(
    session: Session, by: Person, case_id: uuid.UUID, served: Served, keys: Sequence[EpochKey], now: datetime
) -> CaseService:
    """How a document of the case was served. The term of service of a penalty that is served like this ends by it, and
    the term to ask for a hearing begins where that right was told.

    Also in a closed case, for what is due then is due all the same; not in an archived one. `keys`: those that reviews
    of this archive are signed with. Raises ServiceTimeUnusable, ServedUnusable, ServiceUnproven, PostingUncounted,
    ServiceRepeated, GateShut, PassForged, CaseArchived, WordUnknown, TextUnusable, AccessRefused, UnknownSubject,
    OutsideUnit, RoleNotAllowed.
    """
    require(by, "work_on_cases")
    known_word("method", served.method, SERVICE_METHODS)
    _refuse_time(served.served_at, now)
    # Before the case's row: as in entering an event, whoever loads rules waits for us, and we for him.
    TERMS.let_none_load(session)
    case = row_in_unit(session, by, Case, case_id, lock=True)
    refuse_uncleared(session, by, case, "view")
    refuse_archived(session, case.id)
    leaving = find_leaving(session, case, served.document_id, served.decision_id, served.document_number)
    ask_leave(session, case, leaving, served.served_at, keys)
    if leaving.issue is not None and chinese_day(served.served_at) < leaving.issue.issued_on:
        raise ServiceTimeUnusable(served.served_at, "before_the_decision")
    _refuse_unproven(session, case, served, leaving)
    row = _row(session, by, case, served, leaving)
    repeated = {"uq_case_service_standing": ServiceRepeated(row.document_number, row.served_at)}
    with at_the_gate(session, case.id), unique(session, repeated):
        session.add(row)
    _record(session, by, row, "service_stated", _facts(row), _private(row))
    end_term(session, by, row, leaving, now)
    begin_term(session, by, case, row, leaving, now)
    return row


def withdraw_service(session: Session, by: Person, service_id: uuid.UUID, reason: str) -> CaseService:
    """It did not take place, or otherwise; the row stays.

    Raises ServiceWithdrawn, ServiceCounts where a term ended by it alone, CaseArchived, TextUnusable, AccessRefused,
    UnknownSubject, OutsideUnit, RoleNotAllowed.
    """
    require(by, "withdraw_acts")
    reason = required_text("reason", reason)
    row = row_in_unit(session, by, CaseService, service_id)
    refuse_uncleared(session, by, row_in_unit(session, by, Case, row.case_id, lock=True), "view")
    refuse_archived(session, row.case_id)
    session.refresh(row)
    if row.withdrawn_at is not None:
        raise ServiceWithdrawn(row.id, row.withdrawn_at)
    row.withdrawn_at, row.withdrawn_by, row.withdraw_reason = datetime.now(UTC), by.id, reason
    session.flush()
    refuse_counting(session, row)
    _record(session, by, row, "service_withdrawn", {}, {"reason": reason})
    return row


def services_of(session: Session, case_id: uuid.UUID) -> tuple[CaseService, ...]:
    """All that were ever stated, by when they were."""
    statement = select(CaseService).where(CaseService.case_id == case_id)
    return tuple(session.scalars(statement.order_by(CaseService.served_at, CaseService.id)))


def _refuse_time(moment: datetime, now: datetime) -> None:
    if moment.tzinfo is None:
        raise ServiceTimeUnusable(moment, "without_zone")
    if not is_usable(moment):
        raise ServiceTimeUnusable(moment, "no_such_year")
    if moment > now:
        raise ServiceTimeUnusable(moment, "in_the_future")


def _refuse_unproven(session: Session, case: Case, served: Served, leaving: Leaving) -> None:
    """What its manner needs is written, and what proves it is of the case."""
    manner, method = MANNERS[served.method], served.method
    act = None if served.act_id is None else _act_of(session, case, method, served.act_id)
    if manner.proof == "picture":
        if act is None:
            raise ServiceUnproven(method, "no_act")
        problem = act_problem(act, served.served_at)
        if problem is not None:
            raise ServiceUnproven(method, problem)
    for need in manner.needs:
        if not (getattr(served, need) or "").strip():
            raise ServiceUnproven(method, f"no_{need}")
    if served.receipt_id is not None and not is_receipt(session, case.id, served.receipt_id, leaving.document):
        raise ServiceUnproven(method, "other_receipt")
    if served.recording_id is None:
        if manner.proof == "picture":
            raise ServiceUnproven(method, "no_recording")
        if manner.proof == "paper" and served.receipt_id is None:
            raise ServiceUnproven(method, "no_proof")
        return
    _refuse_recording(session, case, served, act if manner.proof == "picture" else None)


def _refuse_recording(session: Session, case: Case, served: Served, act: ActNow | None) -> None:
    """It stands in the case; of an `act` of leaving it shows that."""
    of_case = CaseLink.case_id == case.id, CaseLink.recording_id == Recording.id, CaseLink.ended_at.is_(None)
    in_case = select(Recording).where(Recording.id == served.recording_id, exists().where(*of_case))
    recording = session.scalars(in_case).first()
    if recording is None:
        raise ServiceUnproven(served.method, "not_in_case")
    if act is None:
        return
    problem = pictures(session, [recording])[0].problem(act, served.served_at)
    if problem is not None:
        raise ServiceUnproven(served.method, problem)


def _act_of(session: Session, case: Case, method: str, act_id: uuid.UUID) -> ActNow:
    act = session.get(CaseAct, act_id)
    if act is None or act.case_id != case.id or act.withdrawn_at is not None:
        raise ServiceUnproven(method, "no_act")
    return ActNow(act, statements_of(session, act.id)[-1])


def _row(session: Session, by: Person, case: Case, served: Served, leaving: Leaving) -> CaseService:
    counts = counted(session, case.unit_id, served.method, served.served_at)
    issue = leaving.issue
    return CaseService(
        id=uuid.uuid4(),
        unit_id=case.unit_id,
        case_id=case.id,
        decision_id=None if issue is None else issue.decision_id,
        version_id=None if issue is None else issue.version_id,
        document_id=None if leaving.document is None else leaving.document.id,
        document_number=leaving.number,
        addressee=required_name("addressee", served.addressee),
        method=served.method,
        served_at=served.served_at,
        counts_on=counts.day,
        rule_id=counts.rule_id,
        receiver=optional_name("receiver", served.receiver),
        place=optional_name("place", served.place),
        carrier=optional_name("carrier", served.carrier),
        ground=optional_text("ground", served.ground),
        witnesses=optional_name("witness", served.witnesses),
        act_id=served.act_id,
        recording_id=served.recording_id,
        receipt_id=served.receipt_id,
        stated_by=by.id,
        stated_at=datetime.now(UTC),
    )


def _facts(row: CaseService) -> dict[str, Any]:
    ids = ("decision_id", "version_id", "document_id", "act_id", "recording_id", "receipt_id", "rule_id")
    return {
        "method": row.method,
        "served_at": format_instant(row.served_at),
        "counts_on": row.counts_on.isoformat(),
        **{name: None if getattr(row, name) is None else str(getattr(row, name)) for name in ids},
    }


def _private(row: CaseService) -> dict[str, str]:
    """Whom it concerns, and what of: the entry commits to it."""
    named = ("document_number", "addressee", *WRITTEN)
    return {name: value for name in named if (value := getattr(row, name)) is not None}


def _record(
    session: Session, by: Person, row: CaseService, deed: str, data: dict[str, Any], private: dict[str, str]
) -> None:
    data = {"service_id": str(row.id), **data}
    change = Change(f"case.{deed}", "case", str(row.case_id), row.unit_id, data, private)
    record_change(session, Actor.person(by.id), change)
