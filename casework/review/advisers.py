"""法律顾问、公职律师、驻队律师、专家: a pool that a unit and those below it draw from, and conflicts of interest."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from casework.errors import Unknown
from casework.permission import require
from casework.review.errors import ReviewSettled
from casework.rows import unique
from casework.units import line_of, lines_of, require_live, require_over
from casework.wording import known_word, optional_name, required_name, required_text
from retention.errors import OutsideUnit
from retention.own_units import own_units
from storage.catalog.casework import Case
from storage.catalog.organisation import Person
from storage.catalog.review import ADVISER_KINDS, Adviser, AdviserConflict
from storage.ledger.append import Actor, Change, record_change


def add_adviser(
    session: Session, by: Person, *, kind: str, name: str, office: str, number: str | None = None
) -> Adviser:
    """Somebody joins the pool of the person's unit: `office` is the firm or unit, `number` the lawyer's.

    Raises WordUnknown, TextUnusable, UnitEnded, RoleNotAllowed.
    """
    require(by, "keep_advisers")
    require_live(session, by.unit_id)
    row = Adviser(
        id=uuid.uuid4(),
        unit_id=by.unit_id,
        kind=known_word("kind", kind, ADVISER_KINDS),
        name=required_name("name", name),
        office=required_name("office", office),
        number=optional_name("number", number),
        added_by=by.id,
        added_at=datetime.now(UTC),
    )
    session.add(row)
    session.flush()
    private = {"name": row.name, "office": row.office} | ({} if row.number is None else {"number": row.number})
    _record(session, by, row, "adviser.added", {"kind": row.kind}, private)
    return row


def end_adviser(session: Session, by: Person, adviser_id: uuid.UUID, reason: str) -> Adviser:
    """He is in the pool no more. Raises ReviewSettled, TextUnusable, RoleNotAllowed, Unknown, OutsideUnit."""
    reason = required_text("reason", reason)
    row = _adviser(session, by, adviser_id)
    if row.ended_at is not None:
        raise ReviewSettled(row.id, "left_pool")
    row.ended_at, row.ended_by, row.end_reason = datetime.now(UTC), by.id, reason
    session.flush()
    _record(session, by, row, "adviser.ended", {}, {"reason": reason})
    return row


def state_conflict(
    session: Session, by: Person, adviser_id: uuid.UUID, case_id: uuid.UUID, reason: str
) -> AdviserConflict:
    """利益冲突: he does not advise in this case.

    Raises ReviewSettled, TextUnusable, RoleNotAllowed, Unknown, OutsideUnit.
    """
    reason = required_text("reason", reason)
    adviser = _adviser(session, by, adviser_id, above=True)
    case = session.get(Case, case_id)
    if case is None:
        raise Unknown("case", case_id)
    require_over(session, by, "keep_advisers", case.unit_id)
    row = AdviserConflict(
        id=uuid.uuid4(),
        unit_id=case.unit_id,
        case_id=case.id,
        adviser_id=adviser.id,
        reason=reason,
        stated_by=by.id,
        stated_at=datetime.now(UTC),
    )
    with unique(session, {"uq_adviser_conflict_adviser_id_case_id": ReviewSettled(adviser.id, "conflict_stated")}):
        session.add(row)
    data = {"conflict_id": str(row.id), "case_id": str(case.id)}
    change = Change("adviser.conflict_stated", "adviser", str(adviser.id), case.unit_id, data, {"reason": reason})
    record_change(session, Actor.person(by.id), change)
    return row


def list_advisers(session: Session, *unit_ids: uuid.UUID) -> tuple[Adviser, ...]:
    """The pool that these units may draw from: their own and those of the units above them, those who left last."""
    row = Adviser
    drawn_from = set().union(*lines_of(session, unit_ids).values())
    pool = select(row).where(row.unit_id.in_(drawn_from))
    return tuple(session.scalars(pool.order_by(row.ended_at.is_not(None), row.kind, row.name, row.id)))


def conflicts_in(session: Session, case_id: uuid.UUID) -> tuple[AdviserConflict, ...]:
    return tuple(session.scalars(select(AdviserConflict).where(AdviserConflict.case_id == case_id)))


def _adviser(session: Session, by: Person, adviser_id: uuid.UUID, *, above: bool = False) -> Adviser:
    require(by, "keep_advisers")
    row = session.get(Adviser, adviser_id)
    if row is None:
        raise Unknown("adviser", adviser_id)
    reach = {*own_units(by), *(line_of(session, by.unit_id) if above else ())}
    if row.unit_id not in reach:
        raise OutsideUnit("adviser", adviser_id)
    return row


def _record(
    session: Session, by: Person, row: Adviser, action: str, data: dict[str, str], private: dict[str, str]
) -> None:
    record_change(session, Actor.person(by.id), Change(action, "adviser", str(row.id), row.unit_id, data, private))
