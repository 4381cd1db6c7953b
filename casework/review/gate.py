"""The gate (法制审核未通过不得作出决定): asked of the database, whose word it is whoever asks (migration 0026).

Whatever issues a decision, or lets one leave (a stage, an event, a service, a number, a sealed document, a
publication), does so inside `at_the_gate`, or asks `require_leave_of` (leaving.py) first.
"""

from __future__ import annotations

import uuid
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from typing import Final

from sqlalchemy import ARRAY, Uuid, func, literal, select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from casework.review.errors import GateShut

SHUT: Final = "LHG01"
"""The SQLSTATE with which the gate refuses; its detail names why."""


@contextmanager
def at_the_gate(session: Session, case_id: uuid.UUID) -> Iterator[None]:
    """What is written inside the block is written at its end, or refused by the gate. Raises GateShut.

    A savepoint, so that the caller's transaction can go on.
    """
    try:
        with session.begin_nested():
            yield
    except DBAPIError as error:
        refusals = _refusals_in(error)
        if refusals is None:
            raise
        raise GateShut(case_id, refusals) from error


def refusals_of(session: Session, version_id: uuid.UUID) -> tuple[str, ...]:
    """Why this version may not be issued; empty where it may. Words of REFUSALS."""
    return refusals_of_versions(session, [version_id])[version_id]


def refusals_of_versions(session: Session, version_ids: Collection[uuid.UUID]) -> Mapping[uuid.UUID, tuple[str, ...]]:
    """By version, as `refusals_of`: one query for all of them."""
    asked = select(func.unnest(literal(list(version_ids), ARRAY(Uuid))).label("id")).subquery()
    rows = session.execute(select(asked.c.id, func.gate_refusals(asked.c.id)))
    return {version_id: tuple(words or ()) for version_id, words in rows}


def case_refusals(session: Session, case_id: uuid.UUID, kind: str | None = None) -> tuple[str, ...]:
    """Why the case may not go on to its execution; empty where it may. Words of REFUSALS.

    `kind`: of a decision of this kind (penalty, coercion) instead of the case's own.
    """
    return tuple(session.scalar(select(func.case_gate_refusals(case_id, kind, None))) or ())


def leave_refusals(session: Session, issue_id: uuid.UUID) -> tuple[str, ...]:
    """Why nothing of this decision may leave, on paper or by service; empty where it may. Words of REFUSALS.

    Its own pass and its own revocation, whatever became of others in its case.
    """
    return tuple(session.scalar(select(func.leave_refusals(issue_id))) or ())


def unnamed_refusals(session: Session, document_id: uuid.UUID) -> tuple[str, ...]:
    """Why a document of before that names no decision is not served; empty where it may be. Words of REFUSALS.

    It may be any of its kind in the case: none of them is revoked, each has its pass, and it says what one says.
    """
    return tuple(dict.fromkeys(session.scalar(select(func.unnamed_refusals(document_id))) or ()))


def number_refusals(session: Session, case_id: uuid.UUID, served_at: datetime) -> tuple[str, ...]:
    """Why no paper is served then that is a number alone; empty where it may be. Words of REFUSALS."""
    return tuple(dict.fromkeys(session.scalar(select(func.number_refusals(case_id, served_at))) or ()))


def _refusals_in(error: DBAPIError) -> tuple[str, ...] | None:
    cause = error.orig
    if getattr(cause, "sqlstate", None) != SHUT:
        return None
    detail = str(getattr(getattr(cause, "diag", None), "message_detail", "") or "")
    return tuple(dict.fromkeys(detail.split(",")))
