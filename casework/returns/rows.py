"""A return as a row: which are versions of one, what its rule says of it, and how it is held while a step is taken."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Mapping
from typing import Any

from sqlalchemy import ColumnElement, and_, exists, select
from sqlalchemy.orm import Session

from casework.errors import Unknown
from casework.returns.errors import ReturnSettled
from casework.returns.rule_file import ReturnKind, kinds_of
from integrity.canonical import canonical_json
from retention.errors import OutsideUnit
from retention.own_units import is_own
from storage.catalog.organisation import Person
from storage.catalog.returns import ReturnRule, ReturnSending, UnitReturn
from storage.ledger.append import Actor, Change, record_change

Key = tuple[uuid.UUID, str, str]
"""A return of a unit for a period: the unit, the return's code, the period's."""


def key_of(row: UnitReturn) -> Key:
    return row.unit_id, row.code, row.period


def of_same(key: Key) -> ColumnElement[bool]:
    """Every version of one return."""
    unit_id, code, period = key
    return and_(UnitReturn.unit_id == unit_id, UnitReturn.code == code, UnitReturn.period == period)


def kind_of(row: UnitReturn, rule: ReturnRule) -> ReturnKind:
    """What the rule that it was drawn up by says of it. Raises KeyError where that is nothing: the database takes no
    such row."""
    return {each.code: each for each in kinds_of(rule.rules)}[row.code]


def lock_return(session: Session, by: Person, return_id: uuid.UUID) -> UnitReturn:
    """A return of the person's own unit, as it is now. Raises Unknown, OutsideUnit."""
    statement = select(UnitReturn).where(UnitReturn.id == return_id).with_for_update(key_share=True)
    row = session.scalars(statement.execution_options(populate_existing=True)).first()
    if row is None:
        raise Unknown("unit_return", return_id)
    if not is_own(by, row.unit_id):
        raise OutsideUnit("unit_return", return_id)
    return row


def refuse_set_aside(row: UnitReturn) -> None:
    """Raises ReturnSettled."""
    if row.set_aside_at is not None:
        raise ReturnSettled(row.id, "set_aside")


def is_sent(session: Session, row: UnitReturn) -> bool:
    """To one recipient at least: from then on a later version corrects it."""
    return bool(session.scalar(select(exists().where(ReturnSending.return_id == row.id))))


def has_later(session: Session, row: UnitReturn) -> bool:
    """Whether another version follows it."""
    return bool(session.scalar(select(exists().where(of_same(key_of(row)), UnitReturn.ordinal > row.ordinal))))


def digest_figures(figures: Mapping[str, Any]) -> str:
    """SHA-256 of the canonical form, in hexadecimal: as an entry states it."""
    return hashlib.sha256(canonical_json(figures, "figures")).hexdigest()


def record_return_change(
    session: Session,
    by: Person,
    row: UnitReturn,
    deed: str,
    data: Mapping[str, Any] | None = None,
    private: Mapping[str, str] | None = None,
) -> None:
    change = Change(f"return.{deed}", "unit_return", str(row.id), row.unit_id, dict(data or {}), dict(private or {}))
    record_change(session, Actor.person(by.id), change)
