"""What a hold or a class is about, found in the person's own unit."""

from __future__ import annotations

import uuid
from typing import TypeVar

from sqlalchemy import select
from sqlalchemy.orm import Session

from retention.errors import OutsideUnit, UnknownSubject
from storage.catalog.casework import Case
from storage.catalog.organisation import Person
from storage.catalog.recordings import Recording
from storage.catalog.retention import Hold

Row = TypeVar("Row", Recording, Case, Hold)


def lock_recording(session: Session, person: Person, recording_id: uuid.UUID) -> Recording:
    """The recording as it is now, locked until the transaction ends. Raises UnknownSubject, OutsideUnit."""
    return _lock(session, person, Recording, "recording", recording_id)


def lock_case(session: Session, person: Person, case_id: uuid.UUID) -> Case:
    """The case as it is now, locked until the transaction ends. Raises UnknownSubject, OutsideUnit."""
    return _lock(session, person, Case, "case", case_id)


def lock_hold(session: Session, person: Person, hold_id: uuid.UUID) -> Hold:
    """The hold as it is now, locked until the transaction ends. Raises UnknownSubject, OutsideUnit."""
    return _lock(session, person, Hold, "hold", hold_id)


def _lock(session: Session, person: Person, table: type[Row], kind: str, row_id: uuid.UUID) -> Row:
    # The row may stand in the session as it was before somebody else changed it: populate_existing reads it anew.
    # key_share: rows that refer to this one may be inserted meanwhile; the ids they hang on never change.
    statement = select(table).where(table.id == row_id).with_for_update(key_share=True)
    row = session.scalars(statement.execution_options(populate_existing=True)).first()
    if row is None:
        raise UnknownSubject(kind, row_id)
    if row.unit_id != person.unit_id:
        raise OutsideUnit(kind, row_id)
    return row
