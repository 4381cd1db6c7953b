"""Uniqueness that the database alone decides."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from psycopg.errors import UniqueViolation
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from casework.errors import CaseworkError


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
