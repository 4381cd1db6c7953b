"""What officers owe whom an act concerns, and whether it was entered: certificate shown, notice given (S17, S18).

Which acts owe what, their checklists say. Each is what somebody states, once a contact; nothing of it is ever changed.
"""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import literal, select, union_all
from sqlalchemy.orm import Session

from casework.errors import PersonUnusable
from casework.open_cases import lock_cleared_case, record_case_change
from casework.permission import require
from casework.procedure.acts import ActNow, lock_standing_act
from casework.procedure.errors import ActTimeUnusable
from casework.wording import optional_name
from integrity.fields import format_instant
from retention.subjects import row_in_unit
from storage.catalog.handling import IdentityShown, NoticeGiven
from storage.catalog.organisation import Person


@dataclass(frozen=True)
class Contact:
    """One entry of a case: which duty was done when, in which act (None: none was named)."""

    duty: str
    at: datetime
    act_id: uuid.UUID | None


def state_notice_given(
    session: Session,
    by: Person,
    case_id: uuid.UUID,
    *,
    person_id: uuid.UUID,
    given_at: datetime,
    now: datetime,
    act_id: uuid.UUID | None = None,
    document_number: str | None = None,
) -> NoticeGiven:
    """An officer told the reasons, the legal grounds, and the rights and duties, at that time (三（一）2).

    Raises ActTimeUnusable for a time without a zone or to come, ActWithdrawn, PersonUnusable for an act of another
    case, TextUnusable, CaseClosed, AccessRefused, RoleNotAllowed, UnknownSubject, OutsideUnit.
    """
    require(by, "work_on_cases")
    if given_at.tzinfo is None or given_at > now:
        raise ActTimeUnusable(given_at, None, "without_zone" if given_at.tzinfo is None else "in_the_future")
    number = optional_name("document number", document_number)
    case = lock_cleared_case(session, by, case_id)
    person = row_in_unit(session, by, Person, person_id)
    if act_id is not None and lock_standing_act(session, by, act_id).act.case_id != case.id:
        raise PersonUnusable(person.name, "other_case")
    row = NoticeGiven(
        id=uuid.uuid4(),
        unit_id=case.unit_id,
        case_id=case.id,
        act_id=act_id,
        person_id=person.id,
        given_at=given_at,
        document_number=number,
        stated_by=by.id,
        stated_at=datetime.now(UTC),
    )
    session.add(row)
    session.flush()
    data = {"notice_id": str(row.id), "person_id": str(person.id), "given_at": format_instant(given_at)}
    stated = {**data, "act_id": None if act_id is None else str(act_id)}
    private = {} if number is None else {"document_number": number}
    record_case_change(session, by, case, "case.notice_given", stated, private)
    return row


def notices_in(session: Session, case_id: uuid.UUID) -> tuple[NoticeGiven, ...]:
    statement = select(NoticeGiven).where(NoticeGiven.case_id == case_id)
    return tuple(session.scalars(statement.order_by(NoticeGiven.given_at, NoticeGiven.id)))


def contacts_of_cases(session: Session, case_ids: Collection[uuid.UUID]) -> dict[uuid.UUID, list[Contact]]:
    """By case, what was entered of duties: one query for all of them."""
    found: dict[uuid.UUID, list[Contact]] = defaultdict(list)
    tables: tuple[tuple[str, Any, Any], ...] = (
        ("identity_shown", IdentityShown, IdentityShown.shown_at),
        ("notice_given", NoticeGiven, NoticeGiven.given_at),
    )
    entered = (
        select(literal(duty).label("duty"), row.case_id, at, row.act_id).where(row.case_id.in_(case_ids))
        for duty, row, at in tables
    )
    for duty, case_id, at, act_id in session.execute(union_all(*entered)):
        found[case_id].append(Contact(duty, at, act_id))
    return found


def duties_missing(act: ActNow, duties: Sequence[str], contacts: Sequence[Contact], until: datetime) -> tuple[str, ...]:
    """Those of which nothing is entered in this act by name, nor of any time of it without a name."""
    start = act.said.starts_at
    done = {
        each.duty
        for each in contacts
        if each.act_id == act.act.id or (each.act_id is None and start <= each.at <= until)
    }
    return tuple(duty for duty in duties if duty not in done)
