"""Cases: opened, assigned, found; assignments that were wrong.

How they go on: casework/stages.py; how they are closed: casework/closing.py.
"""

from __future__ import annotations

import uuid
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import Range
from sqlalchemy.orm import Session

from casework.archived import refuse_archived
from casework.errors import AssignmentWithdrawn, NobodyAssigned, PlaceUnusable, SpanUnusable, Taken
from casework.linking.looks import UnitTime, ask_for_another_look, looks_together
from casework.open_cases import lock_open_case, record_case_change
from casework.permission import require
from casework.register.calendar import EARLIEST, LATEST, is_usable
from casework.rows import unique
from casework.secrecy import refuse_uncleared
from casework.stages import begin_stages
from casework.units import Doer, require_live
from casework.wording import known_word, optional_name, required_name, required_text
from integrity.fields import format_instant
from retention.own_units import Units, of_units
from retention.paging import Cursor, Page, newest_first, take_page
from retention.subjects import row_in_unit
from storage.catalog.casework import CASE_KINDS, KIND_OF, PROCEDURES, STAGES, UNSTATED, Case, CaseAssignment
from storage.catalog.organisation import Person

ASSIGNING, WITHDRAWING_LATE = "work_on_cases", "withdraw_assignments_of_closed_cases"


def open_case(
    session: Session, by: Person, *, number: str, title: str, procedure: str | None = None, kind: str | None = None
) -> Case:
    """A new case of the person's unit, in its first stage. Its kind follows from the procedure; `kind` may say it too.

    Where only the kind is known yet, the procedure is unstated: it has to be stated before the case is decided.
    Raises Taken for a number the unit has used, WordUnknown for the kind, or for a procedure that is none of that kind,
    TextUnusable, UnitEnded, RoleNotAllowed.
    """
    require(by, "work_on_cases")
    require_live(session, by.unit_id)
    if kind is None:
        kind = KIND_OF[known_word("procedure", procedure or "", tuple(KIND_OF))]
    kind = known_word("kind", kind, CASE_KINDS)
    procedure = UNSTATED if procedure is None else known_word("procedure", procedure, PROCEDURES[kind])
    case = Case(
        id=uuid.uuid4(),
        unit_id=by.unit_id,
        number=required_name("case number", number),
        title=required_name("title", title),
        kind=kind,
        procedure=procedure,
        stage=STAGES[0],
        opened_by=by.id,
    )
    with unique(session, {"uq_case_unit_id_number": Taken("case number", case.number)}):
        session.add(case)
    begin_stages(session, by, case)
    data = {"kind": kind, "procedure": procedure}
    record_case_change(session, by, case, "case.opened", data, {"number": case.number, "title": case.title})
    return case


def assign(
    session: Session,
    by: Doer,
    case_id: uuid.UUID,
    *,
    starts_at: datetime,
    ends_at: datetime,
    officer: str | None = None,
    device: str | None = None,
    stage: str | None = None,
    latitude: float | None = None,
    longitude: float | None = None,
) -> CaseAssignment:
    """Say that an officer, a device or both were at work on a case from `starts_at` until just before `ends_at`.

    Both are written as recordings claim them; the scene's place, where it is known, in degrees of WGS 84. Recordings
    seen by the linker before are due again where they fit.
    Raises NobodyAssigned, SpanUnusable, PlaceUnusable, CaseClosed, WordUnknown, TextUnusable, UnknownSubject,
    OutsideUnit, RoleNotAllowed.
    """
    _require_to(by, ASSIGNING)
    said = _said(officer, device, starts_at, ends_at, latitude, longitude)
    case = lock_open_case(session, by, case_id)
    return _add_assignment(session, by, case, said, stage or case.stage)


