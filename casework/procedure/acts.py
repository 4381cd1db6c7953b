"""Acts (执法行为) as people state them: added, ended, corrected, withdrawn. Nothing that was said is ever changed."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Select, exists, func, select
from sqlalchemy.dialects.postgresql import Range
from sqlalchemy.orm import Session, aliased

from casework.open_cases import lock_cleared_case, lock_open_case
from casework.permission import require
from casework.procedure.errors import ActEnded, ActWithdrawn
from casework.procedure.stating import Stated, check_stated, refuse_times
from casework.review.gate import at_the_gate
from casework.rooms.errors import ActOfRoom
from casework.wording import optional_name, required_text
from integrity.fields import format_instant
from retention.subjects import row_in_unit
from storage.catalog.organisation import Person
from storage.catalog.procedure import CaseAct, CaseActStatement
from storage.catalog.rooms import RoomSession
from storage.ledger.append import Actor, Change, record_change

# Made once: what an alias is of takes as long to find out as many a statement takes to run.
_LATER = aliased(CaseActStatement)


@dataclass(frozen=True)
class ActNow:
    """An act with what counts of it: its latest statement."""

    act: CaseAct
    said: CaseActStatement


def add_act(session: Session, by: Person, case_id: uuid.UUID, stated: Stated, now: datetime) -> ActNow:
    """An act of an open case, ruled for good by the checklists that hold on the day it began.

    Raises ActKindUnknown, ActTimeUnusable, OfficersUnusable, TextUnusable, CaseClosed, AccessRefused, UnknownSubject,
    OutsideUnit, RoleNotAllowed.
    """
    require(by, "work_on_cases")
    case = lock_cleared_case(session, by, case_id)
    act = CaseAct(id=uuid.uuid4(), unit_id=case.unit_id, case_id=case.id, added_by=by.id, added_at=datetime.now(UTC))
    said = _make_statement(session, by, act, 1, stated, now)
    session.add(act)
    session.flush()
    _add(session, said)
    _record(session, by, "case.act_added", said)
    return ActNow(act, said)


def end_act(
    session: Session,
    by: Person,
    act_id: uuid.UUID,
    ends_at: datetime,
    now: datetime,
    of_session: uuid.UUID | None = None,
) -> ActNow:
    """Say when an act that was under way ended; one that is a session of a room ends with that, `of_session`, by
    whoever has the room, whatever the case's class of secrecy.

    Raises ActEnded, ActOfRoom, and what `add_act` does.
    """
    require(by, "work_on_cases")
    act, before = _lock_act(session, by, act_id, of_session)
    _refuse_of_room(session, act, of_session)
    if before.ends_at is not None:
        raise ActEnded(act.id, before.ends_at)
    stated = Stated(before.kind, before.starts_at, ends_at, before.place, before.officers)
    refuse_times(stated, now)
    said = _statement(by, act, before.ordinal + 1, stated, before.checklists)
    _add(session, said)
    _record(session, by, "case.act_ended", said)
    return ActNow(act, said)


def correct_act(session: Session, by: Person, act_id: uuid.UUID, stated: Stated, reason: str, now: datetime) -> ActNow:
    """Say anew what an act was, and why what was said before is wrong; that stays as its history.

    The checklists of the day that is stated now rule it. Fewer minutes, or another kind, could make a gap go
    away: that takes a supervisor, as withdrawing does. Raises ActOfRoom, and what `add_act` does.
    """
    require(by, "work_on_cases")
    reason = required_text("reason", reason)
    act, before = _lock_act(session, by, act_id)
    _refuse_of_room(session, act, None)
    refuse_times(stated, now)
    if not _holds_all_of(stated, before):
        require(by, "withdraw_acts")
    said = _make_statement(session, by, act, before.ordinal + 1, stated, now)
    said.reason = reason
    _add(session, said)
    _record(session, by, "case.act_corrected", said)
    return ActNow(act, said)


def withdraw_act(
    session: Session, by: Person, act_id: uuid.UUID, reason: str, of_session: uuid.UUID | None = None
) -> CaseAct:
    """It did not take place, or is of another case. The rows stay, with who withdrew it and why.

    An act that forbids closing would be gone by it: that takes a supervisor. Raises ActWithdrawn, ActOfRoom,
    TextUnusable, CaseClosed, AccessRefused, UnknownSubject, OutsideUnit, RoleNotAllowed.
    """
    require(by, "withdraw_acts")
    reason = required_text("reason", reason)
    act, _ = _lock_act(session, by, act_id, of_session)
    _refuse_of_room(session, act, of_session)
    act.withdrawn_at, act.withdrawn_by, act.withdraw_reason = datetime.now(UTC), by.id, reason
    session.flush()
    data, private = {"act_id": str(act.id)}, {"reason": reason}
    change = Change("case.act_withdrawn", "case", str(act.case_id), act.unit_id, data, private)
    record_change(session, Actor.person(by.id), change)
    return act


def acts_of_case(session: Session, case_id: uuid.UUID) -> tuple[ActNow, ...]:
    """Those that were not withdrawn, by when they began."""
    statement = standing_acts().where(CaseAct.case_id == case_id)
    statement = statement.order_by(func.lower(CaseActStatement.span), CaseAct.id)
    return tuple(ActNow(act, said) for act, said in session.execute(statement))


def standing_acts() -> Select[CaseAct, CaseActStatement]:
    """Acts that were not withdrawn, each with its latest statement, to be narrowed and ordered."""
    is_latest = ~exists().where(_LATER.act_id == CaseAct.id, _LATER.ordinal > CaseActStatement.ordinal)
    return (
        select(CaseAct, CaseActStatement)
        .join(CaseActStatement, CaseActStatement.act_id == CaseAct.id)
        .where(CaseAct.withdrawn_at.is_(None), is_latest)
    )


def statements_of(session: Session, act_id: uuid.UUID) -> tuple[CaseActStatement, ...]:
    """All that was ever said of an act, in order."""
    return statements_of_acts(session, [act_id]).get(act_id, ())


def statements_of_acts(
    session: Session, act_ids: Collection[uuid.UUID]
) -> dict[uuid.UUID, tuple[CaseActStatement, ...]]:
    """By act, all that was ever said of it, in order: one query for all of them."""
    statement = select(CaseActStatement).where(CaseActStatement.act_id.in_(act_ids))
    found: dict[uuid.UUID, list[CaseActStatement]] = defaultdict(list)
    for row in session.scalars(statement.order_by(CaseActStatement.ordinal)):
        found[row.act_id].append(row)
    return {act_id: tuple(rows) for act_id, rows in found.items()}


def lock_standing_act(session: Session, by: Person, act_id: uuid.UUID) -> ActNow:
    """An act of an open case that was not withdrawn; nobody closes the case until the transaction ends.

    Raises ActWithdrawn, CaseClosed, AccessRefused, UnknownSubject, OutsideUnit.
    """
    return ActNow(*_lock_act(session, by, act_id))


def _lock_act(
    session: Session, by: Person, act_id: uuid.UUID, of_session: uuid.UUID | None = None
) -> tuple[CaseAct, CaseActStatement]:
    """The case's row first, as everywhere: two deeds in one case then wait for, and never block, each other."""
    act = row_in_unit(session, by, CaseAct, act_id)
    (lock_cleared_case if of_session is None else lock_open_case)(session, by, act.case_id)
    act = row_in_unit(session, by, CaseAct, act_id, lock=True)
    if act.withdrawn_at is not None:
        raise ActWithdrawn(act.id, act.withdrawn_at)
    return act, statements_of(session, act.id)[-1]


