"""Rows found by id in a person's own unit, and uniqueness that the database alone decides."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TypeVar

from psycopg.errors import UniqueViolation
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from casework.errors import CaseworkError, OutsideUnit, Unknown
from storage.catalog.access import AccessRequest, Export, Grant
from storage.catalog.casework import Case, CaseLink, LinkQuestion
from storage.catalog.organisation import Person
from storage.catalog.recordings import Recording

Row = TypeVar("Row", Case, CaseLink, LinkQuestion, Recording, AccessRequest, Grant, Export)


def row_in_unit(session: Session, person: Person, table: type[Row], row_id: uuid.UUID, *, lock: bool = False) -> Row:
    """The row as it is now; with `lock` nobody else changes it until the transaction ends.

    Raises Unknown, or OutsideUnit when it belongs to another unit than the person.
    """
    statement = select(table).where(table.id == row_id).execution_options(populate_existing=True)
    # key_share: rows that refer to this one may be inserted meanwhile; the ids they hang on never change.
    row = session.scalars(statement.with_for_update(key_share=True) if lock else statement).first()
    if row is None:
        raise Unknown(table.__tablename__, row_id)
    if row.unit_id != person.unit_id:
        raise OutsideUnit(table.__tablename__, row_id)
    return row


@contextmanager
def unique(session: Session, errors: Mapping[str, CaseworkError]) -> Iterator[None]:
    """What is added inside is inserted at the block's end; `errors` says, by constraint, what a clash is.

    A savepoint, so that the caller's transaction can go on. Looking first would not do: two may look at once.
    """
    try:
        with session.begin_nested():
            yield
    except IntegrityError as error:
        cause = error.orig
        known = errors.get(cause.diag.constraint_name or "") if isinstance(cause, UniqueViolation) else None
        if known is None:
            raise
        raise known from error