def correct_assignment(
    session: Session,
    by: Doer,
    assignment_id: uuid.UUID,
    reason: str,
    *,
    starts_at: datetime,
    ends_at: datetime,
    officer: str | None = None,
    device: str | None = None,
    stage: str | None = None,
    latitude: float | None = None,
    longitude: float | None = None,
) -> CaseAssignment:
    """Say anew, and whole, what an assignment should have said: it is withdrawn, and replaced by the one returned.

    Raises AssignmentWithdrawn, and what `assign` does.
    """
    _require_to(by, ASSIGNING)
    reason = required_text("reason", reason)
    said = _said(officer, device, starts_at, ends_at, latitude, longitude)
    # One look for both: what either touches is due, and nobody waits for a row any more once the linkers are held off.
    with looks_together(session):
        before = row_in_unit(session, by, CaseAssignment, assignment_id)
        case = lock_open_case(session, by, before.case_id)
        before = _lock_standing(session, by, assignment_id)
        assignment = _add_assignment(session, by, case, said, stage or before.stage)
        _end_assignment(session, by, case, before, reason, assignment)
    return assignment


def withdraw_assignment(session: Session, by: Doer, assignment_id: uuid.UUID, reason: str) -> CaseAssignment:
    """It was entered by mistake and counts for nothing from now on; the row stays, with who withdrew it and why.

    Also of a case that is closed, by a supervisor: it would still be weighed against others. What it drew in stays
    where it is until somebody has answered the linker's question about it. The database asks for the same roles.
    Raises AssignmentWithdrawn, CaseArchived, TextUnusable, UnknownSubject, OutsideUnit, RoleNotAllowed.
    """
    _require_to(by, ASSIGNING)
    reason = required_text("reason", reason)
    before = row_in_unit(session, by, CaseAssignment, assignment_id)
    case = row_in_unit(session, by, Case, before.case_id, lock=True)
    if case.closed_at is not None:
        _require_to(by, WITHDRAWING_LATE)
    before = _lock_standing(session, by, assignment_id)
    refuse_archived(session, case.id)
    _end_assignment(session, by, case, before, reason, None)
    return before


def find_case(session: Session, person: Person, case_id: uuid.UUID) -> Case:
    """A case of one of the person's own units: that there is one. Raises UnknownSubject, OutsideUnit."""
    return row_in_unit(session, person, Case, case_id)


def find_cleared_case(session: Session, person: Person, case_id: uuid.UUID) -> Case:
    """As `find_case`, for what is written of it. Raises AccessRefused where its class of secrecy keeps it from him."""
    case = find_case(session, person, case_id)
    refuse_uncleared(session, person, case, "view")
    return case


def find_case_by_number(session: Session, unit_id: uuid.UUID, number: str) -> Case | None:
    return next(iter(find_cases_by_number(session, unit_id, number)), None)


def find_cases_by_number(session: Session, units: Units, number: str) -> tuple[Case, ...]:
    """One of a unit at most; of several, each may have used the number."""
    statement = select(Case).where(of_units(Case.unit_id, units), Case.number == number.strip())
    return tuple(session.scalars(statement.order_by(Case.opened_at.desc(), Case.id)))


def list_cases(
    session: Session, units: Units, *, open_only: bool = False, after: Cursor | None = None, limit: int = 50
) -> Page[Case]:
    """The cases of a unit or of several, the latest first."""
    statement = select(Case).where(of_units(Case.unit_id, units))
    if open_only:
        statement = statement.where(Case.closed_at.is_(None))
    rows = session.scalars(newest_first(statement, Case.opened_at, Case.id, after, limit)).all()
    return take_page(rows, limit, lambda case: Cursor(case.opened_at, str(case.id)))


def assignments_of(session: Session, case_id: uuid.UUID) -> tuple[CaseAssignment, ...]:
    """Who and what was at work on a case, by time; those that were withdrawn are among them."""
    statement = select(CaseAssignment).where(CaseAssignment.case_id == case_id)
    return tuple(session.scalars(statement.order_by(CaseAssignment.span, CaseAssignment.id)))


def _span(starts_at: datetime, ends_at: datetime) -> Range[datetime]:
    if starts_at.tzinfo is None or ends_at.tzinfo is None:
        raise SpanUnusable(starts_at, ends_at, "has no time zone; say which one it is in")
    if not (is_usable(starts_at) and is_usable(ends_at)):
        raise SpanUnusable(starts_at, ends_at, f"is not within {EARLIEST.year} to {LATEST.year}; correct the year")
    if starts_at >= ends_at:
        raise SpanUnusable(starts_at, ends_at, "ends before it begins; exchange the two, or correct one")
    return Range(starts_at, ends_at, bounds="[)")


