"""Of a unit that was merged: nothing new was begun in it since, and nobody and no station acts in it any more.

That its row says what the entry says is looked at with all rows (rows.py).
"""

from __future__ import annotations

import uuid

from sqlalchemy import select
from sqlalchemy.orm import Session

from api.verification.audit import Audit
from casework.beginnings import BEGINNINGS
from casework.units import ENDED
from storage.catalog.ledger import LedgerEntryRow
from storage.catalog.organisation import Person, PersonPost, Unit
from storage.catalog.publication import PublicationDuty
from storage.catalog.stations import Station


def check_merged_units(audit: Audit) -> None:
    """Name each beginning in a unit after the entry of its end, and whoever was left in it."""
    with audit.archive.database.reading(snapshot=True) as session:
        ends = select(LedgerEntryRow.unit_id, LedgerEntryRow.serial).where(LedgerEntryRow.action == ENDED)
        for unit_id, serial in session.execute(ends.order_by(LedgerEntryRow.serial)).all():
            if unit_id is not None:
                _check_beginnings(audit, session, unit_id, serial)
                _check_left(audit, session, unit_id)


def _check_beginnings(audit: Audit, session: Session, unit_id: uuid.UUID, serial: int) -> None:
    later = LedgerEntryRow.unit_id == unit_id, LedgerEntryRow.serial > serial
    begun = select(LedgerEntryRow.id, LedgerEntryRow.action).where(*later, LedgerEntryRow.action.in_(BEGINNINGS))
    for entry_id, action in session.execute(begun.order_by(LedgerEntryRow.serial)):
        audit.findings.add("begun_in_merged_unit", f"unit {unit_id}", f"nothing since {ENDED}", f"{action} {entry_id}")


def _check_left(audit: Audit, session: Session, unit_id: uuid.UUID) -> None:
    wanted = {
        "person": select(Person.id).where(Person.unit_id == unit_id, Person.active),
        "station": select(Station.id).where(Station.unit_id == unit_id, Station.revoked_at.is_(None)),
        "person_post": select(PersonPost.id).where(PersonPost.unit_id == unit_id, PersonPost.ended_at.is_(None)),
        "publication_duty": select(PublicationDuty.id).where(
            PublicationDuty.unit_id == unit_id, PublicationDuty.ended_at.is_(None)
        ),
        "unit": select(Unit.id).where(Unit.id == unit_id, Unit.ended_on.is_(None)),
    }
    for table, statement in wanted.items():
        for row_id in session.scalars(statement):
            audit.findings.add(
                "begun_in_merged_unit", f"unit {unit_id}", f"no {table} that goes on", f"{table} {row_id}"
            )
