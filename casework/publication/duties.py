"""Duties of publishing in a unit (采集、传递、审核、发布职责): who is named to which; nobody else does it."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Mapping
from datetime import UTC, datetime
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from casework.errors import Taken, Unknown
from casework.publication.errors import DutyEnded, DutyLacking, DutyUnfit
from casework.rows import unique
from casework.units import Doer, actor_of, require_over
from casework.wording import known_word, required_text
from storage.catalog.organisation import Person
from storage.catalog.publication import DUTIES, PublicationDuty
from storage.ledger.append import Change, record_change

DEED: Final = "change_the_organisation"
DUTY_ROLES: Final[Mapping[str, tuple[str, ...]]] = {
    "collect": ("officer", "supervisor", "publisher"),
    "transmit": ("officer", "supervisor", "publisher"),
    "review": ("supervisor", "legal_reviewer", "publisher"),
    "publish": ("publisher", "supervisor"),
}
"""The roles that go with each duty."""


def name_to_duty(session: Session, by: Doer, person_id: uuid.UUID, duty: str) -> PublicationDuty:
    """Somebody has a duty of his own unit from now on; one person may have several.

    Raises WordUnknown, DutyUnfit, Taken, Unknown, OutsideUnit, RoleNotAllowed.
    """
    known_word("duty", duty, DUTIES)
    person = session.scalars(select(Person).where(Person.id == person_id).with_for_update(key_share=True)).first()
    if person is None:
        raise Unknown("person", person_id)
    require_over(session, by, DEED, person.unit_id)
    if not person.active or person.role not in DUTY_ROLES[duty]:
        raise DutyUnfit(person.name, duty, DUTY_ROLES[duty])
    row = PublicationDuty(
        id=uuid.uuid4(),
        unit_id=person.unit_id,
        person_id=person.id,
        duty=duty,
        named_by=by.id if isinstance(by, Person) else None,
        named_at=datetime.now(UTC),
    )
    with unique(session, {"uq_publication_duty_live": Taken("publication duty", duty)}):
        session.add(row)
    data = {"duty_id": str(row.id), "duty": duty}
    record_change(session, actor_of(by), Change("publication.duty_named", "person", str(person.id), row.unit_id, data))
    return row


def end_duty(session: Session, by: Doer, duty_id: uuid.UUID, reason: str) -> PublicationDuty:
    """He has it no more; that he did stays. Raises DutyEnded, TextUnusable, Unknown, OutsideUnit, RoleNotAllowed."""
    reason = required_text("reason", reason)
    wanted = select(PublicationDuty).where(PublicationDuty.id == duty_id).with_for_update()
    row = session.scalars(wanted.execution_options(populate_existing=True)).first()
    if row is None:
        raise Unknown("publication_duty", duty_id)
    require_over(session, by, DEED, row.unit_id)
    if row.ended_at is not None:
        raise DutyEnded(row.ended_at)
    row.ended_at, row.end_reason = datetime.now(UTC), reason
    row.ended_by = by.id if isinstance(by, Person) else None
    session.flush()
    data = {"duty_id": str(row.id), "duty": row.duty}
    change = Change("publication.duty_ended", "person", str(row.person_id), row.unit_id, data, {"reason": reason})
    record_change(session, actor_of(by), change)
    return row


def duties_in(session: Session, unit_ids: Collection[uuid.UUID]) -> tuple[PublicationDuty, ...]:
    """Duties that people have now in these units, the earliest first."""
    held = select(PublicationDuty).where(PublicationDuty.unit_id.in_(unit_ids), PublicationDuty.ended_at.is_(None))
    return tuple(session.scalars(held.order_by(PublicationDuty.named_at, PublicationDuty.id)))


def duties_of(session: Session, person: Person) -> frozenset[str]:
    """What the person may do of publishing in his own unit now: named to it, and of a role that goes with it."""
    live = PublicationDuty.person_id == person.id, PublicationDuty.unit_id == person.unit_id
    named = session.scalars(select(PublicationDuty.duty).where(*live, PublicationDuty.ended_at.is_(None)))
    return frozenset(duty for duty in named if person.active and person.role in DUTY_ROLES[duty])


def require_duty(session: Session, person: Person, duty: str) -> None:
    """Raises DutyLacking."""
    if duty not in duties_of(session, person):
        raise DutyLacking(duty)
