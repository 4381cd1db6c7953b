"""Duties of publishing in a unit (采集、传递、审核、发布职责): who is named to which; nobody else does it."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Mapping
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from casework.naming import Naming
from casework.publication.errors import DutyEnded, DutyLacking, DutyUnfit
from casework.units import Doer
from storage.catalog.organisation import Person
from storage.catalog.publication import PublicationDuty

DUTY_ROLES: Final[Mapping[str, tuple[str, ...]]] = {
    "collect": ("officer", "supervisor", "publisher"),
    "transmit": ("officer", "supervisor", "publisher"),
    "review": ("supervisor", "legal_reviewer", "publisher"),
    "publish": ("publisher", "supervisor"),
}
"""The roles that go with each duty."""
HELD: Final = Naming(
    PublicationDuty,
    word="duty",
    called="publication duty",
    entry="publication.duty_",
    live="uq_publication_duty_live",
    roles=DUTY_ROLES,
    unfit=lambda name, duty: DutyUnfit(name, duty, DUTY_ROLES[duty]),
    ended=DutyEnded,
)


def name_to_duty(session: Session, by: Doer, person_id: uuid.UUID, duty: str) -> PublicationDuty:
    """Somebody has a duty of his own unit from now on; one person may have several.

    Raises WordUnknown, DutyUnfit, Taken, Unknown, OutsideUnit, RoleNotAllowed.
    """
    return HELD.name(session, by, person_id, duty)


def end_duty(session: Session, by: Doer, duty_id: uuid.UUID, reason: str) -> PublicationDuty:
    """He has it no more; that he did stays. Raises DutyEnded, TextUnusable, Unknown, OutsideUnit, RoleNotAllowed."""
    return HELD.end(session, by, duty_id, reason)


def duties_in(session: Session, unit_ids: Collection[uuid.UUID]) -> tuple[PublicationDuty, ...]:
    """Duties that people have now in these units, the earliest first."""
    return HELD.held_in(session, unit_ids)


def duties_of(session: Session, person: Person) -> frozenset[str]:
    """What the person may do of publishing in his own unit now: named to it, and of a role that goes with it."""
    live = PublicationDuty.person_id == person.id, PublicationDuty.unit_id == person.unit_id
    named = session.scalars(select(PublicationDuty.duty).where(*live, PublicationDuty.ended_at.is_(None)))
    return frozenset(duty for duty in named if person.active and person.role in DUTY_ROLES[duty])


def require_duty(session: Session, person: Person, duty: str) -> None:
    """Raises DutyLacking."""
    if duty not in duties_of(session, person):
        raise DutyLacking(duty)
