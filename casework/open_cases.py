"""A case that nobody closes meanwhile, and the entries of what is done with it."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

from sqlalchemy.orm import Session

from casework.errors import CaseClosed
from casework.secrecy import refuse_uncleared
from casework.units import Doer, actor_of
from retention.subjects import row_in_unit
from storage.catalog.casework import Case
from storage.catalog.organisation import Person
from storage.ledger.append import Change, record_change


def lock_open_case(session: Session, by: Doer, case_id: uuid.UUID) -> Case:
    """Nobody changes or closes it until the transaction ends. Raises CaseClosed, UnknownSubject, OutsideUnit."""
    case = row_in_unit(session, by, Case, case_id, lock=True)
    if case.closed_at is not None:
        raise CaseClosed(case.id, case.closed_at)
    return case


def lock_cleared_case(session: Session, by: Person, case_id: uuid.UUID) -> Case:
    """As `lock_open_case`, for what is written of the case: nobody writes what its class of secrecy keeps from him.

    Raises AccessRefused, and what `lock_open_case` does.
    """
    case = lock_open_case(session, by, case_id)
    refuse_uncleared(session, by, case, "view")
    return case


def record_case_change(
    session: Session,
    by: Doer,
    case: Case,
    action: str,
    data: Mapping[str, Any],
    private: dict[str, str] | None = None,
) -> None:
    change = Change(action, "case", str(case.id), case.unit_id, data, private or {})
    record_change(session, actor_of(by), change)