def _place(latitude: float | None, longitude: float | None) -> tuple[float | None, float | None]:
    """To a tenth of a metre, as it is entered; both or neither."""
    if latitude is None and longitude is None:
        return None, None
    if latitude is None or longitude is None:
        raise PlaceUnusable(latitude, longitude, "half_a_place")
    if not (-90 <= latitude <= 90 and -180 <= longitude <= 180):
        swapped = -90 <= longitude <= 90 and -180 <= latitude <= 180
        raise PlaceUnusable(latitude, longitude, "exchanged" if swapped else "off_the_earth")
    return round(latitude, 6), round(longitude, 6)


def _said(
    officer: str | None,
    device: str | None,
    starts_at: datetime,
    ends_at: datetime,
    latitude: float | None,
    longitude: float | None,
) -> dict[str, Any]:
    """Raises NobodyAssigned, SpanUnusable, PlaceUnusable, TextUnusable."""
    officer, device = optional_name("officer", officer), optional_name("device", device)
    if officer is None and device is None:
        raise NobodyAssigned()
    span = _span(starts_at, ends_at)
    latitude, longitude = _place(latitude, longitude)
    return {"officer": officer, "device": device, "span": span, "latitude": latitude, "longitude": longitude}


def _require_to(by: Doer, deed: str) -> None:
    """No role binds the operator at the machine. Raises RoleNotAllowed."""
    if isinstance(by, Person):
        require(by, deed)


def _add_assignment(session: Session, by: Doer, case: Case, said: dict[str, Any], stage: str) -> CaseAssignment:
    stage = known_word("stage", stage, STAGES)
    assignment = CaseAssignment(unit_id=case.unit_id, case_id=case.id, stage=stage, **said)
    session.add(assignment)
    session.flush()
    _record_assignment(session, by, case, assignment)
    _look_again(session, assignment)
    return assignment


def _lock_standing(session: Session, by: Doer, assignment_id: uuid.UUID) -> CaseAssignment:
    """After its case, as everywhere: two deeds in one case then wait for, and never block, each other."""
    assignment = row_in_unit(session, by, CaseAssignment, assignment_id, lock=True)
    if assignment.withdrawn_at is not None:
        raise AssignmentWithdrawn(assignment.id, assignment.withdrawn_at)
    return assignment


def _end_assignment(
    session: Session, by: Doer, case: Case, before: CaseAssignment, reason: str, replaced_by: CaseAssignment | None
) -> None:
    before.withdrawn_at, before.withdraw_reason = datetime.now(UTC), reason
    before.withdrawn_by = by.id if isinstance(by, Person) else None
    before.replaced_by = None if replaced_by is None else replaced_by.id
    session.flush()
    data = {"assignment_id": str(before.id), "replaced_by": None if replaced_by is None else str(replaced_by.id)}
    record_case_change(session, by, case, "case.assignment_withdrawn", data, {"reason": reason})
    _look_again(session, before)


def _look_again(session: Session, assignment: CaseAssignment) -> None:
    start, end = assignment.span.lower, assignment.span.upper
    assert start is not None
    assert end is not None
    ask_for_another_look(session, because="assignment", time=UnitTime(assignment.unit_id, start, end))


def _record_assignment(session: Session, by: Doer, case: Case, assignment: CaseAssignment) -> None:
    span = assignment.span
    data: dict[str, str | float | None] = {
        "assignment_id": str(assignment.id),
        "stage": assignment.stage,
        "starts_at": None if span.lower is None else format_instant(span.lower),
        "ends_at": None if span.upper is None else format_instant(span.upper),
    }
    if assignment.latitude is not None:
        data |= {"latitude": assignment.latitude, "longitude": assignment.longitude}
    named = {"officer": assignment.officer, "device": assignment.device}
    private = {name: value for name, value in named.items() if value is not None}
    record_case_change(session, by, case, "case.assigned", data, private)
