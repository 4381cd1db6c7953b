"""Who sat in a session of the committee: members who took no part in the case, advisers without a conflict in it."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Mapping, Sequence

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from casework.errors import Unknown
from casework.review.errors import CommitteeUnusable
from casework.units import line_of
from casework.wording import required_text
from storage.catalog.organisation import Person
from storage.catalog.review import Adviser, AdviserConflict, CommitteeAttendance, CommitteeSession
from storage.ledger.append import Actor, Change, record_changes


def add_attendance(
    session: Session,
    by: Person,
    sitting: CommitteeSession,
    members: Sequence[uuid.UUID],
    advice: Mapping[uuid.UUID, str],
) -> tuple[CommitteeAttendance, ...]:
    """Raises CommitteeUnusable for somebody who may not sit, Unknown, TextUnusable."""
    above = line_of(session, sitting.unit_id)
    for member_id in members:
        _refuse_member(session, sitting, member_id, above)
    for adviser_id in advice:
        refuse_adviser(session, sitting.case_id, adviser_id, above)
    rows = [_row(sitting, member_id=each) for each in members]
    rows += [_row(sitting, adviser_id=each, advice=required_text("advice", said)) for each, said in advice.items()]
    session.add_all(rows)
    session.flush()
    record_changes(session, Actor.person(by.id), [_change(sitting, row) for row in rows])
    return tuple(rows)


def refuse_adviser(session: Session, case_id: uuid.UUID, adviser_id: uuid.UUID, above: Sequence[uuid.UUID]) -> None:
    """Raises CommitteeUnusable for an adviser of another pool, one who left it, or one with a conflict; Unknown."""
    adviser = session.get(Adviser, adviser_id)
    if adviser is None:
        raise Unknown("adviser", adviser_id)
    if adviser.unit_id not in above or adviser.ended_at is not None:
        raise CommitteeUnusable("adviser_elsewhere")
    conflict = select(AdviserConflict.id).where(
        AdviserConflict.adviser_id == adviser_id, AdviserConflict.case_id == case_id
    )
    if session.scalar(conflict) is not None:
        raise CommitteeUnusable("adviser_conflict")


def attendance_of(session: Session, session_ids: Collection[uuid.UUID]) -> tuple[CommitteeAttendance, ...]:
    """Who was in any of these sessions of the committee."""
    row = CommitteeAttendance
    return tuple(session.scalars(select(row).where(row.session_id.in_(session_ids)).order_by(row.adviser_id, row.id)))


def _refuse_member(
    session: Session, sitting: CommitteeSession, member_id: uuid.UUID, above: Sequence[uuid.UUID]
) -> None:
    person = session.get(Person, member_id)
    if person is None:
        raise Unknown("person", member_id)
    if not person.active or person.unit_id not in above:
        raise CommitteeUnusable("member_elsewhere")
    if session.scalar(select(func.takes_part_in(sitting.case_id, member_id))):
        raise CommitteeUnusable("member_involved")


def _row(
    sitting: CommitteeSession,
    member_id: uuid.UUID | None = None,
    adviser_id: uuid.UUID | None = None,
    advice: str | None = None,
) -> CommitteeAttendance:
    return CommitteeAttendance(
        id=uuid.uuid4(),
        unit_id=sitting.unit_id,
        case_id=sitting.case_id,
        session_id=sitting.id,
        member_id=member_id,
        adviser_id=adviser_id,
        advice=advice,
    )


def _change(sitting: CommitteeSession, row: CommitteeAttendance) -> Change:
    data = {
        "case_id": str(row.case_id),
        "attendance_id": str(row.id),
        "session_id": str(row.session_id),
        "member_id": None if row.member_id is None else str(row.member_id),
        "adviser_id": None if row.adviser_id is None else str(row.adviser_id),
    }
    private = {} if row.advice is None else {"advice": row.advice}
    return Change("decision.committee_attended", "decision", str(sitting.decision_id), row.unit_id, data, private)