def _holds_all_of(stated: Stated, before: CaseActStatement) -> bool:
    """The same kind of act, and every minute of what was said before."""
    ends_no_sooner = before.ends_at is None or (stated.ends_at is not None and stated.ends_at >= before.ends_at)
    return stated.kind == before.kind and stated.starts_at <= before.starts_at and ends_no_sooner


def _make_statement(
    session: Session, by: Person, act: CaseAct, ordinal: int, stated: Stated, now: datetime
) -> CaseActStatement:
    ruling = check_stated(session, by, act.unit_id, stated, now)
    return _statement(by, act, ordinal, stated, [str(each) for each in ruling.checklists])


def _refuse_of_room(session: Session, act: CaseAct, of_session: uuid.UUID | None) -> None:
    standing = RoomSession.act_id == act.id, RoomSession.withdrawn_at.is_(None)
    found = session.scalar(select(RoomSession.id).where(*standing))
    if found is not None and found != of_session:
        raise ActOfRoom(act.id, found)


def _add(session: Session, said: CaseActStatement) -> None:
    """What is served once it is being decided is the decision: the gate is asked. Raises GateShut."""
    with at_the_gate(session, said.case_id):
        session.add(said)


def _statement(by: Person, act: CaseAct, ordinal: int, stated: Stated, checklists: list[Any]) -> CaseActStatement:
    first, second = (*stated.officers, None)[:2]
    assert first is not None
    return CaseActStatement(
        id=uuid.uuid4(),
        unit_id=act.unit_id,
        case_id=act.case_id,
        act_id=act.id,
        ordinal=ordinal,
        kind=stated.kind,
        span=Range(stated.starts_at, stated.ends_at, bounds="[)"),
        place=optional_name("place", stated.place),
        officer_id=first,
        second_officer_id=second,
        checklists=checklists,
        stated_by=by.id,
        stated_at=datetime.now(UTC),
    )


def _record(session: Session, by: Person, action: str, said: CaseActStatement) -> None:
    data = {
        "act_id": str(said.act_id),
        "statement_id": str(said.id),
        "ordinal": said.ordinal,
        "kind": said.kind,
        "starts_at": format_instant(said.starts_at),
        "ends_at": None if said.ends_at is None else format_instant(said.ends_at),
        "officer_id": str(said.officer_id),
        "second_officer_id": None if said.second_officer_id is None else str(said.second_officer_id),
        "checklists": said.checklists,
    }
    named = {"place": said.place, "reason": said.reason}
    private = {name: value for name, value in named.items() if value is not None}
    change = Change(action, "case", str(said.case_id), said.unit_id, data, private)
    record_change(session, Actor.person(by.id), change)
