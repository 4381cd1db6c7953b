"""Who may review (审核人员资格): a legal qualification, or that somebody reviewed before it was asked for.

初次从事法制审核的人员应当通过国家统一法律职业资格考试取得法律职业资格 (行政处罚法 58).
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import Range
from sqlalchemy.orm import Session

from casework.errors import Unknown
from casework.register.calendar import is_usable
from casework.register.errors import AlreadyVoided, DayOutOfRange, DaysUnusable
from casework.units import Doer, actor_of, require_live, require_over
from casework.wording import known_word, required_name, required_text
from storage.catalog.organisation import Person
from storage.catalog.review import GROUNDS, ReviewerQualification
from storage.ledger.append import Change, record_change

KEEPING = "keep_qualifications"


def add_qualification(
    session: Session,
    by: Doer,
    person_id: uuid.UUID,
    *,
    ground: str,
    number: str,
    valid_from: date,
    last_day: date | None = None,
) -> ReviewerQualification:
    """What lets this person review, on both days named and between them; `number`: of the certificate, or of the file
    that shows it. Raises WordUnknown, TextUnusable, DayOutOfRange, DaysUnusable, UnitEnded, Unknown, OutsideUnit,
    RoleNotAllowed.
    """
    person = _person(session, by, person_id)
    require_live(session, person.unit_id)
    for day in (valid_from, last_day):
        if day is not None and not is_usable(day):
            raise DayOutOfRange(day)
    if last_day is not None and last_day < valid_from:
        raise DaysUnusable(valid_from, last_day)
    row = ReviewerQualification(
        id=uuid.uuid4(),
        unit_id=person.unit_id,
        person_id=person.id,
        ground=known_word("ground", ground, GROUNDS),
        number=required_name("number", number),
        valid=Range(valid_from, None if last_day is None else last_day + timedelta(days=1)),
        added_at=datetime.now(UTC),
    )
    session.add(row)
    session.flush()
    data = {
        "qualification_id": str(row.id),
        "ground": row.ground,
        "valid_from": valid_from.isoformat(),
        "last_day": None if last_day is None else last_day.isoformat(),
    }
    _record(session, by, row, "reviewer.qualified", data, {"number": row.number})
    return row


def void_qualification(session: Session, by: Doer, qualification_id: uuid.UUID, reason: str) -> ReviewerQualification:
    """It was entered by mistake; what was reviewed by it lets nothing through any more.

    Raises AlreadyVoided, TextUnusable, Unknown, OutsideUnit, RoleNotAllowed.
    """
    reason = required_text("reason", reason)
    wanted = select(ReviewerQualification).where(ReviewerQualification.id == qualification_id).with_for_update()
    row = session.scalars(wanted.execution_options(populate_existing=True)).first()
    if row is None:
        raise Unknown("reviewer_qualification", qualification_id)
    _person(session, by, row.person_id)
    if row.voided_at is not None:
        raise AlreadyVoided(row.voided_at)
    row.voided_at = datetime.now(UTC)
    session.flush()
    data = {"qualification_id": str(row.id)}
    _record(session, by, row, "reviewer.qualification_voided", data, {"reason": reason})
    return row


def list_qualifications(session: Session, by: Doer, person_id: uuid.UUID) -> tuple[ReviewerQualification, ...]:
    """All that were ever entered, voided ones too. Raises Unknown, OutsideUnit, RoleNotAllowed."""
    _person(session, by, person_id, "list_people")
    row = ReviewerQualification
    return tuple(session.scalars(select(row).where(row.person_id == person_id).order_by(row.added_at)))


def _person(session: Session, by: Doer, person_id: uuid.UUID, deed: str = KEEPING) -> Person:
    person = session.get(Person, person_id)
    if person is None:
        raise Unknown("person", person_id)
    require_over(session, by, deed, person.unit_id)
    return person


def _record(
    session: Session,
    by: Doer,
    row: ReviewerQualification,
    action: str,
    data: Mapping[str, str | None],
    private: dict[str, str],
) -> None:
    change = Change(action, "person", str(row.person_id), row.unit_id, data, private)
    record_change(session, actor_of(by), change)
